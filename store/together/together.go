// Package together has done in one piece of work what many ask at about the same time: one commit for many rows, one
// request for many names.
package together

import (
	"context"
	"sync"
)

// Line gathers what is asked while earlier work is under way. It waits for nobody: a piece of work takes what came
// meanwhile, and the first to come is a piece of its own.
type Line[K, V any] struct {
	most int
	work func(ctx context.Context, lot []*Ask[K, V])

	mu      sync.Mutex
	waiting []*Ask[K, V]
	busy    bool
}

// Ask is one that waits for its answer.
type Ask[K, V any] struct {
	Asked  K
	done   chan struct{}
	answer V
	err    error
}

// NewLine makes a line. most bounds one piece of work, and so how long the first of it waits for the last. work answers each
// of its lot once, before it returns or later; its ctx does not end with any caller's.
func NewLine[K, V any](most int, work func(ctx context.Context, lot []*Ask[K, V])) *Line[K, V] {
	return &Line[K, V]{most: most, work: work}
}

// Ask returns what the work answers, however long that takes: what is under way is not given up halfway.
func (l *Line[K, V]) Ask(ctx context.Context, asked K) (V, error) {
	one := &Ask[K, V]{Asked: asked, done: make(chan struct{})}
	l.mu.Lock()
	l.waiting = append(l.waiting, one)
	if !l.busy {
		l.busy = true
		go l.run(context.WithoutCancel(ctx))
	}
	l.mu.Unlock()
	<-one.done
	return one.answer, one.err
}

// Answer ends the wait.
func (a *Ask[K, V]) Answer(answer V, err error) {
	a.answer, a.err = answer, err
	close(a.done)
}

// run works until nobody waits.
func (l *Line[K, V]) run(ctx context.Context) {
	for {
		l.mu.Lock()
		n := min(len(l.waiting), l.most)
		if n == 0 {
			l.waiting, l.busy = nil, false
			l.mu.Unlock()
			return
		}
		lot := l.waiting[:n:n]
		l.waiting = l.waiting[n:]
		l.mu.Unlock()
		l.work(ctx, lot)
	}
}
