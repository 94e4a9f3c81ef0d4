package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// fullGrant has a value in every field that is stored, all different.
func fullGrant(app, id string) gk.Grant {
	after := func(minutes int) time.Time { return epoch.Add(time.Duration(minutes) * time.Minute) }
	return gk.Grant{
		ID: id, App: app, Platform: "shopee",
		Subject: gk.Subject{Kind: gk.KindShop, ID: "1001", Parent: "77", Host: "shop.example", Region: "TW", Name: "小店"},
		Owner:   "owner-a", State: gk.Active, Renewable: true,
		Fault: &gk.Fault{
			Platform: "shopee", Stage: "refresh", Code: "error_server", Message: "later", Action: gk.Backoff, Terminal: true, Known: true,
			Row: "error_server", RetryAfter: 90 * time.Second, RequestID: "r1", At: gk.At(after(1)),
		},
		Pair:       gk.Pair{Access: gk.Sealed("one"), Refresh: gk.Sealed("two"), KeyID: 3, Expires: after(2), RefreshExpires: after(3), Windows: map[string]time.Time{"r1": after(5), "w2": after(6)}},
		Generation: 4, Version: 1,
		Ceiling: after(4),
		Scopes:  []string{"orders", "items"}, Facts: map[string]string{"cipher": "x"},
		Shops: []gk.Shop{
			{ID: "1", Name: "first", Host: "one.example", Region: "SG", Facts: map[string]string{"short_code": "s"}, LostAt: gk.At(after(7))},
			{ID: "2"},
		},
		AuthorizedAt: after(8), Origin: gk.Origin{PairFrom: "click-1", PairSpent: 2, PairAskedAt: after(9)},
		Pacing:  gk.Pacing{DueAt: after(10), RetryAt: after(11), Failures: 5, Warned: 7},
		Attempt: gk.Attempt{AttemptID: "attempt-1", AttemptBy: "host-1", AttemptAt: after(12), AttemptUntil: after(13)},
		Doubt:   gk.Doubt{Doubts: 6, DoubtSince: after(14)},
		Quota:   gk.Quota{QuotaDay: 20516, QuotaUsed: 8, AskedAt: after(15)}, CreatedAt: after(-1), UpdatedAt: epoch,
	}
}

func grantComesBack(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	want := fullGrant("app", "grant")
	putGrant(t, s, want)
	same(t, "a full grant", grantNow(t, s, "grant"), want)

	empty := gk.Grant{ID: "empty", App: "app", Platform: "shopee", State: gk.Active, Version: 1, CreatedAt: epoch, UpdatedAt: epoch}
	putGrant(t, s, empty)
	same(t, "an empty grant", grantNow(t, s, "empty"), empty)

	changeGrant(t, s, "grant", func(g *gk.Grant) {
		*g = gk.Grant{Subject: g.Subject, State: gk.Revoked} // what a change cannot move stays
	})
	same(t, "a grant emptied", grantNow(t, s, "grant"), gk.Grant{
		ID: "grant", App: "app", Platform: "shopee", Subject: want.Subject, State: gk.Revoked, Version: 2,
		CreatedAt: want.CreatedAt, UpdatedAt: epoch,
	})
	changeGrant(t, s, "empty", func(g *gk.Grant) {
		kept := *g
		*g = want
		g.ID, g.App, g.Subject, g.CreatedAt = kept.ID, kept.App, kept.Subject, kept.CreatedAt
	})
	filled := want
	filled.ID, filled.Subject, filled.CreatedAt, filled.Version = "empty", empty.Subject, empty.CreatedAt, 2
	same(t, "a grant filled", grantNow(t, s, "empty"), filled)

	if _, err := s.Grant(t.Context(), engine, "nobody"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Grant of an unknown id = %v, want ErrNotFound", err)
	}
}

func grantOfSubject(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	makeApp(t, s, "other")
	want := fullGrant("app", "grant")
	putGrant(t, s, want)
	got, err := s.GrantOf(t.Context(), engine, "app", want.Subject.Kind, want.Subject.ID)
	if err != nil {
		t.Fatalf("GrantOf = %v", err)
	}
	same(t, "GrantOf", got, want)
	for _, c := range [][3]string{{"other", gk.KindShop, "1001"}, {"app", gk.KindMerchant, "1001"}, {"app", gk.KindShop, "1002"}} {
		if _, err := s.GrantOf(t.Context(), engine, c[0], c[1], c[2]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("GrantOf(%v) = %v, want ErrNotFound", c, err)
		}
	}
}

