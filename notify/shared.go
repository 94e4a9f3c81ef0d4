package notify

import (
	"context"
	"fmt"

	"github.com/grantkeep/grantkeep/store/together"
)

// mostTogether bounds one piece of work, and so how long the first of it waits for the last.
const mostTogether = 256

// shared does for many at once what each asks for itself: a thousand receivers with one delivery each cost the database as
// little as one with a thousand. do gives one answer for each that asks, in their order. An error of a piece of work that was
// for several is none of one's own: each is then worked on by itself.
func shared[K, V any](do func(ctx context.Context, asked []K) ([]V, error)) *together.Line[K, V] {
	var work func(ctx context.Context, lot []*together.Ask[K, V])
	work = func(ctx context.Context, lot []*together.Ask[K, V]) {
		asked := make([]K, len(lot))
		for i, one := range lot {
			asked[i] = one.Asked
		}
		answers, err := within(ctx, do, asked)
		for i, one := range lot {
			switch {
			case err == nil:
				one.Answer(answers[i], nil)
			case len(lot) == 1:
				one.Answer(*new(V), err)
			default:
				work(ctx, lot[i:i+1])
			}
		}
	}
	return together.NewLine(mostTogether, work)
}

// within does a piece of work in its time; a panic is an error of it.
func within[K, V any](ctx context.Context, do func(ctx context.Context, asked []K) ([]V, error), asked []K) (answers []V, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("notify: broke down (%T)", p) // the value may hold a secret
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	return do(ctx, asked)
}
