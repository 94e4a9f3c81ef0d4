package keeper_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
)

func TestAShopIsConnectedReadAndRefreshedInTheNight(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "cust-1")
		if g.State != gk.Active || !g.Renewable || g.Generation != 1 || g.Owner != "cust-1" {
			t.Fatalf("grant = %s, renewable %v, generation %d, owner %q; want an active renewable first one of cust-1", g.State, g.Renewable, g.Generation, g.Owner)
		}
		first := h.token(g.ID)
		if got := h.truth(h.shop(0)).Access; first.Access.Reveal() != got {
			t.Errorf("the token served is not the one that the platform issued")
		}
		end := g.Expires
		h.moveTo(end.Add(-7*24*time.Hour - time.Minute))
		if n := h.asked("refresh"); n != 0 {
			t.Errorf("%d renewals with more than seven days left, want none", n)
		}
		h.moveTo(end.Add(-5 * 24 * time.Hour))
		after := h.grant(g.ID)
		if after.Generation != 2 || !after.Expires.After(end) {
			t.Errorf("after the night: generation %d, end %s; want 2 and later than %s", after.Generation, after.Expires, end)
		}
		local := after.PairAskedAt.In(time.FixedZone("CST", 8*3600))
		if left := end.Sub(after.PairAskedAt); left > 7*24*time.Hour || left < 5*24*time.Hour+21*time.Hour || local.Hour() < 2 || local.Hour() >= 5 {
			t.Errorf("renewed %v before the end, at %s in the platform's zone; want the first night with at most 7 days left, 02:00 to 05:00", left, local.Format("15:04"))
		}
		if n := h.asked("refresh"); n != 1 {
			t.Errorf("%d requests for one renewal, want 1", n)
		}
		second := h.token(g.ID)
		if second.Access.Reveal() == first.Access.Reveal() || second.Access.Reveal() != h.truth(h.shop(0)).Access {
			t.Errorf("after the renewal the old token is served, or not the platform's new one")
		}
		if got, want := h.kinds(g.ID), "created"; got != want {
			t.Errorf("events = %q, want %q: a routine renewal makes none", got, want)
		}
	})
}

func TestFortyReadersOnTwoInstancesCostOneRequest(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		second := h.instance("second")
		h.option("slow", "2s")
		h.fault("slow", "refresh", 1)
		want := keeper.TokenWant{NotGeneration: g.Generation}
		var wg sync.WaitGroup
		for i := range 40 {
			k := h.keeper
			if i%2 == 1 {
				k = second
			}
			wg.Go(func() {
				s, err := k.Token(context.Background(), gk.Engine(), g.ID, want)
				if err != nil || s.Grant.Generation != g.Generation+1 {
					t.Errorf("reader %d: generation %d, error %v; want the next generation", i, s.Grant.Generation, err)
				}
			})
		}
		wg.Wait()
		if n := h.asked("refresh"); n != 1 {
			t.Errorf("forty readers on two instances caused %d requests, want 1", n)
		}
	})
}

func TestCallersWhoGiveUpDoNotStopTheRefresh(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		h.option("slow", "50s")
		h.fault("slow", "refresh", 1)
		wait := 500 * time.Millisecond
		s, err := h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{NotGeneration: g.Generation, Wait: &wait})
		if err != nil || !s.Stale || s.Grant.Generation != g.Generation {
			t.Fatalf("within half a second: %v, stale %v, generation %d; want the old token, marked stale", err, s.Stale, s.Grant.Generation)
		}
		time.Sleep(time.Minute)
		if now := h.grant(g.ID); now.Generation != g.Generation+1 {
			t.Errorf("a minute later the generation is %d, want %d: the work does not stop when the caller leaves", now.Generation, g.Generation+1)
		}
		if n := h.asked("refresh"); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	})
}

