// Package live tells the pages that are open that something has happened.
package live

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/store"
)

const (
	liveLooks   = time.Second      // how often a stream looks whether something has happened
	liveBreathe = 15 * time.Second // a comment, so that nothing on the way takes the stream for dead
	liveChecks  = 30 * time.Second // how often it looks whether its login still holds
	livePatient = 15 * time.Second // for a browser that does not read
	livePerson  = 8                // streams of one person
	liveInAll   = 256
)

// streams counts the streams that are open.
type streams struct {
	mu   sync.Mutex
	open map[string]int
	all  int
}

func (s *streams) enter(person string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= liveInAll || s.open[person] >= livePerson {
		return false
	}
	if s.open == nil {
		s.open = map[string]int{}
	}
	s.open[person]++
	s.all++
	return true
}

func (s *streams) leave(person string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.open[person]--; s.open[person] <= 0 {
		delete(s.open, person)
	}
}

// pages are told.
type pages struct {
	*desk.Desk
	stopping <-chan struct{} // closed when the process ends: streams end with it
	streams  streams
}

// Route adds the stream.
func Route(d *desk.Desk, stopping <-chan struct{}) {
	p := &pages{Desk: d, stopping: stopping}
	d.On("GET /live", store.RoleSupport, p.live)
}

// live tells a page that something has happened, by server-sent events: the position of the latest event and nothing of what it
// says. The browser then asks for the page again and puts its marked parts in place. A database that is away leaves the stream open.
func (p *pages) live(v *desk.Visit) error {
	if !p.streams.enter(v.Person.ID) {
		v.W.Header().Set("Retry-After", strconv.Itoa(int(liveBreathe/time.Second)))
		v.W.WriteHeader(http.StatusTooManyRequests)
		return nil
	}
	defer p.streams.leave(v.Person.ID)
	last, err := strconv.ParseInt(v.R.Header.Get("Last-Event-ID"), 10, 64)
	if err != nil { // a new stream
		if last, err = p.Store.LastPosition(v.Ctx()); err != nil {
			return err
		}
	}
	h := v.W.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	v.W.WriteHeader(http.StatusOK)
	rc := http.NewResponseController(v.W)
	write := func(format string, args ...any) bool {
		_ = rc.SetWriteDeadline(time.Now().Add(livePatient)) // without it the write itself decides
		_, err := fmt.Fprintf(v.W, format, args...)
		return err == nil && rc.Flush() == nil
	}
	if !write(": grantkeep\n\n") {
		return nil // the client is gone; there is nobody to tell
	}
	ticker := time.NewTicker(liveLooks)
	defer ticker.Stop()
	breath, checked := time.Now(), time.Now()
	for {
		select {
		case <-v.Ctx().Done():
			return nil
		case <-p.stopping:
			return nil
		case <-ticker.C:
		}
		if time.Since(checked) > liveChecks {
			checked = time.Now()
			if p.loggedOut(v) {
				return nil
			}
		}
		now, err := p.Store.LastPosition(v.Ctx())
		switch {
		case err == nil && now > last:
			last, breath = now, time.Now()
			if !write("id: %d\ndata: %d\n\n", now, now) {
				return nil
			}
		case time.Since(breath) > liveBreathe:
			breath = time.Now()
			if !write(":\n\n") {
				return nil
			}
		}
	}
}

// loggedOut reports whether a person has been logged out meanwhile, here or elsewhere: the page's next look leads to the log-in.
func (p *pages) loggedOut(v *desk.Visit) bool {
	s, err := p.Of(v.R)
	return err == nil && s == nil
}
