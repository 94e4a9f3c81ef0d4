package consent

import (
	"sync"
)

// notices tells those who wait inside this process that something with an id has happened.
type notices struct {
	mu      sync.Mutex
	waiting map[string]*notice
}

type notice struct {
	told  chan struct{}
	count int // who waits
}

// wait returns a channel that is closed at the next tell of an id. leave must be called once it is of no interest any more.
func (n *notices) wait(id string) (told <-chan struct{}, leave func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := n.waiting[id]
	if w == nil {
		if n.waiting == nil {
			n.waiting = map[string]*notice{}
		}
		w = &notice{told: make(chan struct{})}
		n.waiting[id] = w
	}
	w.count++
	return w.told, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if w.count--; w.count == 0 && n.waiting[id] == w {
			delete(n.waiting, id)
		}
	}
}

// tell wakes whoever waits for an id.
func (n *notices) tell(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if w := n.waiting[id]; w != nil {
		close(w.told)
		delete(n.waiting, id)
	}
}
