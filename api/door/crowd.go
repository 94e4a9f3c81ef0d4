package door

import (
	"net"
	"net/netip"
	"sync"
)

const (
	mostPerSite = 512
	siteBits    = 64 // of an IPv6 address: whoever has one of these addresses has all
)

// LimitConnections wraps a listener so that no address holds more than 512 connections at once; what comes beyond is
// closed. For IPv6 an address is a /64. Loopback has no limit: behind a proxy on this machine everybody comes from there.
func LimitConnections(l net.Listener) net.Listener {
	return &crowd{Listener: l, open: make(map[netip.Prefix]int)}
}

type crowd struct {
	net.Listener

	mu   sync.Mutex
	open map[netip.Prefix]int
}

// Accept waits for a connection from a site that has not too many.
func (c *crowd) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		site, limited := siteOf(conn.RemoteAddr())
		if !limited {
			return conn, nil
		}
		if c.enter(site) {
			return &visitor{Conn: conn, leave: sync.OnceFunc(func() { c.leave(site) })}, nil
		}
		_ = conn.Close() // nothing was promised to it
	}
}

func (c *crowd) enter(site netip.Prefix) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[site] >= mostPerSite {
		return false
	}
	c.open[site]++
	return true
}

func (c *crowd) leave(site netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[site]--; c.open[site] <= 0 {
		delete(c.open, site)
	}
}

// visitor is a connection that is counted until it is closed.
type visitor struct {
	net.Conn
	leave func()
}

// Close closes the connection and counts it off.
func (v *visitor) Close() error {
	defer v.leave()
	return v.Conn.Close()
}

// siteOf returns who is counted as one; false for loopback and for what has no IP address (a socket in the file system).
func siteOf(a net.Addr) (netip.Prefix, bool) {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}, false
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	if !ip.IsValid() || ip.IsLoopback() {
		return netip.Prefix{}, false
	}
	bits := ip.BitLen()
	if ip.Is6() {
		bits = siteBits
	}
	site, err := ip.Prefix(bits)
	return site, err == nil
}
