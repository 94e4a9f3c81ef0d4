package postgres

import (
	"context"
	"errors"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore"
)

// placeText names the server's data and the timeline on which it writes: another one begins at every recovery from an
// archive and when a replica takes over.
const placeText = `SELECT CAST(system_identifier AS TEXT) || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) FROM pg_control_system()`

// place returns where the database is; empty where the server does not tell its users.
func (s *Store) place(ctx context.Context) (place string, err error) {
	err = s.engine.Query(ctx, func(r sqlstore.Row) error { return r.Scan(&place) }, placeText)
	if err != nil && !errors.Is(err, store.ErrUnavailable) && ctx.Err() == nil {
		return "", nil // the server answers, and does not tell this user; the number tells alone
	}
	return place, err
}

// Marked implements [store.Marks].
func (s *Store) Marked(ctx context.Context) (store.Mark, error) {
	place, err := s.place(ctx)
	if err != nil {
		return store.Mark{}, err
	}
	return s.MarkedAt(ctx, place)
}

// Mark implements [store.Marks].
func (s *Store) Mark(ctx context.Context, least int64) (store.Mark, error) {
	place, err := s.place(ctx)
	if err != nil {
		return store.Mark{}, err
	}
	return s.MarkAt(ctx, place, least)
}
