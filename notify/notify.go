package notify

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

const (
	lookEvery = 250 * time.Millisecond // for events that are not spread yet
	dueEvery  = time.Second            // for what falls due by itself: whoever spreads here begins at once
	rest      = 5 * time.Second        // after the store could not be asked
)

// Options is what the news is made of. All but Log and ConsoleURL are required.
type Options struct {
	Keeper     *keeper.Keeper
	Store      store.Store
	Vault      *vault.Vault
	Gate       *outbound.Gate // of its own: its Allow is what the operator allows webhooks and alarms
	ConsoleURL string         // where people look at a grant; empty: nowhere
	Log        *slog.Logger
}

// News tells what happened. It is safe for concurrent use; its Run does the work.
type News struct {
	o      Options
	teller Teller
	wake   chan struct{}
	sent   tally
}

// New makes the news.
func New(o Options) *News {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &News{o: o, teller: Teller{Store: o.Store, Keeper: o.Keeper}, wake: make(chan struct{}, 1)}
}

// look makes Run look at once for deliveries that are due.
func (n *News) look() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Run spreads events to the outlets and delivers them until ctx ends; then it waits for what is on its way, which is
// seconds. What is left is delivered at the next start, or by another instance.
func (n *News) Run(ctx context.Context) error {
	w, a := newWorker(n), newAhead(n)
	var g errgroup.Group
	d := &digests{worker: w}
	g.Go(func() error { return n.turns(ctx, dueEvery, nil, a.pass) })
	g.Go(func() error { return n.turns(ctx, dueEvery, nil, d.pass) })
	g.Go(func() error { return n.follow(ctx) })
	g.Go(func() error {
		defer w.all.Wait()
		return n.turns(ctx, dueEvery, n.wake, w.pass)
	})
	return g.Wait()
}

// turns runs pass again and again until ctx ends, as often as every says and whenever wake has something.
func (n *News) turns(ctx context.Context, every time.Duration, wake <-chan struct{}, pass func(context.Context) error) error {
	for {
		pause := every
		if err := pass(ctx); err != nil && ctx.Err() == nil {
			pause = rest
			n.o.Log.Warn("news waits", "error", err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-wake:
			timer.Stop()
		}
	}
}

// follow spreads events as they are published.
func (n *News) follow(ctx context.Context) error {
	return n.turns(ctx, lookEvery, nil, func(ctx context.Context) error {
		for ctx.Err() == nil {
			more, err := n.spread(ctx)
			if err != nil || !more {
				return err
			}
		}
		return nil
	})
}

// errOutlet is what an outlet's sealed part is called when it does not open.
var errOutlet = errors.New("its address and secrets do not open with the keys of this installation")
