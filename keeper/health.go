package keeper

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper/checkup"
	"github.com/grantkeep/grantkeep/keeper/gates"
	"github.com/grantkeep/grantkeep/keeper/rounds"
)

// Health is how the keeper stands.
type Health struct {
	Ready   bool
	Spilled int    // pairs that only memory and the spill file have
	Aside   int    // those of them that the database refuses although it answers: only their own grants wait
	Damaged int    // bytes of the spill file that no pair could be made of at the start
	Flights int    // refreshes and completions under way
	Broken  int    // apps that cannot be opened, as last seen
	Why     string // what stands in the way of being ready, in words
}

// Health reports whether the process can serve: not while a pair of a platform waits to be stored, nor while it stops.
func (k *Keeper) Health(ctx context.Context) Health {
	h := Health{Flights: int(k.inflight.Load()), Broken: int(k.broken.Load())}
	h.Spilled, h.Aside, h.Damaged = k.spill.Size()
	switch {
	case k.draining.Load():
		h.Why = "stopping"
	case h.Spilled > h.Aside:
		h.Why = fmt.Sprintf("%d token pairs wait for the database", h.Spilled-h.Aside)
	default:
		if err := k.store.Ping(ctx); err != nil {
			h.Why = "the database does not answer"
		} else {
			h.Ready = true
		}
	}
	return h
}

// CheckApp looks whether an application can work: its clock, the spill, and what [apps.Registry.Check] looks at.
func (k *Keeper) CheckApp(ctx context.Context, v gk.Viewer, id string) ([]apps.Check, error) {
	checks, err := k.apps.Check(ctx, v, id)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]apps.Check{k.clock.Check(ctx)}, k.safe.checkSpill(id), checks), nil
}

// CheckUp looks how this process and its database stand: what concerns all apps. Each trouble says what to do.
func (k *Keeper) CheckUp(ctx context.Context) []apps.Check {
	return checkup.Look{
		Store: k.store, Apps: k.apps, Gate: k.gate, Spill: k.spill, SpillFile: k.options.SpillFile, Keys: k.keys.Check, Now: k.Now, Clock: k.clock.Check,
	}.All(ctx)
}

// Outcomes of a refresh, as they are counted.
const (
	Refreshed = "renewed" // a newer pair is stored, or waits to be
	Refused   = "refused" // the platform said no
	InDoubt   = "in_doubt"
	Unsent    = "unsent" // the request never left
)

// Counted is what refreshes are counted by.
type Counted struct{ Platform, Outcome string }

// tally counts the refreshes of this process.
type tally struct {
	mu sync.Mutex
	n  map[Counted]int64
}

func (t *tally) add(platform, outcome string) { t.addMany(platform, outcome, 1) }

func (t *tally) addMany(platform, outcome string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = make(map[Counted]int64)
	}
	t.n[Counted{platform, outcome}] += int64(n)
}

// Refreshes counts the refreshes since this process began.
func (k *Keeper) Refreshes() map[Counted]int64 {
	k.refreshes.mu.Lock()
	defer k.refreshes.mu.Unlock()
	return maps.Clone(k.refreshes.n)
}

// failed counts a refresh that failed for a reason that is not the merchant's.
func (k *Keeper) failed(ctx context.Context, platform, outcome string) {
	k.ended(ctx, platform, outcome)
	k.failures.add(platform, outcome)
}

// went tells how refreshes went on each platform. What only the merchant can mend is no failure of the platform.
func (k *Keeper) went() map[string]rounds.Went {
	all := map[string]rounds.Went{}
	for c, n := range k.Refreshes() {
		if c.Outcome == Refreshed {
			all[c.Platform] = rounds.Went{OK: n}
		}
	}
	k.failures.mu.Lock()
	defer k.failures.mu.Unlock()
	for c, n := range k.failures.n {
		w := all[c.Platform]
		w.Failed += n
		all[c.Platform] = w
	}
	return all
}

// OnAnswer has f called with the platform of every answered request that the keeper makes, and how long it took.
func (k *Keeper) OnAnswer(f func(platform string, took time.Duration)) { k.apps.OnAnswer(f) }

// Loads tells how busy each platform's apps are of which a refresh was wanted since this process began.
func (k *Keeper) Loads() map[string]gates.Load { return k.gates.Loads() }

// What is counted beside the outcomes of refreshes.
const (
	Claims    = "claims"     // of grants that were due
	OverQuota = "over_quota" // refreshes that wait since the platform's limit of a grant is used up
)

// Counts counts claims and what waits for a quota since this process began.
func (k *Keeper) Counts() map[Counted]int64 {
	k.counts.mu.Lock()
	defer k.counts.mu.Unlock()
	return maps.Clone(k.counts.n)
}
