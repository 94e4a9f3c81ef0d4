package notify

import (
	"maps"
	"sync"

	"github.com/grantkeep/grantkeep/store"
)

// Outcomes of an attempt to tell something, as they are counted.
const (
	Delivered = "delivered"
	Retried   = "retry" // it failed and is tried again
	GivenUp   = "failed"
)

// Counted is what attempts are counted by: the form of the outlet and the outcome.
type Counted struct{ Form, Outcome string }

// tally counts the attempts of this process.
type tally struct {
	mu sync.Mutex
	n  map[Counted]int64
}

func (t *tally) add(form, state string) {
	outcome := map[string]string{store.Delivered: Delivered, store.Pending: Retried, store.Failed: GivenUp}[state]
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = make(map[Counted]int64)
	}
	t.n[Counted{form, outcome}]++
}

// stateAfter is the state of a message after an attempt.
func stateAfter(err error, attempts int64) string {
	switch {
	case err == nil:
		return store.Delivered
	case attempts > int64(len(retries)):
		return store.Failed
	}
	return store.Pending
}

// Attempts counts the attempts to tell something since this process began.
func (n *News) Attempts() map[Counted]int64 {
	n.sent.mu.Lock()
	defer n.sent.mu.Unlock()
	return maps.Clone(n.sent.n)
}
