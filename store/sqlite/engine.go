package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"time"

	"github.com/grantkeep/grantkeep/store/sqlstore"
)

// engine runs the store's SQL: reads on whichever reader is free, changes one after the other on the writer. Lists have
// readers of their own, so that searches leave those alone that refreshes and tokens need.
type engine struct {
	*readers
	lists  *readers
	writes *writer
}

// listPatience is how long a list may take, its waiting for a reader included.
const listPatience = 10 * time.Second

// places returns how many connections read, for single rows and for lists. Each of the latter can keep one processor busy.
func places() (rows, lists int) {
	n := runtime.GOMAXPROCS(0)
	return max(4, 2*n), max(1, n/2)
}

func newEngine(ctx context.Context, writing, reading *sql.DB) (*engine, error) {
	conn, err := newConnection(ctx, writing)
	if err != nil {
		return nil, err
	}
	n, m := places()
	rows, err := newReaders(ctx, reading, n, 0)
	if err != nil {
		return nil, errors.Join(err, conn.close())
	}
	lists, err := newReaders(ctx, reading, m, listPatience)
	if err != nil {
		return nil, errors.Join(err, rows.close(), conn.close())
	}
	return &engine{readers: rows, lists: lists, writes: startWriter(conn)}, nil
}

// close waits for what is under way.
func (e *engine) close() error {
	return errors.Join(e.writes.close(), e.readers.close(), e.lists.close())
}

// Lists implements [sqlstore.Engine].
func (e *engine) Lists() sqlstore.Reader { return e.lists }

// Change implements [sqlstore.Engine].
func (e *engine) Change(ctx context.Context, do func(context.Context, sqlstore.Querier) error) error {
	return e.writes.change(ctx, do, false)
}

// Alone implements [sqlstore.Engine]. In a SAVEPOINT every page that do changes would be copied first, to be taken back with
// it alone, which takes longer than a commit does.
func (e *engine) Alone(ctx context.Context, do func(context.Context, sqlstore.Querier) error) error {
	return e.writes.change(ctx, do, true)
}

// Single implements [sqlstore.Engine]. Each change is a SAVEPOINT of a transaction anyway.
func (e *engine) Single(ctx context.Context, do func(context.Context, sqlstore.Querier) error) error {
	return e.writes.change(ctx, do, false)
}

// Arrays implements [sqlstore.Engine].
func (e *engine) Arrays() bool { return false }

// Locking implements [sqlstore.Engine]: there is one writer, and so nothing to lock.
func (e *engine) Locking() sqlstore.Locking { return sqlstore.Locking{} }
