package sim

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Memory is a network inside the process. Requests go over it as over TCP, without sockets, so that they can be made in
// a bubble of testing/synctest.
type Memory struct {
	mu        sync.Mutex
	listeners map[string]*memoryListener
	port      int
}

// NewMemory returns a network on which nobody listens.
func NewMemory() *Memory {
	return &Memory{listeners: map[string]*memoryListener{}, port: 20000}
}

// Listen takes an address, host:port, that nobody else has; port 0 is a free one.
func (m *Memory) Listen(address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if port == "0" {
		m.port++
		port = strconv.Itoa(m.port)
	}
	l := &memoryListener{network: m, address: memoryAddr(net.JoinHostPort(host, port)), conns: make(chan net.Conn), closed: make(chan struct{})}
	if m.listeners[l.address.String()] != nil {
		return nil, errors.New("listen " + l.address.String() + ": address in use")
	}
	m.listeners[l.address.String()] = l
	return l, nil
}

// DialContext connects to an address that somebody listens on; names below localhost are 127.0.0.1. It fits
// [http.Transport].
func (m *Memory) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	if host, port, err := net.SplitHostPort(address); err == nil && strings.HasSuffix(host, ".localhost") {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	m.mu.Lock()
	l := m.listeners[address]
	m.mu.Unlock()
	if l == nil {
		return nil, errors.New("dial " + address + ": connection refused")
	}
	here, there := net.Pipe()
	select {
	case l.conns <- there:
		return here, nil
	case <-l.closed:
		return nil, errors.New("dial " + address + ": connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Transport returns a round tripper over the network. Its idle connections are the caller's to close.
func (m *Memory) Transport() *http.Transport {
	return &http.Transport{DialContext: m.DialContext}
}

type memoryListener struct {
	network *Memory
	address memoryAddr
	conns   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() {
		l.network.mu.Lock()
		delete(l.network.listeners, l.address.String())
		l.network.mu.Unlock()
		close(l.closed)
	})
	return nil
}

func (l *memoryListener) Addr() net.Addr { return l.address }

type memoryAddr string

func (a memoryAddr) Network() string { return "tcp" }
func (a memoryAddr) String() string  { return string(a) }
