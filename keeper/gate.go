package keeper

import (
	"context"
	"errors"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
)

// enter passes the gate of an app for one renewal: it waits for a place, and while the app is stopped it lets nobody
// through but a person (the scheduler has the probe). The app's own token waits for no place, since those who have one may
// wait for it. The caller leaves when the renewal has ended.
func (k *Keeper) enter(ctx context.Context, id string, person, own bool) (a apps.Opened, leave func(), err error) {
	a, err = k.apps.OpenByID(ctx, id)
	var b *apps.Broken
	if errors.As(err, &b) {
		err = &Later{Err: ErrSuspended, After: probeInterval, Fault: apps.BrokenFault(a.App, b.Code)}
	}
	if err != nil {
		return a, nil, err
	}
	if _, ok := a.Driver.(platform.Renewer); !ok {
		return a, nil, ErrNotRenewable
	}
	if err = k.stands(a.App, person); err != nil {
		return a, nil, err
	}
	if own {
		return a, func() {}, nil
	}
	f := apps.RenewalOf(a.Driver, a.App)
	if err = k.gates.enter(ctx, id, a.Driver.Spec().Facts, f, longestWait); err != nil {
		return a, nil, err
	}
	leave = func() { k.gates.give(id, 1) }
	if k.found.careful(id, f, k.Now()) { // a stop may have been written while this waited, and each renewal that does not see it costs a grant
		if a, err = k.apps.OpenByID(ctx, id); err == nil {
			err = k.stands(a.App, person)
		}
	}
	if err != nil {
		leave()
	}
	if person && a.App.Stop == gk.StopAsking {
		a.App.Stop = "" // a person's word needs no asking
	}
	return a, leave, err
}

// stands returns what an app's stop means for a renewal.
func (k *Keeper) stands(app gk.App, person bool) error {
	if !app.Stopped() || person {
		return nil
	}
	return &Later{Err: ErrSuspended, After: min(max(app.PausedUntil.Sub(k.Now()), time.Second), probeInterval), Fault: app.Fault}
}

// gates holds one gate per app, the only way to its platform for whoever renews: the scheduler, readers, people and
// pushes. It lets as many through as the app's level allows, and fewer while the database may be an old one.
type gates struct {
	workers int // for every app; 0: each app finds its own level
	found   *beginning
	now     func() time.Time
	closed  chan struct{} // when the process stops: who waits for a place leaves

	mu   sync.Mutex
	apps map[string]*gate
}

// gate counts the renewals of one app that are under way. Who waits comes in the order of arrival.
type gate struct {
	platform    string
	facts       platform.Renewal // as last heard
	least, most int
	level       level
	busy        int
	queue       []chan struct{}
}

func (s *gates) of(app string, facts *platform.Facts, f platform.Renewal) *gate {
	g := s.apps[app]
	if g == nil {
		g = &gate{}
		s.apps[app] = g
	}
	g.platform, g.facts = facts.Code, f
	g.least, g.most = levelBounds(facts, f)
	return g
}

func (s *gates) free(app string, g *gate) int {
	workers := s.workers
	if workers == 0 {
		workers = g.level.allowed(g.least, g.most)
	}
	return s.found.most(app, g.facts, s.now(), workers) - g.busy
}

// answered notes how long the platform took to answer a renewal of an app.
func (s *gates) answered(app string, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.apps[app]; g != nil && s.workers == 0 {
		g.level.answered(took, g.busy, time.Now())
		s.giveLocked(app, g, 0)
	}
}

// overdone notes that the platform asked for fewer renewals of an app, or did not answer one.
func (s *gates) overdone(app string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.apps[app]; g != nil && s.workers == 0 {
		g.level.refused(time.Now())
	}
}

// take takes the places that are free now.
func (s *gates) take(app string, facts *platform.Facts, f platform.Renewal) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.of(app, facts, f)
	if len(g.queue) > 0 {
		return 0 // they came first
	}
	n := max(s.free(app, g), 0)
	g.busy += n
	return n
}

// enter takes one place, for which it waits at most patience.
func (s *gates) enter(ctx context.Context, app string, facts *platform.Facts, f platform.Renewal, patience time.Duration) error {
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
		err = &Later{Err: ErrRefreshing, After: time.Second}
	case <-s.closed:
		err = ErrDraining
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

// give gives places back.
func (s *gates) give(app string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.apps[app]; g != nil {
		s.giveLocked(app, g, n)
	}
}

func (s *gates) giveLocked(app string, g *gate, n int) {
	g.busy -= n
	for len(g.queue) > 0 && s.free(app, g) > 0 {
		close(g.queue[0])
		g.queue = g.queue[1:]
		g.busy++
	}
}
