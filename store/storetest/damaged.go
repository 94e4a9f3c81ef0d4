package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// damagedIDs returns the rows that an error names, and fails the test if it holds what stands in them.
func damagedIDs(t *testing.T, err error) []string {
	t.Helper()
	var damaged *store.DamagedError
	if !errors.As(err, &damaged) {
		t.Fatalf("the error is %v, want one that names the damaged rows", err)
	}
	if strings.Contains(err.Error(), "rotten") {
		t.Errorf("the error %q holds what stands in the row", err)
	}
	return damaged.IDs
}

func claimAmongDamaged(t *testing.T, raw Raw) {
	s := raw.Store
	given.MakeApp(t, s, "app")
	for i, id := range []string{"before", "damaged", "between", "worse", "after"} {
		given.MakeGrant(t, s, "app", id, func(g *gk.Grant) { g.DueAt = given.Epoch.Add(time.Duration(i) * time.Second) })
	}
	given.MakeGrant(t, s, "app", "held", func(g *gk.Grant) {
		g.DueAt = given.Epoch.Add(time.Minute)
		g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = "attempt-0", "another", given.Epoch, given.Epoch.Add(time.Minute)
	})
	raw.Run(`UPDATE grants SET facts = '{rotten' WHERE id IN ('damaged', 'held')`)
	raw.Run(`UPDATE grants SET windows = 'rotten' WHERE id = 'worse'`)

	const hour = 60 // minutes
	claimed, err := s.ClaimDue(t.Context(), "app", given.Attempt("attempt-1", hour), time.Time{}, 10)
	given.Same(t, "what was claimed", slices.Sorted(slices.Values(given.IDs(claimed))), []string{"after", "before", "between"})
	given.Same(t, "what is damaged", slices.Sorted(slices.Values(damagedIDs(t, err))), []string{"damaged", "held", "worse"})
	if claimed, err = s.ClaimDue(t.Context(), "app", given.Attempt("attempt-2", hour), time.Time{}, 10); err != nil || claimed != nil {
		t.Errorf("the next claim found %v, %v; want nothing: the damaged rows are put off", given.IDs(claimed), err)
	}

	raw.Run(`UPDATE grants SET facts = '', windows = '' WHERE id IN ('damaged', 'worse', 'held')`)
	for _, id := range []string{"damaged", "worse", "held"} {
		g := given.GrantNow(t, s, id)
		if g.AttemptID != "" && id != "held" || g.Doubts != 0 || g.Version != 1 {
			t.Errorf("%s was touched while it could not be read: attempt %q, doubts %d, version %d", id, g.AttemptID, g.Doubts, g.Version)
		}
	}
	later, err := s.ClaimDue(t.Context(), "app", given.Attempt("attempt-3", 3*hour), time.Time{}, 10)
	if err != nil || len(later) != 6 {
		t.Fatalf("after the rows were mended, the claim found %v, %v; want all six", given.IDs(later), err)
	}
	for _, g := range later {
		if want := int64(1); g.ID == "held" && g.Doubts != want {
			t.Errorf("the attempt on a row that could not be read became %d doubts, want %d", g.Doubts, want)
		}
	}
}

func readAmongDamaged(t *testing.T, raw Raw) {
	s := raw.Store
	for _, id := range []string{"app-1", "app-2", "app-3"} {
		given.MakeApp(t, s, id)
	}
	for _, id := range []string{"grant-1", "grant-2", "grant-3"} {
		given.MakeGrant(t, s, "app-1", id, nil)
	}
	raw.Run(`UPDATE grants SET fault = 'rotten' WHERE id = 'grant-2'`)
	raw.Run(`UPDATE apps SET settings = '[rotten' WHERE id = 'app-2'`)

	found, err := s.Tokens(t.Context(), []string{"grant-1", "grant-2", "grant-3"})
	given.Same(t, "grants that can be read", slices.Sorted(slices.Values(given.IDs(found))), []string{"grant-1", "grant-3"})
	given.Same(t, "grants that cannot", damagedIDs(t, err), []string{"grant-2"})
	apps, err := s.Apps(t.Context(), given.Engine, "", 0)
	var names []string
	for _, a := range apps {
		names = append(names, a.ID)
	}
	given.Same(t, "apps that can be read", names, []string{"app-1", "app-3"})
	given.Same(t, "apps that cannot", damagedIDs(t, err), []string{"app-2"})
}
