// Package platformtest is the suite that every driver passes against the simulator of its platform.
//
// The suite meets a simulator over HTTP only, at the platform's own port and at the control calls, so that driver and
// simulator stay two witnesses who share nothing. A driver's test starts its simulator and hands the addresses over:
//
//	platformtest.Run(t, shopee.New(), platformtest.Simulated{…})
package platformtest

import (
	"net/http"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
)

// Simulated is a platform in a box, as its ready line describes it.
type Simulated struct {
	Client  *http.Client   // reaches the two addresses; nil: over real sockets
	Control string         // address of the control calls
	Base    string         // the platform's own
	App     map[string]any // one app with all its settings, in clear
	Shops   []Shop         // at least two that the app has no grant of yet
	Call    platform.Call  // one that any grant may make

	// Consent is what the control call of the same name needs beside address, shop and decision.
	Consent map[string]any
	// Unsaid names the rows, by id, that the simulator cannot be made to say although they are none of ours, and why.
	Unsaid map[string]string
}

// Shop is one shop of the ready line.
type Shop struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	Host string `json:"host"`
}

// Run runs every case. Cases follow one another, since what a merchant agreed to stays agreed.
func Run(t *testing.T, d platform.Driver, s Simulated) {
	t.Helper()
	w := open(t, d, s)
	for _, c := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"the spec says what the engine and the pages need", specIsComplete},
		{"a foreign host is refused at every entry", foreignHostIsRefused},
		{"a merchant's consent ends in a grant", consentEndsInAGrant},
		{"a merchant's refusal is read as one", refusalIsRead},
		{"a code buys once", codeBuysOnce},
		{"a signed call is accepted", signedCallIsAccepted},
		{"a credential tells whose it is", credentialTellsWhoseItIs},
		{"a renewal brings a pair that works", renewalWorks},
		{"a spent refresh token is refused in a way that we know", spentTokenIsRefused},
		{"garbage and broken answers are never refusals", garbageIsNoRefusal},
		{"every row that the platform says is read back", everyRowIsReadBack},
		{"what a merchant ended is dead", endedGrantIsDead},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, w.with(t)) })
	}
}
