// Package clock watches that this machine and its database agree about the time.
package clock

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/store"
)

const (
	most = 5 * time.Second // that two clocks may be apart
	// Every is how long after one look at the database's clock the next is due.
	Every = 30 * time.Second
)

// Guard compares this machine's clock with the database's. Leases go by both: a process whose clock has been set
// forward takes the lease of another for ended, and spends a refresh token that is being spent.
type Guard struct {
	store store.Store
	wall  func() time.Time // what leases are judged by
	begun time.Time        // for the time that passes whatever the clock is set to

	asking chan struct{} // holds one while the database is asked
	asked  atomic.Bool
	at     atomic.Int64 // when the database was asked, after begun
	lead   atomic.Int64 // how far the clock was ahead of the time that passed
	drift  atomic.Int64 // nanoseconds by which this machine's clock was ahead of the database's
}

// New makes a guard. wall is the clock that leases are judged by.
func New(s store.Store, wall func() time.Time) *Guard {
	g := &Guard{store: s, wall: wall, begun: time.Now(), asking: make(chan struct{}, 1)}
	g.lead.Store(g.leads())
	return g
}

func (g *Guard) leads() int64 { return g.wall().UnixNano() - int64(time.Since(g.begun)) }

// wasSet reports whether the clock has moved otherwise than time has passed since the database was asked.
func (g *Guard) wasSet() bool {
	return time.Duration(g.leads()-g.lead.Load()).Abs() > most
}

// Look asks the database for its time every half minute, and at once when the clock was set. Its error says that the clocks
// are apart.
func (g *Guard) Look(ctx context.Context) error {
	if g.due() || g.wasSet() {
		if err := g.ask(ctx); err != nil {
			return err
		}
	}
	if drift := g.Drifted(); drift > 0 {
		return errors.New("this machine's clock and the database's differ by " + drift.Round(time.Second).String() + "; nothing is claimed until they agree")
	}
	return nil
}

func (g *Guard) due() bool {
	return !g.asked.Load() || time.Since(g.begun)-time.Duration(g.at.Load()) >= Every
}

func (g *Guard) ask(ctx context.Context) error {
	select {
	case g.asking <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err() // the database hangs, and each who waits has a patience of his own
	}
	defer func() { <-g.asking }()
	if !g.due() && !g.wasSet() {
		return nil // whoever was before has asked
	}
	begun, lead := time.Since(g.begun), g.leads()
	at, err := g.store.Clock(ctx)
	if err != nil {
		return err
	}
	g.drift.Store(int64(time.Since(at)))
	g.at.Store(int64(begun))
	g.lead.Store(lead)
	g.asked.Store(true)
	return nil
}

// AskIfSet is Look for whoever comes between two rounds. It does not say how far the clocks are apart.
func (g *Guard) AskIfSet(ctx context.Context) error {
	if !g.wasSet() {
		return nil
	}
	return g.ask(ctx)
}

// Drifted returns how far this machine's clock and the database's are apart, 0 where that is little enough to go by leases.
func (g *Guard) Drifted() time.Duration {
	if drift := time.Duration(g.drift.Load()).Abs(); drift > most {
		return drift
	}
	return 0
}

// Off reports whether this machine's clock is not the one by which leases are judged, as far as that is known without asking.
func (g *Guard) Off() bool { return g.wasSet() || g.Drifted() > 0 }

// Ahead returns how far this machine's clock is ahead of the database's, as far as that is known without asking.
func (g *Guard) Ahead() time.Duration {
	return time.Duration(g.drift.Load() + g.leads() - g.lead.Load())
}

// Check tells whoever runs this process whether the clocks agree.
func (g *Guard) Check(ctx context.Context) apps.Check {
	at, err := g.store.Clock(ctx)
	if err != nil {
		return apps.Check{Name: "clock", State: apps.CheckFailed, Detail: "the database does not answer"}
	}
	if drift := time.Since(at).Abs(); drift > most {
		return apps.Check{Name: "clock", State: apps.CheckFailed, Detail: "differs from the database's by " + drift.Round(time.Second).String() + "; synchronise both"}
	}
	return apps.Check{Name: "clock", State: apps.CheckOK, Detail: "agrees with the database's"}
}
