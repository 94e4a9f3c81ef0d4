package promise_test

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"slices"
)

// pushed is a message of a platform as it arrived.
type pushed struct {
	path   string
	header http.Header
	body   []byte
}

// listen takes what the platforms send, and gives each message to a process that lives.
func (w *world) listen() {
	w.t.Helper()
	l, err := w.memory.Listen("127.0.0.1:20900")
	w.must(err)
	mux := http.NewServeMux()
	mux.HandleFunc("/push/{app}", func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the sender is gone
		}
		w.mu.Lock()
		w.heard = append(w.heard, pushed{r.URL.RequestURI(), r.Header.Clone(), body})
		p := w.processes[len(w.heard)%len(w.processes)]
		w.mu.Unlock()
		w.sum.fault("push")
		r.Body = io.NopCloser(bytes.NewReader(body))
		p.pushes.ServeHTTP(rw, r)
	})
	w.server = &http.Server{Handler: mux} // closed at the end of the world
	go func() { _ = w.server.Serve(l) }() // it returns when it is closed
}

// push sends a message again, as it was or with a byte of it changed.
func (w *world) push(n int) {
	w.mu.Lock()
	heard := slices.Clone(w.heard)
	w.mu.Unlock()
	if len(heard) == 0 {
		return
	}
	m := heard[n%len(heard)]
	body := slices.Clone(m.body)
	kind := "push repeated"
	if n/64%2 == 0 && len(body) > 0 {
		kind = "push forged"
		body[n/128%len(body)] ^= 1
	}
	w.sum.fault(kind)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, hub+m.path, bytes.NewReader(body))
	w.must(err)
	req.Header = m.header.Clone()
	res, err := w.web.Do(req)
	if err != nil {
		return // the process that was to answer has been stopped
	}
	w.must(res.Body.Close())
}

// living lists the processes that live.
func (w *world) living() []*process {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.processes)
}

// dial connects a process with the network: what it writes waits for its turn, and what is dead neither writes nor reads.
func (p *process) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := p.world.memory.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return wire{c, p, address}, nil
}

type wire struct {
	net.Conn
	p  *process
	to string
}

func (c wire) Write(b []byte) (int, error) {
	c.p.world.turns.wait(fmt.Sprintf("%s wire %s %08x", c.p.name, c.to, crc32.ChecksumIEEE(b)))
	if c.p.over() {
		return 0, net.ErrClosed
	}
	if c.p.clone {
		c.p.world.check.spentByClone(b)
	} else {
		c.p.world.check.sent(b)
	}
	return c.Conn.Write(b)
}

func (c wire) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.p.over() {
		return 0, net.ErrClosed
	}
	return n, err
}
