package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore/clause"
)

// Meta implements [store.Installation].
func (s *Store) Meta(ctx context.Context, name string) (string, error) {
	return one(ctx, s.db, scanText, `SELECT v FROM meta WHERE k = $1`, name)
}

// SetMetaOnce implements [store.Installation].
func (s *Store) SetMetaOnce(ctx context.Context, name, value string) (stands string, err error) {
	err = s.db.Change(ctx, func(ctx context.Context, q Querier) error {
		if _, err := exec(ctx, q, `INSERT INTO meta (k, v) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, value); err != nil {
			return err
		}
		stands, err = one(ctx, q, scanText, `SELECT v FROM meta WHERE k = $1`, name)
		return err
	})
	return stands, err
}

// Keyset implements [store.Installation].
func (s *Store) Keyset(ctx context.Context) (store.Keyset, error) {
	return one(ctx, s.db, func(r Row) (k store.Keyset, err error) {
		return k, r.Scan(&k.ID, &k.Wrapped, &k.Primary, at(&k.CreatedAt))
	}, `SELECT id, wrapped, primary_key, created_at FROM keyring ORDER BY id DESC LIMIT 1`)
}

// AddKeyset implements [store.Installation]. The older sets go: each holds keys that are in force, under a master key that
// may be given up by this very change.
func (s *Store) AddKeyset(ctx context.Context, k store.Keyset) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		newest, err := one(ctx, q, scanNumber, `SELECT COALESCE(max(id), 0) FROM keyring`)
		if err == nil && newest >= k.ID {
			err = store.ErrExists
		}
		if err != nil {
			return err
		}
		err = insert(ctx, q, `INSERT INTO keyring (id, wrapped, primary_key, created_at) VALUES ($1, $2, $3, $4)`,
			k.ID, blob(k.Wrapped), k.Primary, ms(k.CreatedAt))
		if err != nil {
			return err
		}
		_, err = exec(ctx, q, `DELETE FROM keyring WHERE id < $1`, k.ID)
		return err
	})
}

// Sealed implements [store.Installation].
func (s *Store) Sealed(ctx context.Context) (bool, error) {
	n, err := one(ctx, s.db, scanNumber, `SELECT CASE WHEN
		EXISTS (SELECT 1 FROM apps WHERE secrets IS NOT NULL)
		OR EXISTS (SELECT 1 FROM grants WHERE access IS NOT NULL OR refresh IS NOT NULL)
		OR EXISTS (SELECT 1 FROM clicks WHERE answer IS NOT NULL)
		OR EXISTS (SELECT 1 FROM outlets WHERE sealed IS NOT NULL)
		THEN 1 ELSE 0 END`)
	return n == 1, err
}

const metaPlace = "place"

// MarkedAt is [store.Marks]' Marked for a database whose place the engine knows.
func (s *Store) MarkedAt(ctx context.Context, place string) (m store.Mark, err error) {
	m.Place = place
	if m.N, err = one(ctx, s.db, scanNumber, `SELECT n FROM counters WHERE name = 'mark'`); err != nil {
		return m, err
	}
	m.Noted, err = s.Meta(ctx, metaPlace)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return m, err
}

// MarkAt is [store.Marks]' Mark for a database whose place the engine knows.
func (s *Store) MarkAt(ctx context.Context, place string, least int64) (m store.Mark, err error) {
	m = store.Mark{Place: place, Noted: place}
	err = s.db.Change(ctx, func(ctx context.Context, q Querier) error {
		if _, err := exec(ctx, q, `UPDATE counters SET n = CASE WHEN n < $1 THEN $1 ELSE n END + 1 WHERE name = 'mark'`, least); err != nil {
			return err
		}
		if m.N, err = one(ctx, q, scanNumber, `SELECT n FROM counters WHERE name = 'mark'`); err != nil || place == "" {
			return err
		}
		_, err := exec(ctx, q, `INSERT INTO meta (k, v) VALUES ($1, $2) ON CONFLICT (k) DO UPDATE SET v = excluded.v`, metaPlace, place)
		return err
	})
	return m, err
}

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
	w := clause.Where{Args: []any{by, ms(at)}}
	if len(spared) > 0 {
		w.Text.WriteString(" AND app_id NOT IN (" + w.List(spared) + ")")
	}
	err = s.db.Change(ctx, func(ctx context.Context, q Querier) error {
		ended, err = all(ctx, q, scanText, `UPDATE grants SET
			doubts = doubts + 1,
			doubt_since = CASE WHEN doubt_since = 0 THEN attempt_at ELSE doubt_since END,
			attempt_id = '', attempt_by = '', attempt_at = 0, attempt_until = 0, due_at = $2,
			version = version + 1, updated_at = $2
			WHERE attempt_id <> '' AND attempt_by = $1`+w.Text.String()+` RETURNING id`, w.Args...)
		return err
	})
	return ended, err
}

// ReleaseAttempts implements [store.Instances].
func (s *Store) ReleaseAttempts(ctx context.Context, by string, attempts []string, at time.Time) (released []string, err error) {
	if len(attempts) == 0 {
		return nil, nil
	}
	w := clause.Where{Args: []any{by, ms(at)}}
	w.In("attempt_id", attempts)
	err = s.db.Change(ctx, func(ctx context.Context, q Querier) error {
		released, err = all(ctx, q, scanText, `UPDATE grants SET
			attempt_id = '', attempt_by = '', attempt_at = 0, attempt_until = 0, due_at = $2,
			version = version + 1, updated_at = $2
			WHERE attempt_id <> '' AND attempt_by = $1`+w.Text.String()+` RETURNING id`, w.Args...)
		return err
	})
	return released, err
}
