package spill

import (
	"slices"
	"sync"
	"time"
)

const (
	keptFor  = time.Minute // longer than a replica that is fit to take over lies behind
	askEvery = time.Second // which database answers
	keptMost = 50_000      // about a kilobyte each; under more, the oldest go first
)

// Kept holds what was committed in the last minute. When the database is replaced by a copy of itself that had not got
// the last commits, it lacks pairs whose predecessors are spent; then they are offered again. The minute counts while the
// database answers, so that a failover may take as long as it likes.
type Kept struct {
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

// SettleFor is how long nothing is asked for after a failover: as long as other instances take to notice, and to offer
// again what they kept.
const SettleFor = 3 * askEvery

type keptEntry struct {
	Entry
	at time.Time // of the commit, on monotonic time
}

// Add keeps what has just been committed.
func (c *Kept) Add(e Entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= keptMost {
		c.forget(keptMost / 10)
	}
	added := keptEntry{e, time.Now()}
	c.entries = append(c.entries, added)
	if e.Kind == Refresh {
		if c.byGrant == nil {
			c.byGrant = make(map[string]keptEntry)
		}
		c.byGrant[e.Refresh.Grant] = added
	}
}

// forget forgets the oldest entries; the lock is held.
func (c *Kept) forget(n int) {
	for _, e := range c.entries[:n] {
		if last, ok := c.byGrant[e.Refresh.Grant]; ok && last.Refresh.Attempt == e.Refresh.Attempt {
			delete(c.byGrant, e.Refresh.Grant)
		}
	}
	c.entries = slices.Delete(c.entries, 0, n)
}

// PairFor returns the pair that was bought with a generation of a grant in the last minute.
func (c *Kept) PairFor(grant string, generation int64) (Entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byGrant[grant]
	return e.Entry, ok && e.Refresh.Spent >= generation
}

// Every reports whether everything that is kept is so.
func (c *Kept) Every(so func(Entry) bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !slices.ContainsFunc(c.entries, func(e keptEntry) bool { return !so(e.Entry) })
}

// Confirm notes that the database is still the one that has everything, and forgets what it has had for long enough.
func (c *Kept) Confirm(incarnation string) {
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

// Settling reports whether a failover was noticed so lately that other instances may still hold pairs that the database lacks.
func (c *Kept) Settling() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.replacedAt.IsZero() && time.Since(c.replacedAt) < SettleFor
}

// Due reports, at most once a second, that it is time to ask which database answers, and what is known of it.
func (c *Kept) Due() (incarnation string, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.askedAt) < askEvery {
		return "", false
	}
	c.askedAt = time.Now()
	return c.incarnation, true
}

func (c *Kept) All() []keptEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.entries)
}

// Same reports whether the database is the one that got the last commits, by what incarnation tells. It asks after it is
// called, once for all who came before it began.
func (c *Kept) Same(incarnation func() (string, error)) (bool, error) {
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
	var present string
	present, check.err = incarnation()
	check.same = check.err == nil && (known == "" || known == present)
	return check.same, check.err
}
