package pushes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

const (
	workers   = 4                // pushes of one app that are worked on at once
	lookEvery = time.Second      // for what another instance stored, and what is due again
	lease     = 30 * time.Second // of a claim; it is made longer while the work goes on
	extend    = 10 * time.Second // how often
)

// pauses are how long a push waits after each failure. After the last one the periodic checks find out what it said.
var pauses = []time.Duration{
	10 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

// said is what a notice says, as it is stored until it is worked off. Secrets have no place in it.
type said struct {
	Kind     string       `json:"kind"`
	Subjects []gk.Subject `json:"subjects,omitempty"`
	Shops    []string     `json:"shops,omitempty"`
	Census   bool         `json:"census,omitempty"`
	At       time.Time    `json:"at,omitzero"`
	Ceiling  time.Time    `json:"ceiling,omitzero"`

	Privacy *platform.Privacy `json:"privacy,omitempty"`
	Fault   *gk.Fault         `json:"fault,omitempty"` // of a request about privacy: its row in the catalogue
}

// asks reports whether a notice asks for any work. Most of what platforms push, orders and products, does not.
func asks(n platform.Notice) bool {
	switch n.Kind {
	case platform.NoticeAuthorized, platform.NoticeRevoked, platform.NoticeExpiring, platform.NoticeOrdered, platform.NoticePrivacy:
		return true
	}
	return n.Census || len(n.Subjects) == 0 && len(n.Shops) > 0
}

// keep writes a notice down. One without a name of its own is never taken for a repeat.
func keep(app string, n platform.Notice, now time.Time) (store.Push, error) {
	said := said{Kind: n.Kind, Subjects: n.Subjects, Shops: n.Shops, Census: n.Census, At: n.At, Ceiling: n.Ceiling}
	if n.Kind == platform.NoticePrivacy {
		said.Privacy, said.Fault = n.Privacy, n.Fault
	}
	text, err := json.Marshal(said)
	if n.Dedup == "" {
		n.Dedup = gk.NewID("psh", now)
	}
	return store.Push{App: app, Dedup: n.Dedup, Kind: n.Kind, Notice: string(text), ReceivedAt: now}, err
}

// look makes Run look now.
func (p *Pushes) look() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run works off what is stored until ctx ends, and waits for what it has begun. What is left is worked off at the next
// start, or by another instance.
func (p *Pushes) Run(ctx context.Context) error {
	w := worker{Pushes: p, busy: map[string]int{}}
	defer w.all.Wait()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		w.pass(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-p.wake:
		}
	}
}

// worker is the state of one Run.
type worker struct {
	*Pushes
	all sync.WaitGroup

	mu   sync.Mutex
	busy map[string]int // pushes under way, by app
}

// pass claims as many pushes of each app as it has free workers. The failure of one app is no other's.
func (w *worker) pass(ctx context.Context) {
	now := w.o.Keeper.Now()
	apps, err := w.o.Store.PushApps(ctx, now)
	if err != nil {
		if ctx.Err() == nil {
			w.o.Log.Warn("pushes wait; they could not be read", "error", err)
		}
		return
	}
	for _, app := range apps {
		free := w.free(app)
		if free <= 0 {
			continue
		}
		claimed, err := w.o.Store.ClaimPushes(ctx, app, now, now.Add(lease), free)
		if err != nil {
			if ctx.Err() == nil {
				w.o.Log.Warn("pushes of an app wait; they could not be read", "app", app, "error", err)
			}
			continue
		}
		w.take(app, len(claimed))
		for _, push := range claimed {
			w.all.Go(func() {
				defer w.look() // another one may wait for this worker
				defer w.take(app, -1)
				w.work(ctx, push)
			})
		}
	}
}

func (w *worker) free(app string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return workers - w.busy[app]
}

// take counts workers of an app as busy.
func (w *worker) take(app string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[app] += n; w.busy[app] == 0 {
		delete(w.busy, app)
	}
}

// work does what one push asks for and records how that went.
func (w *worker) work(ctx context.Context, push store.Push) {
	done := make(chan struct{})
	var holding sync.WaitGroup
	holding.Go(func() { w.hold(ctx, push, done) })
	err := w.hear(ctx, push)
	close(done)
	holding.Wait()
	kept := context.WithoutCancel(ctx)
	switch {
	case err == nil:
		err = w.o.Store.FinishPush(kept, push.App, push.Dedup)
	case ctx.Err() != nil: // the process stops: it is due at the next start
		err = w.o.Store.DeferPush(kept, push.App, push.Dedup, w.o.Keeper.Now())
	case push.Tries > int64(len(pauses)):
		w.o.Log.Warn("the work of a push failed for good; the periodic check will find out", "app", push.App, "kind", push.Kind, "error", err)
		err = w.o.Store.FinishPush(kept, push.App, push.Dedup)
	default:
		pause := pauses[max(push.Tries-1, 0)]
		w.o.Log.Warn("the work of a push failed and is tried again", "app", push.App, "kind", push.Kind, "in", pause, "error", err)
		err = w.o.Store.DeferPush(kept, push.App, push.Dedup, w.o.Keeper.Now().Add(pause))
	}
	if err != nil {
		w.o.Log.Warn("the end of a push could not be stored; it is worked on again", "app", push.App, "error", err)
	}
}

// hold keeps a claim while its work goes on.
func (w *worker) hold(ctx context.Context, push store.Push, done <-chan struct{}) {
	ticker := time.NewTicker(extend)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := w.o.Store.DeferPush(ctx, push.App, push.Dedup, w.o.Keeper.Now().Add(lease)); err != nil && ctx.Err() == nil {
				w.o.Log.Warn("the claim of a push could not be made longer", "app", push.App, "error", err)
			}
		}
	}
}

var errPanic = errors.New("the work of a push panicked")

// hear does the work. A driver that panics is the failure of this push alone.
func (w *worker) hear(ctx context.Context, push store.Push) (err error) {
	defer func() {
		if r := recover(); r != nil {
			w.o.Log.Error("the work of a push panicked", "app", push.App, "kind", push.Kind, "stack", string(debug.Stack()))
			err = errPanic
		}
	}()
	var n said
	if err := json.Unmarshal([]byte(push.Notice), &n); err != nil {
		return fmt.Errorf("a stored push cannot be read: %w", err)
	}
	return w.Hear(ctx, push.App, platform.Notice{
		Kind: n.Kind, Subjects: n.Subjects, Shops: n.Shops, Census: n.Census, At: n.At, Ceiling: n.Ceiling, Dedup: push.Dedup,
		Privacy: n.Privacy, Fault: n.Fault,
	})
}
