package storefault

import (
	"context"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

// KeepPushes implements [store.Pushes].
func (s *Store) KeepPushes(ctx context.Context, pushes ...store.Push) error {
	return run(ctx, s, "KeepPushes", func() error { return s.inner.KeepPushes(ctx, pushes...) })
}

// PushApps implements [store.Pushes].
func (s *Store) PushApps(ctx context.Context, now time.Time) ([]string, error) {
	return call(ctx, s, "PushApps", func() ([]string, error) { return s.inner.PushApps(ctx, now) })
}

// ClaimPushes implements [store.Pushes].
func (s *Store) ClaimPushes(ctx context.Context, app string, now, until time.Time, limit int) ([]store.Push, error) {
	return call(ctx, s, "ClaimPushes", func() ([]store.Push, error) {
		return s.inner.ClaimPushes(ctx, app, now, until, limit)
	})
}

// DeferPush implements [store.Pushes].
func (s *Store) DeferPush(ctx context.Context, app, dedup string, until time.Time) error {
	return run(ctx, s, "DeferPush", func() error { return s.inner.DeferPush(ctx, app, dedup, until) })
}

// FinishPush implements [store.Pushes].
func (s *Store) FinishPush(ctx context.Context, app, dedup string) error {
	return run(ctx, s, "FinishPush", func() error { return s.inner.FinishPush(ctx, app, dedup) })
}
