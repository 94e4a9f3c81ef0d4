package sqlstore

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/clause"
)

const outletColumns = `id, form, made_by, created_at, updated_at, enabled, reason, rule, sealed, failing_since, told_at, busy_until, state`

func scanOutlet(r Row) (o store.Outlet, err error) {
	return o, r.Scan(&o.ID, &o.Form, &o.By, at(&o.CreatedAt), at(&o.UpdatedAt), flag(&o.Enabled), &o.Reason, document(&o.Rule),
		sealed(&o.Sealed), at(&o.FailingSince), at(&o.ToldAt), at(&o.BusyUntil), document(&o.State))
}

func outletValues(o store.Outlet) []any {
	return []any{
		o.ID, o.Form, o.By, ms(o.CreatedAt), ms(o.UpdatedAt), bit(o.Enabled), o.Reason, document(o.Rule), blob(o.Sealed),
		ms(o.FailingSince), ms(o.ToldAt), ms(o.BusyUntil), document(o.State),
	}
}

// CreateOutlet implements [store.Outlets].
func (s *Store) CreateOutlet(ctx context.Context, o store.Outlet) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		return insert(ctx, q, `INSERT INTO outlets (`+outletColumns+`) VALUES `+clause.Places(1, 13), outletValues(o)...)
	})
}

// Outlet implements [store.Outlets].
func (s *Store) Outlet(ctx context.Context, form, id string) (store.Outlet, error) {
	return one(ctx, s.db, shownOutlet, `SELECT `+outletColumns+` FROM outlets WHERE id = $1 AND form = $2`, id, form)
}

// Outlets implements [store.Outlets].
func (s *Store) Outlets(ctx context.Context, form string) ([]store.Outlet, error) {
	return all(ctx, s.db, shownOutlet, `SELECT `+outletColumns+` FROM outlets WHERE form = $1 OR $1 = '' ORDER BY id`, form)
}

// UpdateOutlet implements [store.Outlets].
func (s *Store) UpdateOutlet(ctx context.Context, form, id string, moment time.Time, change func(*store.Outlet) ([]gk.Event, error)) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		o, err := one(ctx, q, scanOutlet, `SELECT `+outletColumns+` FROM outlets WHERE id = $1 AND form = $2`+s.lock.Wait, id, form)
		if err != nil {
			return err
		}
		was := o.Enabled
		events, err := change(&o)
		if err != nil {
			return err
		}
		o.UpdatedAt = moment
		_, err = exec(ctx, q, `UPDATE outlets SET form = $2, made_by = $3, created_at = $4, updated_at = $5, enabled = $6, reason = $7,
			rule = $8, sealed = $9, failing_since = $10, told_at = $11, busy_until = $12, state = $13 WHERE id = $1`, outletValues(o)...)
		if err != nil {
			return err
		}
		if was && !o.Enabled {
			if _, err := exec(ctx, q, `UPDATE deliveries SET state = 'failed', due_at = NULL WHERE outlet_id = $1 AND due_at IS NOT NULL`, id); err != nil {
				return err
			}
		}
		return addEvents(ctx, q, events)
	})
}

// DeleteOutlet implements [store.Outlets].
func (s *Store) DeleteOutlet(ctx context.Context, form, id string) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		n, err := exec(ctx, q, `DELETE FROM outlets WHERE id = $1 AND form = $2`, id, form)
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		return err
	})
}

// HoldOutlet implements [store.Outlets].
func (s *Store) HoldOutlet(ctx context.Context, id string, now, until time.Time) (held bool, err error) {
	err = s.db.Single(ctx, func(ctx context.Context, q Querier) error {
		n, err := exec(ctx, q, `UPDATE outlets SET busy_until = $3 WHERE id = $1 AND busy_until <= $2`, id, ms(now), ms(until))
		held = n == 1
		return err
	})
	return held, err
}

// FindEvents implements [store.Outlets].
func (s *Store) FindEvents(ctx context.Context, v gk.Viewer, f store.EventFilter) ([]gk.Event, error) {
	w := clause.Where{Args: []any{f.After, clause.AtMost(f.Limit)}}
	w.Seen(v, "app_id", "owner")
	for _, c := range []struct{ condition, value string }{
		{`kind = %[1]s`, f.Kind}, {`app_id = %[1]s`, f.App}, {`grant_id = %[1]s`, f.Grant}, {`owner = %[1]s`, f.Owner},
	} {
		if c.value != "" {
			w.And(c.condition, c.value)
		}
	}
	if f.Until > 0 {
		w.And(`position <= %[1]s`, f.Until)
	}
	events, err := all(ctx, s.lists(v), shownEvent, `SELECT `+eventColumns+` FROM events
		WHERE position > $1`+w.Text.String()+` ORDER BY position LIMIT $2`, w.Args...)
	return shown(v, events), err
}

// EventsByID implements [store.Outlets].
func (s *Store) EventsByID(ctx context.Context, ids []string) ([]gk.Event, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	w := clause.Where{}
	w.In("id", ids)
	return all(ctx, s.db, shownEvent, `SELECT `+eventColumns+` FROM events
		WHERE position IS NOT NULL`+w.Text.String()+` ORDER BY position`, w.Args...)
}

// LastPosition implements [store.Outlets].
func (s *Store) LastPosition(ctx context.Context) (int64, error) {
	return one(ctx, s.db, scanNumber, `SELECT COALESCE(max(position), 0) FROM events WHERE position IS NOT NULL`)
}

// TellOnce implements [store.Outlets].
func (s *Store) TellOnce(ctx context.Context, name string, now, until time.Time, events ...gk.Event) (bool, error) {
	return s.tellIf(ctx, events, `INSERT INTO notices (name, until) VALUES ($1, $3)
		ON CONFLICT (name) DO UPDATE SET until = excluded.until WHERE notices.until <= $2`, name, ms(now), ms(until))
}

// TellOver implements [store.Outlets].
func (s *Store) TellOver(ctx context.Context, name string, events ...gk.Event) (bool, error) {
	return s.tellIf(ctx, events, `DELETE FROM notices WHERE name = $1`, name)
}

// tellIf stores events together with a statement, if that writes a row.
func (s *Store) tellIf(ctx context.Context, events []gk.Event, statement string, args ...any) (told bool, err error) {
	err = s.change(ctx, func(ctx context.Context, q Querier) error {
		n, err := exec(ctx, q, statement, args...)
		if told = n == 1; err != nil || !told {
			return err
		}
		return addEvents(ctx, q, events)
	})
	return told && err == nil, err
}
