package keeper_test

import (
	"context"
	"errors"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
)

// refresh asks for a refresh at a person's word.
func (h *house) refresh(id string, force bool) (gk.Grant, error) {
	return h.keeper.Refresh(context.Background(), gk.Engine(), id, force)
}

func TestAnswerLostAfterThePlatformActedIsToldAndSettledOnce(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		h.option("old_access", "lives") // the former access token lives on: only the refresh token is spent
		g := h.connect(0, "")
		h.fault("cut-after", "refresh", 1)
		after, err := h.refresh(g.ID, false)
		if err != nil {
			t.Fatal(err)
		}
		if !after.InDoubt() || after.State != gk.Active || !after.Renewable || after.Generation != 1 {
			t.Fatalf("after a lost answer: in doubt %v, %s, renewable %v, generation %d; want in doubt, active, renewable, 1", after.InDoubt(), after.State, after.Renewable, after.Generation)
		}
		if s := h.token(g.ID); s.Access.Empty() {
			t.Error("a doubt took the token away")
		}
		if _, err := h.refresh(g.ID, false); !errors.Is(err, keeper.ErrNeedsForce) {
			t.Errorf("another word without force: %v, want it to need force", err)
		}
		if wait := after.DueAt.Sub(h.now()); wait > 24*time.Hour+time.Minute || wait < 23*time.Hour {
			t.Errorf("the doubt is settled in %v, want a day: half of a year, at most a day", wait)
		}
		h.moveTo(h.now().Add(25 * time.Hour))
		settled := h.grant(g.ID)
		if settled.InDoubt() || settled.Renewable || settled.State != gk.Active || settled.Fault == nil || settled.Fault.Reason != gk.ReasonLostAnswer {
			t.Errorf("after the repeat was refused: in doubt %v, renewable %v, %s, fault %v; want settled, not renewable, active, lost answer", settled.InDoubt(), settled.Renewable, settled.State, settled.Fault)
		}
		if n := h.asked("refresh"); n != 2 {
			t.Errorf("%d requests, want the one and its one repeat", n)
		}
		if got, want := h.kinds(g.ID), "created in_doubt needs_authorization"; got != want {
			t.Errorf("events = %q, want %q", got, want)
		}
		again := h.connect(0, "")
		if again.ID != g.ID || again.Generation != 2 || !again.Renewable {
			t.Errorf("after a new consent: grant %s, generation %d, renewable %v; want the same grant, 2, renewable", again.ID, again.Generation, again.Renewable)
		}
	})
}

func TestAnswerLostBeforeThePlatformActedCostsADelayOnly(t *testing.T) {
	for _, fault := range []string{"cut-before", "status-503", "garbage"} {
		t.Run(fault, func(t *testing.T) {
			story(t, "shoplazza", func(h *house) {
				g := h.connect(0, "")
				h.fault(fault, "refresh", 1)
				if after, err := h.refresh(g.ID, false); err != nil || !after.InDoubt() {
					t.Fatalf("after %s: in doubt %v, error %v; want in doubt", fault, after.InDoubt(), err)
				}
				h.moveTo(h.now().Add(25 * time.Hour))
				if now := h.grant(g.ID); now.Generation != 2 || now.InDoubt() || now.Fault != nil || !now.Renewable {
					t.Errorf("after the repeat: generation %d, in doubt %v, fault %v, renewable %v; want 2 and all well", now.Generation, now.InDoubt(), now.Fault, now.Renewable)
				}
				if got, want := h.kinds(g.ID), "created in_doubt recovered"; got != want {
					t.Errorf("events = %q, want %q", got, want)
				}
			})
		})
	}
}

func TestDeadAccessTokenBringsTheRepeatForward(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		h.option("old_access", "dies") // the former access token dies with the rotation
		g := h.connect(0, "")
		h.fault("cut-after", "refresh", 1)
		if _, err := h.refresh(g.ID, false); err != nil {
			t.Fatal(err)
		}
		h.moveTo(h.now().Add(2 * time.Minute))
		now := h.grant(g.ID)
		if now.State != gk.Expired || now.Fault == nil || now.Fault.Reason != gk.ReasonLostAnswer {
			t.Errorf("two minutes later: %s, fault %v; want expired with the reason lost answer, since the platform refused both tokens", now.State, now.Fault)
		}
	})
}

