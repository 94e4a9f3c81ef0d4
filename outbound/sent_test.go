package outbound_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/outbound"
)

// TestWhatWasWritten is the table by which a one-time token lives or dies: not sent means that it may be used again.
func TestWhatWasWritten(t *testing.T) {
	reads := func(then func(net.Conn)) func(int, net.Conn) {
		return func(_ int, c net.Conn) {
			answers(c, func(*http.Request) string { then(c); return "" })
		}
	}
	says := func(text string) func(int, net.Conn) {
		return reads(func(c net.Conn) { _, _ = io.WriteString(c, text) })
	}
	waits := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

	tests := []struct {
		name    string
		server  func(n int, c net.Conn)
		scheme  string // of the request
		secured bool   // whether the server speaks TLS
		kind    error
		class   string
	}{
		{"closes after the request", reads(func(net.Conn) {}), "http", false, outbound.ErrNoAnswer, "connection closed"},
		{"resets after the request", reads(func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }), "http", false, outbound.ErrNoAnswer, "connection reset"},
		{"ends in the headers", says("HTTP/1.1 200 OK\r\nServer: x\r\n"), "http", false, outbound.ErrNoAnswer, "connection closed"},
		{"ends in the body", says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"acc"), "http", false, outbound.ErrNoAnswer, "connection closed"},
		{"ends in a chunk", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"acc"), "http", false, outbound.ErrNoAnswer, "connection closed"},
		{"speaks another protocol", says("SSH-2.0-canary\r\n"), "http", false, outbound.ErrNoAnswer, "malformed answer"},
		{"switches protocols", says("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"), "http", false, outbound.ErrNoAnswer, "another protocol"},
		{"is not gzip", says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 15\r\n\r\nnot gzip at all"), "http", false, outbound.ErrNoAnswer, "malformed gzip"},
		{"never answers", reads(waits), "http", false, outbound.ErrNoAnswer, "time-out after 3s"},
		{"closes after the request, TLS", reads(func(net.Conn) {}), "https", true, outbound.ErrNoAnswer, "connection closed"},
		{"ends in the body, TLS", says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"acc"), "https", true, outbound.ErrNoAnswer, "connection closed"},
		{"never answers, TLS", reads(waits), "https", true, outbound.ErrNoAnswer, "time-out after 3s"},
		{"closes before TLS", func(int, net.Conn) {}, "https", false, outbound.ErrNotSent, "TLS: connection closed"},
		{"never speaks TLS", func(_ int, c net.Conn) { waits(c) }, "https", false, outbound.ErrNotSent, "time-out after 3s"},
		{"speaks plain http", func(_ int, c net.Conn) { _, _ = io.WriteString(c, ok("")); waits(c) }, "https", false, outbound.ErrNotSent, "TLS: the server does not speak it"},
	}
	for _, tt := range tests {
		for _, method := range []string{"GET", "POST"} {
			t.Run(tt.name+" "+method, func(t *testing.T) {
				t.Parallel() // some wait for the whole time-out, which is long enough for a busy machine to shake hands in
				addr := serve(t, tt.secured, tt.server)
				g := open(t, outbound.Options{Allow: []string{addr}})
				_, roots := certificate(t)
				g.TrustRoots(roots)
				body := map[string]string{"POST": "refresh_token=canary"}[method]
				_, err := g.Send(t.Context(), request(t, method, tt.scheme+"://"+addr+"/", body),
					outbound.Policy{Allow: anyHost, Once: true, Timeout: 3 * time.Second})
				wantError(t, err, tt.kind, tt.class)
			})
		}
	}
}

