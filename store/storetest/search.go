package storetest

import (
	"fmt"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// wantFound compares what a query finds.
func wantFound(t *testing.T, s store.Store, f store.GrantFilter, want ...string) {
	t.Helper()
	got, err := s.Grants(t.Context(), given.Engine, f)
	if err != nil {
		t.Fatalf("Grants(%+v) = %v", f, err)
	}
	given.Same(t, fmt.Sprintf("the grants that %q finds", f.Query), given.IDs(got), want)
}

func grantsQueried(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	long := strings.Repeat("very long ", 20)
	given.MakeGrant(t, s, "app", "gr_a", func(g *gk.Grant) { g.Subject.ID = "Seller-100%" })
	given.MakeGrant(t, s, "app", "gr_b", func(g *gk.Grant) { g.Subject.Host = "Fine_Goods.example" })
	given.MakeGrant(t, s, "app", "gr_c", func(g *gk.Grant) { g.Subject.Name = "幸福小店 ÉCLAIR und STRASSE" })
	given.MakeGrant(t, s, "app", "gr_d", func(g *gk.Grant) { g.Owner = `back\slash` })
	given.MakeGrant(t, s, "app", "gr_e", func(g *gk.Grant) {
		g.Shops = []gk.Shop{{ID: "SHOP-77", Name: "Tea & Co", Host: "tea.example"}, {ID: "shop-78"}}
	})
	given.MakeGrant(t, s, "app", "gr_f", func(g *gk.Grant) { g.Subject.ID, g.Subject.Name = long+"1", long+"name" })
	for query, want := range map[string][]string{
		"seller": {"gr_a"}, "SELLER-100%": {"gr_a"}, "100%": nil, "%": nil, "_": nil, "%%": nil,
		"fine_g": {"gr_b"}, "fine-g": nil, "goods": nil, "小店": {"gr_c"}, "éclair UND": {"gr_c"}, "店": nil,
		"幸": nil, `back\S`: {"gr_d"}, "slash": nil, "shop-7": {"gr_e"}, "a & c": {"gr_e"}, "tea.": {"gr_e"},
		"GR_": {"gr_a", "gr_b", "gr_c", "gr_d", "gr_e", "gr_f"}, "gr_c": {"gr_c"}, "nothing": nil, "\x00": nil, "\x02": nil,
		long + "1": {"gr_f"}, long + "2": nil, "ong " + long + "NAME": nil, "long " + long[:180] + "name": {"gr_f"},
	} {
		wantFound(t, s, store.GrantFilter{Query: query}, want...)
	}
}

func queryPaged(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "other")
	for n := range 12 {
		app := "app"
		if n%4 == 3 {
			app = "other"
		}
		given.MakeGrant(t, s, app, given.Numbered("gr", n), func(g *gk.Grant) { g.Subject.Name = fmt.Sprint("tea house ", n) })
	}
	f := store.GrantFilter{App: "app", Query: "HOUSE", Limit: 4}
	wantFound(t, s, f, "gr-0000", "gr-0001", "gr-0002", "gr-0004")
	f.After = "gr-0004"
	wantFound(t, s, f, "gr-0005", "gr-0006", "gr-0008", "gr-0009")
	f.After = "gr-0009"
	wantFound(t, s, f, "gr-0010")

	given.ChangeGrant(t, s, "gr-0010", func(g *gk.Grant) {
		g.Subject.Name = "coffee"
		g.Shops = append(g.Shops, gk.Shop{ID: "1", Name: "roastery"})
	})
	wantFound(t, s, f)
	wantFound(t, s, store.GrantFilter{Query: "offe"}, "gr-0010")
	wantFound(t, s, store.GrantFilter{Query: "roast"}, "gr-0010")
	given.ChangeGrant(t, s, "gr-0010", func(g *gk.Grant) { g.Shops[0].Name = "mill" })
	wantFound(t, s, store.GrantFilter{Query: "roast"})
	wantFound(t, s, store.GrantFilter{Query: "mill"}, "gr-0010")
}