func TestPlatformDownForANightLosesNoGrant(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		h.moveTo(g.Expires.Add(-7 * 24 * time.Hour))
		h.fault("status-503", "refresh", 2)
		h.moveTo(g.Expires.Add(-time.Hour))
		if now := h.grant(g.ID); !now.InDoubt() || !now.Usable(h.now()) {
			t.Fatalf("before the end: in doubt %v, usable %v; want both", now.InDoubt(), now.Usable(h.now()))
		}
		h.moveTo(g.Expires.Add(time.Hour))
		if now := h.grant(g.ID); now.Generation != 2 || now.State != gk.Active {
			t.Errorf("an hour after the end: generation %d, %s; want 2 and active: from the end on nothing was left to lose", now.Generation, now.State)
		}
	})
}

func TestLostAnswerOfAnExchangeLetsTheMerchantClickAgain(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		h.fault("cut-after", "token", 1)
		a, link, err := h.flow.Begin(context.Background(), gk.Engine(), consent.BeginInput{App: h.app.ID, Shop: h.host(0)})
		if err != nil {
			t.Fatal(err)
		}
		o, err := h.callback(h.consent(h.pressAgain(link).URL, h.shop(0)), h.cookie)
		if err != nil || o.Click.Stage != gk.Failed || o.Click.Reason != gk.ReasonLostAnswer {
			t.Fatalf("the click ended %s (%s), error %v; want failed, lost answer", o.Click.Stage, o.Click.Reason, err)
		}
		if n := h.asked("token"); n != 1 {
			t.Errorf("%d exchanges, want 1: a code is never sent twice", n)
		}
		o, err = h.callback(h.consent(h.pressAgain(link).URL, h.shop(0)), h.cookie)
		if err != nil || o.Click.Stage != gk.Done || o.Authorization.ID != a.ID {
			t.Errorf("the second click of the same link ended %s, error %v; want done", o.Click.Stage, err)
		}
	})
}

func TestRevocationDuringARefreshWins(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		h.option("slow", "20s")
		h.fault("slow", "refresh", 1)
		go func() { _, _ = h.refresh(g.ID, false) }() // its result is of no interest
		time.Sleep(5 * time.Second)
		if err := h.keeper.Revoke(context.Background(), gk.Engine(), g.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		now := h.grant(g.ID)
		if now.State != gk.Revoked || len(now.Access) > 0 || len(now.Refresh) > 0 {
			t.Errorf("after the late answer: %s, tokens %d and %d bytes; want revoked and erased", now.State, len(now.Access), len(now.Refresh))
		}
		if got, want := h.kinds(g.ID), "created revoked late_answer"; got != want {
			t.Errorf("events = %q, want %q", got, want)
		}
		if _, err := h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{}); !errors.Is(err, keeper.ErrRevoked) {
			t.Errorf("reading it: %v, want revoked", err)
		}
	})
}

func TestConsentDuringARefreshWaitsForItAndGoesOnTop(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		h.option("slow", "10s")
		h.fault("slow", "refresh", 1)
		go func() { _, _ = h.refresh(g.ID, false) }() // its result is read from the row
		time.Sleep(2 * time.Second)
		again := h.connect(0, "")
		if again.ID != g.ID || again.Generation != 3 {
			t.Errorf("grant %s at generation %d, want the same one at 3: the renewal's pair, and the consent's on top", again.ID, again.Generation)
		}
		if got := h.truth(h.shop(0)).Access; h.token(g.ID).Access.Reveal() != got {
			t.Error("the token served is not the platform's newest")
		}
	})
}

func TestAttemptOfADeadProcessBecomesADoubt(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		err := h.store.UpdateGrant(context.Background(), gk.Engine(), g.ID, h.now(), func(row *gk.Grant) ([]gk.Event, error) {
			row.AttemptID, row.AttemptBy, row.AttemptAt, row.AttemptUntil = "att_dead", "dead", h.now(), h.now().Add(330*time.Second)
			row.DueAt = row.AttemptUntil
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if s := h.token(g.ID); s.Access.Empty() {
			t.Error("an attempt under way took the token away")
		}
		h.moveTo(h.now().Add(10 * time.Minute))
		if now := h.grant(g.ID); !now.InDoubt() || now.AttemptID != "" {
			t.Errorf("after the lease: in doubt %v, attempt %q; want in doubt and released", now.InDoubt(), now.AttemptID)
		}
		h.moveTo(h.now().Add(25 * time.Hour))
		if now := h.grant(g.ID); now.Generation != 2 || now.InDoubt() {
			t.Errorf("a day later: generation %d, in doubt %v; want 2 and settled", now.Generation, now.InDoubt())
		}
		if got, want := h.kinds(g.ID), "created in_doubt recovered"; got != want {
			t.Errorf("events = %q, want %q", got, want)
		}
	})
}
