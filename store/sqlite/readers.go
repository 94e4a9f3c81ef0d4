package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlstore"
)

// readers lends connections that read. Each is lent in autocommit and without a failed control statement behind it: one
// that comes back otherwise is closed, and its place gets another.
type readers struct {
	db       *sql.DB
	places   int
	patience time.Duration    // how long one read may wait and run; 0: as long as its caller likes
	idle     chan *connection // holds those that nobody uses; nil is a place whose connection is opened when it is lent
	closing  chan struct{}    // closed to end the lending
}

func newReaders(ctx context.Context, db *sql.DB, places int, patience time.Duration) (*readers, error) {
	r := &readers{
		db: db, places: places, patience: patience,
		idle: make(chan *connection, places), closing: make(chan struct{}),
	}
	for range places {
		c, err := newConnection(ctx, db)
		if err != nil {
			r.places = len(r.idle)
			return nil, errors.Join(err, r.close())
		}
		r.idle <- c
	}
	return r, nil
}

// errBusy is the error of a read that took longer than the readers' patience.
var errBusy = fmt.Errorf("%w: the search took too long; narrow it, or ask again later", store.ErrUnavailable)

// read lends a connection to do.
func (r *readers) read(ctx context.Context, do func(context.Context, *connection) error) error {
	limited := ctx
	if r.patience > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, r.patience)
		defer cancel()
	}
	err := r.lend(limited, do)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err() // SQLite calls it an interruption
	case limited.Err() != nil:
		return errBusy
	}
	return err
}

func (r *readers) lend(ctx context.Context, do func(context.Context, *connection) error) error {
	select {
	case <-r.closing:
		return errClosed
	default:
	}
	select {
	case c := <-r.idle:
		sound := false
		defer func() {
			if !sound { // also after a panic
				c = r.discard(c)
			}
			r.idle <- c
		}()
		if c == nil {
			var err error
			if c, err = newConnection(context.WithoutCancel(ctx), r.db); err != nil {
				return err
			}
		}
		err := do(ctx, c)
		sound = err == nil || c.sound()
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-r.closing:
		return errClosed
	}
}

// discard closes a connection for good and returns the empty place that it leaves.
func (r *readers) discard(c *connection) *connection {
	if c != nil {
		_ = c.discard() // it is not to be relied on, and read only
	}
	return nil
}

// Exec runs a statement on a reader, which refuses to write.
func (r *readers) Exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = r.read(ctx, func(ctx context.Context, c *connection) error {
		n, err = c.Exec(ctx, query, args...)
		return err
	})
	return n, err
}

// Query runs a statement on a reader.
func (r *readers) Query(ctx context.Context, row func(sqlstore.Row) error, query string, args ...any) error {
	return r.read(ctx, func(ctx context.Context, c *connection) error { return c.Query(ctx, row, query, args...) })
}

// Snapshot lends a connection that sees one moment. The statements that begin and end it do not end with their caller: a
// BEGIN that was interrupted may have begun.
func (r *readers) Snapshot(ctx context.Context, do func(context.Context, sqlstore.Querier) error) error {
	return r.read(ctx, func(ctx context.Context, c *connection) (err error) {
		if err := c.control("BEGIN"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.control("ROLLBACK")) }() // it wrote nothing
		return do(ctx, c)
	})
}

// answer returns nil if every place has a connection that answers. One that is lent meanwhile is looked at when it comes back.
func (r *readers) answer(ctx context.Context) error {
	for range r.places {
		err := r.Snapshot(ctx, func(ctx context.Context, q sqlstore.Querier) error {
			return q.Query(ctx, func(row sqlstore.Row) error {
				var tables int64
				return row.Scan(&tables)
			}, `SELECT count(*) FROM sqlite_schema`)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// rest lets the connections that nobody uses forget the pages that they hold, which the system's own cache has too.
func (r *readers) rest(ctx context.Context) error {
	var errs []error
	var rested []*connection
	for range r.places {
		select {
		case c := <-r.idle:
			if c != nil {
				errs = append(errs, c.rest(ctx))
			}
			rested = append(rested, c)
		default:
		}
	}
	for _, c := range rested {
		r.idle <- c
	}
	return errors.Join(errs...)
}

// close waits for reads under way and closes the connections.
func (r *readers) close() error {
	close(r.closing)
	var errs []error
	for range r.places {
		if c := <-r.idle; c != nil {
			errs = append(errs, c.close())
		}
	}
	return errors.Join(errs...)
}
