package keeper

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

const (
	clockDrift = 5 * time.Second
	clockEvery = 30 * time.Second
)

// clockGuard compares this machine's clock with the database's. Leases go by both.
type clockGuard struct {
	store   store.Store
	askedAt time.Time
	drift   atomic.Int64 // nanoseconds between the two
}

// look asks the database for its time every clockEvery. Its error says that the clocks are apart.
func (g *clockGuard) look(ctx context.Context) error {
	if begun := time.Now(); begun.Sub(g.askedAt) >= clockEvery {
		at, err := g.store.Clock(ctx)
		if err != nil {
			return err
		}
		g.drift.Store(int64(time.Since(at).Abs()))
		g.askedAt = begun
	}
	if drift := g.drifted(); drift > 0 {
		return errors.New("this machine's clock and the database's differ by " + drift.Round(time.Second).String() + "; nothing is claimed until they agree")
	}
	return nil
}

// drifted returns how far this machine's clock and the database's are apart, 0 where that is little enough to go by leases.
func (g *clockGuard) drifted() time.Duration {
	if drift := time.Duration(g.drift.Load()); drift > clockDrift {
		return drift
	}
	return 0
}
