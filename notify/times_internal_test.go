package notify

import (
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

func TestQuietHoursOverMidnightAndChangesOfTheClock(t *testing.T) {
	utc := func(text string) time.Time {
		at, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, c := range []struct{ from, until, zone, now, want string }{
		{"22:00", "08:00", "Asia/Shanghai", "2026-03-01 14:00", "2026-03-02 00:00"}, // just begun
		{"22:00", "08:00", "Asia/Shanghai", "2026-03-01 23:59", "2026-03-02 00:00"}, // the next morning
		{"22:00", "08:00", "Asia/Shanghai", "2026-03-02 00:00", ""},                 // just over
		{"22:00", "08:00", "Asia/Shanghai", "2026-03-01 13:59", ""},
		{"12:00", "13:30", "Asia/Shanghai", "2026-03-01 05:00", "2026-03-01 05:30"}, // within a day
		{"22:00", "07:00", "Europe/Berlin", "2026-03-28 22:00", "2026-03-29 05:00"}, // a night without 02:30
		{"22:00", "07:00", "Europe/Berlin", "2026-03-29 05:00", ""},
		{"22:00", "07:00", "Europe/Berlin", "2026-10-25 05:59", "2026-10-25 06:00"}, // a night with 02:30 twice
		{"22:00", "07:00", "Europe/Berlin", "2026-10-25 06:00", ""},
		{"22:00", "02:30", "Europe/Berlin", "2026-03-29 00:45", "2026-03-29 01:30"}, // it ends at a time that is not there
		{"23:30", "01:30", "America/Sao_Paulo", "2026-12-31 03:00", "2026-12-31 04:30"},
	} {
		got := quietUntil(&store.Quiet{From: c.from, Until: c.until, Zone: c.zone}, utc(c.now))
		text := ""
		if !got.IsZero() {
			text = got.UTC().Format("2006-01-02 15:04")
		}
		if text != c.want {
			t.Errorf("%s-%s %s at %s: quiet until %q, want %q", c.from, c.until, c.zone, c.now, text, c.want)
		}
	}
}

func TestNoMinuteHasMoreThanTwentyMessages(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 50, 0, time.UTC)
	state := map[string]int64{"grant.expired app_1 x": now.UnixMilli()}
	var sent []time.Time
	for range 1000 { // two minutes and more
		if slot, wait := slotFor(state, now); wait.IsZero() {
			state[slot] = now.UnixMilli()
			sent = append(sent, now)
		} else if !wait.After(now) || wait.Sub(now) > time.Minute {
			t.Fatalf("at %v it waits until %v", now, wait)
		}
		forget(state, now)
		now = now.Add(137 * time.Millisecond)
	}
	for i := perMinute; i < len(sent); i++ {
		if sent[i].Sub(sent[i-perMinute]) < time.Minute {
			t.Fatalf("message %d went out %v after the one twenty before", i, sent[i].Sub(sent[i-perMinute]))
		}
	}
	if len(sent) != 3*perMinute || len(state) != perMinute+1 {
		t.Errorf("%d messages in 137 seconds, %d things remembered", len(sent), len(state))
	}
	if _, wait := slotFor(state, now.Add(-time.Hour)); !wait.IsZero() {
		t.Errorf("a clock that was set back waits until %v", wait)
	}
}

func TestMessageWaitsWhileMoreOfItsGroupCome(t *testing.T) {
	begun := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(seconds ...int) (g group) {
		for _, s := range seconds {
			g.deliveries = append(g.deliveries, store.Delivery{CreatedAt: begun.Add(time.Duration(s) * time.Second)})
		}
		return g
	}
	again := at(0, 9)
	again.deliveries[0].Attempts = 1
	for name, c := range map[string]struct {
		g         group
		now, want int // seconds; 0: it goes at once
	}{
		"one, at once":           {at(0), 0, 3},
		"one, after a moment":    {at(0), 3, 0},
		"many, one just came":    {at(0, 1, 9), 10, 12},
		"many, none comes":       {at(9, 1, 0), 12, 0},
		"they come all the time": {at(0, 10, 20, 29), 29, 30},
		"for too long":           {at(0, 10, 20, 30), 30, 0},
		"tried before":           {again, 10, 0},
	} {
		got := c.g.comingUntil(begun.Add(time.Duration(c.now) * time.Second))
		if want := begun.Add(time.Duration(c.want) * time.Second); c.want == 0 && !got.IsZero() || c.want > 0 && !got.Equal(want) {
			t.Errorf("%s: waits until %v, want %d seconds", name, got, c.want)
		}
	}
}
