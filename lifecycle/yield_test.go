package lifecycle_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
)

func TestYield(t *testing.T) {
	until := noon.Add(5 * time.Minute)
	for name, c := range map[string]struct {
		change func(*gk.Grant)
		want   lifecycle.YieldOutcome
	}{
		"a healthy grant":                {func(*gk.Grant) {}, lifecycle.Yielded},
		"a refresh under way":            {func(g *gk.Grant) { g.AttemptID, g.AttemptUntil = "att_1", noon.Add(time.Minute) }, lifecycle.UnderLease},
		"one that waits longer already":  {func(g *gk.Grant) { g.RetryAt = noon.Add(time.Hour) }, lifecycle.Still},
		"one that nothing would refresh": {func(g *gk.Grant) { g.Renewable = false }, lifecycle.Still},
		"one that was revoked":           {func(g *gk.Grant) { g.State = gk.Revoked }, lifecycle.Still},
	} {
		g := healthy(c.change)
		was, terms := g.RetryAt, lifecycle.Terms{Tokens: true, Refreshes: true}
		outcome := lifecycle.Yield(&g, terms, until, noon)
		want := was
		if c.want == lifecycle.Yielded {
			want = until
		}
		if outcome != c.want || !g.RetryAt.Equal(want) {
			t.Errorf("%s: %s, refreshed not before %s; want %s, %s", name, outcome, g.RetryAt, c.want, want)
		}
		lifecycle.Unyield(&g, terms, until, noon)
		if !g.RetryAt.Equal(was) {
			t.Errorf("%s: once it is let go it is refreshed not before %s, want %s", name, g.RetryAt, was)
		}
	}
}
