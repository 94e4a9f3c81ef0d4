package keeper

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
)

// Pause begins nothing further, waits until nothing is under way and returns the function that lets the keeper go on.
// It is for the demo, whose clock moves only while nothing is in flight.
func (k *Keeper) Pause(ctx context.Context) (resume func(), err error) {
	paused := make(chan struct{})
	k.mu.Lock()
	k.paused = paused
	k.mu.Unlock()
	resume = func() {
		k.mu.Lock()
		k.paused = nil
		k.mu.Unlock()
		close(paused)
	}
	for k.inflight.Load() > 0 {
		select {
		case <-ctx.Done():
			resume()
			return nil, ctx.Err()
		case <-k.rest:
			time.Sleep(untilBegun)
		case <-time.After(longestSettlePause):
		}
	}
	return resume, nil
}

// Settle does everything that is due at the present moment and returns when nothing is under way: the demo's clock
// moves only then. It sleeps until the work rests instead of looking at short intervals: each look has a round run, and a year
// has thousands of stops.
func (k *Keeper) Settle(ctx context.Context) error {
	before := k.rounds.Load()
	for pause := time.Millisecond; ; pause = min(2*pause, longestSettlePause) {
		k.Wake()
		// A round that began after this call has looked at everything: the second one to end surely did.
		if err := k.settled(ctx, before+2); err != nil {
			return err
		}
		next, err := k.store.NextDue(ctx, k.Now())
		if err != nil {
			return err
		}
		if k.inflight.Load() == 0 && (next.IsZero() || next.After(k.Now())) {
			return nil
		}
		select { // what is due waits for its gate, or for somebody else's lease
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// settled waits until so many rounds have ended and nothing is under way.
func (k *Keeper) settled(ctx context.Context, rounds int64) error {
	for {
		ended, resting := k.rounds.Load(), k.inflight.Load() == 0
		if resting && ended >= rounds {
			return nil
		}
		if resting {
			k.Wake()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-k.rest:
			time.Sleep(untilBegun)
		case <-time.After(longestSettlePause):
		}
	}
}

// untilBegun is how long whoever hears that nothing is under way lets others begin what they were just woken for, before it looks:
// what it sees then does not depend on who of them ran first.
const untilBegun = 100 * time.Microsecond

// longestSettlePause is how long Settle waits at most between two looks: a platform that is slow beyond its deadline keeps
// something under way for half a minute, and each look costs a whole round.
const longestSettlePause = 64 * time.Millisecond

// censusMayWait is how long the comparing of an app's list waits for the stop of a grant that comes soon anyway.
const censusMayWait = 3 * time.Hour

// NextDue returns the soonest moment at which a grant has something to do, or an app must at last compare its list; zero if
// there is none. Whatever is due at a stop is done there: a list that is compared at the next grant's stop needs none of its
// own, and nearly halves the stops of a year. Messages that are pulled every minute are not stops for a clock that moves by
// months.
func (k *Keeper) NextDue(ctx context.Context) (time.Time, error) {
	next, err := k.store.NextDue(ctx, k.Now())
	if err != nil {
		return next, err
	}
	all, err := k.store.Apps(ctx, gk.Engine(), "", 0)
	if err := k.spare(err); err != nil {
		return next, err
	}
	for _, app := range all {
		at := apps.Moment(&app, apps.CursorNextCensus)
		if at.IsZero() {
			continue
		}
		if at = at.Add(censusMayWait); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next, nil
}
