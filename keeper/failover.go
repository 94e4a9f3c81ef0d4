package keeper

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
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
	incarnation string      // of the database that has them; empty: not asked yet
	askedAt     time.Time
}

type keptEntry struct {
	entry
	at time.Time // of the commit, on monotonic time
}

// add keeps what has just been committed.
func (c *kept) add(e entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= keptMost {
		c.entries = slices.Delete(c.entries, 0, keptMost/10)
	}
	c.entries = append(c.entries, keptEntry{e, time.Now()})
}

// confirm notes that the database is still the one that has everything, and forgets what it has had for long enough.
func (c *kept) confirm(incarnation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.incarnation = incarnation
	old := slices.IndexFunc(c.entries, func(e keptEntry) bool { return time.Since(e.at) < keptFor })
	if old < 0 {
		old = len(c.entries)
	}
	c.entries = slices.Delete(c.entries, 0, old)
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
