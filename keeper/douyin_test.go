package keeper_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// TestAPairThatStaysTheSameIsRefreshedInItsLastHour: each week brings one new pair, in the hour in which the platform
// gives one, and nobody ever reads an ended token.
func TestAPairThatStaysTheSameIsRefreshedInItsLastHour(t *testing.T) {
	story(t, "douyin", func(h *house) {
		g := h.connect(0, "")
		if g.Ceiling.IsZero() || g.RefreshExpires.Sub(g.Expires).Round(time.Hour) != 7*24*time.Hour {
			t.Fatalf("ceiling %s, refresh end %s, end %s; want all known", g.Ceiling, g.RefreshExpires, g.Expires)
		}
		h.moveTo(h.now().Add(3 * 7 * 24 * time.Hour))
		after := h.grant(g.ID)
		if n := h.asked("refresh"); after.State != gk.Active || n < 2 || n > 4 {
			t.Errorf("three weeks on: %s with %d renewals, want active with one a week", after.State, n)
		}
		if s := h.token(g.ID); s.Access.Empty() || !s.Grant.Expires.After(h.now()) {
			t.Error("no usable token three weeks on")
		}
	})
}

// TestTheEarlierOfOrderAndAuthorizationEndsAGrant: the simulator's order ends long before the authorization does.
func TestTheEarlierOfOrderAndAuthorizationEndsAGrant(t *testing.T) {
	story(t, "douyin", func(h *house) {
		g := h.connect(0, "")
		end, err := time.Parse(time.RFC3339, g.Facts["order_end"])
		if err != nil {
			t.Fatalf("facts %v: %v, want the end of the order", g.Facts, err)
		}
		if g.Ceiling.After(end) {
			t.Errorf("ceiling %s, order %s; want the earlier of the two", g.Ceiling, end)
		}
	})
}