func TestWhatNeverConnected(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	g := open(t, outbound.Options{Allow: []string{refusing, "absent.test"}})
	g.Resolve(resolver(func(string) []netip.Addr { return nil }))
	send := func(ctx context.Context, url string) error {
		_, err := g.Send(ctx, request(t, "POST", url, "b"), outbound.Policy{Allow: anyHost, Once: true})
		return err
	}

	wantError(t, send(t.Context(), "http://"+refusing), outbound.ErrNotSent, "connection refused")
	wantError(t, send(t.Context(), "http://absent.test"), outbound.ErrNotSent, "name not found")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, send(cancelled, "http://"+refusing), outbound.ErrNotSent, "cancelled by the caller")
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	wantError(t, send(late, "http://"+refusing), outbound.ErrNotSent, "the caller's time ended")

	untrusted := serve(t, true, func(_ int, c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	strict := open(t, outbound.Options{Allow: []string{untrusted}})
	_, err = strict.Send(t.Context(), request(t, "POST", "https://"+untrusted, "b"), outbound.Policy{Allow: anyHost})
	wantError(t, err, outbound.ErrNotSent, "TLS: certificate not trusted")

	_, roots := certificate(t)
	strict.TrustRoots(roots)
	strict.Resolve(resolver(func(string) []netip.Addr { return []netip.Addr{netip.MustParseAddr("127.0.0.1")} }))
	strict.Publish(netip.MustParseAddr("127.0.0.1"))
	_, port, err := net.SplitHostPort(untrusted)
	if err != nil {
		t.Fatal(err)
	}
	_, err = strict.Send(t.Context(), request(t, "POST", "https://other.test:"+port, "b"), outbound.Policy{Allow: anyHost})
	wantError(t, err, outbound.ErrNotSent, "TLS: certificate of another host")

	g.Close()
	wantError(t, send(t.Context(), "http://"+refusing), outbound.ErrNotSent, "the gate is closed")
}

func TestCallerLeavesWhileThePlatformThinks(t *testing.T) {
	arrived := make(chan struct{})
	addr := serve(t, false, func(_ int, c net.Conn) {
		answers(c, func(*http.Request) string { close(arrived); _, _ = io.Copy(io.Discard, c); return "" })
	})
	g := open(t, outbound.Options{Allow: []string{addr}})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	_, err := g.Send(ctx, request(t, "POST", "http://"+addr, "b"), outbound.Policy{Allow: anyHost})
	wantError(t, err, outbound.ErrNoAnswer, "cancelled by the caller")
}

// TestRefreshIsNeverRepeated: a warmed connection takes the request and dies. net/http would send an idempotent one again.
func TestRefreshIsNeverRepeated(t *testing.T) {
	tests := []struct {
		name, method, body, idempotencyKey string
		once                               bool
		want                               int64
	}{
		{"GET", "GET", "", "", true, 1},
		{"HEAD", "HEAD", "", "", true, 1},
		{"POST", "POST", "refresh_token=canary", "", true, 1},
		{"POST without a body", "POST", "", "", true, 1},
		{"POST that calls itself idempotent", "POST", "refresh_token=canary", "k", true, 1},
		{"POST without a body that calls itself idempotent", "POST", "", "k", true, 1},
		{"PUT", "PUT", "refresh_token=canary", "", true, 1},
		// The same without Once, to show that the test sees a repeat.
		{"call by GET", "GET", "", "", false, 2},
		{"call by POST", "POST", "b", "", false, 1},
	}
	for _, scheme := range []string{"http", "https"} {
		for _, tt := range tests {
			t.Run(scheme+" "+tt.name, func(t *testing.T) {
				var seen atomic.Int64
				addr := serve(t, scheme == "https", func(_ int, c net.Conn) {
					answers(c, func(r *http.Request) string {
						if r.URL.Path == "/warm" {
							return ok("warm")
						}
						seen.Add(1)
						return ""
					})
				})
				g := open(t, outbound.Options{Allow: []string{addr}})
				_, roots := certificate(t)
				g.TrustRoots(roots)
				p := outbound.Policy{Allow: anyHost, Once: tt.once}
				warm(t, g, p, scheme+"://"+addr+"/warm")

				req := request(t, tt.method, scheme+"://"+addr+"/renew", tt.body)
				if tt.idempotencyKey != "" {
					req.Header.Set("Idempotency-Key", tt.idempotencyKey)
				}
				_, err := g.Send(t.Context(), req, p)
				if !errors.Is(err, outbound.ErrNoAnswer) {
					t.Errorf("error = %v, want ErrNoAnswer", err)
				}
				if got := seen.Load(); got != tt.want {
					t.Errorf("the platform saw %d requests, want %d", got, tt.want)
				}
			})
		}
	}
}

// warm leaves three idle connections behind.
func warm(t *testing.T, g *outbound.Gate, p outbound.Policy, url string) {
	t.Helper()
	var bodies []io.Closer
	for range 3 {
		resp, err := g.Stream(t.Context(), request(t, "GET", url, ""), p)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, readAll{t, resp.Body})
	}
	for _, body := range bodies {
		_ = body.Close()
	}
}

