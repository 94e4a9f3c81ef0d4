package outbound

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// connectTimeout bounds everything until a connection can carry a request: name, socket, proxy, TLS.
const connectTimeout = 10 * time.Second

// dialPlain makes a connection for plain http.
func (g *Gate) dialPlain(ctx context.Context, _, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	raw, err := g.reach(ctx, addr)
	if err != nil {
		return nil, connectError(ctx, err)
	}
	return &conn{Conn: raw, socket: raw}, nil
}

// dialTLS makes a connection for https.
func (g *Gate) dialTLS(ctx context.Context, _, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	raw, err := g.reach(ctx, addr)
	if err != nil {
		return nil, connectError(ctx, err)
	}
	secured, err := g.secure(ctx, raw, addr)
	if err != nil {
		return nil, connectError(ctx, err)
	}
	return &conn{Conn: secured, socket: raw}, nil
}

// connectError puts the end of the time for connecting before what it looked like from below.
func connectError(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return classed("time-out of the connect after " + seconds(connectTimeout))
	}
	return err
}

// reach opens a connection to a host and port, directly or through the proxy. Named hosts are the operator's own and are
// reached directly: a proxy that is asked for localhost would answer with its own.
func (g *Gate) reach(ctx context.Context, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	named := g.allow.has(host, port)
	if g.proxy != nil && !named {
		return g.tunnel(ctx, addr)
	}
	if named && strings.HasSuffix(host, ".localhost") {
		addr = net.JoinHostPort("127.0.0.1", port) // RFC 6761: such a name is this machine, whether a resolver knows it or not
	}
	return g.open(ctx, addr, named)
}

// open makes a socket. Unless anyAddress is set, it refuses addresses that are not public, each time and whatever the name
// resolved to before.
func (g *Gate) open(ctx context.Context, addr string, anyAddress bool) (net.Conn, error) {
	if g.dial != nil {
		return g.dial(ctx, "tcp", addr)
	}
	dialer := net.Dialer{Resolver: g.resolver}
	if !anyAddress {
		dialer.Control = g.control
	}
	return dialer.DialContext(ctx, "tcp", addr)
}

// control looks at the address that a socket is about to connect to.
func (g *Gate) control(_, address string, _ syscall.RawConn) error {
	dialled, err := netip.ParseAddrPort(address)
	if err != nil || !g.public(dialled.Addr()) {
		return errAddress
	}
	return nil
}

// secure speaks TLS over raw, as a client of the host in addr. It closes raw if that fails.
func (g *Gate) secure(ctx context.Context, raw net.Conn, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	config := g.tls.Clone()
	config.ServerName = host
	secured := tls.Client(raw, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = raw.Close() // The handshake's error is the one worth telling.
		return nil, classed(classOfTLS(err))
	}
	return secured, nil
}

// tunnel asks the proxy for a connection to a host and port. The transports have no proxy of their own, so that on every
// path the counted bytes are those of requests.
func (g *Gate) tunnel(ctx context.Context, addr string) (net.Conn, error) {
	c, err := g.open(ctx, proxyAddr(g.proxy), true)
	if err != nil {
		return nil, classed("proxy: " + classOf(err))
	}
	if g.proxy.Scheme == "https" {
		if c, err = g.secure(ctx, c, proxyAddr(g.proxy)); err != nil {
			return nil, classed("proxy: " + classOf(err))
		}
	}
	unblock := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	err = connect(c, addr, g.proxy.User)
	if !unblock() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = c.Close() // The reason for closing is the one worth telling.
		return nil, classed("proxy: " + classOf(err))
	}
	return c, nil
}

// connect sends a CONNECT request and reads the answer.
func connect(c net.Conn, addr string, user *url.Userinfo) error {
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr, Header: make(http.Header)}
	if user != nil {
		password, _ := user.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
	}
	if err := req.Write(c); err != nil {
		return err
	}
	in := bufio.NewReader(io.LimitReader(c, maxHeader))
	resp, err := http.ReadResponse(in, req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // only its status was wanted
	if resp.StatusCode != http.StatusOK {
		return classed(fmt.Sprintf("status %d", resp.StatusCode))
	}
	if in.Buffered() > 0 { // It would be taken for the host's.
		return classed("more than an answer")
	}
	return nil
}

// proxyAddr returns the host and port of a proxy.
func proxyAddr(u *url.URL) string {
	if port := u.Port(); port != "" {
		return u.Host
	}
	if u.Scheme == "https" {
		return net.JoinHostPort(u.Hostname(), "443")
	}
	return net.JoinHostPort(u.Hostname(), "80")
}
