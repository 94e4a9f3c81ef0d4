// Package cache holds what this process knows of grants: what a read of a token needs, and how old it is.
package cache

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

const (
	cacheFresh = time.Second     // an entry is served for this long after it was known to stand
	cacheAway  = 5 * time.Minute // and for this long, marked stale, while the database does not answer
	cacheMost  = 50_000

	KnownPatience   = 120 * time.Millisecond // how long somebody waits for the database who can be served what is known
	UnknownPatience = 800 * time.Millisecond // and somebody who cannot
)

// Cache holds what the read path needs of grants, shared by all viewers: who may see an entry is asked at each read.
// Ages count on real, monotonic time from before the row was read, so an entry is never younger than it says.
//
// An entry is read again when its grant has changed: this process says so itself (outdate), and what others change the
// database is asked for (follow). A read that began before a change is thrown away, so that it cannot bring back what was.
type Cache struct {
	store store.Grants
	Pulse store.Pulse
	mu    sync.Mutex
	byID  map[string]*Cached
	fills map[string]*fill     // under way; none of them began before the last change of its grant
	ids   map[GrantName]string // of grants that were asked for by name

	sole      bool      // no other process writes
	confirmed time.Time // every entry that is not old stood as it is at this moment
	asked     bool      // since somebody looked
}

// GrantName is what a grant is known by besides its id. The two stay together for good: a grant is never removed, nor
// given to another subject.
type GrantName struct{ App, Kind, Subject string }

type Cached struct {
	Grant  gk.Grant
	readAt time.Time // the last moment at which the grant is known to have stood like this, or cache.confirmed if later
	hot    bool
	old    bool      // to be read again before it is served; still better than nothing while the database is away
	access gk.Secret // opened once, at the first read
}

// fill is one read of a row, which all who want it share.
type fill struct {
	begun    time.Time
	done     chan struct{}
	entry    *Cached
	err      error
	outdated bool // the grant has changed since it began; guarded by the cache's lock
}

func New(s store.Grants) *Cache {
	return &Cache{store: s, byID: make(map[string]*Cached), fills: make(map[string]*fill), ids: make(map[GrantName]string)}
}

