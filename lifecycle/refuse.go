package lifecycle

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// What the refreshes of one grant rest for after a fault of its app, at most.
const (
	longestOfApp   = 30 * time.Minute
	longestRefusal = 5 * time.Minute // whoever was refused tries again first: no later than a stopped app's next probe is due
)

// Refusal is what a platform said instead of giving a pair.
type Refusal struct {
	Attempt string
	Fault   *gk.Fault
	Kind    bool // it says that grants of this kind are never refreshed: nothing is wrong with this one
}

// RefuseOutcome is what a refusal means for the grant.
type RefuseOutcome string

// What a refusal means.
const (
	TriedAgain     RefuseOutcome = "tried again"    // after a pause
	NeedsMerchant  RefuseOutcome = "needs merchant" // only the merchant can bring another pair
	NeverRefreshed RefuseOutcome = "never renewed"  // learned: grants of this kind are not refreshed
)

// Refuse records a platform's refusal of a refresh. It never takes away a token that is still good.
func Refuse(g *gk.Grant, t Terms, r Refusal, now time.Time) (RefuseOutcome, []gk.Event) {
	if g.AttemptID == r.Attempt {
		Release(g)
	}
	outcome, events := TriedAgain, []gk.Event(nil)
	f := *r.Fault
	f.At = gk.At(now)
	switch {
	case r.Kind:
		outcome = NeverRefreshed
		if g.Renewable {
			g.Warned = 0 // those warnings were about another end
		}
		calm(g)
		g.Renewable = false
	case f.Terminal || f.Action == gk.Reauthorize:
		outcome = NeedsMerchant
		if g.InDoubt() {
			f.Reason = gk.ReasonLostAnswer
		}
		g.Fault = &f
		g.Failures++
		told := !g.Renewable // by the same refusal, whose commit was not answered
		g.Renewable, g.RetryAt, g.Doubt = false, time.Time{}, gk.Doubt{}
		if !told {
			events = append(events, Event(gk.EventGrantNeedsAuthorization, "engine", g, now, Why(g)))
		}
	default:
		g.Fault = &f
		g.Failures++
		g.RetryAt = now.Add(pause(g.Failures, f.RetryAfter))
		if f.Action.OfApp() { // its own pause is the brake, and after its repair nobody should wait for a day
			g.RetryAt = now.Add(max(min(pause(g.Failures, 0), longestRefusal), f.RetryAfter))
		}
	}
	events = append(events, lapse(g, t, now)...)
	events = append(events, Warn(g, now)...)
	g.DueAt = Plan(g, t, now)
	return outcome, events
}

// Unsent gives an attempt back whose request never left: nothing is in doubt, and it is tried again soon.
func Unsent(g *gk.Grant, t Terms, code string, action gk.Action, now time.Time) []gk.Event {
	Release(g)
	g.Failures++
	g.RetryAt = now.Add(pause(g.Failures, 0))
	if action.OfApp() {
		g.RetryAt = now.Add(min(pause(g.Failures, 0), longestOfApp))
	}
	g.Fault = &gk.Fault{Platform: g.Platform, Stage: platform.StageRefresh, Code: code, Action: action, At: gk.At(now)}
	events := lapse(g, t, now)
	g.DueAt = Plan(g, t, now)
	return events
}
