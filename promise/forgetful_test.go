package promise_test

import (
	"context"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// forgetful is a store that breaks one rule on purpose.
type forgetful struct{ store.Store }

// UpdateGrant changes the row and forgets what it was told to tell.
func (m forgetful) UpdateGrant(
	ctx context.Context, v gk.Viewer, id string, at time.Time, change func(*gk.Grant) ([]gk.Event, error),
) error {
	return m.Store.UpdateGrant(ctx, v, id, at, func(g *gk.Grant) ([]gk.Event, error) {
		_, err := change(g)
		return nil, err
	})
}

// TestForgottenEventIsCaught takes events from the store: the checker must miss them.
func TestForgottenEventIsCaught(t *testing.T) {
	p := plan{Seed: 1, Platforms: []string{"lazada"}, Steps: []step{
		{Do: "connect", N: 128}, {Do: "connect", N: 144}, {Do: "connect", N: 160}, {Do: "jump", For: 9 * 24 * time.Hour},
		{Do: "revoke", N: 1}, {Do: "jump", For: 500 * time.Hour}, {Do: "calm"},
	}}
	for name, forgets := range map[string]bool{"sound": false, "an event is dropped": true} {
		t.Run(name, func(t *testing.T) {
			r := live(t, p, func(s store.Store) store.Store {
				if forgets {
					return forgetful{s}
				}
				return s
			})
			t.Logf("%.0f grant-days", r.sum.days)
			if caught := len(r.broken) > 0; caught != forgets {
				t.Errorf("after %.0f grant-days the checker says %q", r.sum.days, r.broken)
			}
		})
	}
}
