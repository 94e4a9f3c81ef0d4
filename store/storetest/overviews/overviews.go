// Package overviews has the cases of what a person looks at: counts, what is troubled, ends by day.
package overviews

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// GrantCounts is the case of the store's method of that name.
func GrantCounts(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	for id, state := range map[string]gk.State{"1": gk.Active, "2": gk.Active, "3": gk.Expired} {
		given.MakeGrant(t, s, "app", id, func(g *gk.Grant) {
			g.State = state
			if id == "1" {
				g.Owner = "a"
			}
		})
	}
	for _, c := range []struct {
		v    gk.Viewer
		want []store.GrantCount
	}{
		{given.Someone, []store.GrantCount{{App: "app", Platform: "shopee", State: gk.Active, N: 2}, {App: "app", Platform: "shopee", State: gk.Expired, N: 1}}},
		{given.Limited, []store.GrantCount{{App: "app", Platform: "shopee", State: gk.Active, N: 1}}},
		{gk.Viewer{}, nil},
	} {
		got, err := s.GrantCounts(t.Context(), c.v)
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, "the counts", got, c.want)
	}
}

// backlogs has work that is due, and more of it that is not yet.
func Backlogs(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "idle")
	for id, due := range map[string]time.Duration{"1": -time.Hour, "2": -2 * time.Hour, "3": time.Hour} {
		given.MakeGrant(t, s, "app", id, func(g *gk.Grant) {
			g.DueAt = given.Epoch.Add(due)
			if id == "3" {
				g.Doubts = 1
			}
		})
	}
	got, err := s.Backlogs(t.Context(), given.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	given.Same(t, "the backlogs", got, []store.Backlog{{
		Platform: "shopee", Oldest: given.Epoch.Add(-2 * time.Hour), InDoubt: 1,
		Apps: map[string]time.Time{"app": given.Epoch.Add(-2 * time.Hour), "idle": {}},
	}})
	if got, err = s.Backlogs(t.Context(), given.Epoch.Add(-3*time.Hour)); err != nil || len(got) != 1 || !got[0].Oldest.IsZero() {
		t.Errorf("Backlogs before anything is due = %v, %v; want no oldest", got, err)
	}
	before, err := s.Unpublished(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for before > 0 {
		if _, err := s.Publish(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
		after, err := s.Unpublished(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if after >= before {
			t.Fatalf("%d events wait after a publication, %d before", after, before)
		}
		before = after
	}
}

// Troubled is the case of the store's method of that name.
func Troubled(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "1-well", nil)
	given.MakeGrant(t, s, "app", "2-fault", func(g *gk.Grant) { g.Owner, g.Fault = "a", &gk.Fault{Code: "x", Action: gk.Backoff} })
	given.MakeGrant(t, s, "app", "3-doubt", func(g *gk.Grant) { g.Doubts = 1 })
	given.MakeGrant(t, s, "app", "4-suspended", func(g *gk.Grant) { g.State = gk.Suspended })
	given.MakeGrant(t, s, "app", "5-expired", func(g *gk.Grant) { g.State, g.Fault = gk.Expired, &gk.Fault{Code: "y"} })
	given.MakeGrant(t, s, "app", "6-revoked", func(g *gk.Grant) {
		g.State, g.Access, g.Refresh, g.Fault, g.Doubts = gk.Revoked, nil, nil, &gk.Fault{Code: "z"}, 1
	})
	for _, c := range []struct {
		v     gk.Viewer
		limit int
		want  []string
	}{
		{given.Someone, 0, []string{"2-fault", "3-doubt", "4-suspended", "5-expired"}},
		{given.Someone, 2, []string{"2-fault", "3-doubt"}},
		{given.Limited, 0, []string{"2-fault"}},
		{gk.Viewer{}, 0, nil},
	} {
		got, err := s.Troubled(t.Context(), c.v, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, "what is troubled", given.IDs(got), c.want)
	}
}

// TopUses is the case of the store's method of that name.
func TopUses(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	use := func(id, owner string, day, n int64) {
		given.MakeGrant(t, s, "app", id, func(g *gk.Grant) { g.Owner, g.QuotaDay, g.QuotaUsed = owner, day, n })
	}
	use("1-few", "a", 5, 2)
	use("2-many", "", 5, 40)
	use("3-none", "", 5, 0)
	use("4-before", "", 4, 50)
	use("5-more", "a", 5, 7)
	app, err := s.App(t.Context(), gk.Engine(), "app")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		v        gk.Viewer
		platform string
		limit    int
		want     []string
	}{
		{given.Someone, app.Platform, 10, []string{"2-many", "5-more", "1-few"}}, {given.Someone, app.Platform, 2, []string{"2-many", "5-more"}},
		{given.Limited, app.Platform, 10, []string{"5-more", "1-few"}}, {given.Someone, "another", 10, nil}, {gk.Viewer{}, app.Platform, 10, nil},
	} {
		got, err := s.TopUses(t.Context(), c.v, c.platform, 5, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, "who used the most", given.IDs(got), c.want)
	}
}

// EndsByDay is the case of the store's method of that name.
func EndsByDay(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	midnight := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	end := func(id string, set func(*gk.Grant)) {
		given.MakeGrant(t, s, "app", id, func(g *gk.Grant) { g.Expires = midnight; set(g) })
	}
	end("renews", func(*gk.Grant) {})
	end("ceiling", func(g *gk.Grant) { g.Ceiling = midnight.Add(17 * time.Hour) })
	end("ceiling too", func(g *gk.Grant) { g.Ceiling = midnight.Add(time.Hour) })
	end("fixed", func(g *gk.Grant) { g.Renewable = false })
	end("waning", func(g *gk.Grant) { g.State, g.RefreshExpires = gk.Suspended, midnight })
	end("over", func(g *gk.Grant) { g.State, g.Ceiling = gk.Expired, midnight.Add(time.Hour) })
	end("too late", func(g *gk.Grant) { g.Ceiling = midnight.AddDate(0, 0, 30) })
	day := midnight.Unix() / 86400
	for _, c := range []struct {
		offset time.Duration
		want   []store.EndCount
	}{
		{0, []store.EndCount{{Day: day, Kind: store.EndCeiling, N: 2}, {Day: day, Kind: store.EndRefresh, N: 1}, {Day: day, Kind: store.EndToken, N: 1}}},
		{8 * time.Hour, []store.EndCount{
			{Day: day, Kind: store.EndCeiling, N: 1}, {Day: day, Kind: store.EndRefresh, N: 1}, {Day: day, Kind: store.EndToken, N: 1},
			{Day: day + 1, Kind: store.EndCeiling, N: 1},
		}},
	} {
		got, err := s.EndsByDay(t.Context(), given.Someone, given.Epoch, midnight.AddDate(0, 0, 20), c.offset)
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, "the ends", got, c.want)
	}
}

