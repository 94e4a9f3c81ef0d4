package keeper

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

const (
	appLease    = 5 * time.Minute
	longestPull = 20 // pages of messages in one turn
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
		err := r.isolate("app round", app.ID, func() error { return r.lookAtApp(ctx, app) })
		if errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil {
			return errors.Join(append(errs, err)...)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("app %s: %w", app.ID, err))
		}
	}
	return errors.Join(errs...)
}

// lookAtApp notes whether an app opens, and begins its turn if it is due and nobody has it.
func (r *runner) lookAtApp(ctx context.Context, app gk.App) error {
	now := r.Now()
	_, opened := r.apps.Open(app)
	err := r.noteOpened(ctx, app, opened)
	if opened != nil || err != nil || app.DueAt.After(now) || app.LeaseUntil.After(now) && !app.LeaseUntil.After(now.Add(2*appLease)) {
		return err
	}
	if !r.beginTurn(app.ID) {
		return nil // a long one is under way here, whatever has become of its lease
	}
	claimed, err := r.claimAppTurn(ctx, app.ID, now)
	if err != nil || !claimed {
		r.endTurn(app.ID)
		return err
	}
	r.MoreWork()
	go func() {
		defer r.EndWork()
		defer r.endTurn(app.ID)
		ctx := context.WithoutCancel(ctx)
		defer r.holdTurn(ctx, app.ID)()
		if err := r.isolate("app", app.ID, func() error { return r.appTurn(ctx, app.ID) }); err != nil {
			r.log.Warn("an app's turn", "platform", app.Platform, "app", app.ID, "error", err)
		}
	}()
	return nil
}

func (r *runner) beginTurn(id string) bool {
	r.turns.Lock()
	defer r.turns.Unlock()
	if r.turning[id] {
		return false
	}
	r.turning[id] = true
	return true
}

func (r *runner) endTurn(id string) {
	r.turns.Lock()
	defer r.turns.Unlock()
	delete(r.turning, id)
}

// holdTurn keeps the lease of an app's turn while it goes on: the list of a large app takes longer than any lease.
func (r *runner) holdTurn(ctx context.Context, id string) (stop func()) {
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
			now := r.Now()
			err := r.store.UpdateApp(ctx, gk.Engine(), id, now, func(app *gk.App) ([]gk.Event, error) {
				if app.LeaseUntil.IsZero() {
					return nil, store.ErrUnchanged // the turn has ended
				}
				app.LeaseUntil = now.Add(appLease)
				return nil, nil
			})
			if err != nil && ctx.Err() == nil {
				r.log.Warn("the lease of an app's turn could not be prolonged", "app", id, "error", err)
			}
		}
	}()
	return func() { cancel(); <-done }
}

// claimAppTurn takes the lease of an app's turn, unless another instance has it. A lease further away than any can be
// was written by a clock that is off, and does not count.
func (k *Keeper) claimAppTurn(ctx context.Context, id string, now time.Time) (claimed bool, err error) {
	err = k.store.UpdateApp(ctx, gk.Engine(), id, now, func(app *gk.App) ([]gk.Event, error) {
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
func (k *Keeper) appTurn(ctx context.Context, id string) error {
	a, err := k.apps.OpenByID(ctx, id)
	if err != nil {
		return err
	}
	now := k.Now()
	facts := a.Driver.Spec().Facts.Push
	var errs []error
	done := map[string]string{}
	if _, ok := a.Driver.(platform.Puller); ok && apps.Due(a.App, apps.CursorNextPull, now) && facts.Pull > 0 {
		cursor, err := k.pull(ctx, a)
		errs = append(errs, err)
		done[apps.CursorPull] = cursor
		done[apps.CursorNextPull] = apps.Millis(now.Add(time.Duration(facts.Pull)))
	}
	if _, ok := a.Driver.(platform.Census); ok && apps.Due(a.App, apps.CursorNextCensus, now) && facts.Census > 0 {
		errs = append(errs, k.censuses.once(ctx, id, func() error { return k.census(ctx, id, time.Time{}) }))
		done[apps.CursorNextCensus] = apps.Millis(now.Add(time.Duration(facts.Census)))
	}
	err = k.store.UpdateApp(ctx, gk.Engine(), id, k.Now(), func(app *gk.App) ([]gk.Event, error) {
		cursors := maps.Clone(app.Cursors)
		if cursors == nil {
			cursors = map[string]string{}
		}
		maps.Copy(cursors, done)
		app.Cursors = cursors
		events := apps.WarnKey(app, k.Now())
		app.LeaseUntil = time.Time{}
		app.DueAt = apps.NextTurn(a.Driver, app, now)
		return events, nil
	})
	return errors.Join(append(errs, err)...)
}

// pull fetches messages until there are none, acts on each and confirms them afterwards: a message that was acted on
// twice does no harm, one that was confirmed too early would be lost.
func (k *Keeper) pull(ctx context.Context, a apps.Opened) (cursor string, err error) {
	p := a.Driver.(platform.Puller)
	cursor = a.App.Cursors[apps.CursorPull]
	cred, err := k.anyCredential(ctx, a.App.ID)
	if err != nil {
		return cursor, err
	}
	for range longestPull {
		req, err := a.Request("pull", func() (*platform.Request, error) { return p.PullRequest(a.Open, cred, cursor) })
		var incomplete *platform.BadCall
		if errors.As(err, &incomplete) || err == nil && req == nil {
			return cursor, nil // the app's settings lack what this needs, which its check tells
		}
		if err != nil {
			return cursor, err
		}
		reply, err := a.Ask(ctx, req, false, 30*time.Second)
		if err != nil {
			return cursor, err
		}
		var confirm *platform.Request
		notices, next, err := apps.Page(a, "read pull", func() (notices []platform.Notice, next string, err error) {
			notices, confirm, next, err = p.ReadPull(a.Open, reply)
			return notices, next, err
		})
		if err != nil {
			return cursor, err
		}
		for _, n := range notices {
			err := k.Hear(ctx, a.App.ID, n)
			if errors.Is(err, store.ErrUnavailable) || errors.Is(err, ErrDraining) {
				return cursor, err
			}
			if err != nil { // one that cannot be acted on must not stand before the others for ever; the checks hear what it told
				k.log.Warn("a platform's message", "platform", a.App.Platform, "app", a.App.ID, "kind", n.Kind, "error", err)
			}
		}
		if confirm != nil {
			if _, err := a.Ask(ctx, confirm, false, 30*time.Second); err != nil {
				return cursor, err
			}
		}
		done := next == cursor && len(notices) == 0
		cursor = next
		if done || len(notices) == 0 {
			return cursor, nil
		}
	}
	return cursor, nil
}

// anyCredential opens one living grant of an app, for messages that are fetched with any valid token; the zero
// credential where there is none.
func (k *Keeper) anyCredential(ctx context.Context, app string) (platform.Credential, error) {
	grants, err := k.store.Grants(ctx, gk.Engine(), store.GrantFilter{App: app, State: gk.Active, Limit: 20})
	if err != nil {
		return platform.Credential{}, err
	}
	for _, g := range grants {
		if g.Usable(k.Now()) {
			return k.credential(g, true)
		}
	}
	return platform.Credential{}, nil
}
