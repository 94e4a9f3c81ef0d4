package session

import (
	"sync"
	"time"
)

// How failed logins slow the next one down, by account and by address.
const (
	freeTries   = 5                // before anything is slowed down
	firstWait   = 2 * time.Second  // doubles with each further failure
	longestWait = 15 * time.Minute // a guesser has four tries in an hour, and an account is never locked for good
	forgetAfter = time.Hour
	mostNames   = 10_000 // that are remembered at once
)

// Throttle remembers who failed. It is each process's own: n instances let n times as many tries through, which is few.
type Throttle struct {
	now func() time.Time

	mu    sync.Mutex
	tries map[string]tries
}

type tries struct {
	failed int
	last   time.Time
}

func NewThrottle(now func() time.Time) *Throttle {
	return &Throttle{now: now, tries: make(map[string]tries)}
}

// Wait returns how long the slowest of some names has to wait; a try that may go on counts as failed until forgive, so that many at
// once are not all free.
func (t *Throttle) Wait(names ...string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	var longest time.Duration
	for _, name := range names {
		longest = max(longest, t.tries[name].until().Sub(now))
	}
	if longest > 0 {
		return longest
	}
	if len(t.tries) >= mostNames {
		for name, tried := range t.tries {
			if now.Sub(tried.last) > forgetAfter || len(t.tries) >= mostNames {
				delete(t.tries, name)
			}
		}
	}
	for _, name := range names {
		tried := t.tries[name]
		if now.Sub(tried.last) > forgetAfter {
			tried.failed = 0
		}
		t.tries[name] = tries{tried.failed + 1, now}
	}
	return 0
}

// Forgive forgets the failures of names.
func (t *Throttle) Forgive(names ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range names {
		delete(t.tries, name)
	}
}

// until is the moment from which the next try may be made.
func (t tries) until() time.Time {
	if t.failed < freeTries {
		return time.Time{}
	}
	wait := longestWait
	if more := t.failed - freeTries; more < 9 {
		wait = min(firstWait<<more, longestWait)
	}
	return t.last.Add(wait)
}
