// Package gates has one gate per app, through which every refresh passes: how many at once, and who waits for whom.
package gates

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/grantkeep/grantkeep/platform"
)

// Why nobody gets through a gate.
var (
	ErrLongQueue = errors.New("gates: no place was free in time")
	ErrClosed    = errors.New("gates: the process stops")
)

// Gates holds one gate per app, the only way to its platform for whoever refreshes: the scheduler, readers, people and
// pushes. It lets as many through as the app's level allows, and fewer while the database may be an old one.
type Gates struct {
	workers int       // for every app; 0: each app finds its own level
	Found   beginning // what is known of the pairs that this process found
	now     func() time.Time
	closed  chan struct{} // when the process stops: who waits for a place leaves

	mu   sync.Mutex
	apps map[string]*gate
}

// gate counts the refreshes of one app that are under way. Who waits comes in the order of arrival.
type gate struct {
	platform    string
	facts       platform.Refresh // as last heard
	halted      bool             // as well: claimed grants are warned about and end, and nothing is refreshed
	least, most int
	level       level
	busy        int
	queue       []chan struct{}
}

func (s *Gates) of(app string, facts *platform.Facts, f platform.Refresh) *gate {
	g := s.apps[app]
	if g == nil {
		g = &gate{}
		s.apps[app] = g
	}
	g.platform, g.facts = facts.Code, f
	g.least, g.most = levelBounds(facts, f)
	return g
}

func (s *Gates) free(app string, g *gate) int {
	return s.Found.most(app, g.facts, s.now(), s.level(g)) - g.busy
}

func (s *Gates) level(g *gate) int {
	if s.workers > 0 {
		return s.workers
	}
	return g.level.allowed(g.least, g.most)
}

// freeToClaim is free for a claim. What the pairs are worth that this process found says nothing of turns that spend none.
func (s *Gates) freeToClaim(app string, g *gate) int {
	if g.halted {
		return s.level(g) - g.busy
	}
	return s.free(app, g)
}

// Answered notes how long the platform took to answer a refresh of an app.
func (s *Gates) Answered(app string, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.apps[app]; g != nil && s.workers == 0 {
		g.level.answered(took, g.busy, time.Now())
		s.giveLocked(app, g, 0)
	}
}

// Overdone notes that the platform asked for fewer refreshes of an app, or did not answer one.
func (s *Gates) Overdone(app string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.apps[app]; g != nil && s.workers == 0 {
		g.level.refused(time.Now())
	}
}

// Take takes the places that are free now: none while only a few are and few is false. halted says that the app is stopped:
// whoever takes places for it refreshes nothing, whatever becomes of the stop meanwhile.
func (s *Gates) Take(app string, facts *platform.Facts, f platform.Refresh, few, halted bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.of(app, facts, f)
	g.halted = halted
	if len(g.queue) > 0 || !few && !s.worth(app, g) {
		return 0 // they came first, or a claim would cost more than it brings
	}
	n := max(s.freeToClaim(app, g), 0)
	g.busy += n
	return n
}

// Worth reports whether so many places of an app are free that a claim is worth its cost. A claim reads, writes and commits
// once for all the grants that it takes; made for each place that comes free it would cost more than the refreshes do.
func (s *Gates) Worth(app string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.apps[app]
	return g == nil || s.worth(app, g)
}

func (s *Gates) worth(app string, g *gate) bool {
	free := s.freeToClaim(app, g)
	return g.busy == 0 || free >= max(1, (g.busy+free)/4)
}

// Enter takes one place, for which it waits at most patience.
func (s *Gates) Enter(ctx context.Context, app string, facts *platform.Facts, f platform.Refresh, patience time.Duration) error {
	s.mu.Lock()
	g := s.of(app, facts, f)
	if len(g.queue) == 0 && s.free(app, g) > 0 {
		g.busy++
		s.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	g.queue = append(g.queue, turn)
	s.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var err error
	select {
	case <-turn:
		return nil
	case <-timer.C:
		err = ErrLongQueue
	case <-s.closed:
		err = ErrClosed
	case <-ctx.Done():
		err = ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range g.queue {
		if c == turn {
			g.queue = append(g.queue[:i], g.queue[i+1:]...)
			return err
		}
	}
	s.giveLocked(app, g, 1) // it was given at the same moment
	return err
}

// Give gives places back.
func (s *Gates) Give(app string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.apps[app]; g != nil {
		s.giveLocked(app, g, n)
	}
}

func (s *Gates) giveLocked(app string, g *gate, n int) {
	g.busy -= n
	for len(g.queue) > 0 && s.free(app, g) > 0 {
		close(g.queue[0])
		g.queue = g.queue[1:]
		g.busy++
	}
}

// New makes the gates of a process that began at a moment of product time.
func New(workers int, now func() time.Time) *Gates {
	return &Gates{workers: workers, Found: beginning{At: now()}, now: now, closed: make(chan struct{}), apps: make(map[string]*gate)}
}

// Close lets nobody wait any more.
func (s *Gates) Close() { close(s.closed) }
