package outbound_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/outbound"
)

func TestProxyIsAskedForATunnel(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("Proxy-Authorization")+"from "+r.Host)
	}))
	defer s.Close()
	_, roots := certificate(t)
	roots.AddCert(s.Certificate())

	for _, secured := range []bool{false, true} {
		asked := make(chan *http.Request, 1)
		proxy := serve(t, secured, func(_ int, c net.Conn) {
			answers(c, func(r *http.Request) string {
				asked <- r
				far, err := net.Dial("tcp", s.Listener.Addr().String())
				if err != nil {
					t.Error(err)
					return ""
				}
				defer far.Close()
				_, _ = io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
				go func() {
					_, _ = io.Copy(far, c)
					_ = far.Close()
				}()
				_, _ = io.Copy(c, far)
				return ""
			})
		})
		address := &url.URL{Scheme: "http", Host: proxy, User: url.UserPassword("user", "canary")}
		if secured {
			address.Scheme = "https"
		}
		g := open(t, outbound.Options{Proxy: address})
		g.TrustRoots(roots)
		a, err := g.Send(t.Context(), request(t, "POST", "https://example.com/x?canary", "canary"), outbound.Policy{Allow: anyHost, Once: true})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(a.Body), "from example.com"; got != want {
			t.Errorf("the server answered %q, want %q", got, want)
		}
		r := <-asked
		if r.Method != "CONNECT" || r.Host != "example.com:443" || r.Header.Get("Proxy-Authorization") != "Basic dXNlcjpjYW5hcnk=" {
			t.Errorf("the proxy was asked %s %s with %q; want CONNECT example.com:443 with user and password", r.Method, r.Host, r.Header.Get("Proxy-Authorization"))
		}

		// An address that is none of the proxy's business stays here.
		_, err = g.Send(t.Context(), request(t, "GET", "https://169.254.169.254/", ""), outbound.Policy{Allow: anyHost})
		wantError(t, err, outbound.ErrForbidden, "the address is not public")
		g.Close()
	}
}

func TestProxyThatDoesNotHelp(t *testing.T) {
	for answer, class := range map[string]string{
		"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n": "proxy: status 407",
		"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n":     "proxy: more than an answer",
		"":             "proxy: connection closed",
		"canary\r\n":   "proxy: malformed answer",
		"HTTP/1.1 200": "proxy: connection closed",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100_000): "proxy: connection closed",
	} {
		proxy := serve(t, false, func(_ int, c net.Conn) {
			answers(c, func(*http.Request) string { _, _ = io.WriteString(c, answer); return "" })
		})
		g := open(t, outbound.Options{Proxy: &url.URL{Scheme: "http", Host: proxy}})
		_, err := g.Send(t.Context(), request(t, "POST", "https://example.com/x?canary", "canary"), outbound.Policy{Allow: anyHost, Once: true})
		wantError(t, err, outbound.ErrNotSent, class)
		wantNoSecret(t, class, err)
	}

	silent := serve(t, false, func(_ int, c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	g := open(t, outbound.Options{Proxy: &url.URL{Scheme: "http", Host: silent}})
	_, err := g.Send(t.Context(), request(t, "GET", "https://example.com/", ""), outbound.Policy{Allow: anyHost, Timeout: 50 * time.Millisecond})
	wantError(t, err, outbound.ErrNotSent, "time-out after 0.05s")
}

func TestNamedHostsPassTheProxyBy(t *testing.T) {
	addr := serve(t, false, func(_ int, c net.Conn) { answers(c, func(*http.Request) string { return ok("direct") }) })
	g := open(t, outbound.Options{Allow: []string{addr}, Proxy: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}})
	a, err := g.Send(t.Context(), request(t, "GET", "http://"+addr, ""), outbound.Policy{Allow: anyHost})
	if err != nil || string(a.Body) != "direct" {
		t.Errorf("Send = %v, %v; want the answer without the proxy", a, err)
	}
}

func TestUnsoundProxyIsRefused(t *testing.T) {
	for _, address := range []string{"socks5://canary:canary@proxy.test", "proxy.test:3128", "http://", "http://canary:canary@", "http://:3128"} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		_, err = outbound.New(outbound.Options{Proxy: u})
		if err == nil {
			t.Errorf("New accepted the proxy %q", address)
			continue
		}
		wantNoSecret(t, address, err)
	}
}
