package keeper

import (
	"context"
	"errors"
	"sync"

	"github.com/grantkeep/grantkeep/store"
)

// mostTogether bounds one commit, and so how long its first pair waits for the last.
const mostTogether = 512

// saver stores pairs whose turns end at about the same time in one commit. It waits for nobody: a commit takes the pairs
// that came while the one before was under way, and the first takes one. Each is answered after its commit, for itself.
// No row makes the others wait: one that somebody holds is left out, and one that is refused is saved by itself.
type saver struct {
	store   store.Store
	isolate func(what, id string, work func() error) error

	mu      sync.Mutex
	waiting []*saving
	busy    bool
}

// saving is a pair that waits for its commit.
type saving struct {
	renewal store.Renewal
	done    chan struct{}
	saved   bool
	err     error
}

// save stores a pair and returns after its commit. saved is false for one about which UpdateGrant decides.
func (s *saver) save(ctx context.Context, r store.Renewal) (saved bool, err error) {
	one := &saving{renewal: r, done: make(chan struct{})}
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
func (s *saver) run(ctx context.Context) {
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
func (s *saver) commit(ctx context.Context, lot []*saving) {
	rs := make([]store.Renewal, len(lot))
	for i, one := range lot {
		rs[i] = one.renewal
	}
	var saved []bool
	err := s.isolate("save", "", func() (err error) {
		saved, err = s.store.SaveRenewals(ctx, rs)
		return err
	})
	if err != nil && (!errors.Is(err, store.ErrUnavailable) || s.answers(ctx)) {
		for _, one := range lot {
			go func() {
				defer close(one.done)
				one.err = s.isolate("save", one.renewal.Grant, func() (err error) {
					one.saved, err = s.store.SaveRenewal(ctx, one.renewal)
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
func (s *saver) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, unknownPatience)
	defer cancel()
	return s.store.Ping(ctx) == nil
}
