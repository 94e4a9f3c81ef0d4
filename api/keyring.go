package api

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

const (
	keyFresh    = time.Second     // a revoked key is refused everywhere after this long
	keyStale    = 5 * time.Minute // how long a key read before is believed while the database is away
	keyPatience = 2 * time.Second // for one read of the store
	keyRoom     = 10_000          // keys held in memory
)

// errNoKey is a key that is unknown, expired or revoked: which of them is nobody's business.
var errNoKey = errors.New("api: no such key")

// keyring finds API keys, asking the store about each at most once a second. Ages are measured on the real, monotonic
// clock; a key's own end is compared with product time.
type keyring struct {
	store   store.Keys
	now     func() time.Time
	flights singleflight.Group

	mu      sync.Mutex
	epoch   int // rises when a key changes here, so that a slow read cannot bring back what was
	entries map[keyHash]keyEntry
}

type keyEntry struct {
	key    *gk.Key   // never written to
	readAt time.Time // before the read
	nextAt time.Time // when the store is asked again
}

func newKeyring(s store.Keys, now func() time.Time) *keyring {
	return &keyring{store: s, now: now, entries: make(map[keyHash]keyEntry)}
}

// find returns the living key with this text: errNoKey, or an error that wraps store.ErrUnavailable when the store
// cannot say and nothing young enough is known.
func (r *keyring) find(text gk.Secret) (*gk.Key, error) {
	if !ValidKey(text) {
		return nil, errNoKey
	}
	hash := hashOf(text)
	e, ok := r.cached(hash)
	if !ok || time.Now().After(e.nextAt) {
		var err error
		if e, err = r.read(hash); err != nil {
			return nil, err
		}
	}
	k := e.key
	now := r.now()
	if subtle.ConstantTimeCompare(k.Hash, hash[:]) != 1 || !k.RevokedAt.IsZero() || !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(now) {
		return nil, errNoKey
	}
	return k, nil
}

func (r *keyring) cached(hash keyHash) (keyEntry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.entries[hash]
	return e, ok
}

// read asks the store, once for all who wait for the same key. It goes on when one of them leaves.
func (r *keyring) read(hash keyHash) (keyEntry, error) {
	v, err, _ := r.flights.Do(string(hash[:]), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), keyPatience)
		defer cancel()
		r.mu.Lock()
		epoch := r.epoch
		r.mu.Unlock()
		begun := time.Now()
		k, err := r.store.KeyByHash(ctx, hash[:])

		r.mu.Lock()
		defer r.mu.Unlock()
		e := keyEntry{key: &k, readAt: begun, nextAt: begun.Add(keyFresh)}
		switch {
		case errors.Is(err, store.ErrNotFound):
			delete(r.entries, hash)
			return keyEntry{}, errNoKey
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
	})
	if err != nil {
		return keyEntry{}, err
	}
	return v.(keyEntry), nil //nolint:forcetypeassert // the function above returns nothing else
}

// forget drops what is known of a key that has just changed.
func (r *keyring) forget(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch++
	for hash, e := range r.entries {
		if e.key.ID == id {
			delete(r.entries, hash)
		}
	}
}
