package outbound_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/outbound"
)

func TestAllowedEndpointsAreRead(t *testing.T) {
	for _, entry := range []string{"localhost", "localhost:9000", "LocalHost:9000", "127.0.0.1", "127.0.0.1:1", "[::1]:65535", "[::1]", "sim_1.test", "xn--fiqs8s:80"} {
		if _, err := outbound.New(outbound.Options{Allow: []string{entry}}); err != nil {
			t.Errorf("New with %q: %v", entry, err)
		}
	}
	for _, entry := range []string{"", " ", ":9000", "localhost:", "localhost:0", "localhost:65536", "localhost:http", "localhost:09", "localhost:-1",
		"http://localhost", "localhost/", "localhost:9000/", "user@localhost", "*", "*.test", "a b", "a.", ".a", "a..b", "127.1", "0x7f000001",
		"[::1", "::1]:9", "fe80::1%eth0", "[fe80::1%eth0]:9", "中国:80", "[127.0.0.1]", "[localhost]:9", "[::1]:", "[]", "::1", "[1:2]", "localhost:9000,other"} {
		_, err := outbound.New(outbound.Options{Allow: []string{entry}})
		if err == nil {
			t.Errorf("New accepted the entry %q", entry)
			continue
		}
		if got := err.Error(); !strings.Contains(got, "HOST:PORT") {
			t.Errorf("error = %q, want it to say what to write", got)
		}
	}
}

func TestHostRules(t *testing.T) {
	g := open(t, outbound.Options{Allow: []string{"sim.test:9000", "relay.test", "127.0.0.1:9000", "[::1]:9000"}, Dial: noNetwork})
	only := func(scheme, hostport string) bool { return scheme+"://"+hostport == "https://api.example.com" }

	tests := []struct {
		url    string
		policy outbound.Policy
		class  string // of the refusal; empty: it gets as far as the network
	}{
		{"https://api.example.com/x", outbound.Policy{Allow: only}, ""},
		{"https://api.example.com:443/x", outbound.Policy{Allow: only}, "a host that is not allowed"},
		{"https://api.example.com.evil.test/", outbound.Policy{Allow: only}, "a host that is not allowed"},
		{"https://api.example.com/", outbound.Policy{}, "a host that is not allowed"},
		{"http://api.example.com/", outbound.Policy{Allow: anyHost}, "plain http to a host that was not allowed at the start"},
		{"http://sim.test:9000/", outbound.Policy{Allow: anyHost}, ""},
		{"http://SIM.test:9000/", outbound.Policy{Allow: anyHost}, ""},
		{"http://sim.test:9001/", outbound.Policy{Allow: anyHost}, "plain http to a host that was not allowed at the start"},
		{"http://sim.test/", outbound.Policy{Allow: anyHost}, "plain http to a host that was not allowed at the start"},
		{"http://relay.test/", outbound.Policy{Allow: anyHost}, ""},
		{"http://relay.test:1/", outbound.Policy{Allow: anyHost}, ""},
		{"http://sim.test:9000/", outbound.Policy{}, "a host that is not allowed"},
		{"http://127.0.0.1:9000/", outbound.Policy{Allow: anyHost}, ""},
		{"http://[::1]:9000/", outbound.Policy{Allow: anyHost}, ""},
		{"http://[0:0:0:0:0:0:0:1]:9000/", outbound.Policy{Allow: anyHost}, ""},
		{"https://127.0.0.1:9001/", outbound.Policy{Allow: anyHost}, "the address is not public"},
		{"https://[::ffff:127.0.0.1]:9000/", outbound.Policy{Allow: anyHost}, "the address is not public"},
		{"https://hooks.example.com/", outbound.Policy{Public: true}, ""},
		{"https://hooks.example.com:443/", outbound.Policy{Public: true}, ""},
		{"https://hooks.example.com:8443/", outbound.Policy{Public: true}, "a port other than 443"},
		{"http://hooks.example.com/", outbound.Policy{Public: true}, "plain http to a host that was not allowed at the start"},
		{"http://sim.test:9000/", outbound.Policy{Public: true}, ""},
		{"https://relay.test:8443/", outbound.Policy{Public: true}, ""},
		{"https://user:pw@api.example.com/", outbound.Policy{Allow: anyHost}, "an address with a user"},
		{"ftp://api.example.com/", outbound.Policy{Allow: anyHost}, "a scheme other than https"},
		{"/x", outbound.Policy{Allow: anyHost}, "an address without a host"},
		{"https://127.1/", outbound.Policy{Allow: anyHost}, "a host that some take for an address"},
		{"https://" + strings.Repeat("a.", 127) + "test/", outbound.Policy{Allow: anyHost}, "a host of more than 253 characters"},
	}
	for _, tt := range tests {
		t.Run(tt.url, func(t *testing.T) {
			_, err := g.Send(t.Context(), request(t, "GET", tt.url, ""), tt.policy)
			if tt.class == "" {
				wantError(t, err, outbound.ErrNotSent, "connection closed")
				return
			}
			wantError(t, err, outbound.ErrForbidden, tt.class)
			if !errors.Is(err, outbound.ErrNotSent) {
				t.Error("a refusal is not ErrNotSent")
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	g := open(t, outbound.Options{Dial: noNetwork})
	for address, want := range map[string]string{
		"https://api.example.com:8443/x?token=canary": "GET api.example.com:8443: not sent: connection closed",
		"ftp://api.example.com/x?token=canary":        "GET api.example.com: forbidden, not sent: a scheme other than https",
		"https://canary@api.example.com/":             "GET (unreadable host): forbidden, not sent: an address with a user",
	} {
		_, err := g.Send(t.Context(), request(t, "GET", address, ""), outbound.Policy{Allow: anyHost})
		if err == nil || err.Error() != want {
			t.Errorf("error = %q, want %q", err, want)
		}
	}
}

func TestOddRequestsAreRefused(t *testing.T) {
	g := open(t, outbound.Options{Dial: noNetwork})
	u := &url.URL{Scheme: "https", Host: "api.example.com", Path: "/"}
	for name, req := range map[string]*http.Request{
		"another Host": {Method: "GET", URL: u, Host: "inner.test"},
		"CONNECT":      {Method: "CONNECT", URL: u},
		"split method": {Method: "GET / HTTP/1.1\r\nX:", URL: u},
		"no address":   {Method: "GET"},
	} {
		closed := false
		req.Body = closing{strings.NewReader("b"), &closed}
		_, err := g.Send(t.Context(), req, outbound.Policy{Allow: anyHost})
		if !errors.Is(err, outbound.ErrForbidden) {
			t.Errorf("%s: %v, want ErrForbidden", name, err)
		}
		if !closed {
			t.Errorf("%s: the body was not closed", name)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\r\n") {
			t.Errorf("%s: the error %q has line ends", name, err)
		}
	}
}

// closing notes that it was closed.
type closing struct {
	io.Reader
	closed *bool
}

func (c closing) Close() error {
	*c.closed = true
	return nil
}
