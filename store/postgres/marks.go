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

// MetaDatabase is where the database was when it was last marked, among those of its server. It stands apart from the place,
// which versions that know no such name compare.
const MetaDatabase = "place_database"

// among returns which of its server's databases this is: a copy is another one, a replica's is the same.
func (s *Store) among(ctx context.Context) (oid string, err error) {
	err = s.engine.Query(ctx, func(r sqlstore.Row) error { return r.Scan(&oid) },
		`SELECT CAST(oid AS TEXT) FROM pg_database WHERE datname = current_database()`)
	return oid, err
}

// Marked implements [store.Marks].
func (s *Store) Marked(ctx context.Context) (m store.Mark, err error) {
	place, err := s.place(ctx)
	if err != nil {
		return m, err
	}
	if m, err = s.MarkedAt(ctx, place); err != nil {
		return m, err
	}
	here, err := s.among(ctx)
	if err != nil {
		return m, err
	}
	noted, err := s.Meta(ctx, MetaDatabase)
	switch {
	case errors.Is(err, store.ErrNotFound):
		err = nil
	case err == nil && noted != here:
		m.Place += " database " + here
		m.Noted += " database " + noted
	}
	return m, err
}

// Mark implements [store.Marks].
func (s *Store) Mark(ctx context.Context, least int64) (m store.Mark, err error) {
	place, err := s.place(ctx)
	if err != nil {
		return m, err
	}
	if m, err = s.MarkAt(ctx, place, least); err != nil {
		return m, err
	}
	here, err := s.among(ctx)
	if err != nil {
		return m, err
	}
	noted, err := s.Meta(ctx, MetaDatabase)
	if errors.Is(err, store.ErrNotFound) || err == nil && noted != here {
		err = s.SetMeta(ctx, MetaDatabase, here)
	}
	return m, err
}
