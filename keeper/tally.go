package keeper

import (
	"maps"
	"sync"
	"time"
)

// Outcomes of a refresh, as they are counted.
const (
	Renewed = "renewed" // a newer pair is stored, or waits to be
	Refused = "refused" // the platform said no
	InDoubt = "in_doubt"
	Unsent  = "unsent" // the request never left
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

// OnAnswer has f called with the platform of every answered request that the keeper makes, and how long it took.
func (k *Keeper) OnAnswer(f func(platform string, took time.Duration)) { k.apps.OnAnswer(f) }
