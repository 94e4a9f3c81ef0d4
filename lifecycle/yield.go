package lifecycle

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// YieldOutcome is whether a grant makes way for a consent.
type YieldOutcome string

// What a grant does when its merchant has agreed anew.
const (
	Yielded    YieldOutcome = "yielded"     // it is not refreshed until the moment that was asked for
	UnderLease YieldOutcome = "under lease" // a refresh is under way, and its answer comes first
	Still      YieldOutcome = "still"       // nothing would refresh it
)

// Yield keeps a grant from being refreshed until a moment: its merchant has agreed anew, and where a consent ends the pair
// of before, a refresh beside it would end the pair that the consent brings, or be refused.
func Yield(g *gk.Grant, t Terms, until, now time.Time) YieldOutcome {
	switch {
	case g.Attempting(now):
		return UnderLease
	case !g.Renewable || g.State == gk.Revoked || !g.RetryAt.Before(until):
		return Still
	}
	g.RetryAt = until
	if g.AttemptID == "" {
		g.DueAt = Plan(g, t, now)
	}
	return Yielded
}

// Unyield undoes Yield for a consent that brought no pair, unless something else has moved the moment since.
func Unyield(g *gk.Grant, t Terms, until, now time.Time) YieldOutcome {
	if !g.RetryAt.Equal(until) {
		return Still
	}
	g.RetryAt = time.Time{}
	if g.AttemptID == "" {
		g.DueAt = Plan(g, t, now)
	}
	return Yielded
}
