package keeper

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

// What becomes of a grant is decided in package lifecycle. These are its rules under the names that this package calls
// them by.

// plan returns when a grant must be looked at next.
func (k *Keeper) plan(d platform.Driver, app gk.App, g *gk.Grant, now time.Time) time.Time {
	return lifecycle.Plan(g, lifecycle.TermsOf(d, app), now)
}

// event makes an event about a grant that is being changed.
func event(kind, actor string, g *gk.Grant, now time.Time, data map[string]any) gk.Event {
	return lifecycle.Event(kind, actor, g, now, data)
}

// lapse moves a grant whose access token has ended to the state it has then.
func lapse(g *gk.Grant, now time.Time) []gk.Event { return lifecycle.Lapse(g, now) }

// release clears the attempt of a grant.
func release(g *gk.Grant) { lifecycle.Release(g) }

// fixed reports whether renewing cannot move the end.
func fixed(g *gk.Grant) bool { return lifecycle.Fixed(g) }

// spread is a number in [0, 1) that an id always has.
func spread(id string) float64 { return lifecycle.Spread(id) }

// countCall counts one token call of a grant.
func countCall(g *gk.Grant, f platform.Renewal, now time.Time) { lifecycle.CountCall(g, f, now) }

// withFact returns facts with one of them changed, or removed by an empty value.
func withFact(facts map[string]string, name, value string) map[string]string {
	return lifecycle.WithFact(facts, name, value)
}

// unconfirmed reports whether a grant is held until the platform has said whose its pair is.
func unconfirmed(g *gk.Grant) bool { return lifecycle.Unconfirmed(g) }

// hold makes a grant wait for the platform's word.
func hold(g *gk.Grant, now time.Time) { lifecycle.Hold(g, now) }

const (
	factShared      = lifecycle.FactShared
	factUnconfirmed = lifecycle.FactUnconfirmed
)

var warnDays = lifecycle.WarnDays
