package keeper

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
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
	app, d, open, err := r.appOf(ctx, id)
	if err != nil {
		return err
	}
	if looksRestored(app) {
		return nil // no probe: each costs a grant
	}
	slots := r.slots[id]
	if slots == nil {
		slots = make(chan struct{}, r.options.Workers)
		r.slots[id] = slots
	}
	free := r.found.most(id, r.renewalOf(d, app), now, cap(slots)) - len(slots)
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

// turn does for one claimed grant what is due: a renewal, a warning, the end of its token, a check.
func (k *Keeper) turn(ctx context.Context, d platform.Driver, app gk.App, open platform.App, g gk.Grant) error {
	f := k.renewalOf(d, app)
	limits := d.Spec().Facts.Limits.TokenCalls
	now := k.Now()
	ask := g.Renewable && k.renewalDue(&g, f, now)
	if ask && limits == (platform.TokenCalls{}) && !g.InDoubt() && !endsDue(&g, now) {
		return k.renew(ctx, d, app, open, g)
	}
	ask = false // until the row says that the claim is still ours
	inspect := false
	err := k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		if row.AttemptID != g.AttemptID {
			return nil, errOvertaken
		}
		var events []gk.Event
		if !row.Renewable {
			row.Doubts, row.DoubtSince = 0, time.Time{} // whoever died had claimed it for something else than a renewal
		}
		if row.InDoubt() && (row.Fault == nil || row.Fault.At.Before(row.DoubtSince)) {
			row.Fault = noAnswer(row, now)
			events = append(events, event(gk.EventGrantInDoubt, "engine", row, now, map[string]any{"why": "an attempt outlived its lease"}))
		}
		events = append(events, lapse(row, now)...)
		events = append(events, warn(row, now)...)
		ask = row.Renewable && row.State != gk.Expired && k.renewalDue(row, f, now) && repeatable(row, f, now)
		if ask {
			if wait := overQuota(row, limits, f, now, inLastLead(row, f, now)); wait > 0 {
				ask, row.RetryAt = false, now.Add(wait)
			}
		}
		if ask {
			countCall(row, f, now)
			g = *row
			return events, nil
		}
		release(row)
		inspect = probeDue(d, row, now)
		if inspect {
			row.Facts = withFact(row.Facts, factSeen, now.Format(time.RFC3339)) // asked now; what it says is stored when it answers
		}
		row.DueAt = k.plan(d, app, row, now)
		g = *row
		return events, nil
	})
	if err != nil {
		return err
	}
	if ask {
		return k.renew(ctx, d, app, open, g)
	}
	if inspect {
		return k.probe(ctx, d, open, g)
	}
	return nil
}

// renewalDue reports whether the renewal of a grant is due.
func (k *Keeper) renewalDue(g *gk.Grant, f platform.Renewal, now time.Time) bool {
	if g.RetryAt.After(now) {
		return false
	}
	if g.InDoubt() {
		return !settleAt(g, f, now).After(now)
	}
	at := renewAt(g, f)
	return !at.IsZero() && !at.After(now)
}

// endsDue reports whether an end or a warning is due besides the renewal.
func endsDue(g *gk.Grant, now time.Time) bool {
	if !g.Expires.IsZero() && !g.Expires.After(now) || !g.Ceiling.IsZero() && !g.Ceiling.After(now) {
		return true
	}
	at := warnAt(g, now)
	return !at.IsZero() && !at.After(now)
}

// probeDue reports whether the periodic check of a grant is due.
func probeDue(d platform.Driver, g *gk.Grant, now time.Time) bool {
	every := time.Duration(d.Spec().Facts.Push.Probe)
	_, can := d.(platform.Inspector)
	return can && every > 0 && g.State == gk.Active && !seenAt(g).Add(every).After(now)
}

// probe asks the platform whether a grant still lives. A token that it refuses before its end is taken as ended; the
// renewal then tells whether the merchant has left.
func (k *Keeper) probe(ctx context.Context, d platform.Driver, open platform.App, g gk.Grant) error {
	cred, err := k.credential(g, true)
	if err != nil {
		return err
	}
	in, err := k.inspect(ctx, d.(platform.Inspector), open, cred)
	if err != nil {
		return err
	}
	if in.Alive == nil || *in.Alive {
		if s, ok := d.(platform.Subscriber); ok && d.Spec().Facts.Push.Subscribe == "grant" {
			if err := k.subscribeGrant(ctx, s, open, g.ID); err != nil { // platforms drop subscriptions that failed too often
				k.log.Info("pushes could not be subscribed to again", "platform", open.Spec().Code, "grant", g.ID, "error", err)
			}
		}
		return k.seen(ctx, d, g, in)
	}
	return k.died(ctx, d, g, in.Fault)
}

// died records that the platform refuses an access token before its end.
func (k *Keeper) died(ctx context.Context, d platform.Driver, g gk.Grant, f *gk.Fault) error {
	app, err := k.store.App(ctx, gk.Engine(), g.App)
	if err != nil {
		return err
	}
	now := k.Now()
	return k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
		over := !row.Expires.IsZero() && !row.Expires.After(now) // that it is refused past its end tells nothing
		if row.Generation != g.Generation || row.State == gk.Revoked || row.AttemptID != "" || over {
			return nil, errOvertaken
		}
		if f != nil {
			f.At = gk.At(now)
		}
		row.Fault = f
		row.Expires = now
		events := lapse(row, now)
		row.DueAt = k.plan(d, app, row, now)
		return events, nil
	})
}

// Settle does everything that is due at the present moment and returns when nothing is under way: the demo's clock
// moves only then.
func (k *Keeper) Settle(ctx context.Context) error {
	before := k.rounds.Load()
	for {
		k.Wake()
		next, err := k.store.NextDue(ctx, k.Now())
		if err != nil {
			return err
		}
		// A round that began after this call has looked at everything: the second one to end surely did.
		if k.rounds.Load() >= before+2 && k.inflight.Load() == 0 && (next.IsZero() || next.After(k.Now())) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// NextDue returns the soonest moment at which a grant has something to do, or an app has to compare its list; zero if
// there is none. Messages that are pulled every minute are not stops for a clock that moves by months.
func (k *Keeper) NextDue(ctx context.Context) (time.Time, error) {
	next, err := k.store.NextDue(ctx, k.Now())
	if err != nil {
		return next, err
	}
	apps, err := k.store.Apps(ctx, gk.Engine(), "", 0)
	if err != nil {
		return next, err
	}
	for _, app := range apps {
		if at := moment(&app, nextCensus); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, nil
}
