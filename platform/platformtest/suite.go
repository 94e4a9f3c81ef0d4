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

// Simulated is a platform in a box.
type Simulated struct {
	Control string        // address of the control calls; a GET of it tells where the platform is and what it knows
	Client  *http.Client  // reaches it; nil: over real sockets
	Call    platform.Call // one that any grant may make

	// Consent is what the control call of that name needs beside address, shop and decision.
	Consent map[string]any
	// Unsaid names rows, by id, that no request of the suite can be answered with, and why.
	Unsaid map[string]string
	// EndUnsaid is why no push tells that a grant has ended; empty: one does.
	EndUnsaid string
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
		{"a renewal brings a pair that works", refreshWorks},
		{"a spent refresh token is refused in a way that we know", spentTokenIsRefused},
		{"garbage and broken answers are never refusals", garbageIsNoRefusal},
		{"every row that the platform says is read back", everyRowIsReadBack},
		{"what any call may say of the app, a token address says", appRowsAreSaidAtTokenAddresses},
		{"what a merchant ended is dead", endedGrantIsDead},
		{"a push about an end is genuine, a changed one is not", pushOfAnEndIsGenuine},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, w.with(t)) })
	}
}
