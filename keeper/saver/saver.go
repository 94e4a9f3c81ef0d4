// Package saver stores pairs that come together in one commit.
package saver

import (
	"context"
	"errors"
	"time"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/together"
)

// answerPatience is how long the database may take to show that it answers.
const answerPatience = 800 * time.Millisecond

// mostTogether bounds one commit, and so how long its first pair waits for the last.
const mostTogether = 512

// Saver stores pairs whose turns end at about the same time in one commit. Each is answered after its commit, for itself.
// No row makes the others wait: one that somebody holds is left out, and one that is refused is saved by itself.
type Saver struct {
	store   store.Store
	isolate func(what, id string, work func() error) error
	line    *together.Line[store.Refreshed, bool]
}

// saving is a pair that waits for its commit. Its answer is false for one about which UpdateGrant decides.
type saving = together.Ask[store.Refreshed, bool]

// New makes a saver. isolate keeps the failure of one piece of work to itself.
func New(s store.Store, isolate func(what, id string, work func() error) error) *Saver {
	saver := &Saver{store: s, isolate: isolate}
	saver.line = together.NewLine(mostTogether, saver.commit)
	return saver
}

// Save stores a pair and returns after its commit. saved is false for one about which UpdateGrant decides.
func (s *Saver) Save(ctx context.Context, r store.Refreshed) (saved bool, err error) {
	return s.line.Ask(ctx, r)
}

// commit saves a lot and answers each. Where the database refuses the lot although it answers, one of its rows is in the
// way, and each is saved by itself.
func (s *Saver) commit(ctx context.Context, lot []*saving) {
	rs := make([]store.Refreshed, len(lot))
	for i, one := range lot {
		rs[i] = one.Asked
	}
	var saved []bool
	err := s.isolate("save", "", func() (err error) {
		saved, err = s.store.SaveRefreshes(ctx, rs)
		return err
	})
	if err != nil && (!errors.Is(err, store.ErrUnavailable) || s.answers(ctx)) {
		for _, one := range lot {
			go s.saveAlone(ctx, one)
		}
		return
	}
	for i, one := range lot {
		one.Answer(err == nil && saved[i], err)
	}
}

func (s *Saver) saveAlone(ctx context.Context, one *saving) {
	var saved bool
	err := s.isolate("save", one.Asked.Grant, func() (err error) {
		saved, err = s.store.SaveRefresh(ctx, one.Asked)
		return err
	})
	one.Answer(saved, err)
}

// answers reports whether the database answers what is not about the rows.
func (s *Saver) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	return s.store.Ping(ctx) == nil
}