func strangeText(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	makeGrant(t, s, "app", "grant", func(g *gk.Grant) {
		g.Subject.Name = "a\x00b\xffc"
		g.Fault = &gk.Fault{Platform: "shopee", Message: "a\x00b\xffc \u2028 '\"; --"}
		g.Facts = map[string]string{"k\x00": "v\xff"}
		g.Shops = []gk.Shop{{ID: "1", Name: "\x00"}}
	})
	g := grantNow(t, s, "grant")
	if want := "a\uFFFDb\uFFFDc"; g.Subject.Name != want {
		t.Errorf("the name is %q, want %q", g.Subject.Name, want)
	}
	if want := "a\x00b\uFFFDc \u2028 '\"; --"; g.Fault.Message != want {
		t.Errorf("the fault's message is %q, want %q", g.Fault.Message, want)
	}
	if _, err := s.Grant(t.Context(), engine, "gr\x00ant\xff"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Grant of a strange id = %v, want ErrNotFound", err)
	}
}

func shopsReplaced(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	makeGrant(t, s, "app", "grant", func(g *gk.Grant) {
		g.Shops = []gk.Shop{{ID: "2", Facts: map[string]string{"a": "1"}}, {ID: "1"}}
	})
	same(t, "the shops, by id", grantNow(t, s, "grant").Shops, []gk.Shop{{ID: "1"}, {ID: "2", Facts: map[string]string{"a": "1"}}})

	changeGrant(t, s, "grant", func(g *gk.Grant) { g.Shops[1].Facts["a"] = "2" })
	same(t, "the shops after a change in place", grantNow(t, s, "grant").Shops, []gk.Shop{{ID: "1"}, {ID: "2", Facts: map[string]string{"a": "2"}}})

	changeGrant(t, s, "grant", func(g *gk.Grant) { g.Shops = append(g.Shops[1:], gk.Shop{ID: "3"}) })
	same(t, "the shops after a replacement", grantNow(t, s, "grant").Shops, []gk.Shop{{ID: "2", Facts: map[string]string{"a": "2"}}, {ID: "3"}})

	changeGrant(t, s, "grant", func(g *gk.Grant) { g.Shops = nil })
	same(t, "the shops after their removal", grantNow(t, s, "grant").Shops, []gk.Shop(nil))
}

func grantsPaged(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	var want []string
	for i := range 7 {
		id := numbered("grant", i)
		makeGrant(t, s, "app", id, func(g *gk.Grant) { g.Shops = []gk.Shop{{ID: "shop of " + id}} })
		want = append(want, id)
	}
	var got []string
	for f := (store.GrantFilter{Limit: 3}); ; {
		page, err := s.Grants(t.Context(), engine, f)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		if len(page) > f.Limit {
			t.Fatalf("a page has %d grants, want at most %d", len(page), f.Limit)
		}
		for _, g := range page {
			same(t, "the shops of "+g.ID, g.Shops, []gk.Shop{{ID: "shop of " + g.ID}})
		}
		got = append(got, ids(page)...)
		f.After = page[len(page)-1].ID
	}
	same(t, "the pages", got, want)
}

func grantsFiltered(t *testing.T, s store.Store) {
	makeApp(t, s, "app-1")
	makeApp(t, s, "app-2")
	if err := s.CreateApp(t.Context(), gk.App{ID: "app-3", Platform: "eleme"}); err != nil {
		t.Fatal(err)
	}
	soon, late := epoch.Add(time.Hour), epoch.Add(48*time.Hour)
	makeGrant(t, s, "app-1", "a", func(g *gk.Grant) { g.Owner, g.Expires = "x", soon })                                          // renewable: its access end does not matter
	makeGrant(t, s, "app-1", "b", func(g *gk.Grant) { g.Owner, g.State, g.Renewable, g.Expires = "y", gk.Held, false, soon })    // ends soon
	makeGrant(t, s, "app-2", "c", func(g *gk.Grant) { g.Owner, g.Ceiling, g.Expires = "x", soon, late })                         // its ceiling does
	makeGrant(t, s, "app-3", "d", func(g *gk.Grant) { g.Renewable, g.Expires, g.Ceiling = false, time.Time{}, time.Time{} })     // never ends
	makeGrant(t, s, "app-3", "e", func(g *gk.Grant) { g.Renewable, g.Expires, g.Ceiling = false, late, late.Add(48*time.Hour) }) // ends late

	for _, c := range []struct {
		filter store.GrantFilter
		want   []string
	}{
		{store.GrantFilter{}, []string{"a", "b", "c", "d", "e"}},
		{store.GrantFilter{Platform: "eleme"}, []string{"d", "e"}},
		{store.GrantFilter{Platform: "taobao"}, nil},
		{store.GrantFilter{App: "app-1"}, []string{"a", "b"}},
		{store.GrantFilter{Owner: "x"}, []string{"a", "c"}},
		{store.GrantFilter{State: gk.Held}, []string{"b"}},
		{store.GrantFilter{ExpiresBefore: epoch.Add(24 * time.Hour)}, []string{"b", "c"}},
		{store.GrantFilter{ExpiresBefore: soon}, nil},
		{store.GrantFilter{App: "app-1", Owner: "x", State: gk.Active, Platform: "shopee"}, []string{"a"}},
		{store.GrantFilter{After: "c"}, []string{"d", "e"}},
		{store.GrantFilter{Limit: 2}, []string{"a", "b"}},
	} {
		got, err := s.Grants(t.Context(), engine, c.filter)
		if err != nil {
			t.Fatalf("Grants(%+v) = %v", c.filter, err)
		}
		same(t, fmt.Sprintf("Grants(%+v)", c.filter), ids(got), c.want)
	}
}

