package consent

import (
	gk "github.com/grantkeep/grantkeep"
)

// Refused is a callback, entry or click that leads nowhere: nothing was stored and nobody was asked. Reason is a stable
// word for the page that says so; Fault is the catalogue's row, if there is one.
type Refused struct {
	Reason string
	Fault  *gk.Fault
}

// Reasons of a Refused.
const (
	RefusedForged     = "forged"     // the proof of the callback fails
	RefusedIncomplete = "incomplete" // a parameter is missing or repeated
	RefusedState      = "state"      // the state is unknown, foreign or past its end
	RefusedNoState    = "no_state"   // it came without a state, which this platform never does
	RefusedLink       = "link"       // no authorization has this link
	RefusedLapsed     = "lapsed"     // the link is past its end
	RefusedUsed       = "used"       // the link has led to a grant already
	RefusedEmpty      = "empty"      // the registered address was opened without anything (a merchant client does that)
	RefusedBusy       = "busy"       // too many of these at the moment
	RefusedBrowser    = "browser"    // this browser did not begin it
)

// Error returns the reason.
func (r *Refused) Error() string { return "refused: " + r.Reason }
