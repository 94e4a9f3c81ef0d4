package keeper_test

import (
	"context"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
)

// TestABusyPlatformCostsNoConsent refuses the exchange of a code because of a limit: twice, and for as long as it is asked.
func TestABusyPlatformCostsNoConsent(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		_, pressed := h.press(consent.BeginInput{Owner: "cust-1", Shop: h.host(0)})
		back := h.consent(pressed.URL, h.shop(0))
		h.fault("http:429 Too Many Requests", "token", 2)
		if o, err := h.callback(back, h.cookie); err != nil || o.Click.Stage != gk.Done {
			t.Fatalf("refused twice for a limit, the authorization ended %s %s, %v; want it done", o.Click.Stage, o.Click.Reason, err)
		}
		_, pressed = h.press(consent.BeginInput{Owner: "cust-1", Shop: h.host(1)})
		back = h.consent(pressed.URL, h.shop(1))
		h.fault("http:429 Too Many Requests", "token", 100)
		begun := time.Now()
		o, err := h.callback(back, h.cookie)
		if shown := time.Since(begun); err != nil || shown > 12*time.Second {
			t.Errorf("the merchant looked at an empty page for %v, %v; want to be told that it goes on", shown, err)
		}
		for err == nil && !o.Click.Ended() {
			time.Sleep(time.Second)
			o, err = h.flow.Result(context.Background(), o.Click.ID, h.cookie)
		}
		if err != nil || o.Click.Stage != gk.Failed || o.Click.Fault == nil || o.Click.Fault.Action != gk.Backoff {
			t.Fatalf("refused without end, the authorization ended %s, fault %v, %v; want failed with the limit", o.Click.Stage, o.Click.Fault, err)
		}
		if waited := time.Since(begun); waited < 5*time.Second || waited > 25*time.Second {
			t.Errorf("the merchant waited %v", waited)
		}
	})
}

// TestTwoConsentsWithinASecond: Ele.me refuses a second token call for an account within a second.
func TestTwoConsentsWithinASecond(t *testing.T) {
	story(t, "eleme", func(h *house) {
		g := h.connect(0, "cust-1")
		if again := h.connect(0, "cust-1"); again.ID != g.ID || again.Generation != 2 {
			t.Errorf("the second consent left grant %s at generation %d, want %s at 2", again.ID, again.Generation, g.ID)
		}
	})
}
