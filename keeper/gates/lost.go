package gates

import (
	"sync"
	"time"
)

// LostClaims holds the attempts of claims whose answers never came: the database may have written them, and nothing was
// sent under them. The zero value holds none.
type LostClaims struct {
	mu   sync.Mutex
	lost map[string]time.Time
}

const (
	lostFor  = 2 * time.Minute // a statement that hung may be carried out after its caller has left
	mostLost = 10_000          // beyond that their leases decide
)

// Add remembers an attempt.
func (l *LostClaims) Add(attempt string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost == nil {
		l.lost = map[string]time.Time{}
	}
	if len(l.lost) < mostLost {
		l.lost[attempt] = time.Now()
	}
}

// Attempts returns what was lost lately.
func (l *LostClaims) Attempts() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var attempts []string
	for attempt, at := range l.lost {
		if time.Since(at) > lostFor {
			delete(l.lost, attempt)
			continue
		}
		attempts = append(attempts, attempt)
	}
	return attempts
}
