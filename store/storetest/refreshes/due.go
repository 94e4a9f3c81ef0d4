// Package refreshes has the cases of the store's suite about claims, attempts and saves.
package refreshes

import (
	"slices"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// Cases are the promises about claims, attempts and saves.
var Cases = []given.Case{
	{Name: "claims come in due order, up to the limit, of one app", Run: claimInOrder},
	{Name: "a held grant is not claimed", Run: claimSkipsHeld},
	{Name: "an outlived attempt becomes a doubt", Run: claimMakesDoubt},
	{Name: "an absurd lease is ignored", Run: claimIgnoresAbsurdLease},
	{Name: "a floor leaves out what lies below it", Run: claimFloor},
	{Name: "concurrent claims give each grant to one", Run: concurrentClaims},
	{Name: "a pair is saved onto the generation that bought it", Run: saveRefresh},
	{Name: "saving again says saved", Run: saveAgain},
	{Name: "a pair is refused by another generation, a revocation, an unknown grant", Run: saveRefused},
	{Name: "a late pair is saved unless a repeat may still run", Run: saveLate},
	{Name: "a pair that asks for its attempt's hold is saved while that lasts and nothing was told", Run: saveWhileHeld},
	{Name: "a held grant stays held when it is renewed", Run: saveHeld},
	{Name: "of concurrent saves of one generation one wins", Run: concurrentSaves},
	{Name: "pairs saved together are saved as each by itself", Run: savedTogether},
	{Name: "of pairs saved together by many each generation gets one", Run: concurrentlyTogether},
	{Name: "ClaimDue and SaveRefresh equal the rules", Run: equalForms},
	{Name: "NextDue and DueApps name stopped apps too", Run: dueOfStopped},
	{Name: "Hasten makes due what could be renewed", Run: hasten},
	{Name: "who works on the database is told with the version", Run: processes},
	{Name: "attempts of a dead process become doubts at once, as a claim makes them", Run: endAttempts},
	{Name: "attempts that nothing was sent under are given back", Run: releaseAttempts},
	{Name: "each start of an identity is another process, and the one before is dead", Run: announceAgain},
}

// claim claims and returns the ids in their order.
func claim(t *testing.T, s store.Store, app string, a store.Attempt, limit int) []string {
	t.Helper()
	got, err := s.ClaimDue(t.Context(), app, a, time.Time{}, limit)
	if err != nil {
		t.Fatalf("ClaimDue = %v", err)
	}
	list := given.IDs(got)
	slices.Sort(list)
	return list
}

func claimInOrder(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "other")
	for i, id := range []string{"d", "b", "e", "a", "c"} { // due in this order
		given.MakeGrant(t, s, "app", id, func(g *gk.Grant) { g.DueAt = given.Epoch.Add(time.Duration(i) * time.Second) })
	}
	given.MakeGrant(t, s, "app", "later", func(g *gk.Grant) { g.DueAt = given.Epoch.Add(time.Minute + time.Millisecond) })
	given.MakeGrant(t, s, "app", "never", func(g *gk.Grant) { g.Renewable, g.DueAt = false, time.Time{} })
	given.MakeGrant(t, s, "other", "elsewhere", nil)
	before := given.GrantNow(t, s, "d")

	a := given.Attempt("first", 1)
	given.Same(t, "the first claim", claim(t, s, "app", a, 2), []string{"b", "d"})
	want := before
	want.Attempt, want.DueAt = a, a.AttemptUntil
	want.Version, want.UpdatedAt = 2, a.AttemptAt
	given.Same(t, "a claimed grant", given.GrantNow(t, s, "d"), want)

	got, err := s.ClaimDue(t.Context(), "app", given.Attempt("second", 1), time.Time{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	given.Same(t, "what a claim returns", got, []gk.Grant{given.GrantNow(t, s, "e")})
	given.Same(t, "no claim", claim(t, s, "app", given.Attempt("none", 1), 0), []string(nil))
	given.Same(t, "the last claim", claim(t, s, "app", given.Attempt("third", 1), 10), []string{"a", "c"})
	given.Same(t, "a claim of the app without grants", claim(t, s, "nothing", given.Attempt("fourth", 1), 10), []string(nil))
}

func claimSkipsHeld(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "held", func(g *gk.Grant) {
		g.AttemptID, g.AttemptAt, g.AttemptUntil = "theirs", given.Epoch, given.Epoch.Add(time.Minute+time.Millisecond)
	})
	given.MakeGrant(t, s, "app", "longest", func(g *gk.Grant) {
		g.AttemptID, g.AttemptAt, g.AttemptUntil = "theirs", given.Epoch, given.Epoch.Add(time.Minute+gk.LongestLease)
	})
	given.MakeGrant(t, s, "app", "free", nil)
	given.Same(t, "the claim", claim(t, s, "app", given.Attempt("mine", 1), 10), []string{"free"})
	if apps, err := s.DueApps(t.Context(), given.Epoch.Add(time.Minute)); err != nil || len(apps) != 0 {
		t.Errorf("DueApps = %v, %v, want none: what is due is held", apps, err)
	}
}

func claimMakesDoubt(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	for i, want := range []struct {
		doubts int64
		since  time.Time
	}{{0, time.Time{}}, {1, given.Epoch.Add(1 * time.Minute)}, {2, given.Epoch.Add(1 * time.Minute)}} {
		a := given.Attempt(given.Numbered("attempt", i), 1+3*i) // the lease before has ended
		given.Same(t, "the claim", claim(t, s, "app", a, 10), []string{"grant"})
		g := given.GrantNow(t, s, "grant")
		if g.Doubts != want.doubts || !g.DoubtSince.Equal(want.since) || g.AttemptID != a.AttemptID {
			t.Errorf("claim %d: %d doubts since %v by %s, want %d since %v by %s", i, g.Doubts, g.DoubtSince, g.AttemptID, want.doubts, want.since, a.AttemptID)
		}
	}
	a := given.Attempt("at the end", 0)
	a.AttemptAt = given.GrantNow(t, s, "grant").AttemptUntil
	a.AttemptUntil = a.AttemptAt.Add(time.Minute)
	given.Same(t, "a claim in the moment when the lease ends", claim(t, s, "app", a, 10), []string{"grant"})
}

func claimIgnoresAbsurdLease(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", func(g *gk.Grant) {
		g.AttemptID, g.AttemptAt = "clock is off", given.Epoch.Add(24*time.Hour)
		g.AttemptUntil = given.Epoch.Add(time.Minute + gk.LongestLease + time.Millisecond)
	})
	if apps, err := s.DueApps(t.Context(), given.Epoch.Add(time.Minute)); err != nil || len(apps) != 1 {
		t.Errorf("DueApps = %v, %v, want the app", apps, err)
	}
	given.Same(t, "the claim", claim(t, s, "app", given.Attempt("mine", 1), 10), []string{"grant"})
	if g := given.GrantNow(t, s, "grant"); g.Doubts != 1 || !g.DoubtSince.Equal(given.Epoch.Add(24*time.Hour)) {
		t.Errorf("%d doubts since %v, want one since the attempt began", g.Doubts, g.DoubtSince)
	}
}

