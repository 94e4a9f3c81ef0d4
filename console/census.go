package console

import (
	"context"
	"slices"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/picture"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
)

// census is what is asked of all grants at once.
type census struct {
	at       time.Time // product time
	counts   []store.GrantCount
	troubled []gk.Grant
	ends     []store.EndCount
	apps     []gk.App
	full     bool // there is more trouble than is read
	inneed   map[string]bool
	tight    map[string]gk.Grant // by platform: who has used most of its present day, where that has a limit
}

// isTroubled reports whether a grant is among the troubled.
func (s *census) isTroubled(id string) bool { return s.inneed[id] }

// mostTroubled is how much trouble is read: beyond it nobody works through a list one by one.
const mostTroubled = 5000

// census counts everything for the pages of one zone.
func (c *console) census(ctx context.Context, zone *time.Location) (census, error) {
	now := c.keeper.Now()
	_, offset := now.In(zone).Zone()
	return c.counts.get(ctx, offset, func(ctx context.Context) (s census, err error) {
		v := gk.Viewer{Key: "console", Scopes: []gk.Scope{gk.ScopeRead}}
		s.at = now
		if s.counts, err = c.store.GrantCounts(ctx, v); err != nil {
			return s, err
		}
		if s.troubled, err = c.store.Troubled(ctx, v, mostTroubled); err != nil {
			return s, err
		}
		s.full = len(s.troubled) == mostTroubled
		s.inneed = make(map[string]bool, len(s.troubled))
		for i := range s.troubled {
			s.inneed[s.troubled[i].ID] = true
		}
		if s.apps, err = c.store.Apps(ctx, v, "", 0); err != nil && len(s.apps) == 0 {
			return s, err
		}
		if err = c.countTight(ctx, v, &s); err != nil {
			return s, err
		}
		s.ends, err = c.store.EndsByDay(ctx, v, now, now.AddDate(0, 0, picture.CalendarDays), time.Duration(offset)*time.Second)
		return s, err
	})
}

// known is how many grants and apps there were when they were last counted, for the menu. Nothing is counted for it.
func (c *console) known() map[string]int64 {
	s, there := c.counts.newest(func(a, b census) bool { return a.at.After(b.at) })
	if !there {
		return nil
	}
	return map[string]int64{"grants": s.inState(""), "apps": int64(len(s.apps))}
}

// environment is that of all apps, when they were last counted; empty where they are of several.
func (c *console) environment() string {
	s, _ := c.counts.newest(func(a, b census) bool { return a.at.After(b.at) })
	if len(s.apps) == 0 || slices.ContainsFunc(s.apps, func(a gk.App) bool { return a.Environment != s.apps[0].Environment }) {
		return ""
	}
	return s.apps[0].Environment
}

// countTight finds, for each platform whose day has a limit, the grant that has used most of it.
func (c *console) countTight(ctx context.Context, v gk.Viewer, s *census) error {
	s.tight = map[string]gk.Grant{}
	for _, d := range c.o.Drivers {
		spec := d.Spec()
		if spec.Facts.Limits.TokenCalls.Day == 0 || !slices.ContainsFunc(s.apps, func(a gk.App) bool { return a.Platform == spec.Code }) {
			continue
		}
		most, err := c.store.TopUses(ctx, v, spec.Code, lifecycle.DayOf(s.at, spec.Facts.Refresh), 1)
		if err != nil {
			return err
		}
		if len(most) == 1 {
			s.tight[spec.Code] = most[0]
		}
	}
	return nil
}

// inState is how many grants are in a state; all of them for the empty one.
func (s *census) inState(state gk.State) (n int64) {
	for _, c := range s.counts {
		if state == "" || c.State == state {
			n += c.N
		}
	}
	return n
}

func (s *census) inApp(app string) (n int64) {
	for _, c := range s.counts {
		if c.App == app && c.State != gk.Revoked && c.State != gk.Expired {
			n += c.N
		}
	}
	return n
}

// app returns an app by its id; the zero one if there is none.
func (s *census) app(id string) gk.App {
	for _, a := range s.apps {
		if a.ID == id {
			return a
		}
	}
	return gk.App{}
}

// patience is how long a page waits for a fresh count before it shows the last one with its time.
const patience = 100 * time.Millisecond

// countingTime ends a count that hangs.
const countingTime = time.Minute

// lately holds the last answer to a question that may be slow, by key. A fresh one is asked for each time, one at a time.
type lately[T any] struct {
	now func() time.Time

	mu    sync.Mutex
	known map[int]T
	under map[int]chan struct{}
	err   error
}

// newest is the last answer of all; false where there is none yet.
func (l *lately[T]) newest(newer func(a, b T) bool) (last T, there bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range l.known {
		if !there || newer(one, last) {
			last, there = one, true
		}
	}
	return last, there
}

func (l *lately[T]) get(ctx context.Context, key int, ask func(context.Context) (T, error)) (T, error) {
	l.mu.Lock()
	if l.known == nil {
		l.known, l.under = map[int]T{}, map[int]chan struct{}{}
	}
	done := l.under[key]
	if done == nil {
		done = make(chan struct{})
		l.under[key] = done
		go func() { // it ends with its own limit of time, so that the one who asked may leave
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countingTime)
			defer cancel()
			fresh, err := ask(ctx)
			l.mu.Lock()
			defer l.mu.Unlock()
			if l.err = err; err == nil {
				l.known[key] = fresh
			}
			delete(l.under, key)
			close(done)
		}()
	}
	last, there := l.known[key]
	l.mu.Unlock()
	var late <-chan time.Time
	if there {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-done:
		l.mu.Lock()
		defer l.mu.Unlock()
		if fresh, ok := l.known[key]; ok && (l.err == nil || there) {
			return fresh, nil
		}
		return last, l.err
	case <-late:
		return last, nil
	case <-ctx.Done():
		return last, ctx.Err()
	}
}
