// Package storefault makes a store of tests fail: a wrapper that refuses, hangs, answers late or loses the answer of a
// commit, at any method by its name. What lies under it is a real store.
package storefault

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

// Every stands for all methods in [Store.On].
const Every = "*"

// ErrInjected is the error of a fault that was given none: a database that cannot be reached.
var ErrInjected = fmt.Errorf("%w: injected by the test", store.ErrUnavailable)

// Fault is what becomes of a call. The zero Fault lets it pass.
type Fault struct {
	// Fail returns Err and does nothing.
	Fail bool
	// Hang waits until the fault is lifted, or until the context ends, and then returns that context's error. A call that
	// was waiting when the fault was lifted goes on as if nothing had been.
	Hang bool
	// Deaf lets Hang wait also when the context ends, as a driver does that does not look at it.
	Deaf bool
	// Late does what was asked and keeps the answer back for this long.
	Late time.Duration
	// Lose does what was asked and returns Err in place of the answer: a commit whose answer was lost.
	Lose bool
	// Err is what Fail and Lose return; nil: [ErrInjected].
	Err error
	// Then is called when what was asked is done, before the answer is given back: a process may end there.
	Then func()
	// Skip is how many calls pass before the first that fails; Times how many fail (0: all from there on).
	Skip, Times int
}

// known reports whether the store has such a method that may fail.
func known(method string) bool {
	_, there := reflect.TypeFor[store.Store]().MethodByName(method)
	return there && method != "Name"
}

// rule is a fault that is in force at a method.
type rule struct {
	Fault
	lifted chan struct{}
	once   sync.Once
}

func (r *rule) lift() { r.once.Do(func() { close(r.lifted) }) }

// Store wraps a store. It is safe for concurrent use.
type Store struct {
	inner store.Store

	mu    sync.Mutex
	rules map[string]*rule
	calls map[string]int
	gate  func(ctx context.Context, method string) Fault
}

var _ store.Store = (*Store)(nil)

// Wrap returns a store that passes everything on to s until faults are set.
func Wrap(s store.Store) *Store {
	return &Store{inner: s, rules: make(map[string]*rule), calls: make(map[string]int)}
}

// On sets the fault of a method, in place of the one before, and returns the function that lifts it. A method's own
// fault comes before that of [Every]. It panics at a name that no method has: a renamed method would leave a test
// that tests nothing.
func (s *Store) On(method string, f Fault) (lift func()) {
	if method != Every && !known(method) {
		panic("storefault: no method " + method)
	}
	r := &rule{Fault: f, lifted: make(chan struct{})}
	s.mu.Lock()
	before := s.rules[method]
	s.rules[method] = r
	s.mu.Unlock()
	if before != nil {
		before.lift()
	}
	return func() {
		s.mu.Lock()
		if s.rules[method] == r {
			delete(s.rules, method)
		}
		s.mu.Unlock()
		r.lift()
	}
}

// Gate lets every call pass a function first, which may keep it waiting and says what becomes of it, before any fault that
// On has set. The context is the caller's. It must be called before the store is used. Skip and Times of its faults mean nothing.
func (s *Store) Gate(pass func(ctx context.Context, method string) Fault) { s.gate = pass }

// Swap puts another store under this one, as when a replica takes over. No call may be under way in the one before.
func (s *Store) Swap(inner store.Store) { s.inner = inner }

// Heal lifts all faults.
func (s *Store) Heal() {
	s.mu.Lock()
	rules := s.rules
	s.rules = make(map[string]*rule)
	s.mu.Unlock()
	for _, r := range rules {
		r.lift()
	}
}

// Calls returns how often a method was called, those that failed too.
func (s *Store) Calls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

// meet counts a call and returns the fault that it meets; nil if it passes.
func (s *Store) meet(method string) *rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[method]++
	r := s.rules[method]
	if r == nil {
		r = s.rules[Every]
	}
	switch {
	case r == nil:
		return nil
	case r.Skip > 0:
		r.Skip--
		return nil
	case r.Times < 0:
		return nil
	case r.Times == 1:
		r.Times = -1 // used up
	case r.Times > 1:
		r.Times--
	}
	return r
}

// call runs one method under the fault that it meets.
func call[T any](ctx context.Context, s *Store, method string, do func() (T, error)) (T, error) {
	var none T
	r := s.meet(method)
	if s.gate != nil {
		if f := s.gate(ctx, method); f.Fail || f.Lose || f.Hang || f.Late > 0 || f.Then != nil {
			r = &rule{Fault: f, lifted: make(chan struct{})}
		}
	}
	if r == nil {
		return do()
	}
	err := r.Err
	if err == nil {
		err = ErrInjected
	}
	if r.Fail {
		return none, err
	}
	if r.Hang {
		ended := ctx.Done()
		if r.Deaf {
			ended = nil
		}
		select {
		case <-r.lifted:
		case <-ended:
			return none, ctx.Err()
		}
	}
	answer, failed := do()
	if r.Then != nil {
		r.Then()
	}
	if r.Late > 0 {
		select {
		case <-time.After(r.Late):
		case <-r.lifted:
		}
	}
	if r.Lose {
		return none, err
	}
	return answer, failed
}

// run is call for a method that returns nothing but an error.
func run(ctx context.Context, s *Store, method string, do func() error) error {
	_, err := call(ctx, s, method, func() (struct{}, error) { return struct{}{}, do() })
	return err
}
