package consent

import (
	"sync"
	"time"
)

// budget limits what strangers can make us ask: ten exchanges a minute for an app that nobody of ours began.
type budget struct {
	mu    sync.Mutex
	taken []time.Time
}

const budgetMost = 10

func (b *budget) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := b.taken[:0]
	for _, t := range b.taken {
		if now.Sub(t) < time.Minute && !t.After(now) {
			kept = append(kept, t)
		}
	}
	b.taken = kept
	if len(kept) >= budgetMost {
		return false
	}
	b.taken = append(b.taken, now)
	return true
}

func (fl *Flow) budgetFor(app string) *budget {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	b := fl.budget[app]
	if b == nil {
		b = &budget{}
		fl.budget[app] = b
	}
	return b
}
