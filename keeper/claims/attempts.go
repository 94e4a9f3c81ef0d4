// Package claims claims grants that fall due, in lots and app by app, and gives back claims whose answers were lost.
package claims

import (
	"context"
	"errors"
	"log/slog"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper/gates"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
)

// Attempts makes the attempts of this process, and remembers those whose claims had no answer. Its fields are set once.
type Attempts struct {
	Instance string // names this process
	Store    interface {
		ReleaseAttempts(ctx context.Context, instance string, attempts []string, now time.Time) ([]string, error)
	}
	Now func() time.Time
	Log *slog.Logger

	lost gates.LostClaims
}

// New makes an attempt. Its lease outlasts the request's hard end.
func (a *Attempts) New(t lifecycle.Terms, now time.Time) store.Attempt {
	return store.Attempt{AttemptID: gk.NewID("att", now), AttemptBy: a.Instance, AttemptAt: now, AttemptUntil: t.Lease(now)}
}

// Note remembers a claim whose answer did not come. Its rows may be held by an attempt that nobody knows of.
func (a *Attempts) Note(attempt store.Attempt, err error) {
	if errors.Is(err, store.ErrUnavailable) {
		a.lost.Add(attempt.AttemptID)
	}
}

// Release gives back what was claimed without an answer. Left to its lease it would become a doubt, although nothing was
// sent under it.
func (a *Attempts) Release(ctx context.Context) error {
	lost := a.lost.Attempts()
	if len(lost) == 0 {
		return nil
	}
	released, err := a.Store.ReleaseAttempts(ctx, a.Instance, lost, a.Now())
	if len(released) > 0 {
		a.Log.Warn("claims whose answers were lost were given back", "grants", len(released))
	}
	return err
}
