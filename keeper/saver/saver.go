// Package saver stores pairs that come together in one commit.
package saver

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

// answerPatience is how long the database may take to show that it answers.
const answerPatience = 800 * time.Millisecond

// mostTogether bounds one commit, and so how long its first pair waits for the last.
const mostTogether = 512

// Saver stores pairs whose turns end at about the same time in one commit. It waits for nobody: a commit takes the pairs
// that came while the one before was under way, and the first takes one. Each is answered after its commit, for itself.
// No row makes the others wait: one that somebody holds is left out, and one that is refused is saved by itself.
type Saver struct {
	store   store.Store
	isolate func(what, id string, work func() error) error

	mu      sync.Mutex
	waiting []*saving
	busy    bool
}

// saving is a pair that waits for its commit.
type saving struct {
	refresh store.Refreshed
	done    chan struct{}
	saved   bool
	err     error
}

// Save stores a pair and returns after its commit. saved is false for one about which UpdateGrant decides.
func (s *Saver) Save(ctx context.Context, r store.Refreshed) (saved bool, err error) {
	one := &saving{refresh: r, done: make(chan struct{})}
	s.mu.Lock()
	s.waiting = append(s.waiting, one)
	if !s.busy {
		s.busy = true
		go s.run(context.WithoutCancel(ctx))
	}
	s.mu.Unlock()
	<-one.done
	return one.saved, one.err
}

// run commits until nobody waits.
func (s *Saver) run(ctx context.Context) {
	for {
		s.mu.Lock()
		n := min(len(s.waiting), mostTogether)
		if n == 0 {
			s.busy = false
			s.mu.Unlock()
			return
		}
		lot := s.waiting[:n:n]
		s.waiting = s.waiting[n:]
		s.mu.Unlock()
		s.commit(ctx, lot)
	}
}

// commit saves a lot and answers each. Where the database refuses the lot although it answers, one of its rows is in the
// way, and each is saved by itself.
func (s *Saver) commit(ctx context.Context, lot []*saving) {
	rs := make([]store.Refreshed, len(lot))
	for i, one := range lot {
		rs[i] = one.refresh
	}
	var saved []bool
	err := s.isolate("save", "", func() (err error) {
		saved, err = s.store.SaveRefreshes(ctx, rs)
		return err
	})
	if err != nil && (!errors.Is(err, store.ErrUnavailable) || s.answers(ctx)) {
		for _, one := range lot {
			go func() {
				defer close(one.done)
				one.err = s.isolate("save", one.refresh.Grant, func() (err error) {
					one.saved, err = s.store.SaveRefresh(ctx, one.refresh)
					return err
				})
			}()
		}
		return
	}
	for i, one := range lot {
		one.saved, one.err = err == nil && saved[i], err
		close(one.done)
	}
}

// answers reports whether the database answers what is not about the rows.
func (s *Saver) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	return s.store.Ping(ctx) == nil
}

// New makes a saver. isolate keeps the failure of one piece of work to itself.
func New(s store.Store, isolate func(what, id string, work func() error) error) *Saver {
	return &Saver{store: s, isolate: isolate}
}
