package door

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/store"
)

const (
	keyFresh = time.Second            // a revoked key is refused everywhere after this long
	keyAhead = keyFresh / 2           // a key that is in use is read again before that
	keyStale = 5 * time.Minute        // how long a key read before is believed while the database is away
	keyKnown = 80 * time.Millisecond  // how long a request waits for the database whose key is known
	keyWait  = 800 * time.Millisecond // and one whose key is not
	keyRoom  = 10_000                 // keys held in memory
)

// keyring finds API keys, asking the store about each at most once a second. Ages are measured on the real, monotonic
// clock; a key's own end is compared with product time.
type keyring struct {
	store store.Keys
	now   func() time.Time
	pulse store.Pulse

	mu      sync.Mutex
	epoch   int // rises when a key changes here, so that a slow read cannot bring back what was
	entries map[keyHash]keyEntry
	reads   map[keyHash]*keyRead // under way
}

// keyRead is one read of a key, which all who wait for it share.
type keyRead struct {
	done  chan struct{}
	entry keyEntry
	err   error
}

type keyEntry struct {
	key    *gk.Key   // never written to
	readAt time.Time // before the read
	nextAt time.Time // when the store is asked again
}

func newKeyring(s store.Keys, now func() time.Time) *keyring {
	return &keyring{store: s, now: now, entries: make(map[keyHash]keyEntry), reads: make(map[keyHash]*keyRead)}
}

// find returns the living key with this text: ErrNoKey, or an error that wraps store.ErrUnavailable when the store
// cannot say and nothing young enough is known.
func (r *keyring) find(ctx context.Context, text gk.Secret) (*gk.Key, error) {
	if !ValidKey(text) {
		return nil, problem.ErrNoKey
	}
	hash := hashOf(text)
	e, err := r.entry(ctx, hash)
	if err != nil {
		return nil, err
	}
	k := e.key
	now := r.now()
	if subtle.ConstantTimeCompare(k.Hash, hash[:]) != 1 || !k.RevokedAt.IsZero() || !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(now) {
		return nil, problem.ErrNoKey
	}
	return k, nil
}

// entry returns what is known of a key, read at most a second ago, or longer ago while the database does not answer.
func (r *keyring) entry(ctx context.Context, hash keyHash) (keyEntry, error) {
	r.mu.Lock()
	e, known := r.entries[hash]
	now := time.Now()
	if known && now.Before(e.nextAt.Add(-keyAhead)) {
		r.mu.Unlock()
		return e, nil
	}
	under := r.reads[hash]
	if under == nil {
		under = r.begin(hash)
	}
	r.mu.Unlock()
	if known && !now.After(e.nextAt) {
		return e, nil
	}
	wait := keyWait
	if known = known && now.Sub(e.readAt) <= keyStale; known {
		wait = keyKnown
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-under.done:
		return under.entry, under.err
	case <-timer.C:
	case <-ctx.Done():
		return keyEntry{}, ctx.Err()
	}
	if known {
		r.believe(hash, e)
		return e, nil
	}
	return keyEntry{}, fmt.Errorf("%w: it does not answer, and this key was not seen in the last five minutes", store.ErrUnavailable)
}

// believe serves a known key without further waiting for a second, or until it has been read.
func (r *keyring) believe(hash keyHash, e keyEntry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.entries[hash] == e { // neither read nor forgotten meanwhile
		e.nextAt = time.Now().Add(keyFresh)
		r.entries[hash] = e
	}
}

// begin begins to read a key. The read goes on when those who wait for it leave. The lock is held.
func (r *keyring) begin(hash keyHash) *keyRead {
	under := &keyRead{done: make(chan struct{})}
	r.reads[hash] = under
	epoch := r.epoch
	go func() {
		begun := time.Now()
		k, err := store.Ask(context.Background(), &r.pulse, keyWait, func(ctx context.Context) (gk.Key, error) {
			return r.store.KeyByHash(ctx, hash[:])
		})
		r.mu.Lock()
		defer r.mu.Unlock()
		under.entry, under.err = r.take(hash, k, err, begun, epoch)
		if r.reads[hash] == under {
			delete(r.reads, hash)
		}
		close(under.done)
	}()
	return under
}

// take keeps what a read has brought. The lock is held.
func (r *keyring) take(hash keyHash, k gk.Key, err error, begun time.Time, epoch int) (keyEntry, error) {
	e := keyEntry{key: &k, readAt: begun, nextAt: begun.Add(keyFresh)}
	switch {
	case errors.Is(err, store.ErrNotFound):
		delete(r.entries, hash)
		return keyEntry{}, problem.ErrNoKey
	case err != nil:
		old, ok := r.entries[hash]
		if !ok || time.Since(old.readAt) > keyStale {
			return keyEntry{}, fmt.Errorf("%w: %w", store.ErrUnavailable, err)
		}
		e = keyEntry{key: old.key, readAt: old.readAt, nextAt: time.Now().Add(keyFresh)}
	case epoch != r.epoch:
		return e, nil
	}
	if len(r.entries) >= keyRoom {
		clear(r.entries)
	}
	r.entries[hash] = e
	return e, nil
}

// Forget drops what is known of a key that has just changed.
func (r *keyring) Forget(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch++
	clear(r.reads) // what they bring is not kept, and whoever comes from now on does not wait for them
	for hash, e := range r.entries {
		if e.key.ID == id {
			delete(r.entries, hash)
		}
	}
}
