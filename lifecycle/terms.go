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
