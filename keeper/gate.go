package keeper

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/gates"
	"github.com/grantkeep/grantkeep/platform"
)

// enter passes the gate of an app for one refresh: it waits for a place, and while the app is stopped it lets nobody
// through but a person (the scheduler has the probe). The app's own token waits for no place, since those who have one may
// wait for it. The caller leaves when the refresh has ended.
func (k *Keeper) enter(ctx context.Context, id string, person, own bool) (a apps.Opened, leave func(), err error) {
	a, err = k.apps.OpenByID(ctx, id)
	var b *apps.Broken
	if errors.As(err, &b) {
		err = &Later{Err: ErrUnopened, After: probeInterval, Fault: apps.BrokenFault(a.App, b.Code)}
	}
	if err != nil {
		return a, nil, err
	}
	if _, ok := a.Driver.(platform.Refresher); !ok {
		return a, nil, ErrNotRenewable
	}
	if err = k.stands(a.App, person); err != nil {
		return a, nil, err
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
	if k.gates.Found.Careful(id, f, k.Now()) { // a stop may have been written while this waited, and each refresh that does not see it costs a grant
		if a, err = k.apps.OpenByID(ctx, id); err == nil {
			err = k.stands(a.App, person)
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

// stands returns what an app's stop means for a refresh.
func (k *Keeper) stands(app gk.App, person bool) error {
	if !app.Stopped() || person {
		return nil
	}
	return &Later{Err: ErrSuspended, After: min(max(app.PausedUntil.Sub(k.Now()), time.Second), probeInterval), Fault: app.Fault}
}
