package keeper

import (
	"context"
	"errors"
	"fmt"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// appRound does what is due for the apps themselves, each by itself. An app that cannot be opened is told of.
func (r *runner) appRound(ctx context.Context) error {
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
func (r *runner) lookAtApp(ctx context.Context, app gk.App) error {
	_, opened := r.apps.Open(app)
	err := r.noteOpened(ctx, app, opened)
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
