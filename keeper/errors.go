package keeper

import (
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// What can stand in the way of a read or a renewal. The API turns each into one status; nobody parses messages.
var (
	ErrHeld               = errors.New("keeper: the grant is held until somebody confirms who completed it")
	ErrRevoked            = errors.New("keeper: the grant was ended; only a new authorization revives it")
	ErrNeedsAuthorization = errors.New("keeper: nothing usable is left; the merchant has to authorize again")
	ErrSuspended          = errors.New("keeper: the access token has ended and its renewal has not worked yet")
	ErrNoToken            = errors.New("keeper: this platform has no access tokens; have the call signed instead")
	ErrRefreshing         = errors.New("keeper: a renewal is under way")
	ErrNotRenewable       = errors.New("keeper: this grant cannot be renewed without the merchant")
	ErrLimited            = errors.New("keeper: over a limit on renewals")
	ErrNeedsForce         = errors.New("keeper: the answer to a renewal was lost and its token works only once; repeat with force")
	ErrForbidden          = errors.New("keeper: this key is limited to owners and cannot decide who owns a grant")
	ErrDraining           = errors.New("keeper: shutting down")
	ErrFrozen             = errors.New("keeper: this server is frozen: it is read only, and asks no platform")
)

// Later is an error that may pass by itself: Err says what it is, After when to ask again, Fault what the platform said.
type Later struct {
	Err   error
	After time.Duration
	Fault *gk.Fault
}

// Error returns the text of Err.
func (l *Later) Error() string { return l.Err.Error() }

// Unwrap returns Err.
func (l *Later) Unwrap() error { return l.Err }

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
