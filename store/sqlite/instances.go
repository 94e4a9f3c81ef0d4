package sqlite

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

// Announce implements [store.Instances]. The lock on the directory has proved that no other process is at work.
func (s *Store) Announce(ctx context.Context, identity, version string) (string, error) {
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	n, err := s.Announced(ctx, identity, version, true, now)
	if err != nil {
		return "", err
	}
	by := store.ByOf(identity, n)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.living == nil {
		s.living = make(map[string]bool)
	}
	s.living[by] = true
	return by, nil
}

// Seen implements [store.Instances]: the lock tells.
func (s *Store) Seen(context.Context) error { return nil }

// Dead implements [store.Instances]: who did not announce themselves by this process are dead.
func (s *Store) Dead(ctx context.Context) ([]store.Gone, error) {
	s.mu.Lock()
	announced := len(s.living) > 0
	s.mu.Unlock()
	if !announced {
		return nil, nil
	}
	all, err := s.Attempting(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var dead []store.Gone
	for _, by := range all {
		if !s.living[by] {
			dead = append(dead, store.Gone{By: by, Sure: true})
		}
	}
	return dead, nil
}

// Processes implements [store.Instances]: nobody but this process works on the database.
func (s *Store) Processes(ctx context.Context) ([]store.Process, error) {
	all, err := s.Store.Processes(ctx, "0")
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(all, func(p store.Process) bool { return !s.living[p.By] }), err
}
