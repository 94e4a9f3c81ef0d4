package notify

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestSharedWorkIsDoneForManyAtOnce asks a hundred times while a piece of work is under way: all of them are one piece, each
// gets its own answer, and one that spoils it spoils it for itself alone.
func TestSharedWorkIsDoneForManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spoiled := errors.New("made up")
		var mu sync.Mutex
		var lots []int
		s := shared(func(_ context.Context, asked []int) ([]int, error) {
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			lots = append(lots, len(asked))
			if slices.Contains(asked, 13) {
				return nil, spoiled
			}
			if slices.Contains(asked, 14) {
				panic("made up")
			}
			answers := make([]int, len(asked))
			for i, n := range asked {
				answers[i] = 2 * n
			}
			return answers, nil
		})
		var all sync.WaitGroup
		ask := func(n int) {
			all.Go(func() {
				got, err := s.Ask(t.Context(), n)
				switch {
				case n == 13 && !errors.Is(err, spoiled), n == 14 && err == nil, n != 13 && n != 14 && (err != nil || got != 2*n):
					t.Errorf("ask(%d) = %d, %v", n, got, err)
				}
			})
		}
		for n := range 100 {
			ask(100 + n)
		}
		all.Wait()
		if len(lots) > 2 || lots[0]+lots[len(lots)-1] < 100 {
			t.Errorf("100 that ask at once are worked on as %v, want two pieces at most", lots)
		}
		lots = nil
		ask(1)
		synctest.Wait() // it is under way
		for n := range 4 {
			ask(11 + n)
		}
		all.Wait()
		if want := []int{1, 4, 1, 1, 1, 1}; !slices.Equal(lots, want) {
			t.Errorf("lots = %v, want %v: each by itself after one is refused", lots, want)
		}
	})
}