// readAll reads a body to its end before it closes it, so that the connection can be used again.
type readAll struct {
	t *testing.T
	io.ReadCloser
}

func (r readAll) Close() error {
	if _, err := io.Copy(io.Discard, r.ReadCloser); err != nil {
		r.t.Error(err)
	}
	return r.ReadCloser.Close()
}

// dying is a connection whose peer goes away unnoticed: writes fail after a number of bytes, reads wait.
type dying struct {
	net.Conn
	dead *atomic.Bool
	left int
}

func (d *dying) Write(b []byte) (int, error) {
	if !d.dead.Load() {
		return d.Conn.Write(b)
	}
	n := min(d.left, len(b))
	if n > 0 {
		n, _ = d.Conn.Write(b[:n])
	}
	return n, &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}
}

func TestDeadKeptAliveConnection(t *testing.T) {
	tests := []struct {
		name      string
		body      int  // length of the body
		left      int  // bytes that still get out on the dead connection
		redial    bool // whether another connection can be made
		replay    bool // whether the body can be had again
		kind      error
		refreshes int64
	}{
		{"another connection takes it", 60, 0, true, true, nil, 1},
		{"no other connection", 60, 0, false, true, outbound.ErrNotSent, 0},
		{"body cannot be had again", 60, 0, true, false, outbound.ErrNotSent, 0},
		{"part of it got out", 60, 10, true, true, outbound.ErrNoAnswer, 0},
		// The transport takes a failed write of a long body for a failed read of it and does not try again.
		{"long body", 60_000, 0, true, true, outbound.ErrNotSent, 0},
	}
	for _, scheme := range []string{"http", "https"} {
		for _, tt := range tests {
			// Under TLS ten bytes are no record: the platform cannot have read any of the request.
			if scheme == "https" && tt.left > 0 {
				tt.kind, tt.refreshes = nil, 1
			}
			t.Run(scheme+" "+tt.name, func(t *testing.T) {
				var refreshes atomic.Int64
				addr := serve(t, scheme == "https", func(_ int, c net.Conn) {
					answers(c, func(r *http.Request) string {
						if r.URL.Path == "/renew" {
							refreshes.Add(1)
						}
						return ok("{}")
					})
				})
				var dead atomic.Bool
				g := open(t, outbound.Options{Allow: []string{addr}, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
					if dead.Load() && !tt.redial {
						return nil, syscall.ECONNREFUSED
					}
					c, err := new(net.Dialer).DialContext(ctx, network, addr)
					if err != nil || dead.Load() {
						return c, err
					}
					return &dying{Conn: c, dead: &dead, left: tt.left}, nil
				}})
				_, roots := certificate(t)
				g.TrustRoots(roots)
				p := outbound.Policy{Allow: anyHost, Once: true}
				warm(t, g, p, scheme+"://"+addr+"/warm")
				dead.Store(true)

				req := request(t, "POST", scheme+"://"+addr+"/renew", strings.Repeat("x", tt.body))
				if !tt.replay {
					req.GetBody = nil
				}
				a, err := g.Send(t.Context(), req, p)
				if tt.kind == nil {
					if err != nil || string(a.Body) != "{}" {
						t.Errorf("Send = %v, %v; want the answer", a, err)
					}
				} else if !errors.Is(err, tt.kind) {
					t.Errorf("error = %v, want %v", err, tt.kind)
				}
				if got := refreshes.Load(); got != tt.refreshes {
					t.Errorf("the platform saw %d renewals, want %d", got, tt.refreshes)
				}
			})
		}
	}
}
