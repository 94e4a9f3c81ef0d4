package sqlstore

import (
	"context"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

// AddHalfHours implements [store.HalfHours].
func (s *Store) AddHalfHours(ctx context.Context, counts []store.HalfHour) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		for _, c := range counts {
			_, err := exec(ctx, q, `INSERT INTO half_hours (platform, slot, ok, failed) VALUES ($1, $2, $3, $4)
				ON CONFLICT (platform, slot) DO UPDATE SET ok = half_hours.ok + excluded.ok, failed = half_hours.failed + excluded.failed`,
				c.Platform, ms(c.Slot.Truncate(store.HalfHourLength)), c.OK, c.Failed)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// HalfHoursSince implements [store.HalfHours].
func (s *Store) HalfHoursSince(ctx context.Context, from time.Time) ([]store.HalfHour, error) {
	return all(ctx, s.db.Lists(), func(r Row) (c store.HalfHour, err error) {
		return c, r.Scan(&c.Platform, at(&c.Slot), &c.OK, &c.Failed)
	}, `SELECT platform, slot, ok, failed FROM half_hours WHERE slot >= $1 ORDER BY platform, slot`, ms(from))
}
