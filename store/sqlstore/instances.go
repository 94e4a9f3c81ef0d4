package sqlstore

import (
	"context"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

// Announced stores that a process has begun and returns which of its identity's processes it is; now is an expression
// for the database's time in milliseconds.
func (s *Store) Announced(
	ctx context.Context, identity, version string, session bool, now string,
) (incarnation int64, err error) {
	err = s.db.Change(ctx, func(ctx context.Context, q Querier) error {
		incarnation, err = one(ctx, q, scanNumber, `INSERT INTO instances (id, incarnation, version, session, seen_at)
			VALUES ($1, 1, $2, $3, `+now+`)
			ON CONFLICT (id) DO UPDATE SET incarnation = instances.incarnation + 1,
				version = excluded.version, session = excluded.session, seen_at = excluded.seen_at
			RETURNING incarnation`, identity, version, bit(session))
		return err
	})
	return incarnation, err
}

// Processes returns the processes that were seen since a moment, in the database's milliseconds, which is an expression.
func (s *Store) Processes(ctx context.Context, since string) ([]store.Process, error) {
	return all(ctx, s.db, func(r Row) (p store.Process, err error) {
		var identity string
		var incarnation int64
		err = r.Scan(&identity, &incarnation, &p.Version)
		p.By = store.ByOf(identity, incarnation)
		return p, err
	}, `SELECT id, incarnation, version FROM instances WHERE seen_at >= `+since+` ORDER BY id`)
}

// Attempting returns who has attempts under way.
func (s *Store) Attempting(ctx context.Context) ([]string, error) {
	return all(ctx, s.db, scanText, `SELECT DISTINCT attempt_by FROM grants WHERE attempt_id <> '' ORDER BY attempt_by`)
}

// EndAttempts implements [store.Instances].
func (s *Store) EndAttempts(ctx context.Context, by string, spared []string, at time.Time) (ended []string, err error) {
	w := where{args: []any{by, ms(at)}}
	if len(spared) > 0 {
		w.text.WriteString(" AND app_id NOT IN (" + w.list(spared) + ")")
	}
	err = s.db.Change(ctx, func(ctx context.Context, q Querier) error {
		ended, err = all(ctx, q, scanText, `UPDATE grants SET
			doubts = doubts + 1,
			doubt_since = CASE WHEN doubt_since = 0 THEN attempt_at ELSE doubt_since END,
			attempt_id = '', attempt_by = '', attempt_at = 0, attempt_until = 0, due_at = $2,
			version = version + 1, updated_at = $2
			WHERE attempt_id <> '' AND attempt_by = $1`+w.text.String()+` RETURNING id`, w.args...)
		return err
	})
	return ended, err
}
