package notify

import (
	"context"
	"fmt"
	"sync"
)

// mostTogether bounds one piece of work, and so how long the first of it waits for the last.
const mostTogether = 256

// shared does for many at once what each asks for itself: a thousand receivers with one delivery each cost the database as
// little as one with a thousand. It waits for nobody: a piece of work takes what came while the one before was under way.
type shared[K, V any] struct {
	do func(ctx context.Context, asked []K) ([]V, error) // one answer for each that asks, in their order

	mu      sync.Mutex
	waiting []*asking[K, V]
	busy    bool
}

// asking is one that waits for its answer.
type asking[K, V any] struct {
	asked  K
	done   chan struct{}
	answer V
	err    error
}

// ask returns what the work answers. An error of a piece of work that was for several is none of one's own: each is then
// worked on by itself.
func (t *shared[K, V]) ask(ctx context.Context, asked K) (V, error) {
	one := &asking[K, V]{asked: asked, done: make(chan struct{})}
	t.mu.Lock()
	t.waiting = append(t.waiting, one)
	if !t.busy {
		t.busy = true
		go t.run(context.WithoutCancel(ctx))
	}
	t.mu.Unlock()
	<-one.done
	return one.answer, one.err
}

// run works until nobody waits.
func (t *shared[K, V]) run(ctx context.Context) {
	for {
		t.mu.Lock()
		n := min(len(t.waiting), mostTogether)
		if n == 0 {
			t.busy = false
			t.mu.Unlock()
			return
		}
		lot := t.waiting[:n:n]
		t.waiting = t.waiting[n:]
		t.mu.Unlock()
		if t.work(ctx, lot) != nil && n > 1 {
			for _, one := range lot {
				_ = t.work(ctx, []*asking[K, V]{one}) // it is told to whoever asks
			}
		}
		for _, one := range lot {
			close(one.done)
		}
	}
}

// work answers a lot; a panic is an error of it.
func (t *shared[K, V]) work(ctx context.Context, lot []*asking[K, V]) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("notify: broke down (%T)", p) // the value may hold a secret
		}
		for _, one := range lot {
			one.err = err
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	asked := make([]K, len(lot))
	for i, one := range lot {
		asked[i] = one.asked
	}
	answers, err := t.do(ctx, asked)
	if err != nil {
		return err
	}
	for i, one := range lot {
		one.answer = answers[i]
	}
	return nil
}