func claimFloor(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "below", nil)
	given.MakeGrant(t, s, "app", "at", func(g *gk.Grant) { g.DueAt = given.Epoch.Add(time.Second) })
	got, err := s.ClaimDue(t.Context(), "app", given.Attempt("a", 1), given.Epoch.Add(time.Second), 10)
	if err != nil {
		t.Fatal(err)
	}
	given.Same(t, "a claim above a floor", given.IDs(got), []string{"at"})
	given.Same(t, "a claim without one", claim(t, s, "app", given.Attempt("b", 1), 10), []string{"below"})
}

func concurrentClaims(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	const grants = 120
	for i := range grants {
		given.MakeGrant(t, s, "app", given.Numbered("grant", i), func(g *gk.Grant) { g.DueAt = given.Epoch.Add(time.Duration(i%7) * time.Second) })
	}
	var mu sync.Mutex
	claimed := map[string]string{}
	var claimers sync.WaitGroup
	for i := range 8 {
		claimers.Go(func() {
			a := given.Attempt(given.Numbered("attempt", i), 1)
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
	for _, id := range claim(t, s, "app", given.Attempt("last", 1), grants) { // others may have held these for a moment
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
	if next, apps := due(given.Epoch); !next.IsZero() || apps != nil {
		t.Errorf("an empty store is due at %v in %v, want never", next, apps)
	}
	for _, app := range []string{"a", "b", "c"} {
		given.MakeApp(t, s, app)
	}
	given.MakeGrant(t, s, "a", "1", func(g *gk.Grant) { g.DueAt = given.Epoch.Add(time.Minute) })
	given.MakeGrant(t, s, "a", "2", func(g *gk.Grant) { g.DueAt = given.Epoch.Add(time.Hour) })
	given.MakeGrant(t, s, "b", "3", func(g *gk.Grant) { g.DueAt = given.Epoch.Add(2 * time.Minute) })
	given.MakeGrant(t, s, "c", "4", func(g *gk.Grant) { g.Renewable, g.DueAt = false, time.Time{} })

	next, apps := due(given.Epoch.Add(2 * time.Minute))
	if !next.Equal(given.Epoch.Add(time.Minute)) {
		t.Errorf("NextDue = %v, want the soonest", next)
	}
	given.Same(t, "DueApps", apps, []string{"a", "b"})

	err := s.UpdateApp(t.Context(), given.Engine, "a", given.Epoch, func(a *gk.App) ([]gk.Event, error) {
		a.PausedUntil, a.Stop = given.Epoch.Add(3*time.Minute), gk.StopFault
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	next, apps = due(given.Epoch.Add(2 * time.Minute))
	if !next.Equal(given.Epoch.Add(time.Minute)) {
		t.Errorf("NextDue while an app is stopped = %v, want the soonest: its grants end all the same", next)
	}
	given.Same(t, "DueApps while an app is stopped", apps, []string{"a", "b"})
}

func hasten(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "other")
	soon := func(minutes int) func(g *gk.Grant) {
		return func(g *gk.Grant) { g.DueAt = given.Epoch.Add(time.Duration(minutes) * time.Minute) }
	}
	given.MakeGrant(t, s, "app", "due", soon(0))
	given.MakeGrant(t, s, "app", "soon", soon(1))
	given.MakeGrant(t, s, "app", "later", soon(2))
	given.MakeGrant(t, s, "app", "too late", soon(11))
	given.MakeGrant(t, s, "other", "another app's", soon(1))
	given.MakeGrant(t, s, "app", "attempted", func(g *gk.Grant) { soon(1)(g); g.AttemptID = "theirs" })
	given.MakeGrant(t, s, "app", "not renewable", func(g *gk.Grant) { soon(1)(g); g.Renewable = false })
	for i, want := range []int{1, 1, 0} {
		n, err := s.Hasten(t.Context(), "app", given.Epoch, given.Epoch.Add(10*time.Minute), 1)
		if n != want || err != nil {
			t.Errorf("Hasten, call %d = %d, %v, want %d", i+1, n, err, want)
		}
	}
	for id, want := range map[string]bool{
		"due": true, "soon": true, "later": true, "too late": false, "another app's": false, "attempted": false, "not renewable": false,
	} {
		if g := given.GrantNow(t, s, id); !g.DueAt.After(given.Epoch) != want {
			t.Errorf("%s: due at %v, want due %t", id, g.DueAt, want)
		}
	}
}
