package sqlstore

import (
	"context"
	"errors"

	"github.com/grantkeep/grantkeep/store"
)

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
