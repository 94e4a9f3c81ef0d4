package storefault

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// CreateAuthorization implements [store.Authorizations].
func (s *Store) CreateAuthorization(ctx context.Context, a gk.Authorization) error {
	return run(ctx, s, "CreateAuthorization", func() error { return s.inner.CreateAuthorization(ctx, a) })
}

// Authorization implements [store.Authorizations].
func (s *Store) Authorization(ctx context.Context, v gk.Viewer, id string) (gk.Authorization, error) {
	return call(ctx, s, "Authorization", func() (gk.Authorization, error) {
		return s.inner.Authorization(ctx, v, id)
	})
}

// Authorizations implements [store.Authorizations].
func (s *Store) Authorizations(
	ctx context.Context, v gk.Viewer, f store.AuthorizationFilter,
) ([]gk.Authorization, error) {
	return call(ctx, s, "Authorizations", func() ([]gk.Authorization, error) {
		return s.inner.Authorizations(ctx, v, f)
	})
}

// AuthorizationByLink implements [store.Authorizations].
func (s *Store) AuthorizationByLink(ctx context.Context, linkHash []byte) (gk.Authorization, error) {
	return call(ctx, s, "AuthorizationByLink", func() (gk.Authorization, error) {
		return s.inner.AuthorizationByLink(ctx, linkHash)
	})
}

// UpdateAuthorization implements [store.Authorizations].
func (s *Store) UpdateAuthorization(ctx context.Context, v gk.Viewer, id string, at time.Time,
	change func(*gk.Authorization) ([]gk.Event, error),
) error {
	return run(ctx, s, "UpdateAuthorization", func() error {
		return s.inner.UpdateAuthorization(ctx, v, id, at, change)
	})
}

// CreateClick implements [store.Authorizations].
func (s *Store) CreateClick(ctx context.Context, c gk.Click) error {
	return run(ctx, s, "CreateClick", func() error { return s.inner.CreateClick(ctx, c) })
}

// Click implements [store.Authorizations].
func (s *Store) Click(ctx context.Context, id string) (gk.Click, error) {
	return call(ctx, s, "Click", func() (gk.Click, error) { return s.inner.Click(ctx, id) })
}

// ClickByState implements [store.Authorizations].
func (s *Store) ClickByState(ctx context.Context, app string, stateHash []byte) (gk.Click, error) {
	return call(ctx, s, "ClickByState", func() (gk.Click, error) { return s.inner.ClickByState(ctx, app, stateHash) })
}

// SpendState implements [store.Authorizations].
func (s *Store) SpendState(
	ctx context.Context, app string, stateHash []byte, held bool, now time.Time,
) (gk.Click, error) {
	return call(ctx, s, "SpendState", func() (gk.Click, error) {
		return s.inner.SpendState(ctx, app, stateHash, held, now)
	})
}

// UpdateClick implements [store.Authorizations].
func (s *Store) UpdateClick(ctx context.Context, id string, at time.Time,
	change func(*gk.Click, *gk.Authorization) ([]gk.Event, error),
) error {
	return run(ctx, s, "UpdateClick", func() error { return s.inner.UpdateClick(ctx, id, at, change) })
}

// OpenClicks implements [store.Authorizations].
func (s *Store) OpenClicks(ctx context.Context, before time.Time, limit int) ([]gk.Click, error) {
	return call(ctx, s, "OpenClicks", func() ([]gk.Click, error) { return s.inner.OpenClicks(ctx, before, limit) })
}
