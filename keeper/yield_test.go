package keeper_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
)

// TestNoRefreshComesBetweenAConsentAndItsPair: the platform retires the refresh token of before when it gives a pair anew,
// and a refresh beside the exchange would retire the new one.
func TestNoRefreshComesBetweenAConsentAndItsPair(t *testing.T) {
	story(t, "shopify", func(h *house) {
		g := h.connect(0, "cust-1")
		_, pressed := h.press(consent.BeginInput{Owner: "cust-1", Shop: h.host(0)})
		back := h.consent(pressed.URL, h.shop(0))
		h.option("slow", "8s")
		h.fault("slow", "token", 1)
		ended := make(chan consent.Outcome, 1)
		go func() {
			o, err := h.callback(back, h.cookie)
			if err != nil {
				t.Error(err)
			}
			ended <- o
		}()
		time.Sleep(5 * time.Second)
		if _, err := h.refresh(g.ID, false); err == nil {
			t.Error("a refresh went out while the code was being exchanged")
		}
		if o := <-ended; o.Click.Stage != gk.Done {
			t.Fatalf("the authorization ended %s (%s)", o.Click.Stage, o.Click.Reason)
		}
		now := h.grant(g.ID)
		if now.Generation != 2 || now.State != gk.Active || !now.RetryAt.IsZero() {
			t.Fatalf("after the consent: %s, generation %d, refreshed not before %s; want active, 2 and no wait", now.State, now.Generation, now.RetryAt)
		}
		if after, err := h.refresh(g.ID, false); err != nil || after.Generation != 3 {
			t.Errorf("a refresh after it: generation %d, %v", after.Generation, err)
		}
	})
}

// TestAConsentWaitsForTheRefreshUnderWay: its answer is stored before the code is shown to the platform.
func TestAConsentWaitsForTheRefreshUnderWay(t *testing.T) {
	story(t, "shopify", func(h *house) {
		g := h.connect(0, "cust-1")
		_, pressed := h.press(consent.BeginInput{Owner: "cust-1", Shop: h.host(0)})
		back := h.consent(pressed.URL, h.shop(0))
		h.moveTo(h.now().Add(2 * time.Minute))
		exchanges := h.asked("token")
		h.option("slow", "10s")
		h.fault("slow", "refresh", 1)
		refreshed := make(chan error, 1)
		go func() { _, err := h.refresh(g.ID, false); refreshed <- err }()
		time.Sleep(time.Second)
		ended := make(chan consent.Outcome, 1)
		go func() { o, _ := h.callback(back, h.cookie); ended <- o }() // how it went is read from the outcome
		time.Sleep(5 * time.Second)
		if n := h.asked("token"); n != exchanges {
			t.Error("the code was exchanged while a refresh was under way")
		}
		if err := <-refreshed; err != nil {
			t.Errorf("the refresh: %v", err)
		}
		if o := <-ended; o.Click.Stage != gk.Done {
			t.Fatalf("the authorization ended %s (%s)", o.Click.Stage, o.Click.Reason)
		}
		if now := h.grant(g.ID); now.Generation != 3 || now.State != gk.Active {
			t.Errorf("afterwards: %s, generation %d; want active, 3", now.State, now.Generation)
		}
	})
}

// TestARefusedConsentLetsTheGrantGoOn: nothing waits for a pair that does not come.
func TestARefusedConsentLetsTheGrantGoOn(t *testing.T) {
	story(t, "shopify", func(h *house) {
		g := h.connect(0, "cust-1")
		_, pressed := h.press(consent.BeginInput{Owner: "cust-1", Shop: h.host(0)})
		back := h.consent(pressed.URL, h.shop(0))
		h.fault("status-503", "token", 1)
		if o, err := h.callback(back, h.cookie); err != nil || o.Click.Stage != gk.Failed {
			t.Fatalf("the authorization ended %s, %v; want failed", o.Click.Stage, err)
		}
		if now := h.grant(g.ID); !now.RetryAt.IsZero() || now.State != gk.Active {
			t.Errorf("afterwards: %s, refreshed not before %s; want active and no wait", now.State, now.RetryAt)
		}
		h.moveTo(h.now().Add(2 * time.Minute))
		if after, err := h.refresh(g.ID, false); err != nil || after.Generation != 2 {
			t.Errorf("a refresh afterwards: generation %d, %v", after.Generation, err)
		}
	})
}
