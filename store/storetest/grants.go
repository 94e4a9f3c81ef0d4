package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

func grantComesBack(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	want := given.FullGrant("app", "grant")
	given.PutGrant(t, s, want)
	given.Same(t, "a full grant", given.GrantNow(t, s, "grant"), want)

	empty := gk.Grant{ID: "empty", App: "app", Platform: "shopee", State: gk.Active, Version: 1, CreatedAt: given.Epoch, UpdatedAt: given.Epoch}
	given.PutGrant(t, s, empty)
	given.Same(t, "an empty grant", given.GrantNow(t, s, "empty"), empty)

	given.ChangeGrant(t, s, "grant", func(g *gk.Grant) {
		*g = gk.Grant{Subject: g.Subject, State: gk.Revoked} // what a change cannot move stays
	})
	given.Same(t, "a grant emptied", given.GrantNow(t, s, "grant"), gk.Grant{
		ID: "grant", App: "app", Platform: "shopee", Subject: want.Subject, State: gk.Revoked, Version: 2,
		CreatedAt: want.CreatedAt, UpdatedAt: given.Epoch,
	})
	given.ChangeGrant(t, s, "empty", func(g *gk.Grant) {
		kept := *g
		*g = want
		g.ID, g.App, g.Subject, g.CreatedAt = kept.ID, kept.App, kept.Subject, kept.CreatedAt
	})
	filled := want
	filled.ID, filled.Subject, filled.CreatedAt, filled.Version = "empty", empty.Subject, empty.CreatedAt, 2
	given.Same(t, "a grant filled", given.GrantNow(t, s, "empty"), filled)

	if _, err := s.Grant(t.Context(), given.Engine, "nobody"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Grant of an unknown id = %v, want ErrNotFound", err)
	}
}

func grantOfSubject(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "other")
	want := given.FullGrant("app", "grant")
	given.PutGrant(t, s, want)
	got, err := s.GrantOf(t.Context(), given.Engine, "app", want.Subject.Kind, want.Subject.ID)
	if err != nil {
		t.Fatalf("GrantOf = %v", err)
	}
	given.Same(t, "GrantOf", got, want)
	for _, c := range [][3]string{{"other", gk.KindShop, "1001"}, {"app", gk.KindMerchant, "1001"}, {"app", gk.KindShop, "1002"}} {
		if _, err := s.GrantOf(t.Context(), given.Engine, c[0], c[1], c[2]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("GrantOf(%v) = %v, want ErrNotFound", c, err)
		}
	}
}

func strangeText(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", func(g *gk.Grant) {
		g.Subject.Name = "a\x00b\xffc"
		g.Fault = &gk.Fault{Platform: "shopee", Message: "a\x00b\xffc \u2028 '\"; --"}
		g.Facts = map[string]string{"k\x00": "v\xff"}
		g.Shops = []gk.Shop{{ID: "1", Name: "\x00"}}
	})
	g := given.GrantNow(t, s, "grant")
	if want := "a\uFFFDb\uFFFDc"; g.Subject.Name != want {
		t.Errorf("the name is %q, want %q", g.Subject.Name, want)
	}
	if want := "a\x00b\uFFFDc \u2028 '\"; --"; g.Fault.Message != want {
		t.Errorf("the fault's message is %q, want %q", g.Fault.Message, want)
	}
	if _, err := s.Grant(t.Context(), given.Engine, "gr\x00ant\xff"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Grant of a strange id = %v, want ErrNotFound", err)
	}
}

func shopsReplaced(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", func(g *gk.Grant) {
		g.Shops = []gk.Shop{{ID: "2", Facts: map[string]string{"a": "1"}}, {ID: "1"}}
	})
	given.Same(t, "the shops, by id", given.GrantNow(t, s, "grant").Shops, []gk.Shop{{ID: "1"}, {ID: "2", Facts: map[string]string{"a": "1"}}})

	given.ChangeGrant(t, s, "grant", func(g *gk.Grant) { g.Shops[1].Facts["a"] = "2" })
	given.Same(t, "the shops after a change in place", given.GrantNow(t, s, "grant").Shops, []gk.Shop{{ID: "1"}, {ID: "2", Facts: map[string]string{"a": "2"}}})

	given.ChangeGrant(t, s, "grant", func(g *gk.Grant) { g.Shops = append(g.Shops[1:], gk.Shop{ID: "3"}) })
	given.Same(t, "the shops after a replacement", given.GrantNow(t, s, "grant").Shops, []gk.Shop{{ID: "2", Facts: map[string]string{"a": "2"}}, {ID: "3"}})

	given.ChangeGrant(t, s, "grant", func(g *gk.Grant) { g.Shops = nil })
	given.Same(t, "the shops after their removal", given.GrantNow(t, s, "grant").Shops, []gk.Shop(nil))
}

func grantsPaged(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	var want []string
	for i := range 7 {
		id := given.Numbered("grant", i)
		given.MakeGrant(t, s, "app", id, func(g *gk.Grant) { g.Shops = []gk.Shop{{ID: "shop of " + id}} })
		want = append(want, id)
	}
	var got []string
	for f := (store.GrantFilter{Limit: 3}); ; {
		page, err := s.Grants(t.Context(), given.Engine, f)
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
			given.Same(t, "the shops of "+g.ID, g.Shops, []gk.Shop{{ID: "shop of " + g.ID}})
		}
		got = append(got, given.IDs(page)...)
		f.After = page[len(page)-1].ID
	}
	given.Same(t, "the pages", got, want)
}

