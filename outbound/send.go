package outbound

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"time"
)

const (
	defaultTimeout = 30 * time.Second
	defaultMaxBody = 1 << 20
)

// Policy says where one request may go and how far. The zero Policy allows no host.
type Policy struct {
	// Allow is the caller's own list of hosts, asked besides the gate's rules with the scheme and the host[:port] as they
	// stand in the address. Nil allows nothing.
	Allow func(scheme, hostport string) bool
	// Timeout is the hard, monotonic end of the whole exchange: connecting, asking, reading the body. 0 is 30 s.
	Timeout time.Duration
	// MaxBody bounds the body of an [Answer], in bytes after decompression. 0 is 1 MiB. Stream does not look at it.
	MaxBody int64
	// Once is for what must not be asked twice, refreshes and exchanges: a request of which anything was written is never
	// repeated, by whatever method. Without it a GET may go out a second time when a kept-alive connection dies. One that no
	// byte was written of goes out on another connection, if it has no body or has GetBody.
	Once bool
	// Public allows any public host over https on port 443 instead of a list: webhooks and alerts.
	Public bool
}

// Answer is a complete answer.
type Answer struct {
	Status    int
	Header    http.Header
	Body      []byte    // decompressed; the first MaxBody bytes if Truncated
	Truncated bool      // the body was longer than MaxBody
	Received  time.Time // when the last byte was read
}

// Send sends req, once and without following redirects, and reads the answer. Every answer that is complete is returned,
// whatever its status. Errors are *[Error].
func (g *Gate) Send(ctx context.Context, req *http.Request, p Policy) (*Answer, error) {
	a, err := g.begin(ctx, req, p)
	if err != nil {
		return nil, err
	}
	defer a.stop()
	defer func() { _ = a.resp.Body.Close() }() // what it held has been read, or is not wanted

	limit := p.MaxBody
	if limit <= 0 {
		limit = defaultMaxBody
	}
	body, err := io.ReadAll(io.LimitReader(a.resp.Body, limit+1))
	truncated := int64(len(body)) > limit
	if truncated {
		body = body[:limit]
	} else if err != nil {
		return nil, a.failure(ErrNoAnswer, err)
	}
	return &Answer{Status: a.resp.StatusCode, Header: a.resp.Header, Body: body, Truncated: truncated, Received: time.Now()}, nil
}

// Stream sends req as Send does and returns once the headers of the answer are there. The caller reads the body and closes
// it, which ends the request; p.Timeout ends it too. Errors, those of reading the body too, are *[Error].
func (g *Gate) Stream(ctx context.Context, req *http.Request, p Policy) (*http.Response, error) {
	a, err := g.begin(ctx, req, p)
	if err != nil {
		return nil, err
	}
	a.resp.Body = &streamed{attempt: a, body: a.resp.Body}
	a.resp.Request = req
	return a.resp, nil
}

// streamed is the body of a streamed answer.
type streamed struct {
	attempt *attempt
	body    io.ReadCloser
}

// Read reads the body; its errors are those of the gate.
func (s *streamed) Read(b []byte) (int, error) {
	n, err := s.body.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = s.attempt.failure(ErrNoAnswer, err)
	}
	return n, err
}

// Close ends the request.
func (s *streamed) Close() error {
	defer s.attempt.stop()
	if err := s.body.Close(); err != nil {
		return s.attempt.failure(ErrNoAnswer, err)
	}
	return nil
}

// attempt is a request under way.
type attempt struct {
	method, host string
	stop         context.CancelFunc
	ended        func() string // says whose time ended, or nothing
	resp         *http.Response
}

// begin asks the rules, sends the request and waits for the headers of the answer.
func (g *Gate) begin(caller context.Context, req *http.Request, p Policy) (*attempt, error) {
	a := &attempt{method: methodText(req.Method), host: hostText(req.URL), ended: func() string { return "" }}
	if err := g.admit(req, p); err != nil {
		closeBody(req)
		return nil, a.failure(ErrForbidden, err)
	}
	if g.closed.Load() {
		closeBody(req)
		return nil, a.failure(ErrNotSent, errClosed)
	}
	timeout := p.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, stop := context.WithTimeout(caller, timeout)
	a.stop = stop
	a.ended = func() string { return whoseEnd(caller, ctx, timeout) }

	e := &exchange{repeats: 1, stop: stop}
	if p.Once {
		e.repeats = 0
	}
	out := req.Clone(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: e.gotConn}))
	if out.Header == nil {
		out.Header = make(http.Header)
	}
	if _, set := out.Header["User-Agent"]; !set {
		out.Header.Set("User-Agent", g.userAgent)
	}
	// The transport asks for gzip by itself and then hands out what it has decompressed.
	out.Header.Del("Accept-Encoding")

	// A transport, unlike a client, follows no redirect and keeps no cookie.
	resp, err := g.pool(p).RoundTrip(out)
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
		err = errors.Join(errProtocol, resp.Body.Close())
	}
	if err != nil {
		defer stop()
		return nil, a.failure(e.verdict(err), err)
	}
	a.resp = resp
	return a, nil
}

// failure returns the error of an attempt.
func (a *attempt) failure(kind, err error) *Error {
	class := a.ended()
	if class == "" {
		class = classOf(err)
	}
	return &Error{Kind: kind, Method: a.method, Host: a.host, Class: class}
}

// whoseEnd says whether a request failed because its time was over, the caller's or the policy's.
func whoseEnd(caller, ctx context.Context, timeout time.Duration) string {
	switch {
	case errors.Is(caller.Err(), context.DeadlineExceeded):
		return "the caller's time ended"
	case caller.Err() != nil:
		return "cancelled by the caller"
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "time-out after " + seconds(timeout)
	}
	return ""
}

// closeBody closes the body of a request that is not sent, as a transport does with one that is.
func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close() // Nothing of it was needed.
	}
}

// seconds writes a duration as people say it, "60s".
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}
