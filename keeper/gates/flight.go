package gates

import (
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// Flights lets many callers of one process wait for one refresh of a grant.
type Flights struct {
	mu   sync.Mutex
	byID map[string]*Flight
}

// Flight is one refresh. What it left in the row is read after its end, once for all who waited.
type Flight struct {
	Done  chan struct{}
	Ended time.Time // written before done is closed
	Fault *gk.Fault // as Ended: what kept it from being sent, which may be the app's and stand in no grant
}

// Join returns the refresh of a grant that is under way, beginning one with start if there is none.
func (f *Flights) Join(id string, start func() *gk.Fault) *Flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	if under, ok := f.byID[id]; ok {
		return under
	}
	if f.byID == nil {
		f.byID = make(map[string]*Flight)
	}
	begun := &Flight{Done: make(chan struct{})}
	f.byID[id] = begun
	go func() {
		defer func() {
			f.mu.Lock()
			delete(f.byID, id)
			f.mu.Unlock()
			begun.Ended = time.Now()
			close(begun.Done)
		}()
		begun.Fault = start()
	}()
	return begun
}
