package cache

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

const (
	RecentlyRead      = time.Second     // how old may be what a call needs beside its token
	RecentlySuspected = 5 * time.Minute // how often a suspicion is followed
	recentMost        = 50_000
)

// Recent remembers values for a while of real, monotonic time.
type Recent[T any] struct {
	Life time.Duration
	mu   sync.Mutex
	byID map[string]remembered[T]
}

type remembered[T any] struct {
	value T
	since time.Time
}

// Get returns what is remembered under an id, making it anew when it is too old. While the database is away, what is
// older will do, as it does for tokens. Errors are not remembered.
func (r *Recent[T]) Get(ctx context.Context, p *store.Pulse, id string, make func(context.Context) (T, error)) (T, error) {
	since := time.Now()
	old, ok := r.Known(id)
	if ok {
		return old.value, nil
	}
	remembers := !old.since.IsZero() && since.Sub(old.since) < cacheAway
	value, err := store.Ask(ctx, p, patienceOf(remembers), make)
	if errors.Is(err, store.ErrUnavailable) && remembers {
		return old.value, nil
	}
	if err == nil {
		r.Put(id, value, since)
	}
	return value, err
}

// Known returns what is remembered under an id and whether it is young enough.
func (r *Recent[T]) Known(id string) (remembered[T], bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, ok := r.byID[id]
	return old, ok && time.Since(old.since) < r.Life
}

func (r *Recent[T]) Put(id string, value T, since time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID == nil || len(r.byID) >= recentMost {
		r.byID = map[string]remembered[T]{} // what is forgotten is made anew
	}
	r.byID[id] = remembered[T]{value, since}
}

func (r *Recent[T]) Drop(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byID, id)
}
