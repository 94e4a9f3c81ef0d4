package gateway

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	headMost     = 1 << 20     // of an answer that is read before it is passed on
	headPatience = time.Second // how long that may take; a body that comes drop by drop is passed on as it comes
)

// telling reports whether the body of an answer may say that the call failed. Some platforms say so with status 200, in
// JSON or XML; what is a picture or a file by its type, or too long, is none of these.
func telling(resp *http.Response) bool {
	switch {
	case resp.StatusCode == http.StatusNotModified || resp.StatusCode == http.StatusNoContent:
		return false
	case resp.StatusCode >= http.StatusMultipleChoices:
		return true
	case resp.Request != nil && resp.Request.Method == http.MethodHead, resp.ContentLength == 0, resp.ContentLength > headMost:
		return false
	}
	kind, _, _ := strings.Cut(strings.ToLower(resp.Header.Get("Content-Type")), ";")
	kind = strings.TrimSpace(kind)
	switch kind {
	case "", "application/json", "text/json", "text/javascript", "text/html", "text/plain", "text/xml", "application/xml":
		return true
	}
	return strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml")
}

// head is a body whose beginning is read ahead, so that it can be looked at before it is passed on.
type head struct {
	body io.Reader
	done chan struct{} // closed when nothing is read ahead any more

	mu   sync.Mutex
	buf  []byte // read ahead
	off  int    // of it, read by the reader
	err  error  // with which reading ahead ended
	stop bool
}

// readHead reads the beginning of a body: up to 1 MiB, for up to a second.
func readHead(resp *http.Response) *head {
	h := &head{body: resp.Body, done: make(chan struct{})}
	n := resp.ContentLength
	if resp.Request != nil && resp.Request.Method == http.MethodHead {
		n = 0 // the length is that of another answer
	}
	if n >= 0 && n <= headMost {
		defer close(h.done)
		h.buf = make([]byte, n)
		got, err := io.ReadFull(resp.Body, h.buf)
		h.buf, h.err = h.buf[:got], err
		if err == nil {
			h.err = io.EOF
		}
		return h
	}
	go h.fill()
	patience := time.NewTimer(headPatience)
	defer patience.Stop()
	select {
	case <-h.done:
	case <-patience.C:
		h.mu.Lock()
		h.stop = true
		h.mu.Unlock()
	}
	return h
}

// fill reads ahead. It ends at the latest with the body, which whoever ends the request closes.
func (h *head) fill() {
	defer close(h.done)
	part := buffers.Get().(*[32 << 10]byte) //nolint:forcetypeassert // the pool holds nothing else
	defer buffers.Put(part)
	for {
		n, err := h.body.Read(part[:])
		h.mu.Lock()
		h.buf, h.err = append(h.buf, part[:n]...), err
		over := h.stop || err != nil || len(h.buf) >= headMost
		h.mu.Unlock()
		if over {
			return
		}
	}
}

// seen returns what was read ahead, at most 1 MiB, and whether the body is longer.
func (h *head) seen() (text []byte, truncated bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	whole := h.err != nil && len(h.buf) <= headMost
	return h.buf[:min(len(h.buf), headMost)], !whole
}

// whole returns the length of a body of which everything was read ahead; -1 for any other.
func (h *head) whole() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !errors.Is(h.err, io.EOF) {
		return -1
	}
	return int64(len(h.buf))
}

// Read reads the body from its beginning.
func (h *head) Read(p []byte) (int, error) {
	if n := h.take(p); n > 0 {
		return n, nil
	}
	<-h.done
	if n := h.take(p); n > 0 {
		return n, nil
	}
	if h.err != nil {
		return 0, h.err
	}
	return h.body.Read(p)
}

func (h *head) take(p []byte) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := copy(p, h.buf[h.off:])
	h.off += n
	return n
}
