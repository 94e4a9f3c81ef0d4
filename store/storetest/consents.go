package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// shop is the subject of a shop.
func shop(id string) gk.Subject { return gk.Subject{Kind: gk.KindShop, ID: id} }

// makeAttempt stores an authorization and a click of it that is being exchanged.
func makeAttempt(t *testing.T, s store.Store, app, authorization, click string) {
	t.Helper()
	err := s.CreateAuthorization(t.Context(), gk.Authorization{
		ID: authorization, App: app, Kind: gk.KindAuthorize, LinkHash: []byte("link of " + authorization), Owner: "owner-a",
		Stage: gk.Begun, ExpiresAt: epoch.Add(time.Hour), CreatedAt: epoch, UpdatedAt: epoch,
	})
	if err != nil {
		t.Fatalf("CreateAuthorization = %v", err)
	}
	err = s.CreateClick(t.Context(), gk.Click{
		ID: click, Authorization: authorization, App: app, StateHash: []byte("state of " + click), Stage: gk.Issued,
		Answer: gk.Sealed("answer"), AnswerKey: 1, ExpiresAt: epoch.Add(time.Hour), CreatedAt: epoch, UpdatedAt: epoch,
	})
	if err != nil {
		t.Fatalf("CreateClick = %v", err)
	}
}

func putGrants(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	makeAttempt(t, s, "app", "auth", "click")
	makeGrant(t, s, "app", "old", func(g *gk.Grant) { g.Subject, g.Shops = shop("1"), []gk.Shop{{ID: "gone"}} })
	makeGrant(t, s, "app", "bystander", func(g *gk.Grant) { g.Subject = shop("3") })
	before, bystander := grantNow(t, s, "old"), grantNow(t, s, "bystander")
	later := epoch.Add(time.Minute)

	err := s.PutGrants(t.Context(), "app", "auth", "click", []gk.Subject{shop("2"), shop("1")}, later,
		func(existing []gk.Grant, auth *gk.Authorization, click *gk.Click) ([]gk.Grant, []gk.Event, error) {
			same(t, "the existing grants", existing, []gk.Grant{before})
			if auth == nil || auth.ID != "auth" || click == nil || click.ID != "click" || string(click.Answer) != "answer" {
				t.Fatalf("change got %v and %v, want auth and click as stored", auth, click)
			}
			auth.Stage, auth.Grants = gk.Done, []string{"old", "new"}
			click.Stage, click.Answer = gk.Done, nil
			replaced := existing[0]
			replaced.Generation, replaced.Access, replaced.Shops = 2, gk.Sealed("second"), []gk.Shop{{ID: "come"}}
			made := gk.Grant{ID: "new", Subject: shop("2"), State: gk.Active, Generation: 1, Pair: gk.Pair{Access: gk.Sealed("first")}, Shops: []gk.Shop{{ID: "x"}}}
			return []gk.Grant{replaced, made}, []gk.Event{eventOf(&replaced, "event-1", 1), eventOf(&made, "event-2", 2)}, nil
		})
	if err != nil {
		t.Fatalf("PutGrants = %v", err)
	}

	want := before
	want.Generation, want.Access, want.Shops, want.Version, want.UpdatedAt = 2, gk.Sealed("second"), []gk.Shop{{ID: "come"}}, 2, later
	same(t, "the replaced grant", grantNow(t, s, "old"), want)
	same(t, "the made grant", grantNow(t, s, "new"), gk.Grant{
		ID: "new", App: "app", Platform: "shopee", Subject: shop("2"), State: gk.Active, Generation: 1, Pair: gk.Pair{Access: gk.Sealed("first")},
		Shops: []gk.Shop{{ID: "x"}}, Version: 1, CreatedAt: later, UpdatedAt: later,
	})
	same(t, "a grant of another subject", grantNow(t, s, "bystander"), bystander)

	auth, err := s.Authorization(t.Context(), engine, "auth")
	if err != nil || auth.Stage != gk.Done || len(auth.Grants) != 2 || !auth.UpdatedAt.Equal(later) {
		t.Errorf("the authorization = %+v, %v, want it done with two grants", auth, err)
	}
	click, err := s.Click(t.Context(), "click")
	if err != nil || click.Stage != gk.Done || click.Answer != nil || !click.UpdatedAt.Equal(later) {
		t.Errorf("the click = %+v, %v, want it done without an answer", click, err)
	}
	for grant, version := range map[string]int64{"old": 2, "new": 1} {
		events, err := s.History(t.Context(), engine, grant, "", 10)
		if err != nil || len(events) != 1 || events[0].GrantVersion != version {
			t.Errorf("the history of %s = %v, %v, want one event of version %d", grant, events, err, version)
		}
	}
}

