package keeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper/claims"
	"github.com/grantkeep/grantkeep/keeper/rounds"
	"github.com/grantkeep/grantkeep/keeper/takeover"
	"github.com/grantkeep/grantkeep/store"
)

const (
	tick       = time.Second            // loops look once a second and can be woken; nobody arms a timer for a product time
	stopsAhead = 500 * time.Millisecond // how long before its time the list of stopped apps is looked at, so that no reader waits
)

// Run does what falls due until ctx ends: it offers what waits in the spill file, finishes authorizations that were cut
// off, refreshes, warns and lapses grants, and numbers events. Then it stops claiming, waits for what is under way and
// returns: ErrUnsaved when a pair is left that only the spill file has.
func (k *Keeper) Run(ctx context.Context) error {
	duties := k.duties()
	defer k.tokens.KeepUp(ctx, func() { k.apps.LookAtStops(stopsAhead) }, k.log)()
	if k.options.Frozen {
		<-ctx.Done()
		return k.spill.Close()
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	away := false // the database: told once when it goes and once when it is back
	for {
		err := k.round(ctx, duties)
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
		k.gates.Close()
	}
	k.mu.Unlock()
	k.work.Wait()
	if err := k.attempts.Release(ctx); err != nil {
		k.log.Warn("claims whose answers were lost wait for the next start", "error", err)
	}
	k.safe.offerWaiting(ctx, true)
	if n, _, _ := k.spill.Size(); n > 0 {
		return errors.Join(ErrUnsaved, k.spill.Close())
	}
	for {
		n, err := k.store.Publish(ctx, 500)
		if n == 0 || err != nil {
			break // what is not numbered yet is numbered at the next start
		}
	}
	return k.spill.Close()
}

const (
	resumeEvery = time.Minute
	sweepEvery  = time.Hour
)

// duty is one thing that the scheduler does again and again.
type duty struct {
	name   string
	every  time.Duration // on the real clock; 0: in each round
	guards bool          // while it fails, or is not done, nothing after it is begun
	do     func(ctx context.Context) (done bool, err error)

	doneAt time.Time
}

// duties lists what a round does, in its order. Nothing is claimed while a pair waits to be stored, nor while this
// machine's clock and the database's are apart.
func (k *Keeper) duties() []duty {
	notes := &rounds.Openings{Store: k.store, Hasten: k.hastener.Hasten, Now: k.Now, Log: k.log}
	gone := &takeover.Duty{Store: k.store, Driver: k.apps.Driver, Now: k.Now, Log: k.log}
	claimer := &claims.Claimer{
		Store: k.store, Apps: k.apps, Gates: k.gates, Attempts: k.attempts, Turn: k.turn, Note: notes.Note, Now: k.Now, Log: k.log,
		Count:   func(platform string, claimed int) { k.counts.addMany(platform, Claims, claimed) },
		Isolate: k.Isolate, Spare: k.spare, Begun: k.MoreWork, Ended: k.EndWork, Wake: k.Wake,
	}
	prober := &rounds.Prober{
		Store: k.store, Apps: k.apps, Lives: k.putBack.lives, Now: k.Now, Isolate: k.Isolate, Spare: k.spare, Begun: k.MoreWork, Ended: k.EndWork, Wake: k.Wake, Log: k.log,
	}
	appTurns := &rounds.Duty{
		Store: k.store, Apps: k.apps, Notes: notes, Turn: k.turnOfApps, Now: k.Now, Resumed: k.hastener.Resumed, Probe: prober.Look,
		Isolate: k.Isolate, Spare: k.spare, Unopened: k.broken.Store,
	}
	halves := &rounds.HalfHours{Store: k.store, Went: k.went, Now: k.Now}
	clicks := &resumer{clicks: k.attended, isolate: k.Isolate, begun: k.MoreWork, ended: k.EndWork, log: k.log}
	return []duty{
		{name: "spill", guards: true, do: func(ctx context.Context) (bool, error) {
			offered := k.safe.offerSpilled(ctx)
			if !k.options.Announced {
				return offered, nil
			}
			return offered, gone.Look(ctx, offered)
		}},
		{name: "failover", guards: true, do: whole(k.replica.offerKept)},
		{name: "restored", guards: true, do: whole(k.NoteRestored)},
		{name: "keys", do: whole(k.keys.Follow)}, // a row or a set that does not open holds up nobody's refresh
		{name: "clock", guards: true, do: whole(k.clock.Look)},
		{name: "clicks", every: resumeEvery, do: clicks.begin},
		{name: "claims", do: whole(claimer.Claim)},
		{name: "apps", do: whole(appTurns.Look)},
		{name: "outbox", do: whole(k.publish)},
		{name: "half hours", do: whole(halves.Look)},
		{name: "sweep", every: sweepEvery, do: func(ctx context.Context) (bool, error) {
			done, err := k.sweep(ctx)
			return done || err != nil, err
		}},
	}
}

// whole is a duty that is done whenever it does not fail.
func whole(do func(context.Context) error) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		err := do(ctx)
		return err == nil, err
	}
}

