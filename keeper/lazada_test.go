package keeper_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// TestARefreshNeverMovesTheEndOfAConsent: each starts the life of the access token anew and leaves the end where the consent
// put it.
func TestARefreshNeverMovesTheEndOfAConsent(t *testing.T) {
	story(t, "lazada", func(h *house) {
		g := h.connect(3, "")
		if g.Subject.Kind != gk.KindShop || len(g.Shops) != 1 || g.Ceiling.IsZero() || !g.Ceiling.Equal(g.RefreshExpires) {
			t.Fatalf("%s with shops %v, ceiling %s; want one shop and a known end", g.Subject, g.Shops, g.Ceiling)
		}
		end := g.Ceiling
		h.moveTo(h.now().Add(65 * 24 * time.Hour))
		after := h.grant(g.ID)
		if n := h.asked("refresh"); after.State != gk.Active || n < 2 || n > 3 {
			t.Errorf("65 days on: %s with %d refreshes, want active with one every 28 days", after.State, n)
		}
		if off := after.Ceiling.Sub(end).Abs(); off > 10*time.Minute {
			t.Errorf("refreshes moved the end of the authorization by %s", off)
		}
	})
}
