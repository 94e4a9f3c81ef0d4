package storetest

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// summed compares what the store says of every state and fault with what the noun says of each grant.
func summed(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	day := 24 * time.Hour
	n := 0
	grant := func(set func(*gk.Grant)) {
		given.MakeGrant(t, s, "app", given.Numbered("gr", n), func(g *gk.Grant) {
			if n%3 == 0 {
				g.Owner = "a"
			}
			set(g)
			if g.State == gk.Revoked {
				g.Access, g.Refresh = nil, nil
			}
		})
		n++
	}
	for _, state := range []gk.State{gk.Active, gk.Held, gk.Suspended, gk.Expired, gk.Revoked} {
		grant(func(g *gk.Grant) { g.State = state })
		grant(func(g *gk.Grant) { g.State, g.Renewable, g.Ceiling = state, false, given.Epoch.Add(20*day) })
		grant(func(g *gk.Grant) { g.State, g.Renewable, g.Expires = state, false, time.Time{} })
		for _, action := range gk.Actions() {
			grant(func(g *gk.Grant) {
				g.State, g.Fault = state, &gk.Fault{Code: "x", Message: `"action":"wait_approval"`, Action: action}
				g.Ceiling, g.Tags = given.Epoch.Add(40*day), map[string]string{"tier": string(action), "Name": "Ä%_"}
			})
		}
	}
	for _, v := range []gk.Viewer{given.Someone, given.Limited, {}} {
		all, err := s.Grants(t.Context(), v, store.GrantFilter{})
		if err != nil {
			t.Fatal(err)
		}
		want := store.Summary{Platform: map[string]int64{}, State: map[string]int64{}, WhoseMove: map[string]int64{}, Ends: []int64{0, 0, 0}}
		byMove, byTier := map[string][]string{}, map[string][]string{}
		for i := range all {
			g := &all[i]
			want.Total++
			want.Platform["shopee"]++
			want.State[string(g.State)]++
			if move := g.WhoseMove(); move != "" {
				want.WhoseMove[move]++
				byMove[move] = append(byMove[move], g.ID)
			}
			byTier[g.Tags["tier"]] = append(byTier[g.Tags["tier"]], g.ID)
			for at, days := range []time.Duration{7, 30, 90} {
				until := given.Epoch.Add(days * day)
				ends := !g.Ceiling.IsZero() && g.Ceiling.Before(until) || !g.Renewable && !g.Expires.IsZero() && g.Expires.Before(until)
				if ends && g.State != gk.Expired && g.State != gk.Revoked {
					want.Ends[at]++
				}
			}
		}
		got, err := s.Summary(t.Context(), v, given.Epoch, 7*day, 30*day, 90*day)
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, "the summary", got, want)
		for _, f := range []store.GrantFilter{
			{WhoseMove: "us"}, {WhoseMove: "vendor"}, {WhoseMove: "merchant"}, {WhoseMove: "platform"}, {WhoseMove: "nobody"},
		} {
			found, err := s.Grants(t.Context(), v, f)
			if err != nil {
				t.Fatal(err)
			}
			given.Same(t, "the grants with the move of "+f.WhoseMove, given.IDs(found), byMove[f.WhoseMove])
		}
		for _, tier := range []string{"retry", "RETRY", "retr"} {
			found, err := s.Grants(t.Context(), v, store.GrantFilter{TagName: "tier", TagValue: tier})
			if err != nil {
				t.Fatal(err)
			}
			given.Same(t, "the grants with the tag "+tier, given.IDs(found), byTier[tier])
		}
	}
	// A tag that is taken away finds nothing, and a query finds no tag.
	err := s.UpdateGrant(t.Context(), given.Engine, given.Numbered("gr", 3), given.Epoch, func(g *gk.Grant) ([]gk.Event, error) {
		g.Tags = map[string]string{"tier": "mine"}
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantFound(t, s, store.GrantFilter{TagName: "tier", TagValue: "mine"}, given.Numbered("gr", 3))
	wantFound(t, s, store.GrantFilter{Query: "mine"})
	wantFound(t, s, store.GrantFilter{Query: "tier"})
	told, err := s.Tokens(t.Context(), []string{given.Numbered("gr", 3)})
	if err != nil || len(told) != 1 || told[0].Tags["tier"] != "mine" {
		t.Errorf("Tokens = %+v, %v; want the tags, for the events", told, err)
	}
}

// countsFollow compares what is counted for viewers of every owner, which is kept by the database itself, with the rows.
func countsFollow(t *testing.T, raw Raw) {
	s := raw.Store
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "other")
	check := func(after string) {
		t.Helper()
		all, err := s.Grants(t.Context(), given.Engine, store.GrantFilter{})
		if err != nil {
			t.Fatal(err)
		}
		want := map[store.GrantCount]int64{}
		for i := range all {
			want[store.GrantCount{App: all[i].App, Platform: "shopee", State: all[i].State}]++
		}
		counts, err := s.GrantCounts(t.Context(), given.Engine)
		if err != nil {
			t.Fatal(err)
		}
		got := map[store.GrantCount]int64{}
		for _, c := range counts {
			n := c.N
			c.N = 0
			got[c] = n
		}
		given.Same(t, "the counts after "+after, got, want)
	}
	check("nothing")
	for n := range 6 {
		given.MakeGrant(t, s, []string{"app", "other"}[n%2], given.Numbered("gr", n), nil)
	}
	check("six grants of two apps")
	for _, state := range []gk.State{gk.Suspended, gk.Suspended, gk.Active, gk.Expired} {
		given.ChangeGrant(t, s, "gr-0001", func(g *gk.Grant) { g.State = state })
		check("a change to " + string(state))
	}
	given.ChangeGrant(t, s, "gr-0002", func(g *gk.Grant) { g.Owner = "somebody" })
	check("a change of something else")
	raw.Run(`UPDATE grants SET state = 'suspended' WHERE app_id = 'app'`)
	check("a change of many")
	raw.Run(`UPDATE grants SET app_id = 'other' WHERE id = 'gr-0000'`)
	check("a change of the app")
	raw.Run(`DELETE FROM grants WHERE id <> 'gr-0003'`)
	check("a removal of many")
}
