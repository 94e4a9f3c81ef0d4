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

// refresh is a pair for a grant, bought n minutes after epoch.
func refresh(grant, attempt string, spent int64, n int) store.Refreshed {
	now := given.Epoch.Add(time.Duration(n) * time.Minute)
	return store.Refreshed{
		Grant: grant, Attempt: attempt, Spent: spent, AskedAt: now.Add(-time.Second), At: now, RepeatFor: given.Century,
		Pair:      gk.Pair{Access: gk.Sealed("access by " + attempt), Refresh: gk.Sealed("refresh by " + attempt), KeyID: 2, Windows: map[string]time.Time{"w1": now.Add(time.Hour)}, Expires: now.Add(2 * time.Hour), RefreshExpires: now.Add(3 * time.Hour)},
		Renewable: true,
		Due:       now.Add(time.Hour),
	}
}

// save saves a refresh and fails the test unless it says want.
func save(t *testing.T, s store.Store, r store.Refreshed, want bool) {
	t.Helper()
	saved, err := s.SaveRefresh(t.Context(), r)
	if err != nil || saved != want {
		t.Errorf("SaveRefresh by %s = %t, %v, want %t", r.Attempt, saved, err, want)
	}
}

func saveRefresh(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	full := given.FullGrant("app", "grant")
	full.AttemptID, full.State = "mine", gk.Suspended
	given.PutGrant(t, s, full)
	r := refresh("grant", "mine", full.Generation, 5)
	save(t, s, r, true)

	want := full
	want.State, want.Fault, want.Failures, want.RetryAt = gk.Active, nil, 0, time.Time{}
	want.Access, want.Refresh, want.KeyID, want.Generation = r.Access, r.Refresh, r.KeyID, full.Generation+1
	want.Expires, want.RefreshExpires, want.Windows, want.DueAt = r.Expires, r.RefreshExpires, r.Windows, r.Due
	want.PairFrom, want.PairSpent, want.PairAskedAt = r.Attempt, r.Spent, r.AskedAt
	want.Attempt = gk.Attempt{}
	want.Doubt = gk.Doubt{}
	want.Version, want.UpdatedAt = 2, r.At
	given.Same(t, "the renewed grant", given.GrantNow(t, s, "grant"), want)
	given.NoHistory(t, s, "grant")

	r = refresh("grant", "last", full.Generation+1, 6)
	r.Refresh, r.Renewable, r.Due, r.Windows = nil, false, time.Time{}, nil
	save(t, s, r, true)
	if g := given.GrantNow(t, s, "grant"); g.Refresh != nil || g.Renewable || !g.DueAt.IsZero() || g.Windows != nil {
		t.Errorf("a last pair was stored as %+v, want it without refresh token, windows and due time", g)
	}
}

func saveAgain(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	r := refresh("grant", "mine", 1, 5)
	save(t, s, r, true)
	first := given.GrantNow(t, s, "grant")
	save(t, s, r, true)
	given.Same(t, "the grant after the second save", given.GrantNow(t, s, "grant"), first)
	save(t, s, refresh("grant", "other", 1, 5), false)
	save(t, s, refresh("grant", "mine", 0, 5), false)
	if saved, err := s.SaveRefresh(t.Context(), refresh("grant", "", 2, 5)); err == nil || saved {
		t.Errorf("SaveRefresh without an attempt = %t, %v, want an error", saved, err)
	}
}

func saveRefused(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", func(g *gk.Grant) { g.Generation = 5 })
	given.MakeGrant(t, s, "app", "revoked", func(g *gk.Grant) { g.State, g.Access, g.Refresh = gk.Revoked, nil, nil })
	for _, r := range []store.Refreshed{
		refresh("grant", "older", 4, 5), refresh("grant", "newer", 6, 5), refresh("revoked", "mine", 1, 5), refresh("unknown", "mine", 1, 5),
	} {
		save(t, s, r, false)
	}
	for _, id := range []string{"grant", "revoked"} {
		if v := given.GrantNow(t, s, id).Version; v != 1 {
			t.Errorf("version of %s = %d, want 1: a refused pair writes nothing", id, v)
		}
	}
}

