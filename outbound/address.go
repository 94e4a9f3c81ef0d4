package outbound

import "net/netip"

// special lists what is not the public internet inside unicast space: the special-purpose registries of IANA for IPv4 and
// IPv6, whether or not they call an entry globally reachable, since no platform and no webhook lives in any of them.
var special = prefixes(
	"0.0.0.0/8",         // this network; Linux connects 0.0.0.0 to itself
	"10.0.0.0/8",        // private
	"100.64.0.0/10",     // carrier-grade NAT; a cloud keeps its metadata service here
	"127.0.0.0/8",       // loopback
	"169.254.0.0/16",    // link-local; other clouds keep theirs here
	"172.16.0.0/12",     // private
	"192.0.0.0/24",      // protocol assignments
	"192.0.2.0/24",      // documentation
	"192.31.196.0/24",   // AS112
	"192.52.193.0/24",   // AMT
	"192.88.99.0/24",    // 6to4 relays
	"192.168.0.0/16",    // private
	"192.175.48.0/24",   // AS112
	"198.18.0.0/15",     // benchmarks
	"198.51.100.0/24",   // documentation
	"203.0.113.0/24",    // documentation
	"224.0.0.0/4",       // multicast
	"240.0.0.0/4",       // reserved, broadcast
	"2001::/23",         // protocol assignments, Teredo among them: it embeds IPv4 addresses
	"2001:db8::/32",     // documentation
	"2002::/16",         // 6to4: embeds IPv4 addresses
	"2620:4f:8000::/48", // AS112
	"3fff::/20",         // documentation
	// A public address in no registry that is a cloud's own inner service on each of its machines.
	"168.63.129.16/32",
)

var (
	// global is the only part of IPv6 from which public addresses are given out.
	global = netip.MustParsePrefix("2000::/3")
	// nat64 is the well-known prefix by which a host without IPv4 reaches it; the last four bytes are the IPv4 address.
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

// public reports whether an address belongs to the public internet. IPv4 is looked at also where it stands inside an IPv6
// address. A zone makes an address local.
func public(addr netip.Addr) bool {
	addr = addr.Unmap()
	if !addr.IsValid() || addr.Zone() != "" {
		return false
	}
	if nat64.Contains(addr) {
		bytes := addr.As16()
		return public(netip.AddrFrom4([4]byte(bytes[12:])))
	}
	if addr.Is6() && !global.Contains(addr) {
		return false
	}
	for _, prefix := range special {
		if prefix.Contains(addr) {
			return false
		}
	}
	return true
}

// prefixes parses a list that stands in this file.
func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}
