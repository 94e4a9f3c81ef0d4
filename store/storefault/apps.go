package storefault

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// App implements [store.Apps].
func (s *Store) App(ctx context.Context, v gk.Viewer, id string) (gk.App, error) {
	return call(ctx, s, "App", func() (gk.App, error) { return s.inner.App(ctx, v, id) })
}

// Apps implements [store.Apps].
func (s *Store) Apps(ctx context.Context, v gk.Viewer, after string, limit int) ([]gk.App, error) {
	return call(ctx, s, "Apps", func() ([]gk.App, error) { return s.inner.Apps(ctx, v, after, limit) })
}

// CreateApp implements [store.Apps].
func (s *Store) CreateApp(ctx context.Context, app gk.App, events ...gk.Event) error {
	return run(ctx, s, "CreateApp", func() error { return s.inner.CreateApp(ctx, app, events...) })
}

// UpdateApp implements [store.Apps].
func (s *Store) UpdateApp(ctx context.Context, v gk.Viewer, id string, at time.Time,
	change func(*gk.App) ([]gk.Event, error),
) error {
	return run(ctx, s, "UpdateApp", func() error { return s.inner.UpdateApp(ctx, v, id, at, change) })
}

// DeleteApp implements [store.Apps].
func (s *Store) DeleteApp(ctx context.Context, v gk.Viewer, id string, events ...gk.Event) error {
	return run(ctx, s, "DeleteApp", func() error { return s.inner.DeleteApp(ctx, v, id, events...) })
}

// DueApps implements [store.Apps].
func (s *Store) DueApps(ctx context.Context, now time.Time) ([]string, error) {
	return call(ctx, s, "DueApps", func() ([]string, error) { return s.inner.DueApps(ctx, now) })
}

// StopApp implements [store.Stops].
func (s *Store) StopApp(ctx context.Context, v gk.Viewer, id string, stop bool, at time.Time, events ...gk.Event) (bool, error) {
	return call(ctx, s, "StopApp", func() (bool, error) { return s.inner.StopApp(ctx, v, id, stop, at, events...) })
}

// StoppedApps implements [store.Stops].
func (s *Store) StoppedApps(ctx context.Context) ([]string, error) {
	return call(ctx, s, "StoppedApps", func() ([]string, error) { return s.inner.StoppedApps(ctx) })
}
