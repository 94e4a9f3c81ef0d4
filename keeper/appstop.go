package keeper

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// ErrAppStopped says that an administrator has stopped the app: none of its tokens is served, refreshed or used.
var ErrAppStopped = errors.New("keeper: an administrator has stopped this app")

const (
	stopsFresh    = 750 * time.Millisecond // a stop is heard of everywhere within a second
	stopsAhead    = 500 * time.Millisecond // how long before that the list is looked at by itself, so that no reader waits
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
}

// SetStopped stops an app, or starts it again. Every instance hears of it within a second.
func (k *Keeper) SetStopped(ctx context.Context, v gk.Viewer, id string, stop bool) error {
	now := k.Now()
	change := "started"
	if stop {
		change = "stopped"
	}
	_, err := k.store.StopApp(ctx, v, id, stop, now, gk.Event{
		ID: gk.NewID("evt", now), Kind: gk.EventAppChanged, Actor: v.Key, App: id, At: now, Data: map[string]any{"change": change},
	})
	if err != nil {
		return err
	}
	k.log.WarnContext(ctx, "an app was "+change, "app", id, "by", v.Key)
	k.stops.next.Store(0)
	if !stop {
		k.hasten(ctx, id)
	}
	k.Wake()
	return nil
}

// Stopped reports whether an app is stopped.
func (k *Keeper) Stopped(app string) bool {
	s := &k.stops
	if int64(time.Since(s.begun)) >= s.next.Load() {
		k.lookAtStops(0)
	}
	known := s.known.Load()
	return known != nil && (*known)[app]
}

// lookAtStops reads the list if it is to be looked at within a while. While one caller reads, others go by what is known.
func (k *Keeper) lookAtStops(ahead time.Duration) {
	s := &k.stops
	if s.known.Load() == nil {
		s.looking.Lock()
	} else if !s.looking.TryLock() {
		return
	}
	defer s.looking.Unlock()
	if int64(time.Since(s.begun)+ahead) < s.next.Load() {
		return
	}
	begun := time.Since(s.begun)
	ctx, cancel := context.WithTimeout(context.Background(), stopsPatience)
	defer cancel()
	ids, err := k.store.StoppedApps(ctx)
	s.next.Store(int64(begun + stopsFresh))
	if err != nil {
		s.next.Store(int64(time.Since(s.begun) + stopsFresh)) // whoever reads must not wait each time
		return
	}
	known := make(map[string]bool, len(ids))
	for _, id := range ids {
		known[id] = true
	}
	s.known.Store(&known)
}
