package keeper

import (
	"context"
	"errors"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

const (
	cacheFresh = time.Second     // an entry is served for this long after it was known to stand
	cacheAway  = 5 * time.Minute // and for this long, marked stale, while the database does not answer
	cacheMost  = 50_000

	knownPatience   = 120 * time.Millisecond // how long somebody waits for the database who can be served what is known
	unknownPatience = 800 * time.Millisecond // and somebody who cannot
)

// cache holds what the read path needs of grants, shared by all viewers: who may see an entry is asked at each read.
// Ages count on real, monotonic time from before the row was read, so an entry is never younger than it says.
//
// An entry is read again when its grant has changed: this process says so itself (outdate), and what others change the
// database is asked for (follow). A read that began before a change is thrown away, so that it cannot bring back what was.
type cache struct {
	store store.Grants
	pulse store.Pulse
	mu    sync.Mutex
	byID  map[string]*cached
	fills map[string]*fill     // under way; none of them began before the last change of its grant
	ids   map[grantName]string // of grants that were asked for by name

	sole      bool      // no other process writes
	confirmed time.Time // every entry that is not old stood as it is at this moment
	asked     bool      // since somebody looked
}

// grantName is what a grant is known by besides its id. The two stay together for good: a grant is never removed, nor
// given to another subject.
type grantName struct{ app, kind, subject string }

type cached struct {
	grant  gk.Grant
	readAt time.Time // the last moment at which the grant is known to have stood like this, or cache.confirmed if later
	hot    bool
	old    bool      // to be read again before it is served; still better than nothing while the database is away
	access gk.Secret // opened once, at the first read
}

// fill is one read of a row, which all who want it share.
type fill struct {
	begun    time.Time
	done     chan struct{}
	entry    *cached
	err      error
	outdated bool // the grant has changed since it began; guarded by the cache's lock
}

func newCache(s store.Grants) *cache {
	return &cache{store: s, byID: make(map[string]*cached), fills: make(map[string]*fill), ids: make(map[grantName]string)}
}

// get returns a grant as it stood at most a second ago, and not before since. away says that the database does not
// answer and the grant is what was known before.
func (c *cache) get(ctx context.Context, id string, since time.Time) (e *cached, away bool, err error) {
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
		if f == nil {
			return c.without(id)
		}
		if patience == nil {
			timer := time.NewTimer(patienceOf(known))
			defer timer.Stop()
			patience = timer.C
		}
		select {
		case <-f.done:
		case <-patience:
			return c.without(id)
		case <-ctx.Done():
			return nil, false, ctx.Err()
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
		return knownPatience
	}
	return unknownPatience
}

// fresh reports whether an entry may be served as it is. The lock is held, as in known and begin.
func (c *cache) fresh(e *cached, since time.Time) bool {
	if e.old {
		return false
	}
	at := c.stood(e)
	return c.sole || time.Since(at) < cacheFresh && !at.Before(since)
}

// stood returns the last moment at which a grant is known to have stood as its entry says.
func (c *cache) stood(e *cached) time.Time {
	if !e.old && c.confirmed.After(e.readAt) {
		return c.confirmed
	}
	return e.readAt
}

// known returns what may be served, marked stale, while the database is away.
func (c *cache) known(id string) *cached {
	e := c.byID[id]
	if e == nil || !(c.sole && !e.old) && time.Since(c.stood(e)) >= cacheAway {
		return nil
	}
	return e
}

// without is the answer while the database is away.
func (c *cache) without(id string) (e *cached, away bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e = c.known(id); e == nil {
		return nil, false, errDatabaseSilent
	}
	e.hot = true
	return e, true, nil
}

// begin begins to read a row; nil while the database does not answer.
func (c *cache) begin(id string) *fill {
	f := &fill{begun: time.Now(), done: make(chan struct{})}
	answer, ok := store.Begin(&c.pulse, func(ctx context.Context) ([]gk.Grant, error) { return c.store.Tokens(ctx, []string{id}) })
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
func (c *cache) outcome(id string, f *fill, since time.Time) (e *cached, again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.outdated || f.begun.Before(since) && !c.sole {
		return nil, true
	}
	if e = c.byID[id]; f.err == nil && (e == nil || e.grant.Generation < f.entry.grant.Generation) {
		e = f.entry
	}
	return e, false
}

// put keeps a row that was read.
func (c *cache) put(g gk.Grant, readAt time.Time) *cached {
	e := &cached{grant: g, readAt: readAt}
	if old := c.byID[g.ID]; old != nil {
		e.hot = old.hot
		if old.grant.Generation == g.Generation {
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
func (c *cache) outdate(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.age(id)
}

func (c *cache) age(id string) {
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

// drop forgets what must not be served again, even while the database is away.
func (c *cache) drop(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.age(id)
	delete(c.byID, id)
}

// open returns the access token of an entry, opened at most once for each generation.
func (c *cache) open(e *cached, open func(gk.Grant) (gk.Secret, error)) (gk.Secret, error) {
	c.mu.Lock()
	access := e.access
	c.mu.Unlock()
	if !access.Empty() || len(e.grant.Access) == 0 {
		return access, nil
	}
	access, err := open(e.grant)
	if err != nil {
		return gk.Secret{}, err
	}
	c.mu.Lock()
	e.access = access
	c.mu.Unlock()
	return access, nil
}

// idOf returns the id of a grant that name was called for.
func (c *cache) idOf(n grantName) (id string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, ok = c.ids[n]
	return id, ok
}

// name keeps the id of a grant, so that the next who asks by the name does not have to ask the store.
func (c *cache) name(n grantName, id string) {
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
