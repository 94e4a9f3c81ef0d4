package lifecycle

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// Announce adds to a grant the end of its authorization that a platform's message told, said at a moment of the platform's.
// A message may tell an end that was not known, or bring one nearer; only an answer moves an end away. One without a
// moment, or from before the merchant's last consent, is about another authorization.
func Announce(g *gk.Grant, t Terms, end, said, now time.Time) LearnOutcome {
	switch {
	case g.State == gk.Revoked || g.State == gk.Expired, !end.After(now):
		return NoNews
	case said.IsZero(), said.Before(g.AuthorizedAt):
		return NoNews
	case !g.Ceiling.IsZero() && end.After(g.Ceiling), Ceiling(g, end, g.Expires).Equal(g.Ceiling):
		return NoNews
	}
	moveCeiling(g, end)
	if g.AttemptID == "" {
		g.DueAt = Plan(g, t, now)
	}
	return News
}
