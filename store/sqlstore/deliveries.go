package sqlstore

import (
	"context"
	"time"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/clause"
)

const deliveryColumns = `outlet_id, event_id, position, kind, about, state, attempts, due_at, last_at, last_status, last_ms, last_error, created_at`

func scanDelivery(r Row) (d store.Delivery, err error) {
	var took int64
	err = r.Scan(&d.Outlet, &d.Event, &d.Position, &d.Kind, &d.About, &d.State, &d.Attempts, at(&d.DueAt), at(&d.LastAt), &d.LastStatus, &took,
		&d.LastError, at(&d.CreatedAt))
	d.LastTook = time.Duration(took) * time.Millisecond
	return d, err
}

func deliveryRows(deliveries []store.Delivery) [][]any {
	rows := make([][]any, 0, len(deliveries))
	for _, d := range deliveries {
		rows = append(rows, []any{
			d.Outlet, d.Event, d.Position, d.Kind, d.About, store.Pending, int64(0), msOrNull(d.DueAt), int64(0), int64(0), int64(0), "", ms(d.CreatedAt),
		})
	}
	return rows
}

// SpreadUntil implements [store.Outlets].
func (s *Store) SpreadUntil(ctx context.Context) (position int64, more bool, err error) {
	type spread struct {
		until int64
		more  bool
	}
	at, err := one(ctx, s.db, func(row Row) (found spread, err error) { return found, row.Scan(&found.until, &found.more) },
		`SELECT n, EXISTS (SELECT 1 FROM events WHERE position > counters.n) FROM counters WHERE name = 'outlets'`)
	return at.until, at.more, err
}

// Spread implements [store.Outlets]. The counter is the lock: of two callers with one position the second finds it moved.
func (s *Store) Spread(ctx context.Context, from, to int64, deliveries []store.Delivery) (spread bool, err error) {
	err = s.change(ctx, func(ctx context.Context, q Querier) error {
		n, err := exec(ctx, q, `UPDATE counters SET n = $2 WHERE name = 'outlets' AND n = $1`, from, to)
		if spread = n == 1; err != nil || !spread {
			return err
		}
		return insertAll(ctx, q, `INSERT INTO deliveries (`+deliveryColumns+`)`, ` ON CONFLICT DO NOTHING`, deliveryRows(deliveries))
	})
	return spread && err == nil, err
}

// Redeliver implements [store.Outlets].
func (s *Store) Redeliver(ctx context.Context, deliveries []store.Delivery) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		return insertAll(ctx, q, `INSERT INTO deliveries (`+deliveryColumns+`)`,
			` ON CONFLICT (outlet_id, event_id) DO UPDATE SET state = 'pending', attempts = 0, due_at = excluded.due_at`, deliveryRows(deliveries))
	})
}

// DueOutlets implements [store.Outlets].
func (s *Store) DueOutlets(ctx context.Context, now time.Time) ([]string, error) {
	return all(ctx, s.db, scanText, `SELECT id FROM outlets
		WHERE enabled = 1 AND EXISTS (SELECT 1 FROM deliveries WHERE outlet_id = outlets.id AND due_at <= $1) ORDER BY id`, ms(now))
}

// ClaimDeliveries implements [store.Outlets]. As in ClaimDue, the rows are chosen before they are written.
func (s *Store) ClaimDeliveries(ctx context.Context, outlet string, now, until time.Time, limit int) (claimed []store.Delivery, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = s.db.Single(ctx, func(ctx context.Context, q Querier) error {
		claimed, err = all(ctx, q, workedDelivery, `WITH due AS MATERIALIZED (
			SELECT event_id FROM deliveries WHERE outlet_id = $1 AND due_at <= $2 ORDER BY due_at, position LIMIT $4`+s.lock.Skip+`)
		UPDATE deliveries SET due_at = $3 WHERE outlet_id = $1 AND event_id IN (SELECT event_id FROM due)
		RETURNING `+deliveryColumns, outlet, ms(now), ms(until), int64(limit))
		return err
	})
	return claimed, err
}

// SettleDeliveries implements [store.Outlets]. What was disabled or removed meanwhile stays so.
func (s *Store) SettleDeliveries(ctx context.Context, deliveries []store.Delivery) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		for _, d := range deliveries {
			_, err := exec(ctx, q, `UPDATE deliveries SET state = $3, attempts = $4, due_at = $5, last_at = $6, last_status = $7, last_ms = $8, last_error = $9
				WHERE outlet_id = $1 AND event_id = $2 AND due_at IS NOT NULL`,
				d.Outlet, d.Event, d.State, d.Attempts, msOrNull(d.DueAt), ms(d.LastAt), d.LastStatus, d.LastTook.Milliseconds(), d.LastError)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Deliveries implements [store.Outlets].
func (s *Store) Deliveries(ctx context.Context, f store.DeliveryFilter) ([]store.Delivery, error) {
	w := clause.Where{Args: []any{f.Outlet, clause.AtMost(f.Limit)}}
	if f.State != "" {
		w.And(`state = %[1]s`, f.State)
	}
	if f.Before > 0 {
		w.And(`position < %[1]s`, f.Before)
	}
	if len(f.Events) > 0 {
		w.In("event_id", f.Events)
	}
	return all(ctx, s.db.Lists(), workedDelivery, `SELECT `+deliveryColumns+` FROM deliveries
		WHERE outlet_id = $1`+w.Text.String()+` ORDER BY position DESC LIMIT $2`, w.Args...)
}

// LastTold implements [store.Outlets].
func (s *Store) LastTold(ctx context.Context, outlet string, about []string) (map[string]string, error) {
	told := map[string]string{}
	if len(about) == 0 {
		return told, nil
	}
	w := clause.Where{Args: []any{outlet}}
	w.In("about", about)
	rows, err := all(ctx, s.db, workedDelivery, `SELECT `+deliveryColumns+` FROM deliveries
		WHERE outlet_id = $1`+w.Text.String()+` ORDER BY position`, w.Args...)
	for _, d := range rows {
		told[d.About] = d.Kind
	}
	return told, err
}
