package lifecycle

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Terms are what the rules must know of a platform and an app.
type Terms struct {
	Renewal  platform.Renewal    // of the app's profile and stage
	Calls    platform.TokenCalls // limits of token calls for one subject
	Probe    time.Duration       // how often the platform is asked whether a grant lives; 0: never
	Tokens   bool                // grants have a token
	Renews   bool                // the driver can build a request that refreshes
	Inspects bool                // the driver can ask what a credential is
}

// TermsOf reads the terms of an app from the facts of its platform and what its driver can do.
func TermsOf(d platform.Driver, app gk.App) Terms {
	facts := d.Spec().Facts
	_, renews := d.(platform.Renewer)
	_, inspects := d.(platform.Inspector)
	return Terms{
		Renewal: facts.Renew(app.Profile, app.Stage), Calls: facts.Limits.TokenCalls, Probe: time.Duration(facts.Push.Probe),
		Tokens: facts.Tokens, Renews: renews, Inspects: inspects,
	}
}

// For returns the facts that hold for a grant as it stands: those of the trade for an access token that has yet to be
// traded.
func (t Terms) For(g *gk.Grant) platform.Renewal {
	if tradable(t, g) {
		return t.Renewal.Trading()
	}
	return t.Renewal
}

// Lease returns when the lease of an attempt ends that begins now: the hard end of the longest request that it may stand
// for and a little more. It is not prolonged.
func (t Terms) Lease(now time.Time) time.Time {
	return now.Add(max(t.Renewal.Deadline(), t.Renewal.Trading().Deadline()) + LeaseBeyond)
}

// asleep reports whether a grant is refreshed only when somebody reads it: its access token may end meanwhile, and nothing
// is wrong.
func asleep(g *gk.Grant, t Terms) bool {
	return t.Renewal.When == platform.WhenUse && g.Renewable && g.State == gk.Active && !g.InDoubt() && g.Failures == 0 &&
		!Shared(g) && !tradable(t, g)
}

// Renewable reports whether a grant with this pair can be refreshed without the merchant. final is the platform's own
// word that it cannot.
func Renewable(t Terms, g *gk.Grant, final bool) bool {
	if !t.Renews || final {
		return false
	}
	switch t.Renewal.Style {
	case platform.NoRenewal:
		return false
	case platform.Reask:
		return true
	}
	return len(g.Refresh) > 0 || tradable(t, g)
}

// tradable reports whether a grant has an access token alone, which the platform trades for a pair.
func tradable(t Terms, g *gk.Grant) bool {
	return t.Renewal.From == platform.FromAccess && len(g.Refresh) == 0 && len(g.Access) > 0
}
