package keeper

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"golang.org/x/sync/singleflight"
)

const (
	cacheFresh = time.Second     // an entry is served for this long after the read began
	cacheAway  = 5 * time.Minute // and for this long, marked stale, while the database does not answer
	cacheMost  = 50_000
)

// cache holds what the read path needs of grants, shared by all viewers: who may see an entry is asked at each read.
// Ages count on real, monotonic time from before the row was read, so an entry is never younger than it says. A drop
// raises the epoch, which keeps a slow read from bringing back what the drop removed.
type cache struct {
	store store.Grants
	mu    sync.Mutex
	epoch uint64
	byID  map[string]*cached
	ids   map[grantName]string // of grants that were asked for by name
	fills singleflight.Group
}

// grantName is what a grant is known by besides its id. The two stay together for good: a grant is never removed, nor
// given to another subject.
type grantName struct{ app, kind, subject string }

type cached struct {
	grant  gk.Grant
	readAt time.Time
	hot    bool
	old    bool      // to be read again before it is served; still better than nothing while the database is away
	access gk.Secret // opened once, at the first read
}

func newCache(s store.Grants) *cache {
	return &cache{store: s, byID: make(map[string]*cached), ids: make(map[grantName]string)}
}

// get returns a grant as it stood at most a second ago. away says that the database does not answer and the grant is
// what was known before.
func (c *cache) get(ctx context.Context, id string) (e *cached, away bool, err error) {
	c.mu.Lock()
	e = c.byID[id]
	if e != nil && !e.old && time.Since(e.readAt) < cacheFresh {
		e.hot = true
		c.mu.Unlock()
		return e, false, nil
	}
	epoch := c.epoch
	c.mu.Unlock()
	// Readers share a read that began after the last change, never one that began before it.
	v, err, _ := c.fills.Do(id+" "+strconv.FormatUint(epoch, 10), func() (any, error) { return c.fill(context.WithoutCancel(ctx), id, epoch) })
	if err == nil {
		return v.(*cached), false, nil
	}
	if errors.Is(err, store.ErrUnavailable) && e != nil && time.Since(e.readAt) < cacheAway {
		return e, true, nil
	}
	return nil, false, err
}

func (c *cache) fill(ctx context.Context, id string, epoch uint64) (*cached, error) {
	readAt := time.Now()
	rows, err := c.store.Tokens(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, store.ErrNotFound
	}
	return c.put(rows[0], readAt, epoch), nil
}

// put keeps a row unless something was dropped since the read began.
func (c *cache) put(g gk.Grant, readAt time.Time, epoch uint64) *cached {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := &cached{grant: g, readAt: readAt}
	if c.epoch != epoch {
		return e
	}
	if old := c.byID[g.ID]; old != nil {
		if !old.old && old.readAt.After(readAt) {
			return old
		}
		if old.grant.Generation == g.Generation {
			e.access = old.access
		}
	} else if len(c.byID) >= cacheMost {
		for other := range c.byID { // any one: entries live for a second
			delete(c.byID, other)
			break
		}
	}
	c.byID[g.ID] = e
	return e
}

// reread reads again, in one statement, the entries that were asked for since the last time, and forgets those that
// nobody asked for and that no outage could need.
func (c *cache) reread(ctx context.Context) error {
	c.mu.Lock()
	var ids []string
	for id, e := range c.byID {
		switch {
		case e.hot && !e.old:
			ids = append(ids, id)
		case time.Since(e.readAt) > cacheAway:
			delete(c.byID, id)
		}
	}
	epoch := c.epoch
	c.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	readAt := time.Now()
	rows, err := c.store.Tokens(ctx, ids)
	if damaged := (*store.DamagedError)(nil); err != nil && !errors.As(err, &damaged) {
		return err // a row that cannot be read fails its own readers
	}
	for _, g := range rows {
		c.put(g, readAt, epoch)
	}
	return nil
}

// outdate makes the next reader read again what may be changing.
func (c *cache) outdate(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	if e := c.byID[id]; e != nil {
		again := *e
		again.old = true
		c.byID[id] = &again
	}
}

// drop forgets what has changed.
func (c *cache) drop(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
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

// flights lets many callers of one process wait for one renewal of a grant.
type flights struct {
	mu   sync.Mutex
	byID map[string]chan struct{}
}

// join returns a channel that closes when the renewal of a grant ends, beginning one with start if none is under way.
func (f *flights) join(id string, start func()) <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if done, ok := f.byID[id]; ok {
		return done
	}
	if f.byID == nil {
		f.byID = make(map[string]chan struct{})
	}
	done := make(chan struct{})
	f.byID[id] = done
	go func() {
		defer func() {
			f.mu.Lock()
			delete(f.byID, id)
			f.mu.Unlock()
			close(done)
		}()
		start()
	}()
	return done
}
