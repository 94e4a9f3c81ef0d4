package sqlstore

import (
	"context"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

// How long rows are kept.
const (
	keepEvents         = 90 * 24 * time.Hour
	keepPushes         = 90 * 24 * time.Hour
	keepAuthorizations = 30 * 24 * time.Hour
	keepClicks         = 24 * time.Hour
	keepDeliveries     = 30 * 24 * time.Hour
	keepNotices        = 7 * 24 * time.Hour // past their end: the end of a trouble is told to whoever heard of it
)

// Sweep implements [store.Store]. It spares what somebody still needs: events that are not published, and clicks whose
// answer is under way, with their authorizations.
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (deleted int, err error) {
	sweeps := []struct {
		keep time.Duration
		text string
	}{
		{time.Duration(s.keepEvents.Load()), `DELETE FROM events WHERE id IN (
			SELECT id FROM events WHERE at < $1 AND position IS NOT NULL ORDER BY at LIMIT $2)`},
		{store.KeepAudit, `DELETE FROM audit WHERE position IN (SELECT position FROM audit WHERE at < $1 ORDER BY at LIMIT $2)`},
		{store.KeepHalfHours, `DELETE FROM half_hours WHERE (platform, slot) IN (SELECT platform, slot FROM half_hours WHERE slot < $1 ORDER BY slot LIMIT $2)`},
		{keepKeyUses, `DELETE FROM key_uses WHERE (key_id, day) IN (SELECT key_id, day FROM key_uses WHERE day < $1 ORDER BY day LIMIT $2)`},
		{keepPushes, `DELETE FROM pushes WHERE (app_id, dedup) IN (
			SELECT app_id, dedup FROM pushes WHERE received_at < $1 ORDER BY received_at LIMIT $2)`},
		{keepDeliveries, `DELETE FROM deliveries WHERE (outlet_id, event_id) IN (
			SELECT outlet_id, event_id FROM deliveries WHERE created_at < $1 AND due_at IS NULL ORDER BY created_at LIMIT $2)`},
		{keepNotices, `DELETE FROM notices WHERE name IN (SELECT name FROM notices WHERE until < $1 ORDER BY until LIMIT $2)`},
		{keepClicks, `DELETE FROM clicks WHERE id IN (
			SELECT id FROM clicks WHERE updated_at < $1 AND stage NOT IN ('exchanging', 'issued') ORDER BY updated_at LIMIT $2)`},
		{keepAuthorizations, `DELETE FROM authorizations WHERE id IN (
			SELECT id FROM authorizations WHERE expires_at < $1 AND updated_at < $1 AND NOT EXISTS (
				SELECT 1 FROM clicks WHERE authorization_id = authorizations.id AND clicks.stage IN ('exchanging', 'issued'))
			ORDER BY expires_at LIMIT $2)`},
	}
	err = s.change(ctx, func(ctx context.Context, q Querier) error {
		deleted = 0
		for _, sweep := range sweeps {
			n, err := exec(ctx, q, sweep.text, ms(now.Add(-sweep.keep)), int64(limit))
			if err != nil {
				return err
			}
			deleted += int(n)
		}
		n, err := sweepReplies(ctx, q, now, limit)
		if err != nil {
			return err
		}
		folded, err := s.foldOld(ctx, q, limit)
		deleted += int(n) + folded
		return err
	})
	return deleted, err
}

// KeepEvents implements [store.Outlets].
func (s *Store) KeepEvents(d time.Duration) { s.keepEvents.Store(int64(d)) }
