package outbound

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// names is the parsed Options.Allow: host for any port, host:port for one, as canonical writes them.
type names map[string]bool

// parseNames reads the entries of Options.Allow.
func parseNames(entries []string) (names, error) {
	list := make(names)
	for _, entry := range entries {
		name, err := parseName(entry)
		if err != nil {
			return nil, fmt.Errorf("allowed endpoint %q: %w; write HOST or HOST:PORT, such as localhost:9000 or [::1]:9000", entry, err)
		}
		list[name] = true
	}
	return list, nil
}

// entryForm is an IPv6 address in brackets or a host without colons, then perhaps a port.
var entryForm = regexp.MustCompile(`^(?:\[([0-9a-f:.]*:[0-9a-f:.]*)\]|([^\[\]:]+))(?::([1-9][0-9]*))?$`)

// parseName reads one entry.
func parseName(entry string) (string, error) {
	parts := entryForm.FindStringSubmatch(strings.ToLower(entry))
	if parts == nil {
		return "", errors.New("it is not a host with or without a port")
	}
	host, port := parts[1]+parts[2], parts[3]
	if why := badHost(host); why != "" {
		return "", errors.New("it has " + why)
	}
	if port == "" {
		return canonical(host), nil
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", errors.New("the port is not a number from 1 to 65535")
	}
	return net.JoinHostPort(canonical(host), port), nil
}

// canonical returns the one way in which names are written here: IP addresses in their shortest form, all in lower case.
func canonical(host string) string {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String()
	}
	return strings.ToLower(host)
}

// has reports whether a host is named, for this port or for all.
func (n names) has(host, port string) bool {
	host = canonical(host)
	return n[host] || n[net.JoinHostPort(host, port)]
}

// badHost says what is wrong with a host as text, or nothing. Hosts are ASCII names of letters, digits, hyphens and
// underscores, or IP addresses in their usual form: what some resolvers take for an address (0x7f.1, 2130706433, 127.1) and
// others for a name is neither.
func badHost(host string) string {
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" {
			return "an address with a zone"
		}
		return ""
	}
	if len(host) > 253 {
		return "a host of more than 253 characters"
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			return "a host that is no plain name"
		}
	}
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' {
		return "a host that some take for an address"
	}
	return ""
}

// split takes the host and the port of an address apart, or says what is wrong with it. The port is the scheme's own where
// none is written.
func split(u *url.URL) (host, port, why string) {
	if u == nil || u.Host == "" {
		return "", "", "an address without a host"
	}
	if u.User != nil {
		return "", "", "an address with a user"
	}
	if u.Opaque != "" {
		return "", "", "an address without a path of its own"
	}
	host, port = u.Hostname(), u.Port()
	if why := badHost(host); why != "" {
		return "", "", why
	}
	written := host
	if strings.Contains(host, ":") {
		written = "[" + host + "]"
	}
	if port != "" {
		written += ":" + port
	}
	if written != u.Host {
		return "", "", "a host that is no plain name"
	}
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return host, port, ""
}

// admit asks every rule that needs no socket.
func (g *Gate) admit(req *http.Request, p Policy) error {
	if g.frozen {
		return classed("a server that is frozen and asks nobody")
	}
	host, port, why := split(req.URL)
	switch {
	case why != "":
		return classed(why)
	case req.Host != "" && req.Host != req.URL.Host:
		return classed("a Host header for another host")
	case req.Method == http.MethodConnect || !plainMethod(req.Method):
		return classed("a method that is not sent")
	case req.URL.Scheme != "https" && req.URL.Scheme != "http":
		return classed("a scheme other than https")
	}
	named := g.allow.has(host, port)
	if req.URL.Scheme != "https" && !named {
		return classed("plain http to a host that was not allowed at the start")
	}
	if addr, err := netip.ParseAddr(host); err == nil && !named && !g.public(addr) {
		return errAddress
	}
	return p.admits(req.URL, port, named)
}

// admits asks the rules of whoever sends; named says that the host was allowed at the start.
func (p Policy) admits(u *url.URL, port string, named bool) error {
	switch {
	case p.Public && port != "443" && !named:
		return classed("a port other than 443")
	case !p.Public && (p.Allow == nil || !p.Allow(u.Scheme, u.Host)):
		return classed("a host that is not allowed")
	}
	return nil
}

// plainMethod reports whether a method is made of capital letters. An empty one stands for GET.
func plainMethod(method string) bool {
	return len(method) <= 20 && strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// methodText returns the method of a request for an error, unless it is no plain one.
func methodText(method string) string {
	if !plainMethod(method) {
		return "(unreadable method)"
	}
	return cmp.Or(method, http.MethodGet)
}

// hostText returns the host of a request for an error, unless it is no plain one: what comes from outside does not enter
// logs as it likes.
func hostText(u *url.URL) string {
	if _, _, why := split(u); why != "" {
		return "(unreadable host)"
	}
	return u.Host
}
