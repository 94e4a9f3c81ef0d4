package lifecycle

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// Errand is what the platform is asked in the turn of a grant that was claimed because something was due.
type Errand string

// Errands.
const (
	Nothing     Errand = "nothing"       // all that was due is done
	SendRefresh Errand = "refresh"       // for another pair; the attempt stays on the grant
	AskWhose    Errand = "whose it is"   // whose pair an imported grant has
	AskAlive    Errand = "alive"         // what the answer that never arrived did to the access token
	AskHow      Errand = "how it stands" // the periodic check
)

// Turn does for a claimed grant what is due and needs nobody, and says what the platform is asked: doubts, ends and
// warnings are told, the day's calls counted, the next turn planned. Unless it is to be refreshed, the attempt is given
// back; a question is noted as asked, and what it brings is stored when it is answered.
func Turn(g *gk.Grant, t Terms, app gk.App, now time.Time) (Errand, []gk.Event) {
	Forgive(g, app)
	events := TellDoubt(g, now)
	// An attempt that ended before its lease was a dead process's. A lease that seems to be over may be another clock's, and
	// its answer may still come.
	doubted := len(events) > 0 && now.Before(g.DoubtSince.Add(t.Lease(now).Sub(now)))
	events = append(events, lapse(g, t, now)...)
	events = append(events, Warn(g, now)...)
	if g.Renewable && g.State != gk.Expired && RefreshDue(g, t, now) {
		wait := OverQuota(g, t, now, inLastLead(g, t.For(g), now))
		if wait == 0 {
			return SendRefresh, append(events, CountCall(g, t, now)...)
		}
		g.RetryAt = now.Add(wait)
	}
	Release(g)
	check := probeDue(g, t, now)
	if check {
		g.Facts = WithFact(g.Facts, FactSeen, now.Format(time.RFC3339))
	}
	confirm := confirmDue(g, t, now)
	if confirm {
		askLater(g, now)
	}
	g.DueAt = Plan(g, t, now)
	switch {
	case confirm:
		return AskWhose, events
	case doubted:
		return AskAlive, events
	case check:
		return AskHow, events
	}
	return Nothing, events
}

// Rest gives back the claim of a grant whose refresh waits for the end of a stop, and is looked at again then. Whatever
// else is due is done.
func Rest(g *gk.Grant, t Terms, until, now time.Time) []gk.Event {
	events := TellDoubt(g, now)
	events = append(events, lapse(g, t, now)...)
	events = append(events, Warn(g, now)...)
	Release(g)
	waiting := *g
	waiting.RetryAt = later(g.RetryAt, until)
	g.DueAt = Plan(&waiting, t, now)
	return events
}
