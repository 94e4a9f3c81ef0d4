package promise_test

import (
	"context"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// mutant is a store that breaks one rule on purpose.
type mutant struct {
	store.Store
	rule string
}

const (
	eventDropped = "event dropped"
)

// UpdateGrant changes the row and forgets what it was told to tell.
func (m mutant) UpdateGrant(
	ctx context.Context, v gk.Viewer, id string, at time.Time, change func(*gk.Grant) ([]gk.Event, error),
) error {
	if m.rule != eventDropped {
		return m.Store.UpdateGrant(ctx, v, id, at, change)
	}
	return m.Store.UpdateGrant(ctx, v, id, at, func(g *gk.Grant) ([]gk.Event, error) {
		_, err := change(g)
		return nil, err
	})
}

// sliceOf is a short plan in which a merchant leaves.
func sliceOf(seed uint64) plan {
	p := draw(seed, 4)
	p.Steps = append(p.Steps, step{Do: "jump", For: 9 * 24 * time.Hour}, step{Do: "revoke", N: 1},
		step{Do: "jump", For: 400 * time.Hour}, step{Do: "calm"})
	return p
}

// TestMutantsAreCaught plants one fault after another and demands that the checker finds it before a number of seeds.
func TestMutantsAreCaught(t *testing.T) {
	for _, rule := range []string{eventDropped} {
		t.Run(rule, func(t *testing.T) {
			days := 0.0
			for seed := uint64(1); seed <= 4; seed++ {
				var r result
				t.Run("", func(t *testing.T) {
					r = live(t, sliceOf(seed), func(s store.Store) store.Store { return mutant{s, rule} })
				})
				days += r.sum.days
				t.Run("sound", func(t *testing.T) {
					if sound := live(t, sliceOf(seed), nil); len(sound.broken) > 0 {
						t.Errorf("without the fault: %s", sound.broken[0])
					}
				})
				if len(r.broken) > 0 {
					t.Logf("caught at seed %d, after %.0f grant-days: %s", seed, days, r.broken[0])
					return
				}
			}
			t.Errorf("nobody noticed in %.0f grant-days", days)
		})
	}
}
