package lifecycle

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Unmoved reports whether an answer brings the pair that was sent: the driver says so, or the platform is one that may do
// that and the tokens are the same.
func Unmoved(f platform.Refresh, i platform.Issue, sent gk.Token) bool {
	if i.Same {
		return true
	}
	switch f.Style {
	case platform.SameUntilNear, platform.Extend, platform.Reask:
		return !i.Token.Access.Empty() && i.Token.Access.Equal(sent.Access) &&
			(i.Token.Refresh.Empty() || i.Token.Refresh.Equal(sent.Refresh))
	}
	return false
}

// Keep records that the platform answered with the pair that was sent. Nothing was spent: the pair is the generation that
// it was, was made when it was, and its refresh token ends when it did. The ends that the platform tells move. It is
// asked again when another answer can be expected: not before the useful part of the token's life, and within that after
// a quarter of what is left.
func Keep(g *gk.Grant, t Terms, i platform.Issue, now time.Time) []gk.Event {
	owed := troubled(g) && g.State != gk.Held
	failures, was := g.Failures, g.Renewable
	Release(g)
	calm(g)
	g.Renewable = Renewable(t, g, i.Final)
	if !i.Token.Expires.IsZero() {
		g.Expires = i.Token.Expires
	}
	if len(i.Token.Windows) > 0 {
		g.Windows = i.Token.Windows
	}
	bring(g, BroughtBy(i))
	var events []gk.Event
	if over := !g.Expires.IsZero() && !g.Expires.After(now); over { // a pair that has ended is no recovery
		g.Failures = failures + 1
		g.RetryAt = now.Add(pause(g.Failures, 0))
	} else {
		if g.State != gk.Held {
			g.State = gk.Active
		}
		if owed {
			events = append(events, Event(gk.EventGrantRecovered, "engine", g, now, map[string]any{"generation": g.Generation}))
		}
		g.RetryAt = nextUseful(g, t.For(g), now)
	}
	if was && !g.Renewable {
		events = append(events, Event(gk.EventGrantNeedsAuthorization, "platform", g, now, map[string]any{"reason": "final"}))
	}
	events = append(events, lapse(g, t, now)...)
	g.DueAt = Plan(g, t, now)
	return events
}

// nextUseful returns when a platform that gave the pair that was sent can be expected to give another one.
func nextUseful(g *gk.Grant, f platform.Refresh, now time.Time) time.Time {
	if g.Expires.IsZero() {
		return now.Add(24 * time.Hour)
	}
	useful := g.Expires.Add(-time.Duration(f.UsefulIn))
	if f.UsefulIn > 0 && useful.After(now) {
		return useful.Add(time.Duration(Spread(g.ID) * float64(f.UsefulIn) / 4)).Truncate(time.Millisecond)
	}
	return now.Add(max(g.Expires.Sub(now)/4, shortestPace)).Truncate(time.Millisecond)
}
