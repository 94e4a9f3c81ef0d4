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
