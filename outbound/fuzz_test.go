package outbound_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/outbound"
)

// FuzzHost: whatever the text of a host, what is dialled is the host that the caller's list was asked about, or nothing.
func FuzzHost(f *testing.F) {
	for _, host := range append(hostileHosts, "api.example.com", "api.example.com:443", "[2606:4700::1]:8443", "API.Example.com:1") {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		var asked, dialled string
		g := open(t, outbound.Options{Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
			dialled = addr
			return nil, net.ErrClosed
		}})
		_, err := g.Send(t.Context(), &http.Request{URL: &url.URL{Scheme: "https", Host: host}}, outbound.Policy{Allow: func(_, hostport string) bool {
			asked = hostport
			return true
		}})
		if !errors.Is(err, outbound.ErrNotSent) {
			t.Fatalf("Send to %q: %v, want ErrNotSent", host, err)
		}
		if asked == "" && dialled != "" {
			t.Fatalf("%q was dialled for %q and nobody was asked", dialled, host)
		}
		if asked != "" {
			u, err := url.Parse("https://" + asked)
			if err != nil || u.Host != asked {
				t.Fatalf("the list was asked about %q, which is no host", asked)
			}
			if want := net.JoinHostPort(u.Hostname(), port(u)); !strings.EqualFold(dialled, want) {
				t.Fatalf("dialled %q, asked about %q", dialled, asked)
			}
		}
	})
}

// port returns the port of an address or that of https.
func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return "443"
}
