// Package consents has the cases of the store's suite about authorizations, clicks, and the grants that come of them.
package consents

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// Cases are the promises about authorizations, clicks, and the grants that come of them.
var Cases = []given.Case{
	{Name: "PutGrants makes, replaces and marks in one change", Run: putGrants},
	{Name: "PutGrants stores all or nothing", Run: putGrantsAllOrNothing},
	{Name: "PutGrants finds a subject's grant whoever owns it", Run: putGrantsOfOthers},
	{Name: "concurrent PutGrants of one subject make one grant", Run: putGrantsRace},
	{Name: "PutGrants works without authorization and click", Run: putGrantsAlone},
	{Name: "an authorization comes back as it was stored", Run: authorizationComesBack},
	{Name: "UpdateAuthorization is a change", Run: updateAuthorization},
	{Name: "authorizations are listed newest first, page by page", Run: authorizationsPaged},
	{Name: "a click comes back as it was stored", Run: clickComesBack},
	{Name: "a click begins its authorization again, unless that is done", Run: clickBegins},
	{Name: "an entry is a click without state", Run: entryClick},
	{Name: "of the open clicks of a link the newest twenty stay", Run: openClicksAreFew},
	{Name: "a state is spent once", Run: spendStateOnce},
	{Name: "a state of another app, past its end or unknown is not found", Run: spendStateNotFound},
	{Name: "UpdateClick changes click and authorization together", Run: updateClick},
	{Name: "open clicks come oldest first, so many of each app", Run: openClicks},
	{Name: "a code is spent once in an app", Run: spendCode},
}

func putGrants(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeAttempt(t, s, "app", "auth", "click")
	given.MakeGrant(t, s, "app", "old", func(g *gk.Grant) { g.Subject, g.Shops = given.Shop("1"), []gk.Shop{{ID: "gone"}} })
	given.MakeGrant(t, s, "app", "bystander", func(g *gk.Grant) { g.Subject = given.Shop("3") })
	before, bystander := given.GrantNow(t, s, "old"), given.GrantNow(t, s, "bystander")
	later := given.Epoch.Add(time.Minute)

	err := s.PutGrants(t.Context(), "app", "auth", "click", []gk.Subject{given.Shop("2"), given.Shop("1")}, later,
		func(existing []gk.Grant, auth *gk.Authorization, click *gk.Click) ([]gk.Grant, []gk.Event, error) {
			given.Same(t, "the existing grants", existing, []gk.Grant{before})
			if auth == nil || auth.ID != "auth" || click == nil || click.ID != "click" || string(click.Answer) != "answer" {
				t.Fatalf("change got %v and %v, want auth and click as stored", auth, click)
			}
			auth.Stage, auth.Grants = gk.Done, []string{"old", "new"}
			click.Stage, click.Answer = gk.Done, nil
			replaced := existing[0]
			replaced.Generation, replaced.Access, replaced.Shops = 2, gk.Sealed("second"), []gk.Shop{{ID: "come"}}
			made := gk.Grant{ID: "new", Subject: given.Shop("2"), State: gk.Active, Generation: 1, Pair: gk.Pair{Access: gk.Sealed("first")}, Shops: []gk.Shop{{ID: "x"}}}
			return []gk.Grant{replaced, made}, []gk.Event{given.EventOf(&replaced, "event-1", 1), given.EventOf(&made, "event-2", 2)}, nil
		})
	if err != nil {
		t.Fatalf("PutGrants = %v", err)
	}

	want := before
	want.Generation, want.Access, want.Shops, want.Version, want.UpdatedAt = 2, gk.Sealed("second"), []gk.Shop{{ID: "come"}}, 2, later
	given.Same(t, "the replaced grant", given.GrantNow(t, s, "old"), want)
	given.Same(t, "the made grant", given.GrantNow(t, s, "new"), gk.Grant{
		ID: "new", App: "app", Platform: "shopee", Subject: given.Shop("2"), State: gk.Active, Generation: 1, Pair: gk.Pair{Access: gk.Sealed("first")},
		Shops: []gk.Shop{{ID: "x"}}, Version: 1, CreatedAt: later, UpdatedAt: later,
	})
	given.Same(t, "a grant of another subject", given.GrantNow(t, s, "bystander"), bystander)

	auth, err := s.Authorization(t.Context(), given.Engine, "auth")
	if err != nil || auth.Stage != gk.Done || len(auth.Grants) != 2 || !auth.UpdatedAt.Equal(later) {
		t.Errorf("the authorization = %+v, %v, want it done with two grants", auth, err)
	}
	click, err := s.Click(t.Context(), "click")
	if err != nil || click.Stage != gk.Done || click.Answer != nil || !click.UpdatedAt.Equal(later) {
		t.Errorf("the click = %+v, %v, want it done without an answer", click, err)
	}
	for grant, version := range map[string]int64{"old": 2, "new": 1} {
		events, err := s.History(t.Context(), given.Engine, grant, "", 10)
		if err != nil || len(events) != 1 || events[0].GrantVersion != version {
			t.Errorf("the history of %s = %v, %v, want one event of version %d", grant, events, err, version)
		}
	}
}

