package keeper

import (
	"cmp"
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/gates"
	"github.com/grantkeep/grantkeep/platform"
)

// enter passes the gate of a grant's app for one refresh: it waits for a place, and while the app is stopped it lets nobody
// through but a person, and whoever takes the probe that is due: a grant that is refreshed only when it is read never falls
// due for the scheduler. The app's own token waits for no place, since those who have one may wait for it. The caller leaves
// when the refresh has ended.
func (k *Keeper) enter(ctx context.Context, g gk.Grant, person bool) (a apps.Opened, leave func(), err error) {
	id, own := g.App, g.Subject.Kind == gk.KindApp
	if a, err = k.refresher(ctx, id); err != nil {
		return a, nil, err
	}
	stopped := k.stands(a.App, person)
	if stopped != nil && (own || !k.couldTry(a.App, &g)) {
		return a, nil, stopped
	}
	if own {
		return a, func() {}, nil
	}
	f := apps.RefreshOf(a.Driver, a.App)
	err = k.gates.Enter(ctx, id, a.Driver.Spec().Facts, f, longestWait)
	switch {
	case errors.Is(err, gates.ErrLongQueue):
		return a, nil, &Later{Err: ErrRefreshing, After: time.Second}
	case errors.Is(err, gates.ErrClosed):
		return a, nil, ErrDraining
	case err != nil:
		return a, nil, err
	}
	leave = func() { k.gates.Give(id, 1) }
	tries := false
	if stopped != nil {
		if tries, err = k.triesAgain(ctx, a.App, k.Now()); !tries {
			leave()
			return a, nil, cmp.Or(err, stopped)
		}
	}
	if k.gates.Found.Careful(id, f, k.Now()) { // a stop may have been written while this waited, and each refresh that does not see it costs a grant
		if a, err = k.apps.OpenByID(ctx, id); err == nil {
			err = k.stands(a.App, person || tries)
		}
	}
	if err != nil {
		leave()
	}
	if person && a.App.Stop == gk.StopAsking {
		a.App.Stop = "" // a person's word needs no asking
	}
	return a, leave, err
}

// refresher opens an app whose platform refreshes.
func (k *Keeper) refresher(ctx context.Context, id string) (apps.Opened, error) {
	a, err := k.apps.OpenByID(ctx, id)
	var b *apps.Broken
	if errors.As(err, &b) {
		err = &Later{Err: ErrUnopened, After: probeInterval, Fault: apps.BrokenFault(a.App, b.Code)}
	}
	if err != nil {
		return a, err
	}
	if _, ok := a.Driver.(platform.Refresher); !ok {
		return a, ErrNotRenewable
	}
	return a, nil
}

// couldTry reports whether a refresh of a grant may be sent as the probe of a stopped app. One that has to wait anyway would
// only use the probe up.
func (k *Keeper) couldTry(app gk.App, g *gk.Grant) bool {
	now := k.Now()
	return app.Broken == "" && app.Stop != gk.StopPerson && !app.PausedUntil.After(now) && g.Renewable && g.State == gk.Active && g.AttemptID == "" && !g.RetryAt.After(now)
}

// stands returns what an app's stop means for a refresh.
func (k *Keeper) stands(app gk.App, person bool) error {
	if !app.Stopped() || person {
		return nil
	}
	return &Later{Err: ErrSuspended, After: min(max(app.PausedUntil.Sub(k.Now()), time.Second), probeInterval), Fault: app.Fault}
}
