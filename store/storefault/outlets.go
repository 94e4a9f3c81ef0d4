package storefault

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// CreateOutlet implements [store.Outlets].
func (s *Store) CreateOutlet(ctx context.Context, o store.Outlet) error {
	return run(ctx, s, "CreateOutlet", func() error { return s.inner.CreateOutlet(ctx, o) })
}

// Outlet implements [store.Outlets].
func (s *Store) Outlet(ctx context.Context, form, id string) (store.Outlet, error) {
	return call(ctx, s, "Outlet", func() (store.Outlet, error) { return s.inner.Outlet(ctx, form, id) })
}

// Outlets implements [store.Outlets].
func (s *Store) Outlets(ctx context.Context, form string) ([]store.Outlet, error) {
	return call(ctx, s, "Outlets", func() ([]store.Outlet, error) { return s.inner.Outlets(ctx, form) })
}

// UpdateOutlet implements [store.Outlets].
func (s *Store) UpdateOutlet(ctx context.Context, form, id string, at time.Time, change func(*store.Outlet) ([]gk.Event, error)) error {
	return run(ctx, s, "UpdateOutlet", func() error { return s.inner.UpdateOutlet(ctx, form, id, at, change) })
}

// DeleteOutlet implements [store.Outlets].
func (s *Store) DeleteOutlet(ctx context.Context, form, id string) error {
	return run(ctx, s, "DeleteOutlet", func() error { return s.inner.DeleteOutlet(ctx, form, id) })
}

// HoldOutlet implements [store.Outlets].
func (s *Store) HoldOutlet(ctx context.Context, id string, now, until time.Time) (bool, error) {
	return call(ctx, s, "HoldOutlet", func() (bool, error) { return s.inner.HoldOutlet(ctx, id, now, until) })
}

// Spread implements [store.Outlets].
func (s *Store) Spread(ctx context.Context, from, to int64, deliveries []store.Delivery) (bool, error) {
	return call(ctx, s, "Spread", func() (bool, error) { return s.inner.Spread(ctx, from, to, deliveries) })
}

// SpreadUntil implements [store.Outlets].
func (s *Store) SpreadUntil(ctx context.Context) (position int64, more bool, err error) {
	position, err = call(ctx, s, "SpreadUntil", func() (int64, error) {
		until, behind, err := s.inner.SpreadUntil(ctx)
		more = behind
		return until, err
	})
	return position, more && err == nil, err
}

// Redeliver implements [store.Outlets].
func (s *Store) Redeliver(ctx context.Context, deliveries []store.Delivery) error {
	return run(ctx, s, "Redeliver", func() error { return s.inner.Redeliver(ctx, deliveries) })
}

// DueOutlets implements [store.Outlets].
func (s *Store) DueOutlets(ctx context.Context, now time.Time) ([]string, error) {
	return call(ctx, s, "DueOutlets", func() ([]string, error) { return s.inner.DueOutlets(ctx, now) })
}

// ClaimDeliveries implements [store.Outlets].
func (s *Store) ClaimDeliveries(ctx context.Context, outlet string, now, until time.Time, limit int) ([]store.Delivery, error) {
	return call(ctx, s, "ClaimDeliveries", func() ([]store.Delivery, error) { return s.inner.ClaimDeliveries(ctx, outlet, now, until, limit) })
}

// SettleDeliveries implements [store.Outlets].
func (s *Store) SettleDeliveries(ctx context.Context, deliveries []store.Delivery) error {
	return run(ctx, s, "SettleDeliveries", func() error { return s.inner.SettleDeliveries(ctx, deliveries) })
}

// Deliveries implements [store.Outlets].
func (s *Store) Deliveries(ctx context.Context, f store.DeliveryFilter) ([]store.Delivery, error) {
	return call(ctx, s, "Deliveries", func() ([]store.Delivery, error) { return s.inner.Deliveries(ctx, f) })
}

// LastTold implements [store.Outlets].
func (s *Store) LastTold(ctx context.Context, outlet string, about []string) (map[string]string, error) {
	return call(ctx, s, "LastTold", func() (map[string]string, error) { return s.inner.LastTold(ctx, outlet, about) })
}

// FindEvents implements [store.Outlets].
func (s *Store) FindEvents(ctx context.Context, v gk.Viewer, f store.EventFilter) ([]gk.Event, error) {
	return call(ctx, s, "FindEvents", func() ([]gk.Event, error) { return s.inner.FindEvents(ctx, v, f) })
}

// EventsByID implements [store.Outlets].
func (s *Store) EventsByID(ctx context.Context, ids []string) ([]gk.Event, error) {
	return call(ctx, s, "EventsByID", func() ([]gk.Event, error) { return s.inner.EventsByID(ctx, ids) })
}

// KeepEvents implements [store.Outlets].
func (s *Store) KeepEvents(d time.Duration) { s.inner.KeepEvents(d) }

// LastPosition implements [store.Outlets].
func (s *Store) LastPosition(ctx context.Context) (int64, error) {
	return call(ctx, s, "LastPosition", func() (int64, error) { return s.inner.LastPosition(ctx) })
}

// TellOnce implements [store.Outlets].
func (s *Store) TellOnce(ctx context.Context, name string, now, until time.Time, events ...gk.Event) (bool, error) {
	return call(ctx, s, "TellOnce", func() (bool, error) { return s.inner.TellOnce(ctx, name, now, until, events...) })
}

// TellOver implements [store.Outlets].
func (s *Store) TellOver(ctx context.Context, name string, events ...gk.Event) (bool, error) {
	return call(ctx, s, "TellOver", func() (bool, error) { return s.inner.TellOver(ctx, name, events...) })
}
