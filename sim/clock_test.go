package sim_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

func TestClockStopsWhereSomethingFallsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := sim.NewClock()
		begin := c.Now()
		due := begin.Add(time.Hour)
		var stops []time.Duration
		c.Register(sim.Hook{
			Next: func(from, to time.Time) time.Time { return due },
			Settle: func(_ context.Context, now time.Time) error {
				stops = append(stops, now.Sub(begin))
				for !due.After(now) {
					due = due.Add(time.Hour)
				}
				return nil
			},
		})
		if err := c.Advance(t.Context(), 150*time.Minute); err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{time.Hour, 2 * time.Hour, 150 * time.Minute}
		if !slices.Equal(stops, want) {
			t.Errorf("stops = %v, want %v", stops, want)
		}
		if s := c.State(); s.Steps != 3 || !s.Now.Equal(s.Target) || !s.Now.Equal(begin.Add(150*time.Minute)) {
			t.Errorf("state = %+v", s)
		}
	})
}

func TestClockGoesOnByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := sim.NewClock()
		begin := c.Now()
		if err := c.Advance(t.Context(), 24*time.Hour); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := c.Now().Sub(begin); got != 24*time.Hour+time.Minute {
			t.Errorf("clock stands at +%v, want a day and a minute", got)
		}
		if err := c.Set(t.Context(), begin); err != nil {
			t.Fatal(err)
		}
		if !c.Now().Equal(begin) {
			t.Errorf("clock set back stands at %v, want %v", c.Now(), begin)
		}
	})
}

func TestClockWaitsForWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := sim.NewClock()
		release := c.Hold()
		begin := c.Now()
		var moved sync.WaitGroup
		moved.Go(func() {
			if err := c.Advance(t.Context(), time.Hour); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		if got := c.Now().Sub(begin); got != 0 {
			t.Errorf("clock moved by %v while it was held", got)
		}
		moved.Go(func() { c.Hold()() }) // comes too late: it sees the time after the jump
		synctest.Wait()
		release()
		moved.Wait()
		if got := c.Now().Sub(begin); got != time.Hour {
			t.Errorf("clock moved by %v, want an hour", got)
		}
	})
}

func TestAdvanceWhileItMovesGoesFurther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := sim.NewClock()
		begin := c.Now()
		c.Register(sim.Hook{Settle: func(context.Context, time.Time) error {
			time.Sleep(time.Second)
			return nil
		}})
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				if err := c.Advance(t.Context(), time.Hour); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if got := c.Now().Sub(begin); got < 2*time.Hour || got > 2*time.Hour+5*time.Second {
			t.Errorf("clock moved by %v, want two hours", got)
		}
	})
}

// TestPushesAreRepeatedOnTheMovableClock runs a whole simulator, its server and a receiver in one bubble.
func TestPushesAreRepeatedOnTheMovableClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startToy(t)
		begin := s.Clock.Now()
		var mu sync.Mutex
		var came []time.Duration
		l, err := s.memory.Listen("127.0.0.1:9000")
		if err != nil {
			t.Fatal(err)
		}
		receiver := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			came = append(came, s.Clock.Now().Sub(begin).Truncate(time.Minute))
			io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusInternalServerError)
		})}
		var serving sync.WaitGroup
		serving.Go(func() { receiver.Serve(l) })
		defer serving.Wait()
		defer receiver.Close()

		s.do("POST", "/toy/apps", `{"key":"app-1","push_url":"http://127.0.0.1:9000/push"}`)
		s.do("POST", "/toy/revoke", `{"subject":"1"}`)
		synctest.Wait()
		if err := s.Clock.Advance(t.Context(), 90*time.Minute); err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Hour) // nobody moves the clock: it comes to the same
		mu.Lock()
		defer mu.Unlock()
		if want := []time.Duration{0, time.Hour, 25 * time.Hour}; !slices.Equal(came, want) {
			t.Errorf("pushes came after %v, want %v", came, want)
		}
	})
}

func TestAYearInHourlyStepsIsQuick(t *testing.T) {
	c := sim.NewClock()
	c.Register(sim.Hook{Next: func(from, to time.Time) time.Time { return from.Truncate(time.Hour).Add(time.Hour) }})
	begun := time.Now()
	if err := c.Advance(t.Context(), 365*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 2*time.Minute {
		t.Errorf("a year in hourly steps took %v", took)
	}
	if steps := c.State().Steps; steps < 8760 || steps > 8762 {
		t.Errorf("steps = %d, want one for each hour", steps)
	}
}
