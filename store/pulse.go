package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	silence     = 250 * time.Millisecond // without any answer, while somebody asks: the database hangs
	failures    = 3                      // in a row, before fewer are asked
	mostAsking  = 64                     // reads under way at once
	mostHanging = 16                     // of those that are begun although the database hangs
	longestAsk  = 2 * time.Second        // one read in all; who waits for it leaves earlier
)

// errSilent is the error of a read that was not answered in time, or not begun because none is.
var errSilent = fmt.Errorf("%w: it does not answer in time", ErrUnavailable)

// Pulse watches whether a database answers, for readers who cannot wait until a driver gives up. Reads go through [Ask].
// While none is answered, one is tried four times a second and all others fail at once, but for those who have nothing else
// to go by: in the first seconds, which may be no more than a busy machine, they wait for an answer. The zero value is ready.
type Pulse struct {
	mu      sync.Mutex
	asking  int       // reads under way
	since   time.Time // the beginning of the oldest of them, or the last answer if that was later
	failed  int       // in a row
	triedAt time.Time // the last read that was begun although the database does not answer
	slots   chan struct{}
	ping    chan struct{} // closed when the ping under way has ended
	last    time.Time     // the last answer
	heard   chan struct{} // closed at the next answer; nil: nobody waits for it
}

// Ask runs a read for somebody who waits no longer than patience, and no longer than ctx. The read has a context of its
// own: it goes on when nobody waits any more, for two seconds at most.
func Ask[T any](ctx context.Context, p *Pulse, patience time.Duration, read func(context.Context) (T, error)) (T, error) {
	var none T
	timer := time.NewTimer(patience)
	defer timer.Stop()
	done, ok := Begin(p, read)
	for !ok {
		next := p.Next()
		if next == nil || patience <= silence { // who waits less has something else
			return none, errSilent
		}
		select {
		case <-next:
			done, ok = Begin(p, read)
		case <-timer.C:
			return none, errSilent
		case <-ctx.Done():
			return none, ctx.Err()
		}
	}
	select {
	case a := <-done:
		return a.Value, a.Err
	case <-timer.C:
		return none, errSilent
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// Answer is how a read ended.
type Answer[T any] struct {
	Value T
	Err   error
}

// Begin begins a read unless the database does not answer; its channel holds the answer when it ends.
func Begin[T any](p *Pulse, read func(context.Context) (T, error)) (done <-chan Answer[T], ok bool) {
	slots, ok := p.begin()
	if !ok {
		return nil, false
	}
	answer := make(chan Answer[T], 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), longestAsk)
		defer cancel()
		a := Answer[T]{Err: errSilent}
		defer func() {
			p.end(a.Err)
			answer <- a
		}()
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		case <-ctx.Done():
			return
		}
		a.Value, a.Err = read(ctx)
		if a.Err != nil && ctx.Err() != nil {
			a.Err = errSilent
		}
	}()
	return answer, true
}

func (p *Pulse) begin() (slots chan struct{}, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.awayAt(now) {
		if now.Sub(p.triedAt) < silence || p.asking >= mostAsking+mostHanging {
			return nil, false
		}
		p.triedAt = now
	}
	if p.asking == 0 {
		p.since = now
	}
	p.asking++
	if p.slots == nil {
		p.slots = make(chan struct{}, mostAsking)
	}
	return p.slots, true
}

func (p *Pulse) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asking--
	if errors.Is(err, ErrUnavailable) {
		if p.failed++; p.failed >= failures {
			p.triedAt = time.Now()
		}
		return
	}
	p.failed, p.since = 0, time.Now()
	p.last = p.since
	if p.heard != nil {
		close(p.heard)
		p.heard = nil
	}
}

// answered is a channel that is closed.
var answered = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Next returns a channel that is closed when the database answers again, or is closed already if it answers; nil when it has
// been asked in vain often enough to be away.
func (p *Pulse) Next() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.failed >= failures:
		return nil
	case !p.awayAt(time.Now()):
		return answered
	case p.heard == nil:
		p.heard = make(chan struct{})
	}
	return p.heard
}

// awayAt reports whether the database does not answer; the lock is held.
func (p *Pulse) awayAt(now time.Time) bool {
	return p.failed >= failures || p.asking > 0 && now.Sub(p.since) > silence
}

// Answers reports whether the database answers, asking it with ping unless it has just answered somebody. All who want
// to know share one ping.
func (p *Pulse) Answers(ctx context.Context, patience time.Duration, ping func(context.Context) error) bool {
	p.mu.Lock()
	begun := time.Now()
	if begun.Sub(p.last) < silence/2 {
		p.mu.Unlock()
		return true
	}
	ended := p.ping
	if ended == nil {
		ended = make(chan struct{})
		p.ping = ended
		go func() {
			done, ok := Begin(p, func(ctx context.Context) (struct{}, error) { return struct{}{}, ping(ctx) })
			if ok {
				<-done
			}
			p.mu.Lock()
			p.ping = nil
			p.mu.Unlock()
			close(ended)
		}()
	}
	p.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.last.Before(begun)
}

// Pool is how many connections a process has to its database, those in use, and the most that it may have.
type Pool struct{ Open, Used, Most int64 }
