package storefault

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// Grant implements [store.Grants].
func (s *Store) Grant(ctx context.Context, v gk.Viewer, id string) (gk.Grant, error) {
	return call(ctx, s, "Grant", func() (gk.Grant, error) { return s.inner.Grant(ctx, v, id) })
}

// GrantOf implements [store.Grants].
func (s *Store) GrantOf(ctx context.Context, v gk.Viewer, app, kind, id string) (gk.Grant, error) {
	return call(ctx, s, "GrantOf", func() (gk.Grant, error) { return s.inner.GrantOf(ctx, v, app, kind, id) })
}

// Grants implements [store.Grants].
func (s *Store) Grants(ctx context.Context, v gk.Viewer, f store.GrantFilter) ([]gk.Grant, error) {
	return call(ctx, s, "Grants", func() ([]gk.Grant, error) { return s.inner.Grants(ctx, v, f) })
}

// Children implements [store.Grants].
func (s *Store) Children(ctx context.Context, app, parent string) ([]gk.Grant, error) {
	return call(ctx, s, "Children", func() ([]gk.Grant, error) { return s.inner.Children(ctx, app, parent) })
}

// GrantsAt implements [store.Grants].
func (s *Store) GrantsAt(ctx context.Context, app, host string) ([]gk.Grant, error) {
	return call(ctx, s, "GrantsAt", func() ([]gk.Grant, error) { return s.inner.GrantsAt(ctx, app, host) })
}

// SealedOtherwise implements [store.Grants].
func (s *Store) SealedOtherwise(ctx context.Context, key int64, limit int) ([]string, error) {
	return call(ctx, s, "SealedOtherwise", func() ([]string, error) {
		return s.inner.SealedOtherwise(ctx, key, limit)
	})
}

// Tokens implements [store.Grants].
func (s *Store) Tokens(ctx context.Context, ids []string) ([]gk.Grant, error) {
	return call(ctx, s, "Tokens", func() ([]gk.Grant, error) { return s.inner.Tokens(ctx, ids) })
}

// UpdateGrant implements [store.Grants].
func (s *Store) UpdateGrant(ctx context.Context, v gk.Viewer, id string, at time.Time,
	change func(*gk.Grant) ([]gk.Event, error),
) error {
	return run(ctx, s, "UpdateGrant", func() error { return s.inner.UpdateGrant(ctx, v, id, at, change) })
}

// ClaimDue implements [store.Grants].
func (s *Store) ClaimDue(
	ctx context.Context, app string, a store.Attempt, floor time.Time, limit int,
) ([]gk.Grant, error) {
	return call(ctx, s, "ClaimDue", func() ([]gk.Grant, error) { return s.inner.ClaimDue(ctx, app, a, floor, limit) })
}

// SaveRefresh implements [store.Grants].
func (s *Store) SaveRefresh(ctx context.Context, r store.Refreshed) (bool, error) {
	return call(ctx, s, "SaveRefresh", func() (bool, error) { return s.inner.SaveRefresh(ctx, r) })
}

// SaveRefreshes implements [store.Grants].
func (s *Store) SaveRefreshes(ctx context.Context, rs []store.Refreshed) ([]bool, error) {
	return call(ctx, s, "SaveRefreshes", func() ([]bool, error) { return s.inner.SaveRefreshes(ctx, rs) })
}

// PutGrants implements [store.Grants].
func (s *Store) PutGrants(ctx context.Context, app, authorization, click string, subjects []gk.Subject, at time.Time,
	change func(existing []gk.Grant, auth *gk.Authorization, click *gk.Click) ([]gk.Grant, []gk.Event, error),
) error {
	return run(ctx, s, "PutGrants", func() error {
		return s.inner.PutGrants(ctx, app, authorization, click, subjects, at, change)
	})
}

// Hasten implements [store.Grants].
func (s *Store) Hasten(ctx context.Context, app string, now, until time.Time, limit int) (int, error) {
	return call(ctx, s, "Hasten", func() (int, error) { return s.inner.Hasten(ctx, app, now, until, limit) })
}

// NextDue implements [store.Grants].
func (s *Store) NextDue(ctx context.Context, now time.Time) (time.Time, error) {
	return call(ctx, s, "NextDue", func() (time.Time, error) { return s.inner.NextDue(ctx, now) })
}

// Changed implements [store.Grants].
func (s *Store) Changed(ctx context.Context, position string) (store.Changes, error) {
	return call(ctx, s, "Changed", func() (store.Changes, error) { return s.inner.Changed(ctx, position) })
}

// GrantsOfShop implements [store.Grants].
func (s *Store) GrantsOfShop(ctx context.Context, app, shop string) ([]gk.Grant, error) {
	return call(ctx, s, "GrantsOfShop", func() ([]gk.Grant, error) { return s.inner.GrantsOfShop(ctx, app, shop) })
}
