package refreshes

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// twins are two apps with the same grants: those of quick are changed by ClaimDue and SaveRefresh, those of plain by
// the rules of package lifecycle through UpdateGrant.
type twins struct {
	*rapid.T
	store        store.Store
	quick, plain string
	n            int       // grants of each
	now          time.Time // moves on with the story
	attempts     int
}

// equalForms runs random stories on twins and compares them after each step: twenty, or with GRANTKEEP_SOAK=1 as many
// as -rapid.checks says.
func equalForms(t *testing.T, s store.Store) {
	if os.Getenv("GRANTKEEP_SOAK") != "1" {
		checks := flag.Lookup("rapid.checks").Value
		before := checks.String()
		defer func() { _ = checks.Set(before) }() // it was its value
		if err := checks.Set("20"); err != nil {
			t.Fatal(err)
		}
	}
	var stories atomic.Int64
	rapid.Check(t, func(rt *rapid.T) {
		story := stories.Add(1)
		tw := &twins{T: rt, store: s, quick: fmt.Sprint("quick-", story), plain: fmt.Sprint("plain-", story), n: 3, now: given.Epoch}
		given.MakeApp(t, s, tw.quick)
		given.MakeApp(t, s, tw.plain)
		for i := range tw.n {
			due := given.Epoch.Add(time.Duration(i) * time.Second)
			for _, app := range []string{tw.quick, tw.plain} {
				given.MakeGrant(t, s, app, tw.id(app, i), func(g *gk.Grant) {
					g.Subject, g.DueAt = given.Shop(fmt.Sprint(i)), due
					g.Access, g.Refresh = gk.Sealed("access"), gk.Sealed("refresh")
				})
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"claim":     func(rt *rapid.T) { tw.claim(rt) },
			"save":      func(rt *rapid.T) { tw.save(rt) },
			"interfere": func(rt *rapid.T) { tw.interfere(rt) },
			"":          func(rt *rapid.T) { tw.compare(rt) },
		})
	})
}

func (tw *twins) id(app string, i int) string { return fmt.Sprint(app, "-grant-", i) }

// grants reads the grants of one twin.
func (tw *twins) grants(rt *rapid.T, app string) []gk.Grant {
	list, err := tw.store.Grants(context.Background(), given.Engine, store.GrantFilter{App: app})
	if err != nil || len(list) != tw.n {
		rt.Fatalf("Grants = %v, %v, want %d", given.IDs(list), err, tw.n)
	}
	return list
}

// update changes a grant with the plain verb.
func (tw *twins) update(rt *rapid.T, id string, change func(*gk.Grant) error) {
	err := tw.store.UpdateGrant(context.Background(), given.Engine, id, tw.now, func(g *gk.Grant) ([]gk.Event, error) { return nil, change(g) })
	if err != nil {
		rt.Fatalf("UpdateGrant = %v", err)
	}
}

// pass lets some time go by.
func (tw *twins) pass(rt *rapid.T) {
	tw.now = tw.now.Add(rapid.SampledFrom([]time.Duration{0, time.Millisecond, 7 * time.Second, time.Minute, 10 * time.Minute}).Draw(rt, "pass"))
}

func (tw *twins) claim(rt *rapid.T) {
	tw.pass(rt)
	tw.attempts++
	a := store.Attempt{AttemptID: fmt.Sprint("attempt-", tw.attempts), AttemptBy: "host", AttemptAt: tw.now}
	a.AttemptUntil = a.AttemptAt.Add(rapid.SampledFrom([]time.Duration{30 * time.Second, 330 * time.Second, gk.LongestLease + time.Hour}).Draw(rt, "lease"))
	var floor time.Time
	if rapid.Bool().Draw(rt, "with a floor") {
		floor = tw.now.Add(-5 * time.Second)
	}
	limit := rapid.IntRange(1, tw.n+1).Draw(rt, "limit")

	before := tw.grants(rt, tw.quick)
	claimed, err := tw.store.ClaimDue(context.Background(), tw.quick, a, floor, limit)
	if err != nil {
		rt.Fatalf("ClaimDue = %v", err)
	}
	tw.check(rt, before, claimed, a, floor, limit)
	for i := range tw.n {
		if taken(claimed, tw.id(tw.quick, i)) {
			tw.update(rt, tw.id(tw.plain, i), func(g *gk.Grant) error { lifecycle.TakeDue(g, a); return nil })
		}
	}
	for _, g := range claimed {
		now, err := tw.store.Grant(context.Background(), given.Engine, g.ID)
		if diff := cmp.Diff(now, g); err != nil || diff != "" {
			rt.Fatalf("ClaimDue returned another row than it wrote (-wrote +returned), %v:\n%s", err, diff)
		}
	}
}

func taken(claimed []gk.Grant, id string) bool {
	return slices.ContainsFunc(claimed, func(g gk.Grant) bool { return g.ID == id })
}

