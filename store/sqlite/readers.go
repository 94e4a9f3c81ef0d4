package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/grantkeep/grantkeep/store/sqlstore"
)

// readers lends connections that read.
type readers struct {
	all     int
	idle    chan *connection // holds those that nobody uses
	closing chan struct{}    // closed to end the lending
}

func newReaders(ctx context.Context, db *sql.DB) (*readers, error) {
	n := db.Stats().MaxOpenConnections
	r := &readers{all: n, idle: make(chan *connection, n), closing: make(chan struct{})}
	for range n {
		c, err := newConnection(ctx, db)
		if err != nil {
			r.all = len(r.idle)
			return nil, errors.Join(err, r.close())
		}
		r.idle <- c
	}
	return r, nil
}

// read lends a connection to do.
func (r *readers) read(ctx context.Context, do func(*connection) error) error {
	select {
	case <-r.closing:
		return errClosed
	default:
	}
	select {
	case c := <-r.idle:
		defer func() { r.idle <- c }()
		err := do(c)
		if err != nil && ctx.Err() != nil {
			return ctx.Err() // SQLite calls it an interruption
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-r.closing:
		return errClosed
	}
}

// snapshot lends a connection that sees one moment.
func (r *readers) snapshot(ctx context.Context, do func(context.Context, sqlstore.Querier) error) error {
	return r.read(ctx, func(c *connection) error {
		if _, err := c.Exec(ctx, "BEGIN"); err != nil {
			return err
		}
		defer func() { _, _ = c.Exec(context.WithoutCancel(ctx), "ROLLBACK") }() // it wrote nothing
		return do(ctx, c)
	})
}

// close waits for reads under way and closes the connections.
func (r *readers) close() error {
	close(r.closing)
	var errs []error
	for range r.all {
		errs = append(errs, (<-r.idle).close())
	}
	return errors.Join(errs...)
}
