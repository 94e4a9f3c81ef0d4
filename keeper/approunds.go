package keeper

import (
	"context"
	"errors"
	"fmt"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// appsEvery is how often an app has a turn of its own, on the real clock and by product time.
const appsEvery = 10 * time.Second

// appRounds lets apps do what they have to do in time.
type appRounds struct {
	*Keeper

	notes            *openings
	lookedAt, lookAt time.Time // real, and product time
}

// look does what is due for the apps themselves, each by itself. An app that cannot be opened is told of.
func (r *appRounds) look(ctx context.Context) error {
	if real := time.Now(); real.Sub(r.lookedAt) >= appsEvery || r.Now().Sub(r.lookAt) >= appsEvery {
		defer func() { r.lookedAt, r.lookAt = real, r.Now() }()
	} else {
		return nil
	}
	apps, err := r.store.Apps(ctx, gk.Engine(), "", 0)
	if err := r.spare(err); err != nil {
		return err
	}
	var errs []error
	unopened := int64(0)
	defer func() { r.broken.Store(unopened) }()
	for _, app := range apps {
		if _, err := r.apps.Open(app); err != nil {
			unopened++
		}
		err := r.Isolate("app round", app.ID, func() error { return r.lookAtApp(ctx, app) })
		if errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil {
			return errors.Join(append(errs, err)...)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("app %s: %w", app.ID, err))
		}
	}
	return errors.Join(errs...)
}

// lookAtApp notes whether an app opens, and lets it have its turn.
func (r *appRounds) lookAtApp(ctx context.Context, app gk.App) error {
	_, opened := r.apps.Open(app)
	err := r.notes.noteOpened(ctx, app, opened)
	if opened != nil || err != nil {
		return err
	}
	if turn := r.appTurn.Load(); turn != nil {
		return (*turn)(ctx, app)
	}
	return nil
}

// AttendApps names who does what an app has to do in time.
func (k *Keeper) AttendApps(turn func(ctx context.Context, app gk.App) error) { k.appTurn.Store(&turn) }
