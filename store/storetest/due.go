package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// attempt is a claim made n minutes after epoch, with a lease of a minute and a half.
func attempt(id string, n int) store.Attempt {
	now := epoch.Add(time.Duration(n) * time.Minute)
	return store.Attempt{AttemptID: id, AttemptBy: "host", AttemptAt: now, AttemptUntil: now.Add(90 * time.Second)}
}

// claim claims and returns the ids in their order.
func claim(t *testing.T, s store.Store, app string, a store.Attempt, limit int) []string {
	t.Helper()
	got, err := s.ClaimDue(t.Context(), app, a, time.Time{}, limit)
	if err != nil {
		t.Fatalf("ClaimDue = %v", err)
	}
	list := ids(got)
	slices.Sort(list)
	return list
}

func claimInOrder(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	makeApp(t, s, "other")
	for i, id := range []string{"d", "b", "e", "a", "c"} { // due in this order
		makeGrant(t, s, "app", id, func(g *gk.Grant) { g.DueAt = epoch.Add(time.Duration(i) * time.Second) })
	}
	makeGrant(t, s, "app", "later", func(g *gk.Grant) { g.DueAt = epoch.Add(time.Minute + time.Millisecond) })
	makeGrant(t, s, "app", "never", func(g *gk.Grant) { g.Renewable, g.DueAt = false, time.Time{} })
	makeGrant(t, s, "other", "elsewhere", nil)
	before := grantNow(t, s, "d")

	a := attempt("first", 1)
	same(t, "the first claim", claim(t, s, "app", a, 2), []string{"b", "d"})
	want := before
	want.Attempt, want.DueAt = a, a.AttemptUntil
	want.Version, want.UpdatedAt = 2, a.AttemptAt
	same(t, "a claimed grant", grantNow(t, s, "d"), want)

	got, err := s.ClaimDue(t.Context(), "app", attempt("second", 1), time.Time{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "what a claim returns", got, []gk.Grant{grantNow(t, s, "e")})
	same(t, "no claim", claim(t, s, "app", attempt("none", 1), 0), []string(nil))
	same(t, "the last claim", claim(t, s, "app", attempt("third", 1), 10), []string{"a", "c"})
	same(t, "a claim of the app without grants", claim(t, s, "nothing", attempt("fourth", 1), 10), []string(nil))
}

func claimSkipsHeld(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	makeGrant(t, s, "app", "held", func(g *gk.Grant) {
		g.AttemptID, g.AttemptAt, g.AttemptUntil = "theirs", epoch, epoch.Add(time.Minute+time.Millisecond)
	})
	makeGrant(t, s, "app", "longest", func(g *gk.Grant) {
		g.AttemptID, g.AttemptAt, g.AttemptUntil = "theirs", epoch, epoch.Add(time.Minute+gk.LongestLease)
	})
	makeGrant(t, s, "app", "free", nil)
	same(t, "the claim", claim(t, s, "app", attempt("mine", 1), 10), []string{"free"})
	if apps, err := s.DueApps(t.Context(), epoch.Add(time.Minute)); err != nil || len(apps) != 0 {
		t.Errorf("DueApps = %v, %v, want none: what is due is held", apps, err)
	}
}

func claimMakesDoubt(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	makeGrant(t, s, "app", "grant", nil)
	for i, want := range []struct {
		doubts int64
		since  time.Time
	}{{0, time.Time{}}, {1, epoch.Add(1 * time.Minute)}, {2, epoch.Add(1 * time.Minute)}} {
		a := attempt(numbered("attempt", i), 1+3*i) // the lease before has ended
		same(t, "the claim", claim(t, s, "app", a, 10), []string{"grant"})
		g := grantNow(t, s, "grant")
		if g.Doubts != want.doubts || !g.DoubtSince.Equal(want.since) || g.AttemptID != a.AttemptID {
			t.Errorf("claim %d: %d doubts since %v by %s, want %d since %v by %s", i, g.Doubts, g.DoubtSince, g.AttemptID, want.doubts, want.since, a.AttemptID)
		}
	}
	a := attempt("at the end", 0)
	a.AttemptAt = grantNow(t, s, "grant").AttemptUntil
	a.AttemptUntil = a.AttemptAt.Add(time.Minute)
	same(t, "a claim in the moment when the lease ends", claim(t, s, "app", a, 10), []string{"grant"})
}

func claimIgnoresAbsurdLease(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	makeGrant(t, s, "app", "grant", func(g *gk.Grant) {
		g.AttemptID, g.AttemptAt = "clock is off", epoch.Add(24*time.Hour)
		g.AttemptUntil = epoch.Add(time.Minute + gk.LongestLease + time.Millisecond)
	})
	if apps, err := s.DueApps(t.Context(), epoch.Add(time.Minute)); err != nil || len(apps) != 1 {
		t.Errorf("DueApps = %v, %v, want the app", apps, err)
	}
	same(t, "the claim", claim(t, s, "app", attempt("mine", 1), 10), []string{"grant"})
	if g := grantNow(t, s, "grant"); g.Doubts != 1 || !g.DoubtSince.Equal(epoch.Add(24*time.Hour)) {
		t.Errorf("%d doubts since %v, want one since the attempt began", g.Doubts, g.DoubtSince)
	}
}

func claimFloor(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	makeGrant(t, s, "app", "below", nil)
	makeGrant(t, s, "app", "at", func(g *gk.Grant) { g.DueAt = epoch.Add(time.Second) })
	got, err := s.ClaimDue(t.Context(), "app", attempt("a", 1), epoch.Add(time.Second), 10)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "a claim above a floor", ids(got), []string{"at"})
	same(t, "a claim without one", claim(t, s, "app", attempt("b", 1), 10), []string{"below"})
}

