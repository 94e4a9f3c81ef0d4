package refreshes

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// savedTogether saves pairs of every kind in one commit, and those of twin grants each by itself.
func savedTogether(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	kinds := []struct {
		name    string
		grant   func(*gk.Grant)
		refresh func(*store.Refreshed)
	}{
		{"claimed", func(g *gk.Grant) { g.AttemptID = "mine" }, func(r *store.Refreshed) { r.Held = true }},
		{"of an older generation", func(g *gk.Grant) { g.Generation = 5 }, nil},
		{"revoked", func(g *gk.Grant) { g.State, g.Access, g.Refresh = gk.Revoked, nil, nil }, nil},
		{"held by another who may repeat", func(g *gk.Grant) { g.AttemptID, g.AttemptAt = "theirs", given.Epoch.Add(4*time.Minute) }, nil},
		{"held by another, once", func(g *gk.Grant) { g.AttemptID = "theirs" }, func(r *store.Refreshed) { r.RepeatFor = 0 }},
		{"claimed, and told of", func(g *gk.Grant) { g.AttemptID, g.Failures = "mine", 1 }, func(r *store.Refreshed) { r.Held = true }},
		{"the last of its kind", func(g *gk.Grant) { g.AttemptID = "mine" }, func(r *store.Refreshed) {
			r.Refresh, r.Renewable, r.Due, r.Windows = nil, false, time.Time{}, nil
		}},
		{"held until somebody confirms", func(g *gk.Grant) { g.State = gk.Held }, nil},
	}
	var together, alone []store.Refreshed
	for i, kind := range kinds {
		for _, form := range []string{"together", "alone"} {
			id := fmt.Sprint(form, "-", i)
			given.MakeGrant(t, s, "app", id, kind.grant)
			r := refresh(id, "mine", 1, 5)
			if kind.refresh != nil {
				kind.refresh(&r)
			}
			if form == "together" {
				together = append(together, r)
			} else {
				alone = append(alone, r)
			}
		}
	}
	saved, err := s.SaveRefreshes(t.Context(), together)
	if err != nil || len(saved) != len(kinds) {
		t.Fatalf("SaveRefreshes = %v, %v", saved, err)
	}
	for i, kind := range kinds {
		save(t, s, alone[i], saved[i])
		got, want := given.GrantNow(t, s, together[i].Grant), given.GrantNow(t, s, alone[i].Grant)
		want.ID, want.Subject = got.ID, got.Subject
		if !saved[i] {
			want.Access, want.Refresh = got.Access, got.Refresh // named after their grants
		}
		given.Same(t, kind.name, got, want)
	}
	if saved, err := s.SaveRefreshes(t.Context(), nil); err != nil || len(saved) != 0 {
		t.Errorf("SaveRefreshes of none = %v, %v", saved, err)
	}
	if _, err := s.SaveRefreshes(t.Context(), []store.Refreshed{refresh("together-3", "", 1, 5)}); err == nil {
		t.Error("a pair without an attempt was taken")
	}
}

// concurrentlyTogether has many save the same pairs at once: each generation has one pair afterwards, whoever brought it.
func concurrentlyTogether(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	const grants = 8
	for i := range grants {
		given.MakeGrant(t, s, "app", given.Numbered("grant", i), nil)
	}
	var won atomic.Int64
	var savers sync.WaitGroup
	for by := range 8 {
		savers.Go(func() {
			rs := make([]store.Refreshed, grants)
			for i := range rs {
				rs[i] = refresh(given.Numbered("grant", (i+by)%grants), fmt.Sprint("attempt ", by), 1, 5)
			}
			saved, err := s.SaveRefreshes(t.Context(), rs)
			if err != nil {
				t.Errorf("SaveRefreshes = %v", err)
			}
			for _, mine := range saved {
				if mine {
					won.Add(1)
				}
			}
		})
	}
	savers.Wait()
	stored := int64(0)
	for i := range grants {
		g := given.GrantNow(t, s, given.Numbered("grant", i))
		if g.Generation == 2 && string(g.Access) == "access by "+g.PairFrom {
			stored++
		}
	}
	if won.Load() != stored || stored != grants {
		t.Errorf("%d saves won and %d of %d grants have a pair", won.Load(), stored, grants)
	}
}
