package lifecycle

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// Questions whose pair an imported grant has are spread over its age: soon at first, then once a day.
const (
	soonestAsking = time.Minute
	latestAsking  = 24 * time.Hour
)

// Unconfirmed reports whether a grant is held until the platform has said whose its pair is.
func Unconfirmed(g *gk.Grant) bool { return g.State == gk.Held && g.Facts[FactUnconfirmed] != "" }

// Hold makes a grant wait for the platform's word, which is asked for at once.
func Hold(g *gk.Grant, now time.Time) {
	g.State, g.Facts, g.DueAt = gk.Held, WithFact(g.Facts, FactUnconfirmed, now.Format(time.RFC3339)), now
}

// confirmAt is when the platform must be asked whose pair an unconfirmed grant has; zero for one that waits for nothing,
// or whose token has ended, so that only its refresh can tell.
func confirmAt(g *gk.Grant, now time.Time) time.Time {
	if !Unconfirmed(g) || g.Renewable && !g.Expires.IsZero() && !g.Expires.After(now) {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, g.Facts[FactUnconfirmed])
	if err != nil {
		return now
	}
	return at
}

// confirmDue reports whether the platform is to be asked whose pair a grant has.
func confirmDue(g *gk.Grant, t Terms, now time.Time) bool {
	at := confirmAt(g, now)
	return t.Inspects && !at.IsZero() && !at.After(now)
}

// askLater notes when the question is asked again.
func askLater(g *gk.Grant, now time.Time) {
	wait := min(max(2*now.Sub(g.CreatedAt), soonestAsking), latestAsking)
	g.Facts = WithFact(g.Facts, FactUnconfirmed, now.Add(wait).Format(time.RFC3339))
}