func concurrentClaims(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	const grants = 120
	for i := range grants {
		makeGrant(t, s, "app", numbered("grant", i), func(g *gk.Grant) { g.DueAt = epoch.Add(time.Duration(i%7) * time.Second) })
	}
	var mu sync.Mutex
	claimed := map[string]string{}
	var claimers sync.WaitGroup
	for i := range 8 {
		claimers.Go(func() {
			a := attempt(numbered("attempt", i), 1)
			for {
				got, err := s.ClaimDue(t.Context(), "app", a, time.Time{}, 7)
				if err != nil {
					t.Errorf("ClaimDue = %v", err)
					return
				}
				if len(got) > 7 {
					t.Errorf("ClaimDue returned %d grants, want at most 7", len(got))
				}
				mu.Lock()
				for _, g := range got {
					if by := claimed[g.ID]; by != "" || g.AttemptID != a.AttemptID {
						t.Errorf("%s was claimed by %q, by %s, and holds %s", g.ID, by, a.AttemptID, g.AttemptID)
					}
					claimed[g.ID] = a.AttemptID
				}
				all := len(claimed) == grants
				mu.Unlock()
				if all || len(got) == 0 {
					return
				}
			}
		})
	}
	claimers.Wait()
	for _, id := range claim(t, s, "app", attempt("last", 1), grants) { // others may have held these for a moment
		claimed[id] = "last"
	}
	if len(claimed) != grants {
		t.Errorf("%d grants were claimed, want %d", len(claimed), grants)
	}
}

func dueOfStopped(t *testing.T, s store.Store) {
	due := func(now time.Time) (time.Time, []string) {
		t.Helper()
		next, err := s.NextDue(t.Context(), now)
		if err != nil {
			t.Fatalf("NextDue = %v", err)
		}
		apps, err := s.DueApps(t.Context(), now)
		if err != nil {
			t.Fatalf("DueApps = %v", err)
		}
		return next, apps
	}
	if next, apps := due(epoch); !next.IsZero() || apps != nil {
		t.Errorf("an empty store is due at %v in %v, want never", next, apps)
	}
	for _, app := range []string{"a", "b", "c"} {
		makeApp(t, s, app)
	}
	makeGrant(t, s, "a", "1", func(g *gk.Grant) { g.DueAt = epoch.Add(time.Minute) })
	makeGrant(t, s, "a", "2", func(g *gk.Grant) { g.DueAt = epoch.Add(time.Hour) })
	makeGrant(t, s, "b", "3", func(g *gk.Grant) { g.DueAt = epoch.Add(2 * time.Minute) })
	makeGrant(t, s, "c", "4", func(g *gk.Grant) { g.Renewable, g.DueAt = false, time.Time{} })

	next, apps := due(epoch.Add(2 * time.Minute))
	if !next.Equal(epoch.Add(time.Minute)) {
		t.Errorf("NextDue = %v, want the soonest", next)
	}
	same(t, "DueApps", apps, []string{"a", "b"})

	err := s.UpdateApp(t.Context(), engine, "a", epoch, func(a *gk.App) ([]gk.Event, error) {
		a.PausedUntil, a.Stop = epoch.Add(3*time.Minute), gk.StopFault
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	next, apps = due(epoch.Add(2 * time.Minute))
	if !next.Equal(epoch.Add(time.Minute)) {
		t.Errorf("NextDue while an app is stopped = %v, want the soonest: its grants end all the same", next)
	}
	same(t, "DueApps while an app is stopped", apps, []string{"a", "b"})
}

func hasten(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	makeApp(t, s, "other")
	soon := func(minutes int) func(g *gk.Grant) {
		return func(g *gk.Grant) { g.DueAt = epoch.Add(time.Duration(minutes) * time.Minute) }
	}
	makeGrant(t, s, "app", "due", soon(0))
	makeGrant(t, s, "app", "soon", soon(1))
	makeGrant(t, s, "app", "later", soon(2))
	makeGrant(t, s, "app", "too late", soon(11))
	makeGrant(t, s, "other", "another app's", soon(1))
	makeGrant(t, s, "app", "attempted", func(g *gk.Grant) { soon(1)(g); g.AttemptID = "theirs" })
	makeGrant(t, s, "app", "not renewable", func(g *gk.Grant) { soon(1)(g); g.Renewable = false })
	for i, want := range []int{1, 1, 0} {
		n, err := s.Hasten(t.Context(), "app", epoch, epoch.Add(10*time.Minute), 1)
		if n != want || err != nil {
			t.Errorf("Hasten, call %d = %d, %v, want %d", i+1, n, err, want)
		}
	}
	for id, want := range map[string]bool{
		"due": true, "soon": true, "later": true, "too late": false, "another app's": false, "attempted": false, "not renewable": false,
	} {
		if g := grantNow(t, s, id); !g.DueAt.After(epoch) != want {
			t.Errorf("%s: due at %v, want due %t", id, g.DueAt, want)
		}
	}
}
