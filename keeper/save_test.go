package keeper_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRefreshKeepsWhatIsKnownOfTheShops(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		if len(g.Shops) != 1 || g.Shops[0].Name == "" {
			t.Fatalf("the grant reaches %+v, want one shop with its name", g.Shops)
		}
		for _, fault := range []string{"", "status-503"} { // a pair alone, and one that ends a doubt
			if fault != "" {
				h.fault(fault, "refresh", 1)
			}
			if _, err := h.refresh(g.ID, false); err != nil {
				t.Fatal(err)
			}
		}
		h.moveTo(h.now().AddDate(0, 0, 2))
		now := h.grant(g.ID)
		if now.Generation != 3 {
			t.Errorf("generation %d, want 3", now.Generation)
		}
		if diff := cmp.Diff(g.Shops, now.Shops); diff != "" {
			t.Errorf("the answer to a renewal tells ids only; the shops changed (-before +after):\n%s", diff)
		}
	})
}
