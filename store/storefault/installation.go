package storefault

import (
	"context"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

// Meta implements [store.Installation].
func (s *Store) Meta(ctx context.Context, name string) (string, error) {
	return call(ctx, s, "Meta", func() (string, error) { return s.inner.Meta(ctx, name) })
}

// SetMetaOnce implements [store.Installation].
func (s *Store) SetMetaOnce(ctx context.Context, name, value string) (string, error) {
	return call(ctx, s, "SetMetaOnce", func() (string, error) { return s.inner.SetMetaOnce(ctx, name, value) })
}

// Keyset implements [store.Installation].
func (s *Store) Keyset(ctx context.Context) (store.Keyset, error) {
	return call(ctx, s, "Keyset", func() (store.Keyset, error) { return s.inner.Keyset(ctx) })
}

// AddKeyset implements [store.Installation].
func (s *Store) AddKeyset(ctx context.Context, k store.Keyset) error {
	return run(ctx, s, "AddKeyset", func() error { return s.inner.AddKeyset(ctx, k) })
}

// Sealed implements [store.Installation].
func (s *Store) Sealed(ctx context.Context) (bool, error) {
	return call(ctx, s, "Sealed", func() (bool, error) { return s.inner.Sealed(ctx) })
}

// Incarnation implements [store.Installation].
func (s *Store) Incarnation(ctx context.Context) (string, error) {
	return call(ctx, s, "Incarnation", func() (string, error) { return s.inner.Incarnation(ctx) })
}

// Clock implements [store.Installation].
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	return call(ctx, s, "Clock", func() (time.Time, error) { return s.inner.Clock(ctx) })
}

// Ping implements [store.Store].
func (s *Store) Ping(ctx context.Context) error {
	return run(ctx, s, "Ping", func() error { return s.inner.Ping(ctx) })
}

// Sweep implements [store.Store].
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	return call(ctx, s, "Sweep", func() (int, error) { return s.inner.Sweep(ctx, now, limit) })
}

// Close implements [store.Store].
func (s *Store) Close() error {
	return run(context.Background(), s, "Close", func() error { return s.inner.Close() })
}

// Name implements [store.Store]; it never fails.
func (s *Store) Name() string { return s.inner.Name() }
