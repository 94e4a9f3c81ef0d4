package outbound

import (
	"context"
	"net"
	"net/netip"
	"strings"
)

// DialMail opens a connection to a mail server's host and port, with TLS from the first byte or without. The address that is
// dialled must be public, or the host named in [Options].Allow, as for everything else.
func (g *Gate) DialMail(ctx context.Context, addr string, secured bool) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, classed("an address without a port")
	}
	if err := g.AdmitsHost(host, port); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	raw, err := g.reach(ctx, addr)
	if err == nil && secured {
		raw, err = g.secure(ctx, raw, addr)
	}
	if err != nil {
		return nil, classed(classOf(connectError(ctx, err)))
	}
	return raw, nil
}

// AdmitsHost says whether a connection for mail may be opened: nil, or the *[Error] with which it would be refused before a
// socket is made. Ports are those of mail, any where the host is named.
func (g *Gate) AdmitsHost(host, port string) error {
	refuse := func(why error) error {
		return &Error{Kind: ErrForbidden, Method: "SMTP", Host: "(mail)", Class: why.Error()}
	}
	if g.frozen || g.closed.Load() {
		return refuse(errClosed)
	}
	if why := badHost(host); why != "" {
		return refuse(classed(why))
	}
	if g.allow.has(host, port) {
		return nil
	}
	if port != "465" && port != "587" && port != "25" {
		return refuse(classed("a port that is none of mail"))
	}
	name := strings.ToLower(host)
	if addr, err := netip.ParseAddr(host); err == nil && !g.public(addr) || name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return refuse(errAddress)
	}
	return nil
}
