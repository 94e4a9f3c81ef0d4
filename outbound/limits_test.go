package outbound_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/outbound"
)

// server starts a plain server on loopback and a gate that may reach it.
func server(t *testing.T, handle http.HandlerFunc) (*outbound.Gate, string) {
	t.Helper()
	s := httptest.NewServer(handle)
	g := open(t, outbound.Options{Allow: []string{s.Listener.Addr().String()}, UserAgent: "grantkeep/test"})
	t.Cleanup(func() {
		g.Close()
		s.Close()
	})
	return g, s.URL
}

func TestBodyEnds(t *testing.T) {
	const limit = 1 << 20
	zeros := make([]byte, 64<<10)
	write := func(w io.Writer, size int) {
		for size > 0 {
			n, err := w.Write(zeros[:min(size, len(zeros))])
			if err != nil {
				return
			}
			size -= n
		}
	}
	zipped := func(size int) []byte {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		write(z, size)
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	bomb := zipped(100 << 20)

	tests := []struct {
		name      string
		serve     http.HandlerFunc
		maxBody   int64
		length    int
		truncated bool
	}{
		{"nothing", func(http.ResponseWriter, *http.Request) {}, 0, 0, false},
		{"as long as may be", func(w http.ResponseWriter, _ *http.Request) { write(w, limit) }, 0, limit, false},
		{"a byte longer", func(w http.ResponseWriter, _ *http.Request) { write(w, limit+1) }, 0, limit, true},
		{"100 MB", func(w http.ResponseWriter, _ *http.Request) { write(w, 100<<20) }, 0, limit, true},
		{"a limit of its own", func(w http.ResponseWriter, _ *http.Request) { write(w, 11) }, 10, 10, true},
		{"gzip", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(zipped(limit))
		}, 0, limit, false},
		{"gzip bomb", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb)
		}, 0, limit, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, url := server(t, tt.serve)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			a, err := g.Send(t.Context(), request(t, "GET", url, ""), outbound.Policy{Allow: anyHost, MaxBody: tt.maxBody})
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Fatal(err)
			}
			if len(a.Body) != tt.length || a.Truncated != tt.truncated {
				t.Errorf("body of %d bytes, Truncated %v; want %d, %v", len(a.Body), a.Truncated, tt.length, tt.truncated)
			}
			// The server and the growing of the slice are in it too; 100 MB are not.
			if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
				t.Errorf("%d MB allocated for a body of 1 MB", used>>20)
			}
		})
	}
}

func TestHeadersEnd(t *testing.T) {
	addr := serve(t, false, func(_ int, c net.Conn) {
		answers(c, func(*http.Request) string {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for {
				if _, err := io.WriteString(c, "X-Endless: "+strings.Repeat("x", 1000)+"\r\n"); err != nil {
					return ""
				}
			}
		})
	})
	g := open(t, outbound.Options{Allow: []string{addr}})
	_, err := g.Send(t.Context(), request(t, "GET", "http://"+addr, ""), outbound.Policy{Allow: anyHost})
	wantError(t, err, outbound.ErrNoAnswer, "headers too long")
}

func TestInformationalAnswersEnd(t *testing.T) {
	addr := serve(t, false, func(_ int, c net.Conn) {
		answers(c, func(*http.Request) string {
			for {
				if _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: "+strings.Repeat("x", 1000)+"\r\n\r\n"); err != nil {
					return ""
				}
			}
		})
	})
	g := open(t, outbound.Options{Allow: []string{addr}})
	begun := time.Now()
	_, err := g.Send(t.Context(), request(t, "GET", "http://"+addr, ""), outbound.Policy{Allow: anyHost, Timeout: 10 * time.Minute})
	if err == nil || time.Since(begun) > 5*time.Minute {
		t.Errorf("Send ended after %v with %v, want an error at once", time.Since(begun), err)
	}
}

func TestRedirectsAreAnswers(t *testing.T) {
	var arrived atomic.Int64
	sink := serve(t, false, func(int, net.Conn) { arrived.Add(1) })
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{"GET", "POST"} {
			g, url := server(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://"+sink+"/?again")
				w.WriteHeader(status)
			})
			req := request(t, method, url+"/token", "client_secret=canary")
			req.Header.Set("Access-Token", "canary")
			a, err := g.Send(t.Context(), req, outbound.Policy{Allow: anyHost})
			if err != nil || a.Status != status || a.Header.Get("Location") == "" {
				t.Errorf("%s answered %d: %v, %v; want that answer", method, status, a, err)
			}
		}
	}
	if n := arrived.Load(); n != 0 {
		t.Errorf("%d connections arrived where the redirects pointed, want 0", n)
	}
}

func TestRequestIsSentAsGiven(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	g, url := server(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "c", Value: "v"})
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Method+" "+r.URL.RequestURI()+" "+string(body)+" "+r.UserAgent()+" "+r.Header.Get("Accept-Encoding")+" "+r.Header.Get("Cookie")+r.Header.Get("X-Token"))
	})
	for range 2 {
		req := request(t, "POST", url+"/a?b=c%20d", "body")
		req.Header.Set("X-Token", "t")
		req.Header.Set("Accept-Encoding", "br")
		a, err := g.Send(t.Context(), req, outbound.Policy{Allow: anyHost})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(a.Body), "POST /a?b=c%20d body grantkeep/test gzip t"; got != want {
			t.Errorf("the server saw %q, want %q", got, want)
		}
		if a.Status != 200 || a.Received.IsZero() {
			t.Errorf("Status %d, Received %v; want 200 and a time", a.Status, a.Received)
		}
		if req.Header.Get("User-Agent") != "" || req.Header.Get("Accept-Encoding") != "br" {
			t.Error("Send changed the caller's request")
		}
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	s := httptest.NewUnstartedServer(nil)
	config, roots := certificate(t)
	config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	s.TLS = config
	s.Config.ErrorLog = quiet
	s.StartTLS()
	defer s.Close()
	g := open(t, outbound.Options{Allow: []string{s.Listener.Addr().String()}})
	g.TrustRoots(roots)
	_, err := g.Send(t.Context(), request(t, "GET", s.URL, ""), outbound.Policy{Allow: anyHost})
	wantError(t, err, outbound.ErrNotSent, "TLS: refused by the server")
}

// TestNamesBelowLocalhostAreThisMachine: no resolver need know them, and none but those that were named is reached.
func TestNamesBelowLocalhostAreThisMachine(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) }))
	defer s.Close()
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	g := open(t, outbound.Options{Allow: []string{"sg.localhost:" + port}})
	a, err := g.Send(t.Context(), request(t, "GET", "http://sg.localhost:"+port, ""), outbound.Policy{Allow: anyHost})
	if err != nil || string(a.Body) != "sg.localhost:"+port {
		t.Errorf("sg.localhost: %s, %v", a.Body, err)
	}
	if a, err := g.Send(t.Context(), request(t, "GET", "http://my.localhost:"+port, ""), outbound.Policy{Allow: anyHost}); err == nil {
		t.Errorf("a name that nobody allowed answers %d", a.Status)
	}
}
