package outbound

import (
	"crypto/x509"
	"net"
	"net/netip"
)

// Public is the rule about addresses.
var Public = public

// TrustRoots makes g verify servers against roots instead of the system's.
func (g *Gate) TrustRoots(roots *x509.CertPool) { g.tls.RootCAs = roots }

// Resolve makes g look names up with r.
func (g *Gate) Resolve(r *net.Resolver) { g.resolver = r }

// Publish makes g take an address for a public one.
func (g *Gate) Publish(addr netip.Addr) {
	rule := g.public
	g.public = func(a netip.Addr) bool { return a == addr || rule(a) }
}
