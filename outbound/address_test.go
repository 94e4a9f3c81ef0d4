package outbound_test

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/outbound"
)

// hostileAddresses lead to this machine, its network, its cloud or nowhere.
var hostileAddresses = []string{
	"127.0.0.1", "127.1.2.3", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1",
	"100.100.100.200", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.0.0.1",
	"192.0.0.192", "192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.175.48.1", "198.18.0.1", "198.19.255.255",
	"198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
	"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
	"64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::127.0.0.1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:2::1",
	"2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2620:4f:8000::1", "3fff::1", "5f00::1",
	"fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
}

// hostileHosts are other ways of writing such addresses, or names that lead there with the resolver of the test.
var hostileHosts = []string{
	"127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.0.0.01", "127.0.0.1.",
	"0", "1.1.1.1%00.127.0.0.1", "127.0.0.1%2f.example.com", "[::1%25lo]", "[fe80::1%25eth0]", "[::1%lo]", "[127.0.0.1]",
	"localhost", "LOCALHOST", "localhost.", "a.localhost", "127.0.0.1.nip.test", "１２７.０.０.１", "127。0。0。1", "ⓛocalhost",
	"example.com.", "example..com", ".example.com", "example.com\t", "exa mple.com", "example.com\\@localhost",
	"user@localhost", "localhost#.example.com", "localhost?.example.com", "localhost/.example.com", "[::1", "::1", "",
}

func TestPublicAddresses(t *testing.T) {
	for _, text := range []string{
		"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
		"198.17.255.255", "198.20.0.0", "223.255.255.255", "47.88.1.1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
		"2400:3200::1", "2606:4700:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888",
	} {
		if !outbound.Public(netip.MustParseAddr(text)) {
			t.Errorf("%s is refused, want it public", text)
		}
	}
	for _, text := range hostileAddresses {
		if outbound.Public(netip.MustParseAddr(text)) {
			t.Errorf("%s is public, want it refused", text)
		}
	}
	if outbound.Public(netip.Addr{}) {
		t.Error("the invalid address is public")
	}
	if outbound.Public(netip.MustParseAddr("2606:4700:4700::1111%eth0")) {
		t.Error("an address with a zone is public")
	}
}

func TestNoHostileHostIsConnected(t *testing.T) {
	var connected atomic.Int64
	addr := serve(t, false, func(int, net.Conn) { connected.Add(1) })
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	g := open(t, outbound.Options{})
	var resolved netip.Addr
	g.Resolve(resolver(func(string) []netip.Addr { return []netip.Addr{resolved} }))
	try := func(u *url.URL) {
		t.Helper()
		for _, p := range []outbound.Policy{
			{Allow: anyHost, Timeout: 2 * time.Second},
			{Allow: anyHost, Timeout: 2 * time.Second, Once: true},
			{Public: true, Timeout: 2 * time.Second},
		} {
			req := &http.Request{Method: http.MethodGet, URL: u}
			if _, err := g.Send(t.Context(), req, p); !errors.Is(err, outbound.ErrForbidden) {
				t.Errorf("Send to %q, a name that resolves to %s: %v, want ErrForbidden", u.Host, resolved, err)
			}
		}
	}

	resolved = netip.MustParseAddr("127.0.0.1")
	for _, host := range hostileHosts {
		try(&url.URL{Scheme: "https", Host: host + ":" + port})
		try(&url.URL{Scheme: "http", Host: host})
	}
	for _, text := range hostileAddresses {
		host := text
		if strings.Contains(text, ":") {
			host = "[" + text + "]"
		}
		try(&url.URL{Scheme: "https", Host: host + ":" + port})
		resolved = netip.MustParseAddr(text)
		try(&url.URL{Scheme: "https", Host: "shop.test:" + port})
	}
	// The ways in which an address, not its host, is hostile.
	resolved = netip.MustParseAddr("127.0.0.1")
	try(&url.URL{Scheme: "https", Host: "shop.test:" + port, User: url.User("x")})
	try(&url.URL{Scheme: "https", Opaque: "//127.0.0.1:" + port + "/"})
	try(&url.URL{Scheme: "gopher", Host: "127.0.0.1:" + port})
	try(&url.URL{Scheme: "unix", Host: "127.0.0.1:" + port})
	try(&url.URL{})

	if n := connected.Load(); n != 0 {
		t.Errorf("%d connections arrived, want 0", n)
	}
}

func TestNameThatResolvesDifferentlyEachTime(t *testing.T) {
	first, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skipf("this machine has no second loopback address: %v", err)
	}
	port := first.Addr().(*net.TCPAddr).Port
	second, err := net.Listen("tcp", (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String())
	if err != nil {
		t.Skipf("the port of the first listener is taken on 127.0.0.1: %v", err)
	}
	defer second.Close()
	go func() {
		for {
			c, err := second.Accept()
			if err != nil {
				return
			}
			t.Error("the second address was connected")
			_ = c.Close()
		}
	}()
	config, roots := certificate(t)
	config.NextProtos = []string{"http/1.1"}
	server := &http.Server{TLSConfig: config, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
	})}
	go func() { _ = server.ServeTLS(first, "", "") }()
	defer server.Close()

	g := open(t, outbound.Options{})
	g.TrustRoots(roots)
	g.Publish(netip.MustParseAddr("127.0.0.2"))
	answer := netip.MustParseAddr("127.0.0.2")
	g.Resolve(resolver(func(string) []netip.Addr { return []netip.Addr{answer} }))

	url := "https://example.com:" + second.Addr().String()[len("127.0.0.1:"):]
	a, err := g.Send(t.Context(), request(t, "GET", url, ""), outbound.Policy{Allow: anyHost})
	if err != nil || a.Status != http.StatusOK {
		t.Fatalf("Send to the first address = %v, %v; want 200", a, err)
	}
	answer = netip.MustParseAddr("127.0.0.1")
	_, err = g.Send(t.Context(), request(t, "GET", url, ""), outbound.Policy{Allow: anyHost})
	wantError(t, err, outbound.ErrForbidden, "the address is not public")
}
