package door_test

import (
	"errors"
	"io"
	"net"
	"testing"

	"github.com/grantkeep/grantkeep/api/door"
)

// visits is a listener to which connections come from the addresses of a list.
type visits struct {
	from   []string
	closed int
}

func (v *visits) Accept() (net.Conn, error) {
	if len(v.from) == 0 {
		return nil, io.EOF
	}
	address := v.from[0]
	v.from = v.from[1:]
	return &visit{from: &net.TCPAddr{IP: net.ParseIP(address), Port: 1}, all: v}, nil
}

func (*visits) Close() error   { return nil }
func (*visits) Addr() net.Addr { return &net.TCPAddr{} }

type visit struct {
	net.Conn
	from net.Addr
	all  *visits
}

func (v *visit) RemoteAddr() net.Addr { return v.from }
func (v *visit) Close() error         { v.all.closed++; return nil }

func TestConnectionsOfOneAddressAreLimited(t *testing.T) {
	for name, c := range map[string]struct {
		from func(i int) string
		want int
	}{
		"one address":      {func(int) string { return "192.0.2.1" }, 512},
		"one /64":          {func(i int) string { return net.ParseIP("2001:db8::").To16().String() + string(rune('a'+i%6)) }, 512},
		"loopback":         {func(int) string { return "127.0.0.1" }, 600},
		"many addresses":   {func(i int) string { return net.IPv4(10, 0, byte(i>>8), byte(i)).String() }, 600},
		"IPv4 inside IPv6": {func(int) string { return "::ffff:192.0.2.1" }, 512},
	} {
		t.Run(name, func(t *testing.T) {
			v := &visits{}
			for i := range 600 {
				v.from = append(v.from, c.from(i))
			}
			l := door.LimitConnections(v)
			var open []net.Conn
			for {
				conn, err := l.Accept()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				open = append(open, conn)
			}
			if len(open) != c.want || v.closed != 600-c.want {
				t.Errorf("let in %d and closed %d of 600, want %d in", len(open), v.closed, c.want)
			}
			_ = open[0].Close()
			_ = open[0].Close() // counts once
			v.from = []string{c.from(0), c.from(0)}
			if _, err := l.Accept(); err != nil {
				t.Errorf("after one left: %v", err)
			}
			if _, err := l.Accept(); c.want == 512 && !errors.Is(err, io.EOF) {
				t.Error("one left and two came in")
			}
		})
	}
}
