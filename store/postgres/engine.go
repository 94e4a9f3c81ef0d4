package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore"
)

// engine runs the store's SQL on two pools of connections. Lists have one of their own, so that searches leave those
// alone that refreshes and tokens need.
type engine struct {
	reader
	lists reader
}

// reader reads on the connections of a pool.
type reader struct {
	pool     *pgxpool.Pool
	patience time.Duration // for one read
	late     error         // of a read that took longer; nil: what the server's way says
}

// patience is how long the server may take for one read or one change before it counts as unavailable. A connection
// that is dead without saying so would otherwise hold its caller for as long as the network takes to notice.
// listPatience is how long a list may take, its waiting for a connection included.
const (
	patience     = 30 * time.Second
	listPatience = 10 * time.Second
)

// errBusy is the error of a list that took longer than its patience.
var errBusy = fmt.Errorf("%w: the search took too long; narrow it, or ask again later", store.ErrUnavailable)

// conflicts is how often a change is begun when the server ends it in favour of another.
const conflicts = 5

// yield is what each further beginning waits more than the one before: the other side of the conflict has to get its locks first.
const yield = 20 * time.Millisecond

// Exec runs a statement by itself.
func (r *reader) Exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = r.read(ctx, func(ctx context.Context) error {
		n, err = querier{r.pool}.Exec(ctx, query, args...)
		return err
	})
	return n, err
}

// Query runs a statement by itself.
func (r *reader) Query(ctx context.Context, row func(sqlstore.Row) error, query string, args ...any) error {
	return r.read(ctx, func(ctx context.Context) error { return querier{r.pool}.Query(ctx, row, query, args...) })
}

// Snapshot implements [sqlstore.Engine].
func (r *reader) Snapshot(ctx context.Context, do func(context.Context, sqlstore.Querier) error) error {
	return r.read(ctx, func(ctx context.Context) error {
		tx, err := r.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return translate(err)
		}
		defer rollback(ctx, tx)
		return do(ctx, querier{tx})
	})
}

// read runs do within the reader's patience; what its caller's context ends is that context's error.
func (r *reader) read(ctx context.Context, do func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	err := do(limited)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil && r.late != nil:
		return r.late
	}
	return err
}

// Lists implements [sqlstore.Engine].
func (e *engine) Lists() sqlstore.Reader { return &e.lists }

// close waits for what is under way and closes the connections.
func (e *engine) close() {
	e.pool.Close()
	e.lists.pool.Close()
}

// Change implements [sqlstore.Engine].
func (e *engine) Change(ctx context.Context, do func(context.Context, sqlstore.Querier) error) error {
	return e.write(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		tx, err := conn.Begin(ctx)
		if err != nil {
			return translate(err)
		}
		defer rollback(ctx, tx)
		if err := do(ctx, querier{tx}); err != nil {
			return err
		}
		return translate(tx.Commit(ctx))
	})
}

// Alone implements [sqlstore.Engine]: every change has a transaction of its own.
func (e *engine) Alone(ctx context.Context, do func(context.Context, sqlstore.Querier) error) error {
	return e.Change(ctx, do)
}

// Single implements [sqlstore.Engine]: a statement is a transaction by itself, which saves two trips to the server.
func (e *engine) Single(ctx context.Context, do func(context.Context, sqlstore.Querier) error) error {
	return e.write(ctx, func(ctx context.Context, conn *pgxpool.Conn) error { return do(ctx, querier{conn}) })
}

// write runs do on a connection, again if it met a conflict. The caller's context counts until there is a connection.
func (e *engine) write(ctx context.Context, do func(context.Context, *pgxpool.Conn) error) error {
	var err error
	for n := range conflicts {
		time.Sleep(time.Duration(n) * yield) // none before the first
		if err = e.writeOnce(ctx, do); !errors.Is(err, errConflict) {
			return err
		}
	}
	return err
}

func (e *engine) writeOnce(ctx context.Context, do func(context.Context, *pgxpool.Conn) error) error {
	var conn *pgxpool.Conn
	err := e.read(ctx, func(ctx context.Context) (err error) {
		conn, err = e.pool.Acquire(ctx)
		return translate(err)
	})
	if err != nil {
		return err
	}
	defer conn.Release()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return do(limited, conn)
}

// rollback ends a transaction unless it was committed. A connection on which that fails is broken and leaves the pool.
func rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_ = tx.Rollback(ctx) // after a commit it says so, otherwise its failure changes nothing
}

// Arrays implements [sqlstore.Engine].
func (e *engine) Arrays() bool { return true }

// Locking implements [sqlstore.Engine]. Keys of rows do not change, so references to a locked row may be made meanwhile.
func (e *engine) Locking() sqlstore.Locking {
	return sqlstore.Locking{Wait: ` FOR NO KEY UPDATE`, Skip: ` FOR NO KEY UPDATE SKIP LOCKED`}
}

// runner is a pool, a connection or a transaction. Each prepares a text once per connection.
type runner interface {
	Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
}

// querier is a runner in the store's words.
type querier struct{ on runner }

// Exec implements [sqlstore.Querier].
func (q querier) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	args, err := plain(args)
	if err != nil {
		return 0, err
	}
	tag, err := q.on.Exec(ctx, query, args...)
	return tag.RowsAffected(), translate(err)
}

// Query implements [sqlstore.Querier].
func (q querier) Query(ctx context.Context, row func(sqlstore.Row) error, query string, args ...any) error {
	args, err := plain(args)
	if err != nil {
		return err
	}
	rows, err := q.on.Query(ctx, query, args...)
	if err != nil {
		return translate(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return translate(rows.Err())
}

// Load implements [sqlstore.Loader] by COPY.
func (q querier) Load(ctx context.Context, table string, columns []string, rows [][]any) error {
	copies, ok := q.on.(interface {
		CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error)
	})
	if !ok {
		return fmt.Errorf("postgres: a %T does not copy", q.on)
	}
	source := pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return plain(rows[i]) })
	_, err := copies.CopyFrom(ctx, pgx.Identifier{table}, columns, source)
	return translate(err)
}

// plain replaces parameters that know how they are stored by what they are stored as.
func plain(args []any) ([]any, error) {
	for i, arg := range args {
		v, ok := arg.(driver.Valuer)
		if !ok {
			continue
		}
		value, err := v.Value()
		if err != nil {
			return nil, err
		}
		args[i] = value
	}
	return args, nil
}
