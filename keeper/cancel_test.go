package keeper_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
)

func TestMerchantCancelsOnThePlatformsOwnPage(t *testing.T) {
	for _, code := range []string{"shopee", "shopeev1", "eleme"} {
		t.Run(code, func(t *testing.T) {
			story(t, code, func(h *house) {
				g := h.connect(0, "cust-1")
				time.Sleep(5 * time.Second)
				_, pressed := h.press(consent.BeginInput{Kind: gk.KindCancel, Grant: g.ID})
				var out struct{ Callback string }
				decision := "approve"
				if code == "eleme" {
					decision = "deny" // its cancel button stands on the page that asks for consent
				}
				h.control("POST", "/"+code+"/consent", map[string]any{"url": pressed.URL, "shops": []string{h.shop(0)}, "decision": decision}, &out)
				o, err := h.callback(out.Callback, h.cookie)
				if err != nil {
					t.Fatal(err)
				}
				if o.Authorization.Stage != gk.Done {
					t.Errorf("the authorization is %s (%s), fault %v; want done", o.Authorization.Stage, o.Authorization.Reason, o.Click.Fault)
				}
				now := h.grant(g.ID)
				if now.State != gk.Revoked || len(now.Access)+len(now.Refresh) > 0 {
					t.Errorf("the grant is %s with %d bytes of tokens, want revoked and erased", now.State, len(now.Access)+len(now.Refresh))
				}
			})
		})
	}
}

func TestCancelPageThatCancelledNothingEndsNothing(t *testing.T) {
	story(t, "shopee", func(h *house) {
		g, other := h.connect(0, ""), h.connect(1, "")
		_, pressed := h.press(consent.BeginInput{Kind: gk.KindCancel, Grant: g.ID})
		o, err := h.callback(h.consent(pressed.URL, h.shop(1)), h.cookie) // another shop's account was logged in
		if err != nil {
			t.Fatal(err)
		}
		if o.Authorization.Reason != gk.ReasonUnconfirmed {
			t.Errorf("the authorization ended %q, want unconfirmed", o.Authorization.Reason)
		}
		if now := h.grant(g.ID); now.State != gk.Active {
			t.Errorf("the grant that was meant is %s, want active: its merchant did nothing", now.State)
		}
		h.moveTo(h.now().Add(30 * time.Hour))
		if now := h.grant(other.ID); now.State != gk.Revoked && now.State != gk.Expired {
			t.Errorf("the grant that was cancelled is %s a day later, want it known", now.State)
		}
	})
}
