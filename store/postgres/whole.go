package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore"
	"github.com/grantkeep/grantkeep/store/sqlstore/schema"
)

// Rows reads all rows of a table, ordered by its key, as they stand when it begins.
func (s *Store) Rows(ctx context.Context, t store.Table) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		rows, err := s.engine.pool.Query(ctx, schema.WholeTable(t))
		if err != nil {
			yield(nil, translate(err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			row, err := rows.Values()
			if err != nil {
				yield(nil, translate(err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, translate(err))
		}
	}
}

// InsertRows stores rows that are not there, all or none.
func (s *Store) InsertRows(ctx context.Context, t store.Table, rows [][]any) error {
	_, err := s.engine.pool.CopyFrom(ctx, pgx.Identifier{t.Name}, t.Columns, pgx.CopyFromRows(rows))
	return translate(err)
}

// UpdateRows writes rows over those with the same keys, all or none.
func (s *Store) UpdateRows(ctx context.Context, t store.Table, rows [][]any) error {
	return s.each(ctx, schema.UpdateRow(t), rows)
}

// DeleteRows deletes the rows with these keys, all or none.
func (s *Store) DeleteRows(ctx context.Context, t store.Table, keys [][]any) error {
	return s.each(ctx, schema.DeleteRow(t), keys)
}

// each runs a statement with each of many parameters, in one transaction.
func (s *Store) each(ctx context.Context, statement string, all [][]any) error {
	tx, err := s.engine.pool.Begin(ctx)
	if err != nil {
		return translate(err)
	}
	defer rollback(ctx, tx)
	var batch pgx.Batch
	for _, args := range all {
		batch.Queue(statement, args...)
	}
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return translate(err)
	}
	return translate(tx.Commit(ctx))
}

// Plan has the database count what is in a table: until it has done so by itself, it plans for an empty one.
func (s *Store) Plan(ctx context.Context, t store.Table) error {
	_, err := s.engine.pool.Exec(ctx, `ANALYZE `+pgx.Identifier{t.Name}.Sanitize())
	return translate(err)
}

// SetMeta stores a value, or removes it where it is empty.
func (s *Store) SetMeta(ctx context.Context, name, value string) error {
	return s.engine.Change(ctx, func(ctx context.Context, q sqlstore.Querier) (err error) {
		if value == "" {
			_, err = q.Exec(ctx, `DELETE FROM meta WHERE k = $1`, name)
		} else {
			_, err = q.Exec(ctx, `INSERT INTO meta (k, v) VALUES ($1, $2) ON CONFLICT (k) DO UPDATE SET v = excluded.v`, name, value)
		}
		return err
	})
}

// Unused reports whether the database holds nothing but its tables: nobody has begun to serve it.
func (s *Store) Unused(ctx context.Context) (unused bool, err error) {
	err = s.engine.Query(ctx, func(r sqlstore.Row) error { return r.Scan(&unused) },
		`SELECT NOT EXISTS (SELECT 1 FROM meta) AND NOT EXISTS (SELECT 1 FROM keyring) AND NOT EXISTS (SELECT 1 FROM apps) AND NOT EXISTS (SELECT 1 FROM keys)`)
	return unused, err
}

// State is what a database is found to be by somebody who changes nothing.
type State struct {
	Made    bool     // it has our tables, or some of them
	Pending []string // migrations that it lacks
}

// Look examines the database that a URL names as Open would, and changes nothing.
func Look(ctx context.Context, url string) (st State, err error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return st, fmt.Errorf("postgres: %w", err)
	}
	config.MaxConns = 2
	e, err := connect(ctx, config)
	if err != nil {
		return st, fmt.Errorf("postgres: %w", translate(err))
	}
	defer e.close()
	if err := examine(ctx, e); err != nil {
		return st, fmt.Errorf("postgres: %w", err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return st, err
	}
	if err := e.Query(ctx, func(r sqlstore.Row) error { return r.Scan(&st.Made) }, `SELECT to_regclass($1) IS NOT NULL`, schemaTable); err != nil {
		return st, err
	}
	var had []int64
	if st.Made {
		err = e.Query(ctx, func(r sqlstore.Row) error {
			var n int64
			err := r.Scan(&n)
			had = append(had, n)
			return err
		}, `SELECT version_id FROM `+schemaTable+` WHERE is_applied`)
	}
	if err == nil {
		st.Pending, err = schema.Pending(files, had)
	}
	if err != nil && !errors.Is(err, store.ErrForeign) {
		return st, fmt.Errorf("postgres: read the schema's version: %w", err)
	}
	return st, err
}

// NameOf returns the host and database that a URL names, without user and password.
func NameOf(url string) (string, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return "", fmt.Errorf("postgres: %w", err)
	}
	return net.JoinHostPort(config.ConnConfig.Host, strconv.Itoa(int(config.ConnConfig.Port))) + "/" + config.ConnConfig.Database, nil
}
