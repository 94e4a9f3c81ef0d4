package storetest

import (
	"sync"
	"testing"

	"github.com/grantkeep/grantkeep/store"
)

func marks(t *testing.T, s store.Store) {
	fresh, err := s.Marked(t.Context())
	if err != nil || fresh.N != 0 || fresh.Place == "" || fresh.Noted != "" || fresh.Moved() {
		t.Errorf("Marked of an empty store = %+v, %v; want a place, and nothing noted", fresh, err)
	}
	seen := map[int64]bool{}
	var mu sync.Mutex
	var markers sync.WaitGroup
	for range 10 {
		markers.Go(func() {
			m, err := s.Mark(t.Context(), 0)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || seen[m.N] || m.Moved() {
				t.Errorf("Mark = %+v, %v, want a number that nobody got", m, err)
			}
			seen[m.N] = true
		})
	}
	markers.Wait()
	if m, err := s.Marked(t.Context()); err != nil || m.N != 10 || m.Noted != fresh.Place || m.Moved() {
		t.Errorf("Marked after ten = %+v, %v", m, err)
	}
	if m, err := s.Mark(t.Context(), 100); err != nil || m.N != 101 {
		t.Errorf("Mark above 100 = %+v, %v", m, err)
	}
}