func TestRefusedRefreshLeavesTheTokenAsLongAsItLasts(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		h.fault("invalid_grant", "refresh", 1)
		after, err := h.keeper.Refresh(context.Background(), gk.Engine(), g.ID, false)
		if err != nil {
			t.Fatal(err)
		}
		if after.State != gk.Active || after.Renewable || after.Fault == nil || after.Fault.Code != "invalid_grant" {
			t.Fatalf("after a refusal: %s, renewable %v, fault %v; want active, not renewable, invalid_grant", after.State, after.Renewable, after.Fault)
		}
		if s := h.token(g.ID); s.Access.Empty() {
			t.Error("a refused renewal took the token away")
		}
		h.moveTo(g.Expires.Add(time.Minute))
		if now := h.grant(g.ID); now.State != gk.Expired {
			t.Errorf("past its end: %s, want expired", now.State)
		}
		_, err = h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{})
		if !errors.Is(err, keeper.ErrNeedsAuthorization) {
			t.Errorf("reading it: %v, want needs authorization", err)
		}
		if got, want := h.kinds(g.ID), "created needs_authorization expiring expiring expiring expired"; got != want {
			t.Errorf("events = %q, want %q", got, want)
		}
	})
}

func TestOneFailingShopStopsNoOther(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		bad, good := h.connect(0, ""), h.connect(1, "")
		h.control("POST", "/shoplazza/faults", map[string]any{"fault": "invalid_grant", "times": 1, "match": map[string]string{"stage": "refresh", "subject": h.shop(0)}}, nil)
		h.moveTo(good.Expires.Add(-4 * 24 * time.Hour))
		if g := h.grant(bad.ID); g.Renewable || g.State != gk.Active {
			t.Errorf("the refused shop: %s, renewable %v; want active and not renewable", g.State, g.Renewable)
		}
		if g := h.grant(good.ID); g.Generation != 2 {
			t.Errorf("the other shop: generation %d, want 2", g.Generation)
		}
	})
}

// refuseTheApp makes grants due while the platform refuses their app, and lets time pass until it has refused two.
func (h *house) refuseTheApp(grants []gk.Grant) {
	h.t.Helper()
	h.fault("invalid_client", "refresh", -1)
	for _, g := range grants {
		h.write(g.ID, h.fallsDue)
	}
	for h.asked("refresh") < 2 {
		time.Sleep(time.Minute)
	}
}

// TestFewGrantsOfAStoppedAppKeepTrying counts the probes of an app that has two grants. Its stop must be found ended soon,
// also where nobody else falls due.
func TestFewGrantsOfAStoppedAppKeepTrying(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		grants := []gk.Grant{h.connect(0, ""), h.connect(1, "")}
		h.refuseTheApp(grants)
		asked := h.asked("refresh")
		for range 6 {
			time.Sleep(11 * time.Minute)
			now := h.asked("refresh")
			if n := now - asked; n == 0 || n > 3 {
				t.Errorf("%d asked within eleven minutes whether the app works again, want one each five minutes", n)
			}
			asked = now
		}
		h.control("DELETE", "/shoplazza/faults", nil, nil)
		time.Sleep(6 * time.Minute)
		for _, g := range grants {
			if now := h.refreshed(g.ID, 2, time.Minute); now.Generation != 2 {
				t.Errorf("minutes after the platform took it again: generation %d, want 2", now.Generation)
			}
		}
	})
}

func TestFaultOfTheAppStopsItsRefreshesAfterTheSecondGrant(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		var grants []gk.Grant
		for n := range 3 {
			grants = append(grants, h.connect(n, ""))
		}
		h.refuseTheApp(grants)
		app, err := h.store.App(context.Background(), gk.Engine(), h.app.ID)
		if err != nil {
			t.Fatal(err)
		}
		if app.PausedUntil.IsZero() || app.Fault == nil || app.Fault.Code != "invalid_client" {
			t.Fatalf("the app is not paused: %v, fault %v", app.PausedUntil, app.Fault)
		}
		asked := h.asked("refresh")
		// A refused grant rests for half an hour, and one that falls due just after a probe is put off for an hour at most.
		time.Sleep(70 * time.Minute) // as it passes by itself
		if n := h.asked("refresh") - asked; n == 0 || n > 15 {
			t.Errorf("%d requests in seventy minutes of a paused app, want some, and at most one probe in five minutes", n)
		}
		h.control("DELETE", "/shoplazza/faults", nil, nil)
		if _, err := h.keeper.Apps().Update(context.Background(), gk.Engine(), h.app.ID, apps.Change{}); err != nil {
			t.Fatal(err)
		}
		h.moveTo(h.now().Add(25 * time.Hour))
		for _, g := range grants {
			if now := h.grant(g.ID); now.Generation != 2 || now.Fault != nil {
				t.Errorf("after the repair: generation %d, fault %v; want 2 and none", now.Generation, now.Fault)
			}
		}
	})
}
