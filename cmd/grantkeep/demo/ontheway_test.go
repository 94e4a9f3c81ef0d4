package demo

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/sim"
)

// TestTurnsWaitWhileTheClockIsOnItsWay moves a clock ten days in hourly stops: an app whose messages are due every minute has its
// turn once a day, where a list has to be compared, and at the end.
func TestTurnsWaitWhileTheClockIsOnItsWay(t *testing.T) {
	clock := sim.NewClock()
	d := &Demonstration{Sims: &sim.Running{Clock: clock}}
	begun := clock.Now()
	compared := begun.Add(30 * time.Hour)
	app := gk.App{DueAt: begun}
	var turns []time.Time
	turn := d.onTheWay(func(_ context.Context, a gk.App) error {
		now := clock.Now()
		turns = append(turns, now)
		app.DueAt = now.Add(time.Minute)
		if !now.Before(compared) {
			app.Cursors = nil
		}
		return nil
	})
	app.Cursors = map[string]string{apps.CursorNextCensus: strconv.FormatInt(compared.UnixMilli(), 10)}
	clock.Register(sim.Hook{
		Next:   func(from, _ time.Time) time.Time { return from.Add(time.Hour) },
		Settle: func(ctx context.Context, _ time.Time) error { return turn(ctx, app) },
	})
	if err := clock.Advance(t.Context(), 240*time.Hour); err != nil {
		t.Fatal(err)
	}
	if n := len(turns); n < 9 || n > 13 {
		t.Errorf("%d turns in ten days, want about one a day", n)
	}
	if !slices.ContainsFunc(turns, func(at time.Time) bool { return !at.Before(compared) && at.Before(compared.Add(2*time.Hour)) }) {
		t.Errorf("no turn when the list had to be compared: %v", turns)
	}
	if last := turns[len(turns)-1]; last.Before(begun.Add(240 * time.Hour)) {
		t.Errorf("the last turn was at %s, before the way's end", last)
	}
	before := len(turns)
	if err := turn(t.Context(), app); err != nil || len(turns) != before+1 {
		t.Errorf("a turn while the clock stands = %v, and %d turns, want one more", err, len(turns)-before)
	}
}
