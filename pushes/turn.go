package pushes

import (
	"context"
	"errors"
	"maps"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

const appLease = 5 * time.Minute

// Turn begins what an app has to do in time, if it is due and nobody has its lease: messages are fetched, the platform's
// own list is compared with ours, the end of a key is warned of.
func (p *Pushes) Turn(ctx context.Context, app gk.App) error {
	now := p.o.Keeper.Now()
	if app.DueAt.After(now) || app.LeaseUntil.After(now) && !app.LeaseUntil.After(now.Add(2*appLease)) {
		return nil
	}
	if !p.beginTurn(app.ID) {
		return nil // a long one is under way here, whatever has become of its lease
	}
	claimed, err := p.claimAppTurn(ctx, app.ID, now)
	if err != nil || !claimed {
		p.endTurn(app.ID)
		return err
	}
	p.o.Keeper.MoreWork()
	go func() {
		defer p.o.Keeper.EndWork()
		defer p.endTurn(app.ID)
		ctx := context.WithoutCancel(ctx)
		defer p.holdTurn(ctx, app.ID)()
		if err := p.o.Keeper.Isolate("app", app.ID, func() error { return p.appTurn(ctx, app.ID) }); err != nil {
			p.o.Log.Warn("an app's turn", "platform", app.Platform, "app", app.ID, "error", err)
		}
	}()
	return nil
}

func (p *Pushes) beginTurn(id string) bool {
	p.turningMu.Lock()
	defer p.turningMu.Unlock()
	if p.turning[id] {
		return false
	}
	p.turning[id] = true
	return true
}

func (p *Pushes) endTurn(id string) {
	p.turningMu.Lock()
	defer p.turningMu.Unlock()
	delete(p.turning, id)
}

// holdTurn keeps the lease of an app's turn while it goes on: the list of a large app takes longer than any lease.
func (p *Pushes) holdTurn(ctx context.Context, id string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(appLease / 5)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			now := p.o.Keeper.Now()
			err := p.o.Store.UpdateApp(ctx, gk.Engine(), id, now, func(app *gk.App) ([]gk.Event, error) {
				if app.LeaseUntil.IsZero() {
					return nil, store.ErrUnchanged // the turn has ended
				}
				app.LeaseUntil = now.Add(appLease)
				return nil, nil
			})
			if err != nil && ctx.Err() == nil {
				p.o.Log.Warn("the lease of an app's turn could not be prolonged", "app", id, "error", err)
			}
		}
	}()
	return func() { cancel(); <-done }
}

// claimAppTurn takes the lease of an app's turn, unless another instance has it. A lease further away than any can be
// was written by a clock that is off, and does not count.
func (p *Pushes) claimAppTurn(ctx context.Context, id string, now time.Time) (claimed bool, err error) {
	err = p.o.Store.UpdateApp(ctx, gk.Engine(), id, now, func(app *gk.App) ([]gk.Event, error) {
		claimed = false
		if app.DueAt.After(now) || app.LeaseUntil.After(now) && !app.LeaseUntil.After(now.Add(2*appLease)) {
			return nil, store.ErrUnchanged
		}
		app.LeaseUntil = now.Add(appLease)
		claimed = true
		return nil, nil
	})
	return claimed, err
}

// appTurn does what is due for one app and plans its next turn. What fails is tried again at its next moment: a platform
// whose list cannot be had must not be asked for it every ten seconds.
func (p *Pushes) appTurn(ctx context.Context, id string) error {
	a, err := p.o.Keeper.Apps().OpenByID(ctx, id)
	if err != nil {
		return err
	}
	now := p.o.Keeper.Now()
	facts := a.Driver.Spec().Facts.Push
	var errs []error
	done := map[string]string{}
	if _, ok := a.Driver.(platform.Puller); ok && apps.Due(a.App, apps.CursorNextPull, now) && facts.Pull > 0 {
		cursor, err := p.pull(ctx, a)
		errs = append(errs, err)
		done[apps.CursorPull] = cursor
		done[apps.CursorNextPull] = apps.Millis(now.Add(time.Duration(facts.Pull)))
	}
	if _, ok := a.Driver.(platform.Census); ok && apps.Due(a.App, apps.CursorNextCensus, now) && facts.Census > 0 {
		errs = append(errs, p.censuses.once(ctx, id, func() error { return p.census(ctx, id, time.Time{}) }))
		done[apps.CursorNextCensus] = apps.Millis(now.Add(time.Duration(facts.Census)))
	}
	err = p.o.Store.UpdateApp(ctx, gk.Engine(), id, p.o.Keeper.Now(), func(app *gk.App) ([]gk.Event, error) {
		cursors := maps.Clone(app.Cursors)
		if cursors == nil {
			cursors = map[string]string{}
		}
		maps.Copy(cursors, done)
		app.Cursors = cursors
		events := apps.WarnKey(a.Driver, app, p.o.Keeper.Now())
		app.LeaseUntil = time.Time{}
		app.DueAt = apps.NextTurn(a.Driver, app, now)
		return events, nil
	})
	return errors.Join(append(errs, err)...)
}
