package storefault

import (
	"context"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

// AddHalfHours implements [store.HalfHours].
func (s *Store) AddHalfHours(ctx context.Context, counts []store.HalfHour) error {
	return run(ctx, s, "AddHalfHours", func() error { return s.inner.AddHalfHours(ctx, counts) })
}

// HalfHoursSince implements [store.HalfHours].
func (s *Store) HalfHoursSince(ctx context.Context, from time.Time) ([]store.HalfHour, error) {
	return call(ctx, s, "HalfHoursSince", func() ([]store.HalfHour, error) { return s.inner.HalfHoursSince(ctx, from) })
}
