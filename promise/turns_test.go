package promise_test

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"
)

// turns is the one gate that all boundaries pass: while anybody in the bubble can still go on by himself nobody passes,
// and then one of those who wait does, whom the seed chooses. Virtual time stands still until nobody waits.
type turns struct {
	arrived chan struct{}
	quit    chan struct{}

	mu      sync.Mutex
	waiting []*waiter
	random  *rand.Rand
	trace   hash.Hash
	passed  int
	now     time.Time // when the last one passed
	atOnce  int       // how many have passed at that moment
	busy    string    // who went on and on at one moment
	later   []meanwhile
}

// meanwhile is done when so many have passed.
type meanwhile struct {
	at int
	do func()
}

// mostAtOnce is how many pass at one moment before it counts as work without end. A clock that jumps lets
// a millisecond pass between two looks.
const mostAtOnce = 5_000

type waiter struct {
	label string
	pass  chan struct{}
	draw  float64
}

func newTurns(seed uint64) *turns {
	return &turns{
		arrived: make(chan struct{}, 1), quit: make(chan struct{}),
		random: rand.New(rand.NewPCG(seed, 1)), trace: sha256.New(),
	}
}

// wait returns when it is the caller's turn, with a number from 0 to 1 that the seed draws for it.
func (s *turns) wait(label string) float64 {
	w := &waiter{label: label, pass: make(chan struct{})}
	s.mu.Lock()
	s.waiting = append(s.waiting, w)
	s.mu.Unlock()
	select {
	case s.arrived <- struct{}{}:
	default:
	}
	<-w.pass
	return w.draw
}

func (s *turns) run() {
	for {
		select {
		case <-s.arrived:
		case <-s.quit:
			return
		}
		for s.next() {
		}
	}
}

func (s *turns) next() bool {
	synctest.Wait()
	if s.tooMany() {
		time.Sleep(time.Millisecond) // work without end waits for a moment that does not come by itself
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		return false
	}
	slices.SortStableFunc(s.waiting, func(a, b *waiter) int { return strings.Compare(a.label, b.label) })
	n := s.random.IntN(len(s.waiting))
	w := s.waiting[n]
	s.waiting = slices.Delete(s.waiting, n, n+1)
	w.draw = s.random.Float64()
	s.passed++
	fmt.Fprintln(s.trace, w.label)
	for len(s.later) > 0 && s.later[0].at <= s.passed {
		do := s.later[0].do
		s.later = s.later[1:]
		do()
	}
	close(w.pass)
	return true
}

// after does something when so many more have passed, before the next one goes on. What it does may not wait for a turn.
func (s *turns) after(n int, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.later = append(s.later, meanwhile{s.passed + n, do})
}

// drop forgets what has not come to pass.
func (s *turns) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.later = nil
}

// tooMany counts who passes at one moment.
func (s *turns) tooMany() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); !now.Equal(s.now) {
		s.now, s.atOnce = now, 0
		return false
	}
	if s.atOnce++; s.atOnce < mostAtOnce || len(s.waiting) == 0 {
		return false
	}
	s.atOnce, s.busy = 0, s.waiting[0].label
	return true
}

// note adds a line to the trace.
func (s *turns) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintln(s.trace, line)
}

func (s *turns) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passed
}

func (s *turns) sum() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%x after %d turns", s.trace.Sum(nil)[:8], s.passed)
}
