package keeper

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

const (
	keptFor  = time.Minute // longer than a replica that is fit to take over lies behind
	keptMost = 50_000      // about a kilobyte each; under more, the oldest go first
)

// kept holds what was committed in the last minute. When the database is replaced by a copy of itself that had not got
// the last commits, it lacks pairs whose predecessors are spent; then they are offered again. The minute counts while the
// database answers, so that a failover may take as long as it likes.
type kept struct {
	mu          sync.Mutex
	entries     []keptEntry // oldest first
	byGrant     map[string]keptEntry
	incarnation string // of the database that has them; empty: not asked yet
	askedAt     time.Time
	replacedAt  time.Time // when this process noticed that another database had taken the place of the one before

	checking sync.Mutex     // held while the database is asked who it is
	next     *databaseCheck // that has not begun yet
}

// databaseCheck is one question whether the database is still the same; all who came before it began share it.
type databaseCheck struct {
	done chan struct{}
	same bool
	err  error
}

// settleFor is how long nothing is asked for after a failover: as long as other instances take to notice, and to offer
// again what they kept.
const settleFor = 3 * tick

type keptEntry struct {
	entry
	at time.Time // of the commit, on monotonic time
}

// add keeps what has just been committed.
func (c *kept) add(e entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= keptMost {
		c.forget(keptMost / 10)
	}
	added := keptEntry{e, time.Now()}
	c.entries = append(c.entries, added)
	if e.Kind == entryRenewal {
		if c.byGrant == nil {
			c.byGrant = make(map[string]keptEntry)
		}
		c.byGrant[e.Renewal.Grant] = added
	}
}

// forget forgets the oldest entries; the lock is held.
func (c *kept) forget(n int) {
	for _, e := range c.entries[:n] {
		if last, ok := c.byGrant[e.Renewal.Grant]; ok && last.Renewal.Attempt == e.Renewal.Attempt {
			delete(c.byGrant, e.Renewal.Grant)
		}
	}
	c.entries = slices.Delete(c.entries, 0, n)
}

// pairFor returns the pair that was bought with a generation of a grant in the last minute.
func (c *kept) pairFor(grant string, generation int64) (entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byGrant[grant]
	return e.entry, ok && e.Renewal.Spent >= generation
}

// confirm notes that the database is still the one that has everything, and forgets what it has had for long enough.
func (c *kept) confirm(incarnation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.incarnation != "" && c.incarnation != incarnation {
		c.replacedAt = time.Now()
	}
	c.incarnation = incarnation
	old := slices.IndexFunc(c.entries, func(e keptEntry) bool { return time.Since(e.at) < keptFor })
	if old < 0 {
		old = len(c.entries)
	}
	c.forget(old)
}

// settling reports whether a failover was noticed so lately that other instances may still hold pairs that the database lacks.
func (c *kept) settling() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.replacedAt.IsZero() && time.Since(c.replacedAt) < settleFor
}

// due reports, at most once a second, that it is time to ask which database answers, and what is known of it.
func (c *kept) due() (incarnation string, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.askedAt) < tick {
		return "", false
	}
	c.askedAt = time.Now()
	return c.incarnation, true
}

func (c *kept) all() []keptEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.entries)
}

// sameDatabase reports whether the database is the one that got the last commits. It asks after it is called: a claim that
// was made before was made on that database too.
func (k *Keeper) sameDatabase(ctx context.Context) (bool, error) {
	c := &k.kept
	c.mu.Lock()
	check := c.next
	if check != nil {
		c.mu.Unlock()
		<-check.done
		return check.same, check.err
	}
	check = &databaseCheck{done: make(chan struct{})}
	c.next = check
	c.mu.Unlock()
	defer close(check.done)
	c.checking.Lock()
	defer c.checking.Unlock()
	c.mu.Lock()
	c.next = nil // whoever comes from here on may have claimed after the question
	known := c.incarnation
	c.mu.Unlock()
	var incarnation string
	incarnation, check.err = k.store.Incarnation(ctx)
	check.same = check.err == nil && (known == "" || known == incarnation)
	return check.same, check.err
}

// spentElsewhere looks, between a claim and its request, whether the refresh token that would be sent has been spent by a
// renewal that the database does not know of, because it is another one than the one that stored it. Then nothing is
// sent: a pair that this process kept is stored again, and those of others are waited for.
func (k *Keeper) spentElsewhere(ctx context.Context, d platform.Driver, app gk.App, g gk.Grant) (spent bool, err error) {
	same, err := k.sameDatabase(ctx)
	bought, ok := k.kept.pairFor(g.ID, g.Generation)
	switch {
	case ok:
		k.log.Warn("the database lacks a pair that this process kept", "grant", g.ID)
		now := k.Now()
		err := k.change(ctx, g.ID, now, func(row *gk.Grant) ([]gk.Event, error) {
			if row.AttemptID != g.AttemptID {
				return nil, errOvertaken
			}
			release(row)
			row.DueAt = now
			return nil, nil
		})
		if err != nil {
			return true, err
		}
		return true, k.offerAgain(ctx, bought)
	case err != nil:
		return true, errors.Join(err, k.unsent(ctx, d, app, g, "local:delayed", gk.Retry))
	case !same || k.kept.settling():
		time.Sleep(settleFor) // other instances offer again what they kept
		row, err := k.store.Grant(ctx, gk.Engine(), g.ID)
		if err != nil || row.Generation != g.Generation || row.AttemptID != g.AttemptID {
			return true, errors.Join(err, k.unsent(ctx, d, app, g, "local:delayed", gk.Retry))
		}
	}
	return false, nil
}

// offerKept asks which database answers. If it is not the one that got the last commits, they are offered again, before
// anything is claimed: a claim would send refresh tokens that are spent.
func (k *Keeper) offerKept(ctx context.Context) error {
	known, due := k.kept.due()
	if !due {
		return nil
	}
	incarnation, err := k.store.Incarnation(ctx)
	if err != nil {
		return err
	}
	if known != "" && known != incarnation {
		entries := k.kept.all()
		k.log.Warn("the database was started again or replaced; the last pairs are offered again", "pairs", len(entries))
		for _, e := range entries {
			if err := k.offerAgain(ctx, e.entry); err != nil {
				return err
			}
		}
	}
	k.kept.confirm(incarnation)
	return nil
}

// offerAgain stores what the database lacks; what it has stays as it is.
func (k *Keeper) offerAgain(ctx context.Context, e entry) error {
	if e.Kind == entryAnswer {
		c, err := k.store.Click(ctx, e.Click)
		if errors.Is(err, store.ErrNotFound) || err == nil && c.Stage != gk.Begun && c.Stage != gk.Exchanging {
			return nil
		}
		if err != nil {
			return err
		}
		if err := k.offer(ctx, e); err != nil {
			return err
		}
		k.log.Warn("the answer to an exchange was stored again", "click", e.Click)
		return k.complete(ctx, e.Click)
	}
	g, err := k.store.Grant(ctx, gk.Engine(), e.Renewal.Grant)
	if errors.Is(err, store.ErrNotFound) {
		k.log.Error("a pair was bought for a grant that the database has lost", "grant", e.Renewal.Grant)
		return nil
	}
	if err != nil || g.Generation > e.Renewal.Spent || g.State == gk.Revoked {
		return err
	}
	e.Plain = false // the row decides: it may have changed otherwise since
	k.log.Warn("a pair was stored again", "grant", e.Renewal.Grant)
	return k.offer(ctx, e)
}
