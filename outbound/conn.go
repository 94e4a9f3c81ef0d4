package outbound

import (
	"errors"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// conn is a connection as the transport sees it: for https it lies above TLS, so that handshakes and alerts do not count.
type conn struct {
	net.Conn
	socket  net.Conn
	written atomic.Int64 // bytes of requests written so far, at most
	barred  atomic.Bool  // nothing may be written any more
}

// Write counts what it writes. It counts before it looks whether it may, and bar looks the other way round, so that a
// write either is counted or does not happen, however the two meet.
func (c *conn) Write(b []byte) (int, error) {
	c.written.Add(int64(len(b)))
	if c.barred.Load() {
		c.written.Add(-int64(len(b)))
		return 0, errRepeated
	}
	n, err := c.Conn.Write(b)
	c.written.Add(int64(n - len(b)))
	return n, err
}

// Close closes the socket at once. The farewell of TLS is left out: it waits up to 5 s for a peer that does not read.
func (c *conn) Close() error { return c.socket.Close() }

// bar forbids every further write and returns how much was written.
func (c *conn) bar() int64 {
	c.barred.Store(true)
	return c.written.Load()
}

// exchange follows one request over the connections that the transport tries for it.
type exchange struct {
	repeats int    // how often the request may be sent again after part of it was written
	stop    func() // ends the request

	conn  *conn // the latest connection
	start int64 // what had been written to it before
	sent  int   // earlier connections that have carried part of the request
}

// gotConn notes the connection that will carry the request. The transport calls it before it writes, on the goroutine of
// the request, and once more for every repeat. By itself the transport sends again what it holds for idempotent (a GET, or
// whatever has an Idempotency-Key) when a kept-alive connection dies, although the platform may have acted, and as often as
// it finds such connections: a refresh must not be repeated at all, a call once.
func (e *exchange) gotConn(info httptrace.GotConnInfo) {
	if e.conn != nil && e.conn.written.Load() > e.start {
		e.sent++
	}
	e.conn = info.Conn.(*conn) // Both dial functions of the transports return nothing else.
	e.start = e.conn.written.Load()
	if e.sent > e.repeats {
		e.conn.bar()
		e.stop()
	}
}

// verdict ends a failed exchange and tells its kind of failure. After it nothing of the request is written.
func (e *exchange) verdict(err error) error {
	if e.conn != nil && e.conn.bar() > e.start || e.sent > 0 {
		return ErrNoAnswer
	}
	if errors.Is(err, errAddress) {
		return ErrForbidden
	}
	return ErrNotSent
}
