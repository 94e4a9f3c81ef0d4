package storefault

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// Summary implements [store.Overview].
func (s *Store) Summary(ctx context.Context, v gk.Viewer, now time.Time, within ...time.Duration) (store.Summary, error) {
	return call(ctx, s, "Summary", func() (store.Summary, error) { return s.inner.Summary(ctx, v, now, within...) })
}

// GrantCounts implements [store.Overview].
func (s *Store) GrantCounts(ctx context.Context, v gk.Viewer) ([]store.GrantCount, error) {
	return call(ctx, s, "GrantCounts", func() ([]store.GrantCount, error) { return s.inner.GrantCounts(ctx, v) })
}

// Backlogs implements [store.Overview].
func (s *Store) Backlogs(ctx context.Context, now time.Time) ([]store.Backlog, error) {
	return call(ctx, s, "Backlogs", func() ([]store.Backlog, error) { return s.inner.Backlogs(ctx, now) })
}

// Unpublished implements [store.Overview].
func (s *Store) Unpublished(ctx context.Context) (int64, error) {
	return call(ctx, s, "Unpublished", func() (int64, error) { return s.inner.Unpublished(ctx) })
}

// Troubled implements [store.Overview].
func (s *Store) Troubled(ctx context.Context, v gk.Viewer, limit int) ([]gk.Grant, error) {
	return call(ctx, s, "Troubled", func() ([]gk.Grant, error) { return s.inner.Troubled(ctx, v, limit) })
}

// TopUses implements [store.Overview].
func (s *Store) TopUses(ctx context.Context, v gk.Viewer, platform string, day int64, limit int) ([]gk.Grant, error) {
	return call(ctx, s, "TopUses", func() ([]gk.Grant, error) { return s.inner.TopUses(ctx, v, platform, day, limit) })
}

// EndsByDay implements [store.Overview].
func (s *Store) EndsByDay(ctx context.Context, v gk.Viewer, from, until time.Time, offset time.Duration) ([]store.EndCount, error) {
	return call(ctx, s, "EndsByDay", func() ([]store.EndCount, error) { return s.inner.EndsByDay(ctx, v, from, until, offset) })
}

// EventCounts implements [store.Overview].
func (s *Store) EventCounts(ctx context.Context, v gk.Viewer, from, until time.Time) (map[string]int64, error) {
	return call(ctx, s, "EventCounts", func() (map[string]int64, error) { return s.inner.EventCounts(ctx, v, from, until) })
}

// RecentEvents implements [store.Overview].
func (s *Store) RecentEvents(ctx context.Context, v gk.Viewer, f store.RecentFilter) ([]gk.Event, error) {
	return call(ctx, s, "RecentEvents", func() ([]gk.Event, error) { return s.inner.RecentEvents(ctx, v, f) })
}