// round does once what there is to do.
func (k *Keeper) round(ctx context.Context, duties []duty) error {
	if !k.BeginWork() {
		return nil
	}
	defer k.EndWork() // a round is work too: the demo's clock must not jump between a claim and its turn
	defer k.rounds.Add(1)
	var errs []error
	for i := range duties {
		d := &duties[i]
		begun := time.Now()
		if d.every > 0 && begun.Sub(d.doneAt) < d.every {
			continue
		}
		done, err := d.do(ctx)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", d.name, err))
		}
		if done {
			d.doneAt = begun
		} else if d.guards {
			break
		}
	}
	return errors.Join(errs...)
}

// resumer has clicks gone on with that were cut off.
type resumer struct {
	clicks       func() Clicks
	isolate      func(what, id string, work func() error) error
	begun, ended func() // tell that work of the process begins, and has ended
	log          *slog.Logger

	underWay atomic.Bool
}

// begin begins to, unless the last time still lasts: a platform that is slow to say who authorized must not hold up refreshes.
func (r *resumer) begin(ctx context.Context) (begun bool, err error) {
	if !r.underWay.CompareAndSwap(false, true) {
		return false, nil
	}
	r.begun()
	go func() {
		defer r.ended()
		defer r.underWay.Store(false)
		err := r.isolate("resume", "", func() error { return r.clicks().Resume(context.WithoutCancel(ctx)) })
		if err != nil {
			r.log.Warn("authorizations that were cut off", "error", err)
		}
	}()
	return true, nil
}

// AttendApps names who does what an app has to do in time.
func (k *Keeper) AttendApps(turn func(ctx context.Context, app gk.App) error) { k.appTurn.Store(&turn) }

// turnOfApps is what an app does in its turn; nil as long as nobody was named.
func (k *Keeper) turnOfApps() func(ctx context.Context, app gk.App) error {
	if turn := k.appTurn.Load(); turn != nil {
		return *turn
	}
	return nil
}

// What comes in bulk, as events of an import do, is worked off in bulk, but no round of the scheduler is held up by it for
// longer than batchTime. Both are repeated until a batch is not full.
const (
	publishBatch = 5000
	sweepBatch   = 2000
	batchTime    = time.Second
)

// publish numbers fresh events until none are left or its time is over.
func (k *Keeper) publish(ctx context.Context) error {
	_, err := batches(publishBatch, func() (int, error) { return k.store.Publish(ctx, publishBatch) })
	return err
}

// sweep deletes what is past its keeping time until nothing is left or its time is over; done says that nothing is left.
func (k *Keeper) sweep(ctx context.Context) (done bool, err error) {
	return batches(sweepBatch, func() (int, error) { return k.store.Sweep(ctx, k.Now(), sweepBatch) })
}

// batches does batches until one is not full, or the time for them is over.
func batches(full int, do func() (int, error)) (done bool, err error) {
	for begun := time.Now(); ; {
		n, err := do()
		if err != nil {
			return false, err
		}
		if n < full {
			return true, nil
		}
		if time.Since(begun) >= batchTime {
			return false, nil
		}
	}
}
