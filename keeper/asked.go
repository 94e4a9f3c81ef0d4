package keeper

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/clock"
	"github.com/grantkeep/grantkeep/lifecycle"
)

// refreshNow claims a grant and refreshes it. It is the one way in for readers, for people and for pushes.
func (k *Keeper) refreshNow(ctx context.Context, id string, by lifecycle.Asker) error {
	if !k.BeginWork() {
		return ErrDraining
	}
	defer k.EndWork()
	if k.spill.Pending() > 0 || k.spill.Holds(id) { // a pair that waits for the database may be of any grant
		return &Later{Err: ErrWaiting, After: time.Second}
	}
	if err := k.clock.AskIfSet(ctx); err != nil {
		return err
	}
	if k.clock.Drifted() > 0 {
		return &Later{Err: ErrClocks, After: clock.Every} // the lease would mean another moment to others
	}
	g, err := k.store.Grant(ctx, gk.Engine(), id)
	if err != nil {
		return err
	}
	a, leave, err := k.enter(ctx, g, by.Person)
	if err != nil {
		return err
	}
	defer leave()
	if k.apps.Stopped(g.App) {
		return apps.ErrStopped
	}
	g, err = k.claim(ctx, gk.Engine(), a, id, by)
	if err != nil {
		return err
	}
	return k.refresh(ctx, a, g)
}

// Refresh refreshes a grant at a person's word: within its lease, pace and daily limit, but not held back by a back-off
// after the platform's own 5xx. A refusal of the platform is no error; the grant's fault tells it. force sends a
// one-time token that is in doubt a second time.
func (k *Keeper) Refresh(ctx context.Context, v gk.Viewer, id string, force bool) (gk.Grant, error) {
	g, err := k.store.Grant(ctx, v, id)
	if err != nil {
		return gk.Grant{}, err
	}
	now := k.Now()
	switch {
	case k.apps.Stopped(g.App):
		return g, apps.ErrStopped
	case g.State == gk.Revoked, !g.Renewable:
		return g, ErrNotRenewable
	case g.Attempting(now):
		return g, &Later{Err: ErrRefreshing, After: time.Second}
	case force && !g.AskedAt.IsZero() && now.Before(g.AskedAt.Add(time.Minute)):
		return g, &Later{Err: ErrLimited, After: g.AskedAt.Add(time.Minute).Sub(now)}
	}
	deadline := time.NewTimer(longestWait)
	defer deadline.Stop()
	for {
		result := make(chan error, 1)
		under := k.flights.Join(id, func() *gk.Fault {
			err := k.refreshNow(context.WithoutCancel(ctx), id, lifecycle.Asker{Person: true, Reserve: len(v.Owners) == 0, Force: force})
			result <- err
			return inTheWay(err)
		})
		select {
		case <-under.Done:
		case <-deadline.C:
			return g, &Later{Err: ErrRefreshing, After: time.Second}
		case <-ctx.Done():
			return g, ctx.Err()
		}
		select {
		case err := <-result:
			if err != nil {
				return g, err
			}
			return k.store.Grant(ctx, v, id)
		default:
		}
		after, err := k.store.Grant(ctx, v, id)
		if err != nil || after.Generation != g.Generation || after.AskedAt.After(g.AskedAt) {
			return after, err // somebody else's refresh was under way
		}
		// It was a reader's, who was not allowed to ask.
	}
}