func childrenOfParent(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	makeApp(t, s, "other")
	child := func(g *gk.Grant) { g.Subject.Parent, g.Shops = "main", []gk.Shop{{ID: "1"}} }
	makeGrant(t, s, "app", "a", child)
	makeGrant(t, s, "app", "b", nil)
	makeGrant(t, s, "app", "c", child)
	makeGrant(t, s, "other", "d", child)
	got, err := s.Children(t.Context(), "app", "main")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the children", ids(got), []string{"a", "c"})
	same(t, "a child's shops", got[0].Shops, []gk.Shop{{ID: "1"}})
	if got, err := s.Children(t.Context(), "app", ""); err != nil || got != nil {
		t.Errorf("Children of nobody = %v, %v, want none", ids(got), err)
	}
}

func tokensOfMany(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	full := fullGrant("app", "full")
	putGrant(t, s, full)
	got, err := s.Tokens(t.Context(), []string{"unknown", "full"})
	if err != nil {
		t.Fatal(err)
	}
	want := gk.Grant{
		ID: full.ID, App: full.App, Platform: full.Platform, Subject: full.Subject, Owner: full.Owner, State: full.State, Renewable: full.Renewable,
		Fault:      full.Fault,
		Pair:       gk.Pair{Access: full.Access, KeyID: full.KeyID, Expires: full.Expires, RefreshExpires: full.RefreshExpires, Windows: full.Windows},
		Generation: full.Generation,
		Ceiling:    full.Ceiling,
		Origin:     gk.Origin{PairAskedAt: full.PairAskedAt},
		Pacing:     gk.Pacing{DueAt: full.DueAt, RetryAt: full.RetryAt},
		Doubt:      gk.Doubt{Doubts: full.Doubts}, Shops: full.Shops, Attempt: full.Attempt,
	}
	same(t, "Tokens", got, []gk.Grant{want})

	if got, err := s.Tokens(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("Tokens of no id = %v, %v, want none", got, err)
	}
	many := []string{"full"}
	for i := range 2500 {
		many = append(many, numbered("unknown", i))
	}
	makeGrant(t, s, "app", "last", nil)
	got, err = s.Tokens(t.Context(), append(many, "last"))
	if err != nil {
		t.Fatal(err)
	}
	found := ids(got)
	slices.Sort(found)
	same(t, "Tokens of thousands of ids", found, []string{"full", "last"})
}

func sealedOtherwise(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	for n := range 3 {
		makeGrant(t, s, "app", numbered("below", n), func(g *gk.Grant) { g.KeyID = 1 })
	}
	makeGrant(t, s, "app", "same", func(g *gk.Grant) { g.KeyID = 2 })
	makeGrant(t, s, "app", "above", func(g *gk.Grant) { g.KeyID = 3 })
	makeGrant(t, s, "app", "empty", func(g *gk.Grant) { g.Access, g.Refresh, g.KeyID = nil, nil, 1 })
	got, err := s.SealedOtherwise(t.Context(), 2, 10)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	same(t, "grants under another key than 2", got, []string{"above", "below-0000", "below-0001", "below-0002"})
	if got, err := s.SealedOtherwise(t.Context(), 2, 3); err != nil || len(got) != 3 {
		t.Errorf("SealedOtherwise, at most 3 = %v, %v; want three", got, err)
	}
}