func putGrantsAllOrNothing(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	makeAttempt(t, s, "app", "auth", "click")
	makeGrant(t, s, "app", "old", func(g *gk.Grant) { g.Subject = shop("1") })
	before := grantNow(t, s, "old")
	mine := errors.New("mine")
	for name, c := range map[string]struct {
		second gk.Grant
		fails  error
		want   error
	}{
		"the change fails":           {gk.Grant{ID: "new", Subject: shop("2"), State: gk.Active}, mine, mine},
		"the change changes nothing": {gk.Grant{ID: "new", Subject: shop("2"), State: gk.Active}, store.ErrUnchanged, nil},
		"a grant breaks a rule":      {gk.Grant{ID: "new", Subject: shop("2"), State: gk.Revoked, Pair: gk.Pair{Access: gk.Sealed("x")}}, nil, nil},
		"a subject has a grant":      {gk.Grant{ID: "new", Subject: shop("1"), State: gk.Active}, nil, store.ErrExists},
		"a grant has no id":          {gk.Grant{Subject: shop("2"), State: gk.Active}, nil, nil},
	} {
		err := s.PutGrants(t.Context(), "app", "auth", "click", []gk.Subject{shop("1"), shop("2")}, epoch.Add(time.Minute),
			func(existing []gk.Grant, auth *gk.Authorization, click *gk.Click) ([]gk.Grant, []gk.Event, error) {
				auth.Stage, click.Stage = gk.Done, gk.Done
				first := existing[0]
				first.Owner = "new"
				return []gk.Grant{first, c.second}, []gk.Event{eventOf(&first, "event", 0)}, c.fails
			})
		if failed := err != nil; failed == errors.Is(c.fails, store.ErrUnchanged) || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: PutGrants = %v", name, err)
		}
		same(t, name+": the first grant", grantNow(t, s, "old"), before)
		noHistory(t, s, "old")
		if _, err := s.Grant(t.Context(), engine, "new"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: the second grant = %v, want ErrNotFound", name, err)
		}
		if auth, err := s.Authorization(t.Context(), engine, "auth"); err != nil || auth.Stage != gk.Begun {
			t.Errorf("%s: the authorization is %s, %v, want begun", name, auth.Stage, err)
		}
		if click, err := s.Click(t.Context(), "click"); err != nil || click.Stage != gk.Issued {
			t.Errorf("%s: the click is %s, %v, want issued", name, click.Stage, err)
		}
	}
}

func putGrantsOfOthers(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	makeApp(t, s, "other")
	makeGrant(t, s, "app", "theirs", func(g *gk.Grant) { g.Subject, g.Owner = shop("1"), "owner-b" })
	makeGrant(t, s, "other", "elsewhere", func(g *gk.Grant) { g.Subject = shop("1") })
	err := s.PutGrants(t.Context(), "app", "", "", []gk.Subject{shop("1"), shop("1")}, epoch,
		func(existing []gk.Grant, _ *gk.Authorization, _ *gk.Click) ([]gk.Grant, []gk.Event, error) {
			same(t, "the existing grants", ids(existing), []string{"theirs"})
			return existing, nil, nil
		})
	if err != nil {
		t.Errorf("PutGrants = %v", err)
	}
}

func putGrantsRace(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	const consents = 8
	met := make(chan struct{}) // closed when two changes have looked and neither has written, where the engine lets them
	var looks atomic.Int64
	var callers sync.WaitGroup
	for i := range consents {
		callers.Go(func() {
			err := s.PutGrants(t.Context(), "app", "", "", []gk.Subject{shop("2"), shop("1")}, epoch,
				func(existing []gk.Grant, _ *gk.Authorization, _ *gk.Click) ([]gk.Grant, []gk.Event, error) {
					if looks.Add(1) == 2 {
						close(met)
					}
					select {
					case <-met:
					case <-time.After(200 * time.Millisecond): // one writer at a time
					}
					if len(existing) == 1 {
						t.Errorf("a change saw %v of two grants that are made together", ids(existing))
					}
					grants := existing
					if len(existing) == 0 {
						for _, id := range []string{"1", "2"} {
							grants = append(grants, gk.Grant{ID: numbered("by", i) + id, Subject: shop(id), State: gk.Active})
						}
					}
					for j := range grants {
						grants[j].Generation++
					}
					return grants, nil, nil
				})
			if err != nil {
				t.Errorf("PutGrants = %v", err)
			}
		})
	}
	callers.Wait()
	got, err := s.Grants(t.Context(), engine, store.GrantFilter{})
	if err != nil || len(got) != 2 || got[0].Generation != consents || got[1].Generation != consents {
		t.Errorf("after %d consents: %d grants %v, %v, want two at that generation", consents, len(got), ids(got), err)
	}
}

func putGrantsAlone(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	makeAttempt(t, s, "app", "auth", "click")
	for name, c := range map[string]struct{ auth, click string }{"neither": {}, "authorization": {auth: "auth"}, "click": {click: "click"}} {
		err := s.PutGrants(t.Context(), "app", c.auth, c.click, nil, epoch,
			func(existing []gk.Grant, auth *gk.Authorization, click *gk.Click) ([]gk.Grant, []gk.Event, error) {
				if existing != nil || (auth != nil) != (c.auth != "") || (click != nil) != (c.click != "") {
					t.Errorf("%s: change got %v, %v, %v", name, existing, auth, click)
				}
				return nil, nil, nil
			})
		if err != nil {
			t.Errorf("%s: PutGrants = %v", name, err)
		}
	}
	never := func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
		t.Error("change was called without its rows")
		return nil, nil, nil
	}
	if err := s.PutGrants(t.Context(), "app", "nothing", "", nil, epoch, never); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("PutGrants with an unknown authorization = %v, want ErrNotFound", err)
	}
	if err := s.PutGrants(t.Context(), "app", "", "nothing", nil, epoch, never); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("PutGrants with an unknown click = %v, want ErrNotFound", err)
	}
	err := s.PutGrants(t.Context(), "nowhere", "", "", nil, epoch, func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
		return []gk.Grant{{ID: "new", Subject: shop("1"), State: gk.Active}}, nil, nil
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("PutGrants in an unknown app = %v, want ErrNotFound", err)
	}
}
