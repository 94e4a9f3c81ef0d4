package together

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestWhatIsAskedMeanwhileIsOnePieceOfWork has one ask, and seven more while its work is under way, of whom at most five go
// into one piece. Each gets its own answer, and callers that end harm nobody.
func TestWhatIsAskedMeanwhileIsOnePieceOfWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		odd := errors.New("made up")
		var lots []int
		l := NewLine(5, func(ctx context.Context, lot []*Ask[int, int]) {
			if ctx.Err() != nil {
				t.Errorf("the work's context ended: %v", ctx.Err())
			}
			time.Sleep(time.Second)
			lots = append(lots, len(lot))
			for _, one := range lot {
				if one.Asked%2 == 1 {
					one.Answer(0, odd)
					continue
				}
				go one.Answer(2*one.Asked, nil) // later than the piece of work
			}
		})
		ended, end := context.WithCancel(t.Context())
		var all sync.WaitGroup
		ask := func(n int) {
			all.Go(func() {
				got, err := l.Ask(ended, n)
				if n%2 == 1 && !errors.Is(err, odd) || n%2 == 0 && (err != nil || got != 2*n) {
					t.Errorf("Ask(%d) = %d, %v", n, got, err)
				}
			})
		}
		ask(0)
		synctest.Wait() // it is under way
		end()
		for n := range 7 {
			ask(1 + n)
		}
		all.Wait()
		synctest.Wait()
		if want := []int{1, 5, 2}; !slices.Equal(lots, want) {
			t.Errorf("pieces of work for %v, want %v", lots, want)
		}
		if l.busy || len(l.waiting) > 0 {
			t.Error("it goes on though nobody waits")
		}
	})
}
