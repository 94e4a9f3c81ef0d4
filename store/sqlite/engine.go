package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/grantkeep/grantkeep/store/sqlstore"
)

// engine runs the store's SQL: reads on whichever reader is free, changes one after the other on the writer.
type engine struct {
	reads  *readers
	writes *writer
}

func newEngine(ctx context.Context, writing, reading *sql.DB) (*engine, error) {
	conn, err := newConnection(ctx, writing)
	if err != nil {
		return nil, err
	}
	reads, err := newReaders(ctx, reading)
	if err != nil {
		return nil, errors.Join(err, conn.close())
	}
	return &engine{reads: reads, writes: startWriter(conn)}, nil
}

// close waits for what is under way.
func (e *engine) close() error { return errors.Join(e.writes.close(), e.reads.close()) }

// Exec runs a statement on a reader, which refuses to write.
func (e *engine) Exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = e.reads.read(ctx, func(c *connection) error {
		n, err = c.Exec(ctx, query, args...)
		return err
	})
	return n, err
}

// Query runs a statement on a reader.
func (e *engine) Query(ctx context.Context, row func(sqlstore.Row) error, query string, args ...any) error {
	return e.reads.read(ctx, func(c *connection) error { return c.Query(ctx, row, query, args...) })
}

// Snapshot implements [sqlstore.Engine].
func (e *engine) Snapshot(ctx context.Context, do func(context.Context, sqlstore.Querier) error) error {
	return e.reads.snapshot(ctx, do)
}

// Change implements [sqlstore.Engine].
func (e *engine) Change(ctx context.Context, do func(context.Context, sqlstore.Querier) error) error {
	return e.writes.change(ctx, do)
}

// Single implements [sqlstore.Engine]. Each change is a SAVEPOINT of a transaction anyway.
func (e *engine) Single(ctx context.Context, do func(context.Context, sqlstore.Querier) error) error {
	return e.writes.change(ctx, do)
}

// Locking implements [sqlstore.Engine]: there is one writer, and so nothing to lock.
func (e *engine) Locking() sqlstore.Locking { return sqlstore.Locking{} }
