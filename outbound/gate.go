package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"
)

// maxHeader bounds the headers of an answer, in bytes.
const maxHeader = 64 << 10

// Options says what a Gate may reach beyond the public internet and how.
type Options struct {
	// Allow names hosts, HOST or HOST:PORT, that may have addresses which are not public and may be spoken to in plain http:
	// simulators and relays. It must come from the start of the process, never from the API or the database.
	Allow []string
	// Dial takes the place of the network: tests pass one that makes connections in memory. The rules about hosts stay, those
	// about addresses have nothing to look at, and https still means TLS. Nil is the real network.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// UserAgent is sent with requests that have none.
	UserAgent string
	// Proxy, http or https, is asked by CONNECT for every host that is not named in Allow. Nil is none; the environment is
	// not looked at.
	Proxy *url.URL
	// Egress takes the place of Proxy where apps or owners have ways of their own; [Gate.For] tells them apart. Nil: one way.
	Egress *Egress
	// Frozen lets nothing out, wherever it would go.
	Frozen bool
}

// Gate sends requests. It is safe for concurrent use.
type Gate struct {
	allow     names
	dial      func(ctx context.Context, network, addr string) (net.Conn, error)
	resolver  *net.Resolver
	public    func(netip.Addr) bool
	tls       *tls.Config
	proxy     *url.URL
	userAgent string
	frozen    bool
	ways      *ways // nil: there is one

	// Each purpose has connections of its own, so that none waits for another's.
	refreshes, calls, webhooks *http.Transport
	closed                     atomic.Bool
}

// New returns a Gate. It refuses an entry of o.Allow that is not HOST or HOST:PORT, and a proxy that is not http or https.
func New(o Options) (*Gate, error) {
	allow, err := parseNames(o.Allow)
	if err != nil {
		return nil, err
	}
	// A proxy's address may hold a password; the errors name neither.
	if o.Proxy != nil && o.Proxy.Scheme != "http" && o.Proxy.Scheme != "https" {
		return nil, errors.New("proxy: the address must begin with http:// or https://")
	}
	if o.Proxy != nil && badHost(o.Proxy.Hostname()) != "" {
		return nil, errors.New("proxy: the address has no plain host")
	}
	if o.Egress != nil {
		o.Proxy = o.Egress.Default.Proxy
	}
	g := &Gate{
		allow: allow, dial: o.Dial, public: public, proxy: o.Proxy, userAgent: o.UserAgent, frozen: o.Frozen,
		tls: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			NextProtos:         []string{"http/1.1"},
			ClientSessionCache: tls.NewLRUClientSessionCache(1024),
		},
	}
	// Ten thousand refreshes a second that take 200 ms each keep 2,000 connections to one host busy. Their idle time is short:
	// a balancer that closes an idle connection in the moment of a refresh makes a doubt of it, and some close after 15 s.
	g.refreshes = g.transport(2048, 10*time.Second)
	g.calls = g.transport(512, 30*time.Second)
	g.webhooks = g.transport(4, 30*time.Second)
	if o.Egress != nil {
		if g.ways, err = through(o); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// transport returns a pool of connections. HTTP/1.1 carries one request per connection, which is what makes counted bytes
// say whose they are.
func (g *Gate) transport(idlePerHost int, idleTime time.Duration) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:            g.dialPlain,
		DialTLSContext:         g.dialTLS,
		MaxIdleConns:           4 * 2048,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: maxHeader,
		ExpectContinueTimeout:  time.Second,
		Protocols:              protocols,
	}
}

// pool returns the connections for a policy's purpose.
func (g *Gate) pool(p Policy) *http.Transport {
	switch {
	case p.Once:
		return g.refreshes
	case p.Public:
		return g.webhooks
	}
	return g.calls
}

// Close refuses further requests and closes idle connections. Requests under way go on to their own end; their connections
// close after them. A nil gate has nothing to close.
func (g *Gate) Close() {
	if g == nil {
		return
	}
	g.closed.Store(true)
	g.refreshes.CloseIdleConnections()
	g.calls.CloseIdleConnections()
	g.webhooks.CloseIdleConnections()
	if g.ways != nil {
		for _, way := range g.ways.gates {
			way.Close()
		}
	}
}
