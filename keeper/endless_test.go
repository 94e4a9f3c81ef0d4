package keeper_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/transfer"
)

// TestTokenWithoutAnEndIsImported imports an access token alone: one without an end says none, and is due to be traded.
func TestTokenWithoutAnEndIsImported(t *testing.T) {
	story(t, "shopify", func(h *house) {
		row := h.rowOf(gk.Subject{Kind: gk.KindShop, ID: h.shop(0), Host: h.host(0)}, "shpat_made_up_without_an_end", "")
		row.Token.Expires = time.Time{}
		got := h.importOne(gk.Engine(), row, transfer.ImportOptions{})
		if got.Err != nil || !h.grant(got.Grant).Renewable {
			t.Errorf("the import of a token without an end says %+v; want it taken, and renewable", got)
		}
	})
}
