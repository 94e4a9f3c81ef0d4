package keeper

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// What can stand in the way of a read or a refresh. The API turns each into one status; nobody parses messages.
var (
	ErrHeld               = errors.New("keeper: the grant is held until somebody confirms who completed it")
	ErrRevoked            = errors.New("keeper: the grant was ended; only a new authorization revives it")
	ErrNeedsAuthorization = errors.New("keeper: nothing usable is left; the merchant has to authorize again")
	ErrSuspended          = errors.New("keeper: the access token has ended and its renewal has not worked yet")
	ErrUnopened           = errors.New("keeper: the app cannot be opened, so that none of its grants is refreshed; their tokens are served while they last")
	ErrNoToken            = errors.New("keeper: this platform has no access tokens; have the call signed instead")
	ErrRefreshing         = errors.New("keeper: a renewal is under way")
	ErrNotRenewable       = errors.New("keeper: this grant cannot be renewed without the merchant")
	ErrLimited            = errors.New("keeper: over a limit on renewals")
	ErrNeedsForce         = errors.New("keeper: the answer to a renewal was lost and its token works only once; repeat with force")
	ErrForbidden          = errors.New("keeper: this key is limited to owners and cannot decide who owns a grant")
	ErrDraining           = errors.New("keeper: shutting down")
	ErrFrozen             = errors.New("keeper: this server is frozen: it is read only, and asks no platform")
)

// Reasons why no refresh begins although none is under way. Each is an ErrRefreshing.
var (
	ErrClocks  error = notBegun("keeper: no refresh begins while this machine's clock and the database's differ; synchronise both")
	ErrWaiting error = notBegun("keeper: no refresh begins while a token pair waits to be stored in the database")
)

// notBegun is an ErrRefreshing that says what is in the way.
type notBegun string

// Error returns what is in the way.
func (n notBegun) Error() string { return string(n) }

// Unwrap returns ErrRefreshing.
func (notBegun) Unwrap() error { return ErrRefreshing }

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

// Isolate runs one piece of work of a loop that serves many apps. A panic in it is that one's failure.
func (k *Keeper) Isolate(what, id string, work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			k.log.Error("a piece of work broke down; please report this", "work", what, "id", id, "why", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			err = fmt.Errorf("%s %s: %w", what, id, errBrokeDown)
		}
	}()
	return work()
}

var errBrokeDown = errors.New("keeper: a piece of work broke down")

// spare tells of rows that cannot be read, and returns every other error as it is: what could be read is worked on.
func (k *Keeper) spare(err error) error {
	var damaged *store.DamagedError
	if !errors.As(err, &damaged) {
		return err
	}
	for i, id := range damaged.IDs {
		k.log.Error("a row of the database cannot be read and is left out", "id", id, "error", damaged.Why[i])
	}
	return nil
}