func putGrantsAllOrNothing(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeAttempt(t, s, "app", "auth", "click")
	given.MakeGrant(t, s, "app", "old", func(g *gk.Grant) { g.Subject = given.Shop("1") })
	before := given.GrantNow(t, s, "old")
	mine := errors.New("mine")
	for name, c := range map[string]struct {
		second gk.Grant
		fails  error
		want   error
	}{
		"the change fails":           {gk.Grant{ID: "new", Subject: given.Shop("2"), State: gk.Active}, mine, mine},
		"the change changes nothing": {gk.Grant{ID: "new", Subject: given.Shop("2"), State: gk.Active}, store.ErrUnchanged, nil},
		"a grant breaks a rule":      {gk.Grant{ID: "new", Subject: given.Shop("2"), State: gk.Revoked, Pair: gk.Pair{Access: gk.Sealed("x")}}, nil, nil},
		"a subject has a grant":      {gk.Grant{ID: "new", Subject: given.Shop("1"), State: gk.Active}, nil, store.ErrExists},
		"a grant has no id":          {gk.Grant{Subject: given.Shop("2"), State: gk.Active}, nil, nil},
	} {
		err := s.PutGrants(t.Context(), "app", "auth", "click", []gk.Subject{given.Shop("1"), given.Shop("2")}, given.Epoch.Add(time.Minute),
			func(existing []gk.Grant, auth *gk.Authorization, click *gk.Click) ([]gk.Grant, []gk.Event, error) {
				auth.Stage, click.Stage = gk.Done, gk.Done
				first := existing[0]
				first.Owner = "new"
				return []gk.Grant{first, c.second}, []gk.Event{given.EventOf(&first, "event", 0)}, c.fails
			})
		if failed := err != nil; failed == errors.Is(c.fails, store.ErrUnchanged) || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: PutGrants = %v", name, err)
		}
		given.Same(t, name+": the first grant", given.GrantNow(t, s, "old"), before)
		given.NoHistory(t, s, "old")
		if _, err := s.Grant(t.Context(), given.Engine, "new"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: the second grant = %v, want ErrNotFound", name, err)
		}
		if auth, err := s.Authorization(t.Context(), given.Engine, "auth"); err != nil || auth.Stage != gk.Begun {
			t.Errorf("%s: the authorization is %s, %v, want begun", name, auth.Stage, err)
		}
		if click, err := s.Click(t.Context(), "click"); err != nil || click.Stage != gk.Issued {
			t.Errorf("%s: the click is %s, %v, want issued", name, click.Stage, err)
		}
	}
}

func putGrantsOfOthers(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "other")
	given.MakeGrant(t, s, "app", "theirs", func(g *gk.Grant) { g.Subject, g.Owner = given.Shop("1"), "owner-b" })
	given.MakeGrant(t, s, "other", "elsewhere", func(g *gk.Grant) { g.Subject = given.Shop("1") })
	err := s.PutGrants(t.Context(), "app", "", "", []gk.Subject{given.Shop("1"), given.Shop("1")}, given.Epoch,
		func(existing []gk.Grant, _ *gk.Authorization, _ *gk.Click) ([]gk.Grant, []gk.Event, error) {
			given.Same(t, "the existing grants", given.IDs(existing), []string{"theirs"})
			return existing, nil, nil
		})
	if err != nil {
		t.Errorf("PutGrants = %v", err)
	}
}

func putGrantsRace(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	const consents = 8
	met := make(chan struct{}) // closed when two changes have looked and neither has written, where the engine lets them
	var looks atomic.Int64
	var callers sync.WaitGroup
	for i := range consents {
		callers.Go(func() {
			err := s.PutGrants(t.Context(), "app", "", "", []gk.Subject{given.Shop("2"), given.Shop("1")}, given.Epoch,
				func(existing []gk.Grant, _ *gk.Authorization, _ *gk.Click) ([]gk.Grant, []gk.Event, error) {
					if looks.Add(1) == 2 {
						close(met)
					}
					select {
					case <-met:
					case <-time.After(200 * time.Millisecond): // one writer at a time
					}
					if len(existing) == 1 {
						t.Errorf("a change saw %v of two grants that are made together", given.IDs(existing))
					}
					grants := existing
					if len(existing) == 0 {
						for _, id := range []string{"1", "2"} {
							grants = append(grants, gk.Grant{ID: given.Numbered("by", i) + id, Subject: given.Shop(id), State: gk.Active})
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
	got, err := s.Grants(t.Context(), given.Engine, store.GrantFilter{})
	if err != nil || len(got) != 2 || got[0].Generation != consents || got[1].Generation != consents {
		t.Errorf("after %d consents: %d grants %v, %v, want two at that generation", consents, len(got), given.IDs(got), err)
	}
}

func putGrantsAlone(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeAttempt(t, s, "app", "auth", "click")
	for name, c := range map[string]struct{ auth, click string }{"neither": {}, "authorization": {auth: "auth"}, "click": {click: "click"}} {
		err := s.PutGrants(t.Context(), "app", c.auth, c.click, nil, given.Epoch,
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
	if err := s.PutGrants(t.Context(), "app", "nothing", "", nil, given.Epoch, never); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("PutGrants with an unknown authorization = %v, want ErrNotFound", err)
	}
	if err := s.PutGrants(t.Context(), "app", "", "nothing", nil, given.Epoch, never); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("PutGrants with an unknown click = %v, want ErrNotFound", err)
	}
	err := s.PutGrants(t.Context(), "nowhere", "", "", nil, given.Epoch, func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
		return []gk.Grant{{ID: "new", Subject: given.Shop("1"), State: gk.Active}}, nil, nil
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("PutGrants in an unknown app = %v, want ErrNotFound", err)
	}
}
