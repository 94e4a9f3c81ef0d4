package keeper

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

const (
	tick        = time.Second // loops look once a second and can be woken; nobody arms a timer for a product time
	clockDrift  = 5 * time.Second
	clockEvery  = 30 * time.Second
	resumeEvery = time.Minute
	sweepEvery  = time.Hour
	appsEvery   = 10 * time.Second
)

// Run does what falls due until ctx ends: it offers what waits in the spill file, finishes authorizations that were cut
// off, renews, warns and lapses grants, and numbers events. Then it stops claiming, waits for what is under way and
// returns: ErrUnsaved when a pair is left that only the spill file has.
func (k *Keeper) Run(ctx context.Context) error {
	r := &runner{Keeper: k, slots: make(map[string]chan struct{})}
	defer r.warm(ctx)()
	if k.options.Frozen {
		<-ctx.Done()
		return k.spill.close()
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		if err := r.round(ctx); err != nil && ctx.Err() == nil {
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
	k.draining.Store(true)
	k.mu.Unlock()
	k.work.Wait()
	if !k.offerSpilled(ctx) {
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
	slots map[string]chan struct{} // workers by app, so that no app's queue stands before another's

	resuming atomic.Bool

	checkedClock, resumed, swept time.Time
	lookedAtApps, appsAt         time.Time
	unbounded                    time.Time
}

// warm keeps hot entries of the token cache fresh. Rows are read four times a second while somebody reads them.
func (r *runner) warm(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(cacheFresh / 4)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				r.lookAtStops(stopsAhead)
				if err := r.tokens.reread(ctx); err != nil && !errors.Is(err, store.ErrUnavailable) && ctx.Err() == nil {
					r.log.Warn("tokens could not be read again", "error", err)
				}
			}
		}
	}()
	return func() { cancel(); <-done }
}

// round does once what there is to do. Nothing is claimed while a pair waits to be stored, nor while this machine's
// clock and the database's are apart.
func (r *runner) round(ctx context.Context) error {
	if !r.begin() {
		return nil
	}
	defer r.end() // a round is work too: the demo's clock must not jump between a claim and its turn
	defer r.rounds.Add(1)
	if !r.offerSpilled(ctx) {
		return nil
	}
	if err := r.offerKept(ctx); err != nil {
		return err
	}
	if err := r.followKeys(ctx); err != nil {
		return err
	}
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
		r.more()
		go func() { // a platform that is slow to say who authorized must not hold up renewals
			defer r.end()
			defer r.resuming.Store(false)
			if err := r.resume(context.WithoutCancel(ctx)); err != nil {
				r.log.Warn("authorizations that were cut off", "error", err)
			}
		}()
	}
	err := r.claimAll(ctx)
	if real.Sub(r.lookedAtApps) >= appsEvery || r.Now().Sub(r.appsAt) >= appsEvery {
		err = errors.Join(err, r.appRound(ctx))
		r.lookedAtApps, r.appsAt = real, r.Now()
	}
	if _, perr := r.store.Publish(ctx, 500); perr != nil {
		err = errors.Join(err, perr)
	}
	if real.Sub(r.swept) >= sweepEvery {
		_, serr := r.store.Sweep(ctx, r.Now(), 500)
		err = errors.Join(err, serr)
		r.swept = real
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

// claimAll claims what is due, app by app, as many rows as the app has free workers. Once a minute it looks without
// the lower bound that makes the search cheap.
func (r *runner) claimAll(ctx context.Context) error {
	now := r.Now()
	apps, err := r.store.DueApps(ctx, now)
	if err != nil {
		return err
	}
	whole := time.Since(r.unbounded) >= time.Minute
	if whole {
		r.unbounded = time.Now()
	}
	for _, id := range apps {
		if err := r.claimApp(ctx, id, now, whole); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) claimApp(ctx context.Context, id string, now time.Time, whole bool) error {
	if r.Stopped(id) {
		return nil
	}
	app, d, open, err := r.appOf(ctx, id)
	if err != nil {
		return err
	}
	slots := r.slots[id]
	if slots == nil {
		slots = make(chan struct{}, r.options.Workers)
		r.slots[id] = slots
	}
	free := r.found.most(id, r.renewalOf(d, app), now, cap(slots)) - len(slots)
	// Read again: a stop may have been written since, and each claim that it did not see costs a grant.
	if app, d, open, err = r.appOf(ctx, id); err != nil || looksRestored(app) {
		return err
	}
	probe := !app.PausedUntil.IsZero()
	if probe {
		free = min(free, 1) // the app is stopped: one renewal tries whether it works again
	}
	if free <= 0 {
		return nil
	}
	if probe {
		if taken, err := r.takeProbe(ctx, id, now); err != nil || !taken {
			return err
		}
	}
	var floor time.Time
	if !whole && !probe {
		floor = r.floors[id]
	}
	// A claim that is made is carried out: stopping must not cut off its answer.
	grants, err := r.store.ClaimDue(context.WithoutCancel(ctx), id, r.attempt(r.renewalOf(d, app), now), floor, free)
	if err != nil {
		return err
	}
	switch { // what lies below the floor has been claimed, or is found when the whole is looked at
	case len(grants) < free:
		r.floors[id] = now.Add(-24 * time.Hour)
	case whole:
		delete(r.floors, id)
	}
	if len(grants) == 0 {
		return nil
	}
	for _, g := range grants {
		r.tokens.outdate(g.ID)
		r.more()
		slots <- struct{}{}
		go func() {
			defer func() {
				<-slots
				r.end()
				if len(grants) == free {
					r.Wake()
				}
			}()
			if err := r.turn(context.WithoutCancel(ctx), d, app, open, g); err != nil {
				r.log.Warn("a grant's turn", "platform", app.Platform, "grant", g.ID, "error", err)
			}
		}()
	}
	return nil
}

// takeProbe takes the probe of a stopped app, unless another process has it or the app has been resumed. The next one
// waits its interval, whatever becomes of this.
func (r *runner) takeProbe(ctx context.Context, id string, now time.Time) (taken bool, err error) {
	err = r.store.UpdateApp(ctx, gk.Engine(), id, now, func(app *gk.App) ([]gk.Event, error) {
		taken = false
		if app.PausedUntil.IsZero() || app.PausedUntil.After(now) {
			return nil, store.ErrUnchanged
		}
		app.PausedUntil = now.Add(probeInterval)
		taken = true
		return nil, nil
	})
	return taken && err == nil, err
}
