package keeper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
)

const (
	tick        = time.Second // loops look once a second and can be woken; nobody arms a timer for a product time
	clockDrift  = 5 * time.Second
	clockEvery  = 30 * time.Second
	resumeEvery = time.Minute
	sweepEvery  = time.Hour
	appsEvery   = 10 * time.Second
	wholeEvery  = 5 * time.Second
)

// Run does what falls due until ctx ends: it offers what waits in the spill file, finishes authorizations that were cut
// off, renews, warns and lapses grants, and numbers events. Then it stops claiming, waits for what is under way and
// returns: ErrUnsaved when a pair is left that only the spill file has.
func (k *Keeper) Run(ctx context.Context) error {
	r := &runner{Keeper: k, said: broken{}, whole: map[string]time.Time{}}
	defer k.followed(ctx)()
	if k.options.Frozen {
		<-ctx.Done()
		return k.spill.close()
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	away := false // the database: told once when it goes and once when it is back
	for {
		err := r.round(ctx)
		switch gone := errors.Is(err, store.ErrUnavailable); {
		case ctx.Err() != nil:
		case gone && !away:
			away = true
			k.log.Warn("the database is away; nothing is claimed until it is back", "error", err)
		case err == nil && away:
			away = false
			k.log.Info("the database is back")
		case err != nil && !gone:
			k.log.Warn("a round of the scheduler", "error", err)
		}
		select {
		case <-ctx.Done():
			return k.drain(context.WithoutCancel(ctx))
		case <-ticker.C:
		case <-k.wake:
		}
	}
}

// ErrUnsaved says that a pair is left which only the spill file has.
var ErrUnsaved = errors.New("keeper: token pairs are left that only the spill file holds; start again with the same data directory")

// Wake makes the scheduler look now.
func (k *Keeper) Wake() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// drain stops the process from beginning anything, waits for what is under way and offers once more what waits.
func (k *Keeper) drain(ctx context.Context) error {
	k.mu.Lock()
	if !k.draining.Swap(true) {
		close(k.gates.closed)
	}
	k.mu.Unlock()
	k.work.Wait()
	k.offerWaiting(ctx, true)
	if n, _, _ := k.spill.size(); n > 0 {
		return errors.Join(ErrUnsaved, k.spill.close())
	}
	for {
		n, err := k.store.Publish(ctx, 500)
		if n == 0 || err != nil {
			break // what is not numbered yet is numbered at the next start
		}
	}
	return k.spill.close()
}

// runner is the state of one Run.
type runner struct {
	*Keeper
	said  broken
	whole map[string]time.Time // when an app was last searched without a floor

	resuming atomic.Bool

	// returning holds the apps of which grants were claimed just before this process froze, and their leases ended. Until
	// their turns have put them back, a claim would take each for one of a dead process.
	returning sync.Map

	checkedClock, resumed, swept time.Time
	lookedAtApps, appsAt         time.Time
	tookOver                     time.Time
}

// round does once what there is to do. Nothing is claimed while a pair waits to be stored, nor while this machine's
// clock and the database's are apart.
func (r *runner) round(ctx context.Context) error {
	if !r.BeginWork() {
		return nil
	}
	defer r.EndWork() // a round is work too: the demo's clock must not jump between a claim and its turn
	defer r.rounds.Add(1)
	offered := r.offerSpilled(ctx)
	if err := r.takeOver(ctx, offered); err != nil || !offered {
		return err
	}
	if err := r.offerKept(ctx); err != nil {
		return err
	}
	if err := r.NoteRestored(ctx); err != nil {
		return err
	}
	keys := r.followKeys(ctx) // said at the end: a row or a set that does not open holds up nobody's renewal
	real := time.Now()
	if real.Sub(r.checkedClock) >= clockEvery {
		at, err := r.store.Clock(ctx)
		if err != nil {
			return err
		}
		r.drift.Store(int64(time.Since(at).Abs()))
		r.checkedClock = real
	}
	if drift := r.drifted(); drift > 0 {
		return errors.New("this machine's clock and the database's differ by " + drift.Round(time.Second).String() + "; nothing is claimed until they agree")
	}
	if real.Sub(r.resumed) >= resumeEvery && r.resuming.CompareAndSwap(false, true) {
		r.resumed = real
		r.MoreWork()
		go func() { // a platform that is slow to say who authorized must not hold up renewals
			defer r.EndWork()
			defer r.resuming.Store(false)
			err := r.Isolate("resume", "", func() error { return r.clicks.Resume(context.WithoutCancel(ctx)) })
			if err != nil {
				r.log.Warn("authorizations that were cut off", "error", err)
			}
		}()
	}
	err := errors.Join(keys, r.claimAll(ctx))
	if real.Sub(r.lookedAtApps) >= appsEvery || r.Now().Sub(r.appsAt) >= appsEvery {
		err = errors.Join(err, r.appRound(ctx))
		r.lookedAtApps, r.appsAt = real, r.Now()
	}
	err = errors.Join(err, r.publish(ctx))
	if real.Sub(r.swept) >= sweepEvery {
		done, serr := r.sweep(ctx)
		err = errors.Join(err, serr)
		if done || serr != nil {
			r.swept = real
		}
	}
	return err
}

// drifted returns how far this machine's clock and the database's are apart, 0 where that is little enough to go by leases.
func (k *Keeper) drifted() time.Duration {
	if drift := time.Duration(k.drift.Load()); drift > clockDrift {
		return drift
	}
	return 0
}

// claimAll claims what is due, app by app, as many rows as the app has free workers. What goes wrong with one app is
// said on that app, and everybody else's turn comes all the same.
func (r *runner) claimAll(ctx context.Context) error {
	now := r.Now()
	apps, err := r.store.DueApps(ctx, now)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range apps {
		err := r.Isolate("claim", id, func() error { return r.claimApp(ctx, id, now) })
		if errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil {
			return errors.Join(append(errs, err)...) // nobody's app: there is no database to ask
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("app %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// claimApp claims what is due in one app. While its renewals are stopped, or it cannot be opened, its grants have their
// turns all the same: they are warned about and end in their time.
func (r *runner) claimApp(ctx context.Context, id string, now time.Time) error {
	app, d, err := r.apps.Read(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil // removed meanwhile
	}
	if err != nil {
		return err
	}
	if d == nil {
		_, err := r.apps.Open(app)
		return errors.Join(err, r.noteOpened(ctx, app, err)) // without its facts nobody knows what is due
	}
	f := apps.RenewalOf(d, app)
	if _, returning := r.returning.Load(id); returning {
		return nil
	}
	free := r.gates.take(id, d.Spec().Facts, f)
	if free == 0 {
		return nil
	}
	used := 0
	defer func() { r.gates.give(id, free-used) }()
	// Read behind the gate: a stop may have been written since, and each claim that did not see it costs a grant.
	a, err := r.apps.OpenByID(ctx, id)
	var b *apps.Broken
	if err != nil && !errors.As(err, &b) {
		return err
	}
	if noted := r.noteOpened(ctx, a.App, err); noted != nil {
		return errors.Join(err, noted)
	}
	if r.apps.Stopped(id) {
		a.App.Stop = gk.StopPerson
	}
	a.App.Broken = "" // for this process, whatever another says
	if err != nil {
		a.App.Broken = b.Code
	}
	grants, err := r.claimRows(ctx, a.App, lifecycle.TermsOf(d, a.App), now, free)
	if err != nil {
		return err
	}
	used = len(grants)
	if slices.ContainsFunc(grants, func(g gk.Grant) bool { return !g.AttemptUntil.After(r.Now()) }) {
		r.returning.Store(id, true)
	}
	var turns sync.WaitGroup
	for _, g := range grants {
		r.MoreWork()
		turns.Go(func() {
			defer func() {
				r.gates.give(id, 1)
				r.EndWork()
				if len(grants) == free {
					r.Wake()
				}
			}()
			err := r.Isolate("turn", g.ID, func() error { return r.turn(context.WithoutCancel(ctx), a, g) })
			if err != nil {
				r.log.Warn("a grant's turn", "platform", app.Platform, "grant", g.ID, "error", err)
			}
		})
	}
	if _, returning := r.returning.Load(id); returning {
		r.MoreWork()
		go func() {
			defer r.EndWork()
			turns.Wait()
			r.returning.Delete(id)
			r.Wake()
		}()
	}
	return nil
}

// claimRows claims up to free rows that are due. It looks above the app's floor, which makes the search cheap where much
// was due lately; below it as well every few seconds, and at once where nothing lies above: what is due is due at once,
// however long ago that was.
func (r *runner) claimRows(ctx context.Context, app gk.App, t lifecycle.Terms, now time.Time, free int) ([]gk.Grant, error) {
	ctx = context.WithoutCancel(ctx) // a claim that is made is carried out: stopping must not cut off its answer
	floor := r.floors[app.ID]
	if time.Since(r.whole[app.ID]) >= wholeEvery {
		floor = time.Time{}
	}
	grants, err := r.store.ClaimDue(ctx, app.ID, r.attempt(t, now), floor, free)
	if err == nil && len(grants) == 0 && !floor.IsZero() {
		floor = time.Time{}
		grants, err = r.store.ClaimDue(ctx, app.ID, r.attempt(t, now), floor, free)
	}
	err = r.spare(err) // rows that cannot be read were not claimed; the others are
	r.counts.addMany(app.Platform, Claims, len(grants))
	switch {
	case err != nil || !floor.IsZero():
	case len(grants) < free: // nothing is left below
		r.floors[app.ID] = now.Add(-24 * time.Hour)
		r.whole[app.ID] = time.Now()
	default:
		delete(r.floors, app.ID)
	}
	return grants, err
}
