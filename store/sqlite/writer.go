package sqlite

import (
	"context"
	"errors"

	"github.com/grantkeep/grantkeep/store/sqlstore"
)

// writer owns the connection that writes. Its goroutine opens transactions and hands them, SAVEPOINT by SAVEPOINT, to
// the changes that wait; a change runs in its caller's goroutine, so that a panic in it is the caller's own.
type writer struct {
	conn    *connection
	queue   chan *change  // unbuffered: what has been received will be answered
	next    *change       // has been received, and begins the next transaction; only the goroutine knows it
	closing chan struct{} // closed to end the goroutine
	stopped chan struct{} // closed when it has ended
}

// change is one waiting caller. Its channels have room for the one value that they carry.
type change struct {
	alone  bool       // it begins a transaction
	turn   chan error // nil when the change may run, or why it cannot
	ran    chan error // what it returned
	answer chan error // how it ended, after the commit
}

// errAbandoned ends a change that did not return: it panicked, or its goroutine ended.
var errAbandoned = errors.New("sqlite: change abandoned")

func startWriter(conn *connection) *writer {
	w := &writer{conn: conn, queue: make(chan *change), closing: make(chan struct{}), stopped: make(chan struct{})}
	go w.run()
	return w
}

// change runs do as one change and returns after its commit; alone has it begin a transaction. The context counts until do begins.
func (w *writer) change(ctx context.Context, do func(context.Context, sqlstore.Querier) error, alone bool) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c := &change{alone: alone, turn: make(chan error, 1), ran: make(chan error, 1), answer: make(chan error, 1)}
	select {
	case w.queue <- c:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return errClosed
	}
	if err := <-c.turn; err != nil {
		return err
	}
	w.take(ctx, c, do)
	return <-c.answer
}

// take runs do while the writer waits, and tells it the outcome whatever happens.
func (w *writer) take(ctx context.Context, c *change, do func(context.Context, sqlstore.Querier) error) {
	err := errAbandoned
	defer func() { c.ran <- err }()
	if over := ctx.Err(); over != nil {
		err = over
		return
	}
	err = do(context.WithoutCancel(ctx), w.conn)
}

// run commits changes until the writer is closed.
func (w *writer) run() {
	defer close(w.stopped)
	for {
		if c := w.next; c != nil {
			w.next = nil
			w.commit(c)
			continue
		}
		select {
		case c := <-w.queue:
			w.commit(c)
		case <-w.closing:
			return
		}
	}
}

// mostTogether bounds one commit, and so how long its first caller waits for the last.
const mostTogether = 256

// commit runs a change and those that are waiting by then in one transaction, all but the first in a SAVEPOINT of their own, and answers all of them after it: also
// those that refused, for what they saw when they refused may have been written by one before them in the same
// transaction. Answered earlier, their callers would know of a change that a reader cannot see yet, or never.
func (w *writer) commit(c *change) {
	if err := w.conn.control("BEGIN IMMEDIATE"); err != nil {
		c.turn <- err
		return
	}
	type outcome struct {
		c   *change
		own error
	}
	c.turn <- nil
	own := <-c.ran
	if own != nil { // there is nothing else in the transaction yet
		if err := w.conn.control("ROLLBACK"); err != nil {
			own = err
		}
		c.answer <- own
		return
	}
	ended := []outcome{{c, nil}}
	var broken error
	for n := 1; broken == nil && n < mostTogether; n++ {
		if c = w.waiting(); c == nil {
			break
		}
		if c.alone {
			w.next = c
			break
		}
		own, broken = w.try(c)
		ended = append(ended, outcome{c, own})
	}
	if broken == nil {
		broken = w.conn.control("COMMIT")
	}
	if broken != nil {
		_ = w.conn.control("ROLLBACK") // SQLite may have done it by itself
	}
	for _, o := range ended {
		if broken != nil {
			o.own = broken
		}
		o.c.answer <- o.own
	}
}

// waiting returns a change that waits, or nil.
func (w *writer) waiting() *change {
	select {
	case c := <-w.queue:
		return c
	default:
		return nil
	}
}

// try runs one change. own is what it returned, after which nothing of it is left; broken means that the transaction is
// lost, and with it every change in it.
func (w *writer) try(c *change) (own, broken error) {
	if err := w.conn.control("SAVEPOINT change"); err != nil {
		c.turn <- err
		return err, err
	}
	c.turn <- nil
	if own = <-c.ran; own != nil {
		broken = w.conn.control("ROLLBACK TO change")
	}
	if broken == nil {
		broken = w.conn.control("RELEASE change")
	}
	return own, broken
}

// close waits for the changes under way and closes the connection.
func (w *writer) close() error {
	close(w.closing)
	<-w.stopped
	return w.conn.close()
}