func grantsAtHost(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "other")
	given.MakeGrant(t, s, "app", "subject", func(g *gk.Grant) { g.Subject.Host = "Tea.example" })
	given.MakeGrant(t, s, "app", "shop", func(g *gk.Grant) { g.Shops = []gk.Shop{{ID: "1", Host: "tea.EXAMPLE"}} })
	given.MakeGrant(t, s, "app", "longer", func(g *gk.Grant) { g.Subject.Host = "tea.example.com" })
	given.MakeGrant(t, s, "app", "named so", func(g *gk.Grant) { g.Owner = "tea.example" })
	given.MakeGrant(t, s, "other", "of another app", func(g *gk.Grant) { g.Subject.Host = "tea.example" })
	for host, want := range map[string][]string{"tea.example": {"shop", "subject"}, "tea": nil, "": nil} {
		got, err := s.GrantsAt(t.Context(), "app", host)
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, fmt.Sprintf("the grants at %q", host), given.IDs(got), want)
		if len(got) > 0 && len(got[0].Shops) != 1 {
			t.Errorf("the grant at %q has the shops %v, want its one", host, got[0].Shops)
		}
	}
}

func queryOfOlder(t *testing.T, raw Raw) {
	s := raw.Store
	given.MakeApp(t, s, "app")
	for n := range 5 {
		given.MakeGrant(t, s, "app", given.Numbered("gr", n), func(g *gk.Grant) { g.Subject.Name = "tea house" })
	}
	raw.Run(`UPDATE grants SET folded = ''`)
	raw.Run(`DELETE FROM grant_terms`)
	wantFound(t, s, store.GrantFilter{Query: "house"})
	for _, want := range []int{3, 2, 0} {
		if n, err := s.Sweep(t.Context(), given.Epoch, 3); err != nil || n != want {
			t.Errorf("Sweep = %d, %v, want %d", n, err, want)
		}
	}
	wantFound(t, s, store.GrantFilter{Query: "house"}, "gr-0000", "gr-0001", "gr-0002", "gr-0003", "gr-0004")
}

// queryOfManyBeginnings searches for a text whose beginning more names have than are looked through, and whose end few have.
func queryOfManyBeginnings(t *testing.T, raw Raw) {
	s := raw.Store
	given.MakeApp(t, s, "app")
	for n := range 3 {
		given.MakeGrant(t, s, "app", given.Numbered("gr", n), func(g *gk.Grant) { g.Subject.Name = fmt.Sprint("tea house of number ", n) })
	}
	raw.Run(`INSERT INTO grant_terms (term, grant_id)
		WITH RECURSIVE more (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < 6000)
		SELECT CAST($1 AS TEXT), 'gr-' || CAST(n + 1000 AS TEXT) FROM more`, "~TEA HOUS") // the term of both, folded and cut
	wantFound(t, s, store.GrantFilter{Query: "tea house of number 2"}, "gr-0002")
	wantFound(t, s, store.GrantFilter{Query: "tea house of number 7"})
	wantFound(t, s, store.GrantFilter{Query: "tea house of number"}, "gr-0000", "gr-0001", "gr-0002")
	wantFound(t, s, store.GrantFilter{Query: "tea house"}, "gr-0000", "gr-0001", "gr-0002")
	wantFound(t, s, store.GrantFilter{Query: "tea hous", Limit: 2, After: "gr-0000"}, "gr-0001", "gr-0002")
}

// queryOfManyAtTheEnd searches for what very many have, none of them among the first grants.
func queryOfManyAtTheEnd(t *testing.T, raw Raw) {
	s := raw.Store
	given.MakeApp(t, s, "app")
	named := []string{"gr-7001", "gr-7002", "gr-7500"}
	const walked = 1000 // by a search, before it asks for what was found
	err := s.PutGrants(t.Context(), "app", "", "", nil, given.Epoch, func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
		var grants []gk.Grant
		add := func(id, name string) {
			g := gk.Grant{ID: id, App: "app", Subject: given.Shop(id), State: gk.Active, AuthorizedAt: given.Epoch}
			g.Subject.Name = name
			grants = append(grants, g)
		}
		for n := range walked + 10 {
			add(given.Numbered("gr", n), "")
		}
		for _, id := range named {
			add(id, "tea house")
		}
		return grants, nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	raw.Run(`INSERT INTO grant_terms (term, grant_id)
		WITH RECURSIVE more (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < 6000)
		SELECT CAST($1 AS TEXT), 'gr-' || CAST(n + 1000 AS TEXT) || 'x' FROM more`, "~TEA HOUS")
	f := store.GrantFilter{Query: "tea h", Limit: 2}
	wantFound(t, s, f, named[:2]...)
	f.After = named[0]
	wantFound(t, s, f, named[1:]...)
	f.After, f.Limit = "", 10
	wantFound(t, s, f, named...)
	f.Owner = "nobody"
	wantFound(t, s, f)
}
