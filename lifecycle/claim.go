package lifecycle

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// LeaseBeyond is how long the lease of an attempt outlasts the hard end of its request.
const LeaseBeyond = 30 * time.Second

// Asker is who wants a grant refreshed, and what they may.
type Asker struct {
	Person  bool                                  // asks for a refresh now: does not wait for a back-off after a 5xx
	Reserve bool                                  // may use what the daily limit keeps for people
	Force   bool                                  // also a second use of a one-time token that is in doubt
	Good    func(g *gk.Grant, now time.Time) bool // what would do as it is; nil: nothing
}

// ClaimOutcome is what became of a claim: Claimed, StillGood, Ended, NotRenewable, NeedsForce or Wait.
type ClaimOutcome interface{ claimOutcome() }

type (
	// Claimed says that the grant has the attempt, and its holder may send the refresh token.
	Claimed struct{}
	// StillGood says that somebody refreshed it meanwhile.
	StillGood struct{}
	// Ended says that the grant was revoked.
	Ended struct{}
	// NotRenewable says that only the merchant can bring another pair.
	NotRenewable struct{}
	// NeedsForce says that a one-time token is in doubt, and a person must say that it is sent again.
	NeedsForce struct{}
	// Wait says until when there is nothing to be had, and why.
	Wait struct {
		Until time.Time
		Why   Reason
	}
)

func (Claimed) claimOutcome()      {}
func (StillGood) claimOutcome()    {}
func (Ended) claimOutcome()        {}
func (NotRenewable) claimOutcome() {}
func (NeedsForce) claimOutcome()   {}
func (Wait) claimOutcome()         {}

// Reason is why a claim must wait.
type Reason string

// Reasons to wait.
const (
	UnderWay Reason = "under way"     // another attempt holds the grant
	InDoubt  Reason = "in doubt"      // an answer is missing, and the token is not sent again before that
	Paced    Reason = "pace or quota" // the platform, or the life of its tokens, sets a pace
	Resting  Reason = "resting"       // after failures
)

// Claim writes an attempt onto a grant, before the platform is asked. An attempt that it finds and that has outlived its
// lease becomes a doubt. The grant is as it was unless the outcome is Claimed.
func Claim(grant *gk.Grant, t Terms, by Asker, a gk.Attempt, now time.Time) (ClaimOutcome, []gk.Event) {
	g := *grant
	switch {
	case by.Good != nil && by.Good(&g, now):
		return StillGood{}, nil
	case g.State == gk.Revoked:
		return Ended{}, nil
	case g.Attempting(now):
		return Wait{now.Add(time.Second), UnderWay}, nil
	case !g.Renewable:
		return NotRenewable{}, nil
	}
	if pace := shortPace(&g, now); pace > 0 && !by.Person {
		return Wait{now.Add(pace), Paced}, nil
	}
	events := Outlive(&g, now)
	if wait := mustWait(&g, t, by, now); wait != nil {
		return wait, nil
	}
	hold(&g, a)
	events = append(events, CountCall(&g, t, now)...)
	*grant = g
	return Claimed{}, events
}

// mustWait is the outcome for a grant that could be refreshed, but not at this moment; nil if it may be.
func mustWait(g *gk.Grant, t Terms, by Asker, now time.Time) ClaimOutcome {
	doubtful := g.InDoubt() && !by.Force && !Repeatable(g, t.For(g), now)
	resting := g.RetryAt.After(now) && !(by.Person && (ourBackoff(g) || g.InDoubt() || by.Force))
	switch {
	case doubtful && by.Person:
		return NeedsForce{}
	case doubtful:
		return Wait{settleAt(g, t.For(g), now), InDoubt}
	case resting && by.Person:
		return Wait{g.RetryAt, Paced}
	case resting:
		return Wait{g.RetryAt, Resting}
	}
	if wait := OverQuota(g, t, now, by.Reserve); wait > 0 {
		return Wait{now.Add(wait), Paced}
	}
	return nil
}

// ourBackoff reports whether a grant rests because we chose so: after a 5xx, or before the app is repaired.
func ourBackoff(g *gk.Grant) bool {
	return g.Fault != nil && (g.Fault.Action == gk.Retry || g.Fault.Action.OfApp())
}

func hold(g *gk.Grant, a gk.Attempt) {
	g.Attempt, g.DueAt = a, a.AttemptUntil
}

// MayTake reports whether a claim of everything that is due may take a grant: it is due, and held by nobody. floor is a
// lower bound of what the claim looks at.
func MayTake(g *gk.Grant, at, floor time.Time) bool {
	held := g.AttemptUntil.After(at) && !g.AttemptUntil.After(at.Add(gk.LongestLease))
	return !g.DueAt.IsZero() && !g.DueAt.After(at) && !g.DueAt.Before(floor) && !held
}

// TakeDue is what a claim of everything that is due does to each grant: the attempt is written, whatever the grant is due
// for, and one that it finds becomes a doubt, which the grant's turn tells.
func TakeDue(g *gk.Grant, a gk.Attempt) {
	if g.AttemptID != "" {
		doubt(g)
	}
	hold(g, a)
}
