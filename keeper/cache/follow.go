package cache

import (
	"context"
	"errors"
	"log/slog"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

const (
	followEvery = cacheFresh / 4   // while somebody reads
	followIdle  = 30 * time.Second // while nobody does
	followFor   = 10 * time.Second // how long after the last read somebody counts as reading
	forgetEvery = 5 * time.Minute  // what nobody asked for in between is forgotten
)

// Watched is the keeper's store. It tells the cache of every grant that this process writes, after the commit and before
// whoever wrote it learns of it, so that nobody is served what he knows to be over.
type Watched struct {
	store.Store

	cache *Cache
}

// UpdateGrant implements [store.Grants].
func (w Watched) UpdateGrant(ctx context.Context, v gk.Viewer, id string, at time.Time, change func(*gk.Grant) ([]gk.Event, error)) error {
	ended := false
	err := w.Store.UpdateGrant(ctx, v, id, at, func(g *gk.Grant) ([]gk.Event, error) {
		state, owner := g.State, g.Owner
		events, err := change(g)
		ended = g.State != state && (g.State == gk.Revoked || g.State == gk.Held) || g.Owner != owner
		return events, err
	})
	if ended {
		w.cache.Drop(id)
	} else {
		w.cache.outdate(id) // after an error too: the commit's answer may have been lost
	}
	return err
}

// ClaimDue implements [store.Grants].
func (w Watched) ClaimDue(ctx context.Context, app string, a store.Attempt, floor time.Time, limit int) ([]gk.Grant, error) {
	claimed, err := w.Store.ClaimDue(ctx, app, a, floor, limit)
	for i := range claimed {
		w.cache.outdate(claimed[i].ID)
	}
	return claimed, err
}

// SaveRefresh implements [store.Grants].
func (w Watched) SaveRefresh(ctx context.Context, r store.Refreshed) (bool, error) {
	defer w.cache.outdate(r.Grant)
	return w.Store.SaveRefresh(ctx, r)
}

// SaveRefreshes implements [store.Grants].
func (w Watched) SaveRefreshes(ctx context.Context, rs []store.Refreshed) ([]bool, error) {
	defer func() {
		for i := range rs {
			w.cache.outdate(rs[i].Grant)
		}
	}()
	return w.Store.SaveRefreshes(ctx, rs)
}

// EndAttempts implements [store.Instances].
func (w Watched) EndAttempts(ctx context.Context, by string, spared []string, at time.Time) ([]string, error) {
	ended, err := w.Store.EndAttempts(ctx, by, spared, at)
	for _, id := range ended {
		w.cache.outdate(id)
	}
	return ended, err
}

// ReleaseAttempts implements [store.Instances].
func (w Watched) ReleaseAttempts(ctx context.Context, by string, attempts []string, at time.Time) ([]string, error) {
	released, err := w.Store.ReleaseAttempts(ctx, by, attempts, at)
	for _, id := range released {
		w.cache.outdate(id)
	}
	return released, err
}

// PutGrants implements [store.Grants].
func (w Watched) PutGrants(ctx context.Context, app, authorization, click string, subjects []gk.Subject, at time.Time,
	change func(existing []gk.Grant, auth *gk.Authorization, click *gk.Click) ([]gk.Grant, []gk.Event, error),
) error {
	ended := map[string]bool{} // by id of what was written: whether the former pair must not be served again
	err := w.Store.PutGrants(ctx, app, authorization, click, subjects, at,
		func(existing []gk.Grant, auth *gk.Authorization, click *gk.Click) ([]gk.Grant, []gk.Event, error) {
			owners := make(map[string]string, len(existing))
			for i := range existing {
				owners[existing[i].ID] = existing[i].Owner
			}
			grants, events, err := change(existing, auth, click)
			for i := range grants {
				g := &grants[i]
				ended[g.ID] = g.State == gk.Revoked || g.State == gk.Held || g.Owner != owners[g.ID]
			}
			return grants, events, err
		})
	for id, end := range ended {
		if err == nil || end {
			w.cache.Drop(id)
		} else {
			w.cache.outdate(id) // nothing may have been written, and the former pair is what the database has to tell
		}
	}
	return err
}

// follower asks the database what other processes have changed.
type follower struct {
	cache     *Cache
	position  string
	askedAt   time.Time // by a reader, as far as was seen
	lookedAt  time.Time
	forgotten time.Time
}

// KeepUp keeps the cache like the database until ctx ends. also is called each time, for whatever else is looked at ahead of
// its readers.
func (c *Cache) KeepUp(ctx context.Context, also func(), log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f := follower{cache: c, forgotten: time.Now()}
		t := time.NewTicker(followEvery)
		defer t.Stop()
		for {
			also()
			if err := f.look(ctx); err != nil && !errors.Is(err, store.ErrUnavailable) && ctx.Err() == nil {
				log.Warn("the database does not tell what has changed", "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
		}
	}()
	return func() { cancel(); <-done }
}

// look asks once, if it is time to.
func (f *follower) look(ctx context.Context) error {
	now := time.Now()
	if f.cache.readSince() {
		f.askedAt = now
	}
	if now.Sub(f.forgotten) >= forgetEvery {
		f.forgotten = now
		f.cache.forget()
	}
	reading := now.Sub(f.askedAt) < followFor
	if !f.lookedAt.IsZero() && !reading && now.Sub(f.lookedAt) < followIdle {
		return nil
	}
	f.lookedAt = now
	position := f.position // an answer that nobody waits for any more may still be asked for
	changes, err := store.Ask(ctx, &f.cache.Pulse, time.Second, func(ctx context.Context) (store.Changes, error) {
		return f.cache.store.Changed(ctx, position)
	})
	if err != nil {
		return err
	}
	f.position = changes.Position
	f.cache.follow(changes, now)
	return nil
}

// follow takes what changed until after a moment.
func (c *Cache) follow(changes store.Changes, begun time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if changes.Sole {
		c.sole = true
		return
	}
	if changes.Gap {
		for id := range c.fills {
			c.age(id)
		}
		for id := range c.byID {
			c.age(id)
		}
	}
	for _, id := range changes.Grants {
		c.age(id)
	}
	c.confirmed = begun
}

// readSince reports whether somebody has read since the last time.
func (c *Cache) readSince() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	asked := c.asked
	c.asked = false
	return asked
}

// forget forgets what nobody asked for since the last time.
func (c *Cache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, e := range c.byID {
		if !e.hot {
			delete(c.byID, id)
		}
		e.hot = false
	}
}

// Watch makes a store that tells a cache of what is written through it.
func Watch(s store.Store, c *Cache) Watched { return Watched{s, c} }