// check compares what a claim took with what it had to take: as many as it may, and none that is due later than one it left.
func (tw *twins) check(rt *rapid.T, before, claimed []gk.Grant, a store.Attempt, floor time.Time, limit int) {
	var due []gk.Grant
	for _, g := range before {
		switch {
		case lifecycle.MayTake(&g, a.AttemptAt, floor):
			due = append(due, g)
		case taken(claimed, g.ID):
			rt.Fatalf("%s was claimed, due at %v, held until %v", g.ID, g.DueAt, g.AttemptUntil)
		}
	}
	slices.SortFunc(due, func(x, y gk.Grant) int { return x.DueAt.Compare(y.DueAt) })
	want := min(limit, len(due))
	if len(claimed) != want {
		rt.Fatalf("%d grants were claimed, want %d", len(claimed), want)
	}
	for _, g := range due {
		if taken(claimed, g.ID) && g.DueAt.After(due[want-1].DueAt) {
			rt.Fatalf("%s was claimed before one that is due sooner", g.ID)
		}
	}
}

func (tw *twins) save(rt *rapid.T) {
	tw.pass(rt)
	i := rapid.IntRange(0, tw.n-1).Draw(rt, "grant")
	r := refresh(tw.id(tw.quick, i), fmt.Sprint("attempt-", rapid.IntRange(1, max(1, tw.attempts)).Draw(rt, "attempt")), 0, 0)
	g := tw.grants(rt, tw.quick)[i]
	r.Spent = g.Generation - rapid.Int64Range(0, 1).Draw(rt, "generations ago")
	r.At, r.AskedAt, r.Due = tw.now, tw.now.Add(-time.Second), tw.now.Add(time.Minute)
	r.RepeatFor = rapid.SampledFrom([]time.Duration{0, 5 * time.Minute, given.Century}).Draw(rt, "repeat for")
	r.Held = rapid.Bool().Draw(rt, "only while held")
	switch rapid.IntRange(0, 2).Draw(rt, "facts") {
	case 1:
		r.Facts, r.FactsWere = map[string]string{"seen": fmt.Sprint(tw.attempts)}, g.Facts
	case 2:
		r.Facts, r.FactsWere = map[string]string{"seen": "<nobody>"}, map[string]string{"seen": "otherwise"}
	}
	together := rapid.Bool().Draw(rt, "as one of many")
	saved := tw.saveOne(rt, r, together)
	var want lifecycle.Fate
	tw.update(rt, tw.id(tw.plain, i), func(g *gk.Grant) error {
		if want = lifecycle.TakeAtOnce(g, r); want != lifecycle.Stored {
			return store.ErrUnchanged
		}
		return nil
	})
	if saved != (want == lifecycle.Stored || want == lifecycle.StoredBefore && !together) {
		rt.Fatalf("saved = %t, the rule says %s", saved, want)
	}
}

// saveOne saves a pair with either verb.
func (tw *twins) saveOne(rt *rapid.T, r store.Refreshed, together bool) (saved bool) {
	var err error
	if together {
		var each []bool
		if each, err = tw.store.SaveRefreshes(context.Background(), []store.Refreshed{refresh("unknown", "attempt", 1, 5), r, r}); err == nil {
			if each[0] || each[2] {
				rt.Fatalf("SaveRefreshes = %v, want nothing saved of an unknown grant, nor of a second pair for one grant", each)
			}
			saved = each[1]
		}
	} else {
		saved, err = tw.store.SaveRefresh(context.Background(), r)
	}
	if err != nil {
		rt.Fatalf("the save = %v", err)
	}
	return saved
}

// interfere changes a grant in both twins as others might: consents, revocations, refusals, releases, moved due times.
func (tw *twins) interfere(rt *rapid.T) {
	tw.pass(rt)
	i := rapid.IntRange(0, tw.n-1).Draw(rt, "grant")
	now := tw.now
	change := rapid.SampledFrom([]func(*gk.Grant){
		func(g *gk.Grant) { g.DueAt = now },
		func(g *gk.Grant) { g.DueAt = now.Add(3 * time.Second) },
		func(g *gk.Grant) { g.AttemptID, g.AttemptUntil, g.DueAt = "", time.Time{}, now },
		func(g *gk.Grant) { g.Doubts, g.DoubtSince = g.Doubts+1, now },
		func(g *gk.Grant) { g.Fault, g.Failures, g.RetryAt = &gk.Fault{Code: "busy"}, g.Failures+1, now },
		func(g *gk.Grant) { g.State, g.Renewable = gk.Expired, false },
		func(g *gk.Grant) { g.State = gk.Suspended },
		func(g *gk.Grant) {
			g.State, g.Access, g.Refresh, g.Generation = gk.Revoked, nil, nil, g.Generation+1
		},
		func(g *gk.Grant) {
			g.State, g.Access, g.Generation, g.PairFrom, g.PairSpent, g.DueAt = gk.Held, gk.Sealed("c"), g.Generation+1, "click", -1, now
		},
	}).Draw(rt, "change")
	for _, app := range []string{tw.quick, tw.plain} {
		tw.update(rt, tw.id(app, i), func(g *gk.Grant) error { change(g); return nil })
	}
}

// compare fails the story if the twins differ in more than their names.
func (tw *twins) compare(rt *rapid.T) {
	quick, plain := tw.grants(rt, tw.quick), tw.grants(rt, tw.plain)
	for i := range plain {
		plain[i].ID, plain[i].App = quick[i].ID, quick[i].App
	}
	if diff := cmp.Diff(plain, quick); diff != "" {
		rt.Fatalf("the quick verbs differ from the rules (-rules +quick):\n%s", diff)
	}
}
