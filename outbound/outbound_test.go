package outbound_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/grantkeep/grantkeep/outbound"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// anyHost is the list of a caller that would go anywhere.
func anyHost(_, _ string) bool { return true }

// open returns a gate that is closed after the test.
func open(t testing.TB, o outbound.Options) *outbound.Gate {
	t.Helper()
	g, err := outbound.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

// request makes a request; a body makes it one that the transport could send again.
func request(t testing.TB, method, url, body string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// wantError checks the kind and the class of an error.
func wantError(t testing.TB, err, kind error, class string) {
	t.Helper()
	var e *outbound.Error
	if !errors.As(err, &e) {
		t.Errorf("error = %v, want an *outbound.Error: %v, %s", err, kind, class)
		return
	}
	if !errors.Is(e.Kind, kind) || e.Class != class {
		t.Errorf("error = %v: %s, want %v: %s", e.Kind, e.Class, kind, class)
	}
}

// serve listens on loopback and handles each connection, with its number from 1, on a goroutine of its own. It returns the
// address. When the test ends, everything is closed and awaited.
func serve(t testing.TB, secured bool, handle func(n int, c net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if secured {
		config, _ := certificate(t)
		l = tls.NewListener(l, config)
	}
	var mu sync.Mutex
	var conns []net.Conn
	var running sync.WaitGroup
	running.Go(func() {
		for n := 1; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			running.Go(func() {
				defer c.Close()
				handle(n, c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		running.Wait()
	})
	return addr
}

// certificate returns a server's settings and the roots that trust it, for 127.0.0.1 and example.com.
var certificate = func() func(testing.TB) (*tls.Config, *x509.CertPool) {
	var once sync.Once
	var config *tls.Config
	roots := x509.NewCertPool()
	return func(testing.TB) (*tls.Config, *x509.CertPool) {
		once.Do(func() {
			s := httptest.NewTLSServer(nil)
			defer s.Close()
			config = &tls.Config{Certificates: s.TLS.Certificates}
			roots.AddCert(s.Certificate())
		})
		return config.Clone(), roots
	}
}()

// answers reads requests from a connection and writes what answer returns for each, until that is empty or the client
// leaves.
func answers(c net.Conn, answer func(*http.Request) string) {
	in := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return
		}
		text := answer(req)
		if text == "" {
			return
		}
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
	}
}

// ok is a complete answer with a body.
func ok(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}