// RecentEvents is the case of the store's method of that name.
func RecentEvents(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "g", nil)
	g := given.GrantNow(t, s, "g")
	for i := range 4 {
		e := given.EventOf(&g, given.Numbered("event", i), i)
		if i == 1 {
			e.Kind = gk.EventGrantRevoked
		}
		if err := s.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Publish(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		f    store.RecentFilter
		want []int64
	}{
		{store.RecentFilter{}, []int64{3, 2, 1}},
		{store.RecentFilter{Limit: 2}, []int64{3, 2}},
		{store.RecentFilter{Before: 3}, []int64{2, 1}},
		{store.RecentFilter{Kind: gk.EventGrantRevoked}, []int64{2}},
		{store.RecentFilter{Grant: "other"}, nil},
		{store.RecentFilter{App: "other"}, nil},
		{store.RecentFilter{Apps: []string{"app", "other"}}, []int64{3, 2, 1}},
		{store.RecentFilter{Apps: []string{""}}, nil},
		{store.RecentFilter{Since: given.Epoch.Add(time.Millisecond)}, []int64{3, 2}},
		{store.RecentFilter{Since: given.Epoch.Add(time.Millisecond), Until: given.Epoch.Add(2 * time.Millisecond)}, []int64{2}},
	} {
		events, err := s.RecentEvents(t.Context(), given.Someone, c.f)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, e := range events {
			got = append(got, e.Position)
		}
		given.Same(t, "the positions", got, c.want)
	}
}

// EventsCounted is the case of the store's method of that name.
func EventsCounted(t *testing.T, s store.Store) {
	event := func(id, kind, owner string, after time.Duration) gk.Event {
		return gk.Event{ID: id, Kind: kind, App: "one", Owner: owner, At: given.Epoch.Add(after)}
	}
	err := s.Append(t.Context(),
		event("a", gk.EventGrantCreated, "ann", 0), event("b", gk.EventGrantCreated, "bob", time.Hour), event("c", gk.EventGrantRevoked, "ann", time.Hour),
		event("d", gk.EventGrantRevoked, "ann", 2*time.Hour), event("e", gk.EventGrantRevoked, "ann", -time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		v    gk.Viewer
		want map[string]int64
	}{
		"who sees all": {given.Someone, map[string]int64{gk.EventGrantCreated: 2, gk.EventGrantRevoked: 1}},
		"one owner":    {gk.Viewer{Key: "k", Scopes: gk.Scopes(), Owners: []string{"ann"}}, map[string]int64{gk.EventGrantCreated: 1, gk.EventGrantRevoked: 1}},
		"another app":  {gk.Viewer{Key: "k", Scopes: gk.Scopes(), Apps: []string{"two"}}, map[string]int64{}},
	} {
		got, err := s.EventCounts(t.Context(), c.v, given.Epoch, given.Epoch.Add(2*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, "what "+name+" counts", got, c.want)
	}
}