func grantsFiltered(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app-1")
	given.MakeApp(t, s, "app-2")
	if err := s.CreateApp(t.Context(), gk.App{ID: "app-3", Platform: "eleme"}); err != nil {
		t.Fatal(err)
	}
	soon, late := given.Epoch.Add(time.Hour), given.Epoch.Add(48*time.Hour)
	given.MakeGrant(t, s, "app-1", "a", func(g *gk.Grant) { g.Owner, g.Expires = "x", soon })                                          // renewable: its access end does not matter
	given.MakeGrant(t, s, "app-1", "b", func(g *gk.Grant) { g.Owner, g.State, g.Renewable, g.Expires = "y", gk.Held, false, soon })    // ends soon
	given.MakeGrant(t, s, "app-2", "c", func(g *gk.Grant) { g.Owner, g.Ceiling, g.Expires = "x", soon, late })                         // its ceiling does
	given.MakeGrant(t, s, "app-3", "d", func(g *gk.Grant) { g.Renewable, g.Expires, g.Ceiling = false, time.Time{}, time.Time{} })     // never ends
	given.MakeGrant(t, s, "app-3", "e", func(g *gk.Grant) { g.Renewable, g.Expires, g.Ceiling = false, late, late.Add(48*time.Hour) }) // ends late

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
		{store.GrantFilter{ExpiresBefore: given.Epoch.Add(24 * time.Hour)}, []string{"b", "c"}},
		{store.GrantFilter{ExpiresBefore: soon}, nil},
		{store.GrantFilter{App: "app-1", Owner: "x", State: gk.Active, Platform: "shopee"}, []string{"a"}},
		{store.GrantFilter{After: "c"}, []string{"d", "e"}},
		{store.GrantFilter{Limit: 2}, []string{"a", "b"}},
	} {
		got, err := s.Grants(t.Context(), given.Engine, c.filter)
		if err != nil {
			t.Fatalf("Grants(%+v) = %v", c.filter, err)
		}
		given.Same(t, fmt.Sprintf("Grants(%+v)", c.filter), given.IDs(got), c.want)
	}
}

func childrenOfParent(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "other")
	child := func(g *gk.Grant) { g.Subject.Parent, g.Shops = "main", []gk.Shop{{ID: "1"}} }
	given.MakeGrant(t, s, "app", "a", child)
	given.MakeGrant(t, s, "app", "b", nil)
	given.MakeGrant(t, s, "app", "c", child)
	given.MakeGrant(t, s, "other", "d", child)
	got, err := s.Children(t.Context(), "app", "main")
	if err != nil {
		t.Fatal(err)
	}
	given.Same(t, "the children", given.IDs(got), []string{"a", "c"})
	given.Same(t, "a child's shops", got[0].Shops, []gk.Shop{{ID: "1"}})
	if got, err := s.Children(t.Context(), "app", ""); err != nil || got != nil {
		t.Errorf("Children of nobody = %v, %v, want none", given.IDs(got), err)
	}
}

func tokensOfMany(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	full := given.FullGrant("app", "full")
	given.PutGrant(t, s, full)
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
		Doubt:      gk.Doubt{Doubts: full.Doubts}, Tags: full.Tags, Shops: full.Shops, Attempt: full.Attempt,
	}
	given.Same(t, "Tokens", got, []gk.Grant{want})

	if got, err := s.Tokens(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("Tokens of no id = %v, %v, want none", got, err)
	}
	many := []string{"full"}
	for i := range 2500 {
		many = append(many, given.Numbered("unknown", i))
	}
	given.MakeGrant(t, s, "app", "last", nil)
	got, err = s.Tokens(t.Context(), append(many, "last"))
	if err != nil {
		t.Fatal(err)
	}
	found := given.IDs(got)
	slices.Sort(found)
	given.Same(t, "Tokens of thousands of ids", found, []string{"full", "last"})
}

func sealedOtherwise(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	for n := range 3 {
		given.MakeGrant(t, s, "app", given.Numbered("below", n), func(g *gk.Grant) { g.KeyID = 1 })
	}
	given.MakeGrant(t, s, "app", "same", func(g *gk.Grant) { g.KeyID = 2 })
	given.MakeGrant(t, s, "app", "above", func(g *gk.Grant) { g.KeyID = 3 })
	given.MakeGrant(t, s, "app", "empty", func(g *gk.Grant) { g.Access, g.Refresh, g.KeyID = nil, nil, 1 })
	got, err := s.SealedOtherwise(t.Context(), 2, 10)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	given.Same(t, "grants under another key than 2", got, []string{"above", "below-0000", "below-0001", "below-0002"})
	if got, err := s.SealedOtherwise(t.Context(), 2, 3); err != nil || len(got) != 3 {
		t.Errorf("SealedOtherwise, at most 3 = %v, %v; want three", got, err)
	}
}
