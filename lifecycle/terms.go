package lifecycle

import (
	"strconv"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Terms are what the rules must know of a platform and an app.
type Terms struct {
	Refresh   platform.Refresh    // of the app's profile and stage
	Own       *platform.Refresh   // of the app's own token; nil: it has none
	Minted    string              // CursorSecret of the app, where pairs are pinned to its secret; empty: any pair will do
	Calls     platform.TokenCalls // limits of token calls for one subject
	Probe     time.Duration       // how often the platform is asked whether a grant lives; 0: never
	Tokens    bool                // grants have a token
	Refreshes bool                // the driver can build a request that refreshes
	Inspects  bool                // the driver can ask what a credential is
}

// CursorSecret is, in an app's cursors, the moment in unix milliseconds at which the secret that pairs are pinned to was
// replaced; it is there once it was.
const CursorSecret = "secret_since"

// TermsOf reads the terms of an app from the facts of its platform and what its driver can do.
func TermsOf(d platform.Driver, app gk.App) Terms {
	facts := d.Spec().Facts
	_, refreshes := d.(platform.Refresher)
	_, inspects := d.(platform.Inspector)
	var own *platform.Refresh
	if facts.AppToken != nil {
		own = &facts.AppToken.Refresh
	}
	refresh, minted := facts.RefreshOf(app.Profile, app.Stage), ""
	if refresh.PinnedTo != "" {
		minted = app.Cursors[CursorSecret]
	}
	return Terms{
		Own: own, Minted: minted, Refresh: refresh, Calls: facts.Limits.TokenCalls, Probe: time.Duration(facts.Push.Probe),
		Tokens: facts.Tokens, Refreshes: refreshes, Inspects: inspects,
	}
}

// For returns the facts that hold for a grant as it stands: those of the app's own token for that, those of the trade for an
// access token that has yet to be traded.
func (t Terms) For(g *gk.Grant) platform.Refresh {
	if t.Own != nil && g.Subject.Kind == gk.KindApp {
		return *t.Own
	}
	if tradable(t, g) {
		return t.Refresh.Trading()
	}
	return t.Refresh
}

// Lease returns when the lease of an attempt ends that begins now: the hard end of the longest request that it may stand
// for and a little more. It is not prolonged.
func (t Terms) Lease(now time.Time) time.Time {
	longest := max(t.Refresh.Deadline(), t.Refresh.Trading().Deadline())
	if t.Own != nil {
		longest = max(longest, t.Own.Deadline())
	}
	return now.Add(longest + LeaseBeyond)
}

// outlivesSecret reports whether a pair was minted with a secret of before, and since when there is another one.
func (t Terms) outlivesSecret(g *gk.Grant) (since time.Time, old bool) {
	if t.Minted == "" || g.Facts[FactMinted] == t.Minted || len(g.Refresh) == 0 {
		return time.Time{}, false
	}
	ms, err := strconv.ParseInt(t.Minted, 10, 64)
	return time.UnixMilli(ms).UTC(), err == nil
}

// probes reports whether the platform is asked now and then whether a grant lives. Of its own app it is not.
func (t Terms) probes(g *gk.Grant) bool { return t.Probe > 0 && g.Subject.Kind != gk.KindApp }

// asleep reports whether a grant is refreshed only when somebody reads it: its access token may end meanwhile, and nothing
// is wrong.
func asleep(g *gk.Grant, t Terms) bool {
	return t.For(g).When == platform.WhenUse && g.Renewable && g.State == gk.Active && !g.InDoubt() && g.Failures == 0 &&
		!Shared(g) && !tradable(t, g)
}

// Renewable reports whether a grant with this pair can be refreshed without the merchant. final is the platform's own
// word that it cannot.
func Renewable(t Terms, g *gk.Grant, final bool) bool {
	if !t.Refreshes || final {
		return false
	}
	switch t.For(g).Style {
	case platform.NoRefresh:
		return false
	case platform.Reask:
		return true
	}
	return len(g.Refresh) > 0 || tradable(t, g)
}

// tradable reports whether a grant has an access token alone, which the platform trades for a pair.
func tradable(t Terms, g *gk.Grant) bool {
	return t.Refresh.From == platform.FromAccess && len(g.Refresh) == 0 && len(g.Access) > 0
}
