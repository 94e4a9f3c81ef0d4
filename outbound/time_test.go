package outbound_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grantkeep/grantkeep/outbound"
)

// memory is a network in memory: each dial gives handle one end. The test waits for all of them, since virtual time stands
// still once it has ended.
func memory(t *testing.T, handle func(net.Conn)) func(context.Context, string, string) (net.Conn, error) {
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		running.Go(func() {
			defer ours.Close()
			handle(ours)
		})
		return theirs, nil
	}
}

// trickle writes text, then a byte each second for ever.
func trickle(text string) func(net.Conn) {
	return func(c net.Conn) {
		answers(c, func(*http.Request) string {
			for {
				if _, err := io.WriteString(c, text); err != nil {
					return ""
				}
				text = "x"
				time.Sleep(time.Second)
			}
		})
	}
}

func TestTimeEnds(t *testing.T) {
	hang := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	deaf := func(net.Conn) { time.Sleep(time.Hour) }
	reads := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	config, roots := certificate(t)
	readsOnce := func(c net.Conn) {
		answers(tls.Server(c, config), func(*http.Request) string { time.Sleep(time.Hour); return "" })
	}
	tests := []struct {
		name    string
		server  func(net.Conn)
		url     string
		timeout time.Duration
		took    time.Duration
		kind    error
		class   string
	}{
		{"headers trickle", trickle("HTTP/1.1 200 OK\r\nX: "), "http://sim.test", time.Minute, time.Minute, outbound.ErrNoAnswer, "time-out after 60s"},
		{"body trickles", trickle("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"), "http://sim.test", time.Minute, time.Minute, outbound.ErrNoAnswer, "time-out after 60s"},
		{"body of unknown length trickles", trickle("HTTP/1.1 200 OK\r\n\r\n"), "http://sim.test", 300 * time.Second, 300 * time.Second, outbound.ErrNoAnswer, "time-out after 300s"},
		{"silence", reads, "http://sim.test", 0, 30 * time.Second, outbound.ErrNoAnswer, "time-out after 30s"},
		{"request is not read", deaf, "http://sim.test", time.Minute, time.Minute, outbound.ErrNotSent, "time-out after 60s"},
		{"the farewell is not read", readsOnce, "https://example.com", time.Minute, time.Minute, outbound.ErrNoAnswer, "time-out after 60s"},
		{"no connection", nil, "http://sim.test", time.Minute, 10 * time.Second, outbound.ErrNotSent, "time-out of the connect after 10s"},
		{"no TLS", reads, "https://sim.test", time.Minute, 10 * time.Second, outbound.ErrNotSent, "time-out of the connect after 10s"},
		{"TLS is not read", deaf, "https://sim.test", time.Minute, 10 * time.Second, outbound.ErrNotSent, "time-out of the connect after 10s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dial := hang
				if tt.server != nil {
					dial = memory(t, tt.server)
				}
				g := open(t, outbound.Options{Allow: []string{"sim.test"}, Dial: dial})
				g.TrustRoots(roots)
				begun := time.Now()
				_, err := g.Send(t.Context(), request(t, "POST", tt.url, "refresh_token=canary"), outbound.Policy{Allow: anyHost, Once: true, Timeout: tt.timeout})
				wantError(t, err, tt.kind, tt.class)
				if took := time.Since(begun); took != tt.took {
					t.Errorf("Send took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

func TestStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := make(chan struct{}, 1)
		g := open(t, outbound.Options{Allow: []string{"sim.test"}, Dial: memory(t, func(c net.Conn) {
			trickle("HTTP/1.1 200 OK\r\n\r\n")(c)
			left <- struct{}{}
		})})
		p := outbound.Policy{Allow: anyHost, Timeout: time.Minute}
		begun := time.Now()

		req := request(t, "GET", "http://sim.test/", "")
		resp, err := g.Stream(t.Context(), req, p)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("the headers took %v, want them at once", took)
		}
		if resp.Request != req {
			t.Error("the answer does not point to the caller's request")
		}
		if _, err := bufio.NewReader(resp.Body).ReadByte(); err != nil {
			t.Error(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
		<-left
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("the connection ended %v after the begin, want it to end with Close", took)
		}

		begun = time.Now()
		resp, err = g.Stream(t.Context(), request(t, "GET", "http://sim.test/", ""), p)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		wantError(t, err, outbound.ErrNoAnswer, "time-out after 60s")
		if took := time.Since(begun); took != time.Minute {
			t.Errorf("reading ended after %v, want 1m0s", took)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}

		if _, err := g.Stream(t.Context(), request(t, "GET", "http://sim.test/", ""), outbound.Policy{}); err == nil {
			t.Error("Stream went to a host that is not allowed")
		}
	})
}

// TestServerInMemory is how the tests of other packages reach their simulators: no socket, virtual time.
func TestServerInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conns := make(chan net.Conn)
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(20 * time.Second)
			_, _ = io.WriteString(w, "from "+r.Host)
		})}
		l := listener(conns)
		go func() { _ = s.Serve(l) }()
		g := open(t, outbound.Options{Allow: []string{"sim.test:9000"}, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			select {
			case conns <- ours:
				return theirs, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}})
		for range 3 {
			begun := time.Now()
			a, err := g.Send(t.Context(), request(t, "POST", "http://sim.test:9000/", "b"), outbound.Policy{Allow: anyHost})
			if err != nil || string(a.Body) != "from sim.test:9000" {
				t.Fatalf("Send = %v, %v; want the server's answer", a, err)
			}
			if took := a.Received.Sub(begun); took != 20*time.Second {
				t.Errorf("the answer took %v, want 20s", took)
			}
		}
		g.Close()
		_ = s.Close()
	})
}

// listener accepts what is sent to it.
type listener chan net.Conn

func (l listener) Accept() (net.Conn, error) {
	c, ok := <-l
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (l listener) Close() error   { close(l); return nil }
func (l listener) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

func TestIdleConnectionsOfRefreshesEndEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dials := 0
		dial := memory(t, func(c net.Conn) { answers(c, func(*http.Request) string { return ok("") }) })
		g := open(t, outbound.Options{Allow: []string{"sim.test"}, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			dials++
			return dial(ctx, network, addr)
		}})
		send := func(want int) {
			t.Helper()
			if _, err := g.Send(t.Context(), request(t, "POST", "http://sim.test/", "b"), outbound.Policy{Allow: anyHost, Once: true}); err != nil {
				t.Fatal(err)
			}
			if dials != want {
				t.Errorf("%d connections so far, want %d", dials, want)
			}
		}
		send(1)
		time.Sleep(9 * time.Second)
		send(1)
		time.Sleep(11 * time.Second)
		send(2)
	})
}
