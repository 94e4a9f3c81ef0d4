package apps

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
)

// ErrStopped says that an administrator has stopped the app: none of its tokens is served, refreshed or used.
var ErrStopped = errors.New("keeper: an administrator has stopped this app")

const (
	stopsFresh    = 750 * time.Millisecond // a stop is heard of everywhere within a second
	stopsPatience = 100 * time.Millisecond // for one look at the database
)

// stops is what this process knows of the apps that are stopped. It is read before every token, so that reading it costs
// nothing; the list is looked at again when it is older than stopsFresh, on real, monotonic time. While the database is
// away what was known last counts.
type stops struct {
	known   atomic.Pointer[map[string]bool]
	next    atomic.Int64 // nanoseconds since begun from which the list is looked at again
	begun   time.Time
	looking sync.Mutex
	epoch   atomic.Int64 // of the list: what was asked for in an earlier one is outdated
}

// outdate has the list looked at again by the next reader. What a look under way brings does not count.
func (s *stops) outdate() {
	s.epoch.Add(1)
	s.next.Store(0)
}

// set notes what this process has changed itself: it goes by that also while the database is slow to tell.
func (s *stops) set(app string, stopped bool) {
	defer s.outdate()
	for {
		before := s.known.Load()
		if before == nil {
			return // the first look reads everything
		}
		known := maps.Clone(*before)
		known[app] = stopped
		if s.known.CompareAndSwap(before, &known) {
			return
		}
	}
}

// SetStopped stops an app, or starts it again. Every instance hears of it within a second.
func (r *Registry) SetStopped(ctx context.Context, v gk.Viewer, id string, stop bool) error {
	now := r.now()
	change := "started"
	if stop {
		change = "stopped"
	} else if err := r.resume(ctx, v, id, now); err != nil {
		return err
	}
	_, err := r.store.StopApp(ctx, v, id, stop, now, gk.Event{
		ID: gk.NewID("evt", now), Kind: gk.EventAppChanged, Actor: v.Key, App: id, At: now, Data: map[string]any{"change": change},
	})
	if err != nil {
		return err
	}
	r.log.WarnContext(ctx, "an app was "+change, "app", id, "by", v.Key)
	r.stops.set(id, stop)
	r.changed(ctx, id, !stop)
	return nil
}

// resume notes that what the stop of an app put off is to be made due, before the stop ends: the note is heeded once it has.
func (r *Registry) resume(ctx context.Context, v gk.Viewer, id string, now time.Time) error {
	return r.store.UpdateApp(ctx, v, id, now, func(app *gk.App) ([]gk.Event, error) {
		lifecycle.Resume(app, now)
		return nil, nil
	})
}

// StoppedNow reports whether an administrator has stopped an app, as the database says. Where this process knew otherwise,
// its list is looked at again.
func (r *Registry) StoppedNow(ctx context.Context, app string) (bool, error) {
	ids, err := r.store.StoppedApps(ctx)
	if err != nil {
		return false, err
	}
	now := slices.Contains(ids, app)
	if known := r.stops.known.Load(); known != nil && (*known)[app] != now {
		r.stops.outdate()
	}
	return now, nil
}

// Stopped reports whether an app is stopped.
func (r *Registry) Stopped(app string) bool {
	s := &r.stops
	if int64(time.Since(s.begun)) >= s.next.Load() {
		r.LookAtStops(0)
	}
	known := s.known.Load()
	return known != nil && (*known)[app]
}

// LookAtStops reads the list if it is to be looked at within a while. While one caller reads, others go by what is known.
func (r *Registry) LookAtStops(ahead time.Duration) {
	s := &r.stops
	if s.known.Load() == nil {
		s.looking.Lock()
	} else if !s.looking.TryLock() {
		return
	}
	defer s.looking.Unlock()
	if int64(time.Since(s.begun)+ahead) < s.next.Load() {
		return
	}
	begun, epoch, before := time.Since(s.begun), s.epoch.Load(), s.known.Load()
	ctx, cancel := context.WithTimeout(context.Background(), stopsPatience)
	defer cancel()
	ids, err := r.store.StoppedApps(ctx)
	s.next.Store(int64(begun + stopsFresh))
	if err != nil {
		s.next.Store(int64(time.Since(s.begun) + stopsFresh)) // whoever reads must not wait each time
		return
	}
	if s.epoch.Load() != epoch {
		s.next.Store(0)
		return
	}
	known := make(map[string]bool, len(ids))
	for _, id := range ids {
		known[id] = true
	}
	s.known.CompareAndSwap(before, &known) // unless this process has changed one meanwhile
}
