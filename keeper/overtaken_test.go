package keeper_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// TestRefusalOvertakenByAPairIsTakenBack refuses an older attempt while a younger one holds the grant and brings a pair:
// what was told is taken back.
func TestRefusalOvertakenByAPairIsTakenBack(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		g := h.connect(0, "")
		var refused atomic.Bool
		b.set(func() {
			b.claimed = func(grants []gk.Grant) {
				if !refused.CompareAndSwap(false, true) {
					return
				}
				h.write(g.ID, func(g *gk.Grant) { // the older attempt's refusal, which another process records
					g.Renewable = false
					g.Fault = &gk.Fault{Platform: "shoplazza", Stage: "refresh", Code: "invalid_grant", Action: gk.Reauthorize, Terminal: true, At: gk.At(h.now())}
				})
			}
		})
		h.write(g.ID, func(g *gk.Grant) {
			g.PairAskedAt, g.DueAt, g.Expires = h.now().Add(-23*time.Hour), h.now(), h.now().Add(time.Hour)
		})
		time.Sleep(10 * time.Second)
		now := h.grant(g.ID)
		if now.Generation != 2 || !now.Renewable || now.Fault != nil || !strings.HasSuffix(h.kinds(g.ID), "recovered") {
			t.Errorf("generation %d, renewable %v, fault %v, told %q; want the pair and a recovery", now.Generation, now.Renewable, now.Fault, h.kinds(g.ID))
		}
	})
}