func saveLate(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	for i, c := range []struct {
		name      string
		since     time.Time // of the doubt
		repeatFor time.Duration
		now       int // minutes after epoch
		saved     bool
	}{
		{"once: no repeat can bring another", given.Epoch, 0, 5, true},
		{"once: even by a clock that is behind", given.Epoch.Add(time.Hour), 0, 5, true},
		{"repeat: the open attempt brings the pair that lives", given.Epoch, given.Century, 5, false},
		{"repeat for a while, not over", given.Epoch, 6 * time.Minute, 5, false},
		{"repeat for a while, over", given.Epoch, 5 * time.Minute, 5, true},
		{"repeat for a while, counted from the open attempt where nothing is in doubt, not over", time.Time{}, 3 * time.Minute, 5, false},
		{"repeat for a while, counted from the open attempt where nothing is in doubt, over", time.Time{}, 2 * time.Minute, 5, true},
		{"repeat at any time, nothing in doubt", time.Time{}, given.Century, 5, false},
	} {
		id := given.Numbered("grant", i)
		given.MakeGrant(t, s, "app", id, func(g *gk.Grant) {
			g.AttemptID, g.AttemptAt, g.AttemptUntil, g.DoubtSince = "theirs", given.Epoch.Add(3*time.Minute), given.Epoch.Add(9*time.Minute), c.since
			g.State, g.Renewable = gk.Expired, false // whatever was concluded without the pair
		})
		r := refresh(id, "mine", 1, c.now)
		r.RepeatFor = c.repeatFor
		saved, err := s.SaveRefresh(t.Context(), r)
		if err != nil || saved != c.saved {
			t.Errorf("%s: SaveRefresh = %t, %v, want %t", c.name, saved, err, c.saved)
		}
		want := gk.Expired
		if c.saved {
			want = gk.Active
		}
		if g := given.GrantNow(t, s, id); g.State != want || (g.AttemptID == "") != c.saved {
			t.Errorf("%s: the grant is %s, held by %q", c.name, g.State, g.AttemptID)
		}
	}
}

func saveWhileHeld(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	for _, c := range []struct {
		holder string
		saved  bool
	}{{"mine", true}, {"theirs", false}, {"", false}} {
		given.MakeGrant(t, s, "app", "held by "+c.holder, func(g *gk.Grant) { g.AttemptID = c.holder })
		r := refresh("held by "+c.holder, "mine", 1, 5)
		r.Held = true
		save(t, s, r, c.saved)
		save(t, s, r, c.saved) // again, as after a commit whose answer was lost
	}
	for told, change := range map[string]func(g *gk.Grant){
		"refused":   func(g *gk.Grant) { g.Renewable = false },
		"suspended": func(g *gk.Grant) { g.State = gk.Suspended },
		"failed":    func(g *gk.Grant) { g.Failures = 1 },
		"in doubt":  func(g *gk.Grant) { g.Doubts, g.DoubtSince = 1, given.Epoch },
		"faulty":    func(g *gk.Grant) { g.Fault = &gk.Fault{Code: "c", Action: gk.Retry} },
	} {
		given.MakeGrant(t, s, "app", told, func(g *gk.Grant) { g.AttemptID = "mine"; change(g) })
		r := refresh(told, "mine", 1, 5)
		r.Held = true
		save(t, s, r, false)
	}
}

func saveHeld(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", func(g *gk.Grant) { g.State = gk.Held })
	save(t, s, refresh("grant", "mine", 1, 5), true)
	if g := given.GrantNow(t, s, "grant"); g.State != gk.Held || g.Generation != 2 {
		t.Errorf("the grant is %s at generation %d, want held at 2", g.State, g.Generation)
	}
}

func concurrentSaves(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	var won atomic.Int64
	var savers sync.WaitGroup
	for i := range 20 {
		savers.Go(func() {
			saved, err := s.SaveRefresh(t.Context(), refresh("grant", fmt.Sprint("attempt ", i), 1, 5))
			if err != nil {
				t.Errorf("SaveRefresh = %v", err)
			}
			if saved {
				won.Add(1)
			}
		})
	}
	savers.Wait()
	if g := given.GrantNow(t, s, "grant"); won.Load() != 1 || g.Generation != 2 || string(g.Access) != "access by "+g.PairFrom {
		t.Errorf("%d saves won, generation %d, pair of %s, want one winner and its pair at 2", won.Load(), g.Generation, g.PairFrom)
	}
}
