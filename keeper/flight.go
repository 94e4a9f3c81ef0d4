package keeper

import (
	"sync"
	"time"
)

// flights lets many callers of one process wait for one renewal of a grant.
type flights struct {
	mu   sync.Mutex
	byID map[string]*flight
}

// flight is one renewal. What it left in the row is read after its end, once for all who waited.
type flight struct {
	done  chan struct{}
	ended time.Time // written before done is closed
}

// join returns the renewal of a grant that is under way, beginning one with start if there is none.
func (f *flights) join(id string, start func()) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	if under, ok := f.byID[id]; ok {
		return under
	}
	if f.byID == nil {
		f.byID = make(map[string]*flight)
	}
	begun := &flight{done: make(chan struct{})}
	f.byID[id] = begun
	go func() {
		defer func() {
			f.mu.Lock()
			delete(f.byID, id)
			f.mu.Unlock()
			begun.ended = time.Now()
			close(begun.done)
		}()
		start()
	}()
	return begun
}
