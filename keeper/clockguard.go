package keeper

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

const (
	clockDrift = 5 * time.Second
	clockEvery = 30 * time.Second
)

// clockGuard compares this machine's clock with the database's. Leases go by both: a process whose clock has been set
// forward takes the lease of another for ended, and spends a refresh token that is being spent.
type clockGuard struct {
	store store.Store
	wall  func() time.Time // what leases are judged by
	begun time.Time        // for the time that passes whatever the clock is set to

	asking sync.Mutex
	asked  atomic.Bool
	at     atomic.Int64 // when the database was asked, after begun
	lead   atomic.Int64 // how far the clock was ahead of the time that passed
	drift  atomic.Int64 // nanoseconds between the two clocks
}

func newClockGuard(s store.Store, wall func() time.Time) *clockGuard {
	g := &clockGuard{store: s, wall: wall, begun: time.Now()}
	g.lead.Store(g.leads())
	return g
}

func (g *clockGuard) leads() int64 { return g.wall().UnixNano() - int64(time.Since(g.begun)) }

// wasSet reports whether the clock has moved otherwise than time has passed since the database was asked.
func (g *clockGuard) wasSet() bool {
	return time.Duration(g.leads()-g.lead.Load()).Abs() > clockDrift
}

// look asks the database for its time every clockEvery, and at once when the clock was set. Its error says that the clocks
// are apart.
func (g *clockGuard) look(ctx context.Context) error {
	if g.due() || g.wasSet() {
		if err := g.ask(ctx); err != nil {
			return err
		}
	}
	if drift := g.drifted(); drift > 0 {
		return errors.New("this machine's clock and the database's differ by " + drift.Round(time.Second).String() + "; nothing is claimed until they agree")
	}
	return nil
}

func (g *clockGuard) due() bool {
	return !g.asked.Load() || time.Since(g.begun)-time.Duration(g.at.Load()) >= clockEvery
}

func (g *clockGuard) ask(ctx context.Context) error {
	g.asking.Lock()
	defer g.asking.Unlock()
	begun, lead := time.Since(g.begun), g.leads()
	at, err := g.store.Clock(ctx)
	if err != nil {
		return err
	}
	g.drift.Store(int64(time.Since(at).Abs()))
	g.at.Store(int64(begun))
	g.lead.Store(lead)
	g.asked.Store(true)
	return nil
}

// askIfSet is look for whoever comes between two rounds. It does not say how far the clocks are apart.
func (g *clockGuard) askIfSet(ctx context.Context) error {
	if !g.wasSet() {
		return nil
	}
	return g.ask(ctx)
}

// drifted returns how far this machine's clock and the database's are apart, 0 where that is little enough to go by leases.
func (g *clockGuard) drifted() time.Duration {
	if drift := time.Duration(g.drift.Load()); drift > clockDrift {
		return drift
	}
	return 0
}
