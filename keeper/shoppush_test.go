package keeper_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/platform"
)

// TestAMerchantWhoLeftIsToldByAShop: the message names a shop of the grant and no account. What the platform answers about
// the token then ends the grant as left, not as expired.
func TestAMerchantWhoLeftIsToldByAShop(t *testing.T) {
	story(t, "tiktokshop", func(h *house) {
		account, _ := h.chain()
		g := h.connectAs(account, consent.BeginInput{Owner: "cust-1"}).Grants[0]
		if len(g.Shops) < 2 {
			t.Fatalf("the grant reaches %d shops, want several", len(g.Shops))
		}
		push := func(shop string) {
			t.Helper()
			n := platform.Notice{Kind: platform.NoticeRevoked, Shops: []string{shop}, At: h.now()}
			if err := h.pushes.Hear(context.Background(), h.app.ID, n); err != nil {
				t.Fatal(err)
			}
		}
		push(g.Shops[0].ID)
		if now := h.grant(g.ID); now.State != gk.Active || !now.Shops[0].LostAt.IsZero() {
			t.Fatalf("after a message that is not true: %s", now.State)
		}
		h.control(http.MethodPost, "/tiktokshop/revoke", map[string]string{"subject": g.Shops[0].ID}, nil)
		push(g.Shops[0].ID)
		lost := 0
		for _, s := range h.grant(g.ID).Shops {
			if !s.LostAt.IsZero() {
				lost++
			}
		}
		if now := h.grant(g.ID); now.State != gk.Active || lost != 1 {
			t.Fatalf("after one of %d shops left: %s with %d lost, want active with one", len(g.Shops), now.State, lost)
		}
		h.control(http.MethodPost, "/tiktokshop/revoke", map[string]string{"subject": account}, nil)
		push(g.Shops[1].ID)
		if now := h.grant(g.ID); now.State != gk.Revoked {
			t.Errorf("after the account left: %s, want revoked", now.State)
		}
	})
}

// TestAnEndThatOnlyAMessageTellsIsWarnedAbout: the platform's answers about a token do not tell when the consent ends.
func TestAnEndThatOnlyAMessageTellsIsWarnedAbout(t *testing.T) {
	story(t, "lazada", func(h *house) {
		g := h.connect(3, "cust-1")
		end := h.now().Add(5 * 24 * time.Hour)
		say := func(at time.Time) gk.Grant {
			t.Helper()
			n := platform.Notice{Kind: platform.NoticeExpiring, Shops: []string{g.Shops[0].ID}, At: at, Ceiling: end}
			if err := h.pushes.Hear(context.Background(), h.app.ID, n); err != nil {
				t.Fatal(err)
			}
			return h.grant(g.ID)
		}
		if now := say(g.AuthorizedAt.Add(-time.Hour)); !now.Ceiling.Equal(g.Ceiling) {
			t.Fatalf("a message from before the consent moved the end to %s", now.Ceiling)
		}
		if now := say(h.now()); !now.Ceiling.Equal(end) {
			t.Fatalf("the end is %s, want %s as the message tells", now.Ceiling, end)
		}
		h.moveTo(h.now().Add(time.Minute))
		if now := h.grant(g.ID); now.Warned != 7 || now.State != gk.Active {
			t.Errorf("a minute later: %s, warned of %d days; want active and 7", now.State, now.Warned)
		}
	})
}
