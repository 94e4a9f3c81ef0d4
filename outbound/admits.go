package outbound

import (
	"net/http"
	"net/url"
	"strings"
)

// Admits says whether a POST to an address may ever leave: nil, or the *[Error] with which it would be refused before a
// socket is made. What a name resolves to is looked at when it is dialled, each time.
func (g *Gate) Admits(u *url.URL, p Policy) error {
	a := &attempt{method: http.MethodPost, host: hostText(u), ended: func() string { return "" }}
	req := &http.Request{Method: http.MethodPost, URL: u}
	if err := g.admit(req, p); err != nil {
		return a.failure(ErrForbidden, err)
	}
	host := strings.ToLower(u.Hostname())
	if (host == "localhost" || strings.HasSuffix(host, ".localhost")) && !g.named(u) {
		return a.failure(ErrForbidden, errAddress)
	}
	return nil
}

// named reports whether the operator allows an address's host although it is not public.
func (g *Gate) named(u *url.URL) bool {
	host, port, why := split(u)
	return why == "" && g.allow.has(host, port)
}

// Names reports whether a host and port are named in [Options].Allow: there, and only there, plain text may be spoken.
func (g *Gate) Names(host, port string) bool { return g.allow.has(host, port) }