// Get returns a grant as it stood at most a second ago, and not before since. away says that the database does not
// answer and the grant is what was known before.
func (c *Cache) Get(ctx context.Context, id string, since time.Time) (e *Cached, away bool, err error) {
	var patience <-chan time.Time
	for {
		c.mu.Lock()
		c.asked = true
		e := c.byID[id]
		if e != nil && c.fresh(e, since) {
			e.hot = true
			c.mu.Unlock()
			return e, false, nil
		}
		known := c.known(id) != nil
		f := c.fills[id]
		if f == nil {
			f = c.begin(id)
		}
		c.mu.Unlock()
		var done <-chan struct{}
		if f != nil {
			done = f.done
		} else if !known {
			done = c.Pulse.Next()
		}
		if done == nil {
			return c.without(id)
		}
		if patience == nil {
			timer := time.NewTimer(patienceOf(known))
			defer timer.Stop()
			patience = timer.C
		}
		select {
		case <-done:
		case <-patience:
			return c.without(id)
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
		if f == nil {
			continue
		}
		e, again := c.outcome(id, f, since)
		switch {
		case again:
		case f.err == nil:
			return e, false, nil
		case errors.Is(f.err, store.ErrUnavailable):
			return c.without(id)
		default:
			return nil, false, f.err
		}
	}
}

// patienceOf returns how long a reader waits for the database.
func patienceOf(known bool) time.Duration {
	if known {
		return KnownPatience
	}
	return UnknownPatience
}

// fresh reports whether an entry may be served as it is. The lock is held, as in known and begin.
func (c *Cache) fresh(e *Cached, since time.Time) bool {
	if e.old {
		return false
	}
	at := c.stood(e)
	return c.sole || time.Since(at) < cacheFresh && !at.Before(since)
}

// stood returns the last moment at which a grant is known to have stood as its entry says.
func (c *Cache) stood(e *Cached) time.Time {
	if !e.old && c.confirmed.After(e.readAt) {
		return c.confirmed
	}
	return e.readAt
}

// known returns what may be served, marked stale, while the database is away.
func (c *Cache) known(id string) *Cached {
	e := c.byID[id]
	if e == nil || !(c.sole && !e.old) && time.Since(c.stood(e)) >= cacheAway {
		return nil
	}
	return e
}

// without is the answer while the database is away.
func (c *Cache) without(id string) (e *Cached, away bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e = c.known(id); e == nil {
		return nil, false, ErrSilent
	}
	e.hot = true
	return e, true, nil
}

// begin begins to read a row; nil while the database does not answer.
func (c *Cache) begin(id string) *fill {
	f := &fill{begun: time.Now(), done: make(chan struct{})}
	answer, ok := store.Begin(&c.Pulse, func(ctx context.Context) ([]gk.Grant, error) { return c.store.Tokens(ctx, []string{id}) })
	if !ok {
		return nil
	}
	c.fills[id] = f
	go func() {
		a := <-answer
		c.mu.Lock()
		defer close(f.done)
		defer c.mu.Unlock()
		switch {
		case a.Err != nil:
			f.err = a.Err
		case len(a.Value) == 0:
			f.err = store.ErrNotFound
		case !f.outdated:
			f.entry = c.put(a.Value[0], f.begun)
		}
		if c.fills[id] == f {
			delete(c.fills, id)
		}
	}()
	return f
}

// outcome returns what a read has brought, or rather what came after it. again says that it does not count: the grant
// has changed since the read began, or it began before the moment that is asked about.
func (c *Cache) outcome(id string, f *fill, since time.Time) (e *Cached, again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.outdated || f.begun.Before(since) && !c.sole {
		return nil, true
	}
	if e = c.byID[id]; f.err == nil && (e == nil || e.Grant.Generation < f.entry.Grant.Generation) {
		e = f.entry
	}
	return e, false
}

// put keeps a row that was read.
func (c *Cache) put(g gk.Grant, readAt time.Time) *Cached {
	e := &Cached{Grant: g, readAt: readAt}
	if old := c.byID[g.ID]; old != nil {
		e.hot = old.hot
		if old.Grant.Generation == g.Generation {
			e.access = old.access
		}
	} else if len(c.byID) >= cacheMost {
		for other := range c.byID { // any one: it costs its next reader one statement
			delete(c.byID, other)
			break
		}
	}
	c.byID[g.ID] = e
	return e
}

// outdate makes the next reader read again what has changed.
func (c *Cache) outdate(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.age(id)
}

func (c *Cache) age(id string) {
	if f := c.fills[id]; f != nil {
		f.outdated = true
		delete(c.fills, id)
	}
	if e := c.byID[id]; e != nil && !e.old {
		again := *e
		again.old, again.readAt = true, c.stood(e)
		if c.sole {
			again.readAt = time.Now()
		}
		c.byID[id] = &again
	}
}

// Drop forgets what must not be served again, even while the database is away.
func (c *Cache) Drop(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.age(id)
	delete(c.byID, id)
}

// Open returns the access token of an entry, opened at most once for each generation.
func (c *Cache) Open(e *Cached, open func(gk.Grant) (gk.Secret, error)) (gk.Secret, error) {
	c.mu.Lock()
	access := e.access
	c.mu.Unlock()
	if !access.Empty() || len(e.Grant.Access) == 0 {
		return access, nil
	}
	access, err := open(e.Grant)
	if err != nil {
		return gk.Secret{}, err
	}
	c.mu.Lock()
	e.access = access
	c.mu.Unlock()
	return access, nil
}

// IDOf returns the id of a grant that name was called for.
func (c *Cache) IDOf(n GrantName) (id string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, ok = c.ids[n]
	return id, ok
}

// Name keeps the id of a grant, so that the next who asks by the name does not have to ask the store.
func (c *Cache) Name(n GrantName, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ids) >= cacheMost {
		for other := range c.ids { // any one: it costs its next reader one statement
			delete(c.ids, other)
			break
		}
	}
	c.ids[n] = id
}

// ErrSilent says that nothing is known of a grant and the database does not answer.
var ErrSilent = fmt.Errorf("%w: it does not answer, and nothing is known of this grant", store.ErrUnavailable)
