package notify

import (
	"context"
	"errors"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

const (
	aheadEvery  = time.Minute      // on the real clock, and by product time
	behindAfter = 15 * time.Minute // work that has been due for longer is late
	behindFor   = 5 * time.Minute  // and told once it was late for so long: what catches up by itself needs nobody
	behindAgain = 24 * time.Hour   // and again after that
)

// ahead looks at what no grant and no app can tell of itself: whether all the work of a platform keeps to its plan.
type ahead struct {
	*News

	lookedAt, lookAt time.Time            // real, and product time
	late             map[string]time.Time // platform: since when this process has seen it late
	well             map[string]bool      // platform: it keeps to its plan, and whoever heard of the contrary was told
}

func newAhead(n *News) *ahead {
	return &ahead{News: n, late: map[string]time.Time{}, well: map[string]bool{}}
}

// pass looks, unless it did so a moment ago.
func (a *ahead) pass(ctx context.Context) error {
	real, now := time.Now(), a.o.Keeper.Now()
	if real.Sub(a.lookedAt) < aheadEvery && now.Sub(a.lookAt) < aheadEvery {
		return nil
	}
	backlogs, err := a.o.Store.Backlogs(ctx, now)
	if err != nil {
		return err
	}
	a.lookedAt, a.lookAt = real, now
	var errs []error
	for _, b := range backlogs {
		if a.o.Keeper.Apps().Driver(b.Platform) == nil {
			continue // its apps are told of as broken
		}
		errs = append(errs, a.platform(ctx, b, now))
	}
	return errors.Join(errs...)
}

// platform tells that the work of a platform has fallen behind, and that it has caught up.
func (a *ahead) platform(ctx context.Context, b store.Backlog, now time.Time) error {
	name := "behind " + b.Platform
	if b.Oldest.IsZero() || now.Sub(b.Oldest) <= behindAfter {
		delete(a.late, b.Platform)
		if a.well[b.Platform] {
			return nil
		}
		_, err := a.o.Store.TellOver(ctx, name, systemEvent(gk.EventSystemCaughtUp, now, map[string]any{"platform": b.Platform}))
		a.well[b.Platform] = err == nil
		return err
	}
	a.well[b.Platform] = false
	since, seen := a.late[b.Platform]
	if !seen {
		a.late[b.Platform] = now
		return nil
	}
	if now.Sub(since) < behindFor {
		return nil
	}
	_, err := a.o.Store.TellOnce(ctx, name, now, now.Add(behindAgain), systemEvent(gk.EventSystemBehind, now, map[string]any{
		"platform": b.Platform, "since": b.Oldest.Format(time.RFC3339), "minutes": int64(now.Sub(b.Oldest) / time.Minute),
	}))
	return err
}

func systemEvent(kind string, now time.Time, data map[string]any) gk.Event {
	return gk.Event{ID: gk.NewID("evt", now), Kind: kind, Actor: "engine", At: now, Data: data}
}
