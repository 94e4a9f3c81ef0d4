package lifecycle

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// An outcome is unknown, and the grant in doubt, when a request spent a refresh token and its answer never arrived whole:
// no answer, a cut one, a 5xx, a page of HTML, an attempt that outlived its lease. The platform may have rotated, or not.
// The facts decide what is done about it, and until then the access token is served.

const outlived = "an attempt outlived its lease"

// doubt counts an unknown outcome of the present attempt, from whose beginning the first one dates.
func doubt(g *gk.Grant) {
	g.Doubts++
	if g.DoubtSince.IsZero() {
		g.DoubtSince = g.AttemptAt
	}
}

// Outlive turns an attempt whose lease is over into a doubt: its outcome is unknown.
func Outlive(g *gk.Grant, now time.Time) []gk.Event {
	if g.AttemptID == "" {
		return nil
	}
	doubt(g)
	Release(g)
	if g.Doubts > 1 {
		return nil
	}
	g.Fault = NoAnswer(g, now)
	return []gk.Event{Event(gk.EventGrantInDoubt, "engine", g, now, map[string]any{"why": outlived})}
}

// TellDoubt tells of an attempt that outlived its lease, which TakeDue has made a doubt.
func TellDoubt(g *gk.Grant, now time.Time) []gk.Event {
	if !g.Renewable {
		g.Doubt = gk.Doubt{} // whoever died had claimed it for something else than a refresh
	}
	if !g.InDoubt() || g.Fault != nil && !g.Fault.At.Before(g.DoubtSince) {
		return nil
	}
	g.Fault = NoAnswer(g, now)
	return []gk.Event{Event(gk.EventGrantInDoubt, "engine", g, now, map[string]any{"why": outlived})}
}

// Doubt records that the answer to a grant's attempt is unknown. f is what the answer said, nil where none came.
func Doubt(g *gk.Grant, t Terms, f *gk.Fault, why string, now time.Time) []gk.Event {
	first := g.Doubts == 0
	doubt(g)
	Release(g)
	g.Failures++
	if f == nil {
		f = NoAnswer(g, now)
	}
	told := *f
	told.At = gk.At(now)
	g.Fault = &told
	g.RetryAt = now.Add(pause(g.Failures, told.RetryAfter))
	events := lapse(g, t, now)
	g.DueAt = Plan(g, t, now)
	if first {
		events = append(events, Event(gk.EventGrantInDoubt, "engine", g, now, map[string]any{
			"why": why, "settle": t.For(g).AfterLostAnswer, "next_at": g.DueAt.Format(time.RFC3339),
		}))
	}
	return events
}

// settleAt returns when the refresh token of a grant in doubt is sent again.
//
//   - repeat: any time, so at once (the back-off on the grant sets the pace);
//   - repeat_for: at once, and again until the grace has passed; then as once;
//   - once: one repeat, after half of what the access token has left, at most a day; where a second use would end the
//     access token too, not before its last ten minutes. If that one is lost as well, the next comes when the access
//     token has ended: from then on there is nothing left to lose, and only a definite answer ends the grant.
func settleAt(g *gk.Grant, f platform.Refresh, now time.Time) time.Time {
	if f.AfterLostAnswer == platform.RepeatAny {
		return now
	}
	if f.AfterLostAnswer == platform.RepeatFor && now.Before(g.DoubtSince.Add(time.Duration(f.RepeatFor))) {
		return now
	}
	if g.Expires.IsZero() {
		return g.DoubtSince.Add(24 * time.Hour)
	}
	if !g.Expires.After(now) {
		return now
	}
	if g.Doubts > 1 && f.AfterLostAnswer == platform.Once {
		return g.Expires
	}
	at := g.DoubtSince.Add(min(g.Expires.Sub(g.DoubtSince)/2, 24*time.Hour))
	if f.ReuseKills {
		at = later(at, g.Expires.Add(-10*time.Minute))
	}
	return at
}

// Repeatable reports whether the refresh token of a grant in doubt may be sent again at this moment without a person's word.
func Repeatable(g *gk.Grant, f platform.Refresh, now time.Time) bool {
	return !g.InDoubt() || !settleAt(g, f, now).After(now)
}
