package keeper_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
)

func TestWindowIsArmedAgainWhenSomebodyAsksForIt(t *testing.T) {
	story(t, "taobao", func(h *house) {
		g := h.connect(0, "")
		if g.Windows["w2"].IsZero() || !g.Ceiling.Equal(g.Expires) {
			t.Fatalf("windows %v, ceiling %s, end %s; want a w2 window and a token that ends with the authorization", g.Windows, g.Ceiling, g.Expires)
		}
		h.moveTo(h.now().Add(48 * time.Hour))
		if n := h.asked("refresh"); n != 0 {
			t.Errorf("%d renewals in two days, want none: nothing armed a window by timer", n)
		}
		plain := h.token(g.ID)
		if plain.Grant.Generation != 1 {
			t.Error("a reader without a window caused a renewal")
		}
		s, err := h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{Window: "w2"})
		if err != nil || s.Grant.Generation != 2 || !s.Grant.Windows["w2"].After(h.now()) {
			t.Fatalf("asked for w2: generation %d, window %s, error %v; want 2 and open", s.Grant.Generation, s.Grant.Windows["w2"], err)
		}
		if !s.Grant.Expires.Equal(g.Expires) && s.Grant.Expires.Sub(g.Expires).Abs() > time.Second {
			t.Errorf("the renewal moved the end from %s to %s; only an order can", g.Expires, s.Grant.Expires)
		}
		s, err = h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{Window: "w2"})
		if err != nil || s.Grant.Generation != 2 || h.asked("refresh") != 1 {
			t.Errorf("asked again at once: generation %d, %d renewals, error %v; want 2 and 1", s.Grant.Generation, h.asked("refresh"), err)
		}
	})
}

func TestReadersLeaveTheReserveOfTheDayToPeople(t *testing.T) {
	story(t, "taobao", func(h *house) {
		h.option("w2_life", "1m")
		g := h.connect(0, "")
		start := h.now()
		for h.now().Sub(start) < 3*time.Hour {
			if _, err := h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{Window: "w2"}); err != nil {
				t.Fatalf("a usable token was refused: %v", err)
			}
			h.moveTo(h.now().Add(2 * time.Minute))
		}
		limits := h.keeper.Apps().Driver("taobao").Spec().Facts.Limits.TokenCalls
		if n := int64(h.asked("refresh")); n > limits.Day-limits.Reserve {
			t.Errorf("readers caused %d renewals in a day, want at most %d", n, limits.Day-limits.Reserve)
		}
		if _, err := h.refresh(g.ID, false); err != nil {
			t.Errorf("a person's renewal out of the reserve: %v", err)
		}
	})
}

func TestGrantThatCannotBeRefreshedIsGoodUntilItsEnd(t *testing.T) {
	story(t, "taobao", func(h *house) {
		back := map[string]any{}
		for name, v := range h.ready.Platforms["taobao"].Apps[0] {
			back[name] = v
		}
		back["profile"], back["redirect_uri"] = "back-office", h.keeper.Apps().CallbackURL(h.app.ID)
		h.control(http.MethodPost, "/taobao/apps", back, nil)
		profile := "back-office"
		if _, err := h.keeper.Apps().Update(context.Background(), gk.Engine(), h.app.ID, apps.Change{Profile: &profile}); err != nil {
			t.Fatal(err)
		}
		g := h.connect(0, "")
		if g.Renewable || g.State != gk.Active {
			t.Fatalf("renewable %v, %s; want a good token that cannot be renewed", g.Renewable, g.State)
		}
		if _, err := h.refresh(g.ID, false); !errors.Is(err, keeper.ErrNotRenewable) {
			t.Errorf("renewing it: %v, want not renewable", err)
		}
		h.moveTo(g.Expires.Add(-12 * time.Hour))
		if s := h.token(g.ID); s.Access.Empty() {
			t.Error("no token although it has not ended")
		}
		h.moveTo(g.Expires.Add(time.Hour))
		if now := h.grant(g.ID); now.State != gk.Expired {
			t.Errorf("past its end: %s, want expired", now.State)
		}
		if n := strings.Count(h.kinds(g.ID), "expiring"); n != 3 {
			t.Errorf("%d warnings, want three: 30, 7 and 1 days ahead", n)
		}
	})
}

func TestEntryFromTheMarketplaceBelongsToNobody(t *testing.T) {
	story(t, "taobao", func(h *house) {
		_, pressed := h.press(consent.BeginInput{Owner: "cust-1"})
		callback := h.consent(pressed.URL, h.shop(0))
		at := strings.Index(callback, "state=")
		stripped := strings.TrimRight(strings.Replace(callback, callback[at:at+len("state=")+43], "", 1), "?&")
		garbled := strings.Replace(callback, callback[at:at+len("state=")+43], "state="+strings.Repeat("x", 43), 1)
		var refused *consent.Refused
		if _, err := h.callback(garbled, h.cookie); !errors.As(err, &refused) {
			t.Errorf("a garbled state: %v, want refused: it never falls back to the entry without one", err)
		}
		if n := h.asked("token"); n != 0 {
			t.Fatalf("%d exchanges for a garbled state, want none", n)
		}
		o, err := h.callback(stripped, h.cookie)
		if err != nil || o.Click.Stage != gk.Done {
			t.Fatalf("without a state: %s, error %v; want done", o.Click.Stage, err)
		}
		g := h.grant(o.Authorization.Grants[0])
		if g.Owner != "" || g.State != gk.Active {
			t.Errorf("owner %q, %s; want nobody's and active", g.Owner, g.State)
		}
		limited := gk.Viewer{Key: "k", Scopes: gk.Scopes(), Owners: []string{"cust-1"}}
		if _, err := h.keeper.Token(context.Background(), limited, g.ID, keeper.TokenWant{}); err == nil {
			t.Error("a key with an owner limit reads nobody's grant")
		}
	})
}

func TestCancelledSellerIsHeardFromTheMessages(t *testing.T) {
	story(t, "taobao", func(h *house) {
		g := h.connect(0, "")
		h.moveTo(h.now().Add(5 * time.Minute))
		h.control(http.MethodPost, "/taobao/revoke", map[string]string{"subject": g.Subject.ID}, nil)
		if now := h.revoked(g.ID, 3*time.Minute); now.State != gk.Revoked {
			t.Errorf("three minutes later: %s, want revoked", now.State)
		}
	})
}

func TestRenewedOrderMovesTheEnd(t *testing.T) {
	story(t, "taobao", func(h *house) {
		g := h.connect(0, "")
		h.control(http.MethodPost, "/taobao/shops", map[string]any{"id": g.Subject.ID, "order": "renew"}, nil)
		if err := h.pushes.Hear(context.Background(), h.app.ID, platform.Notice{Kind: platform.NoticeOrdered, Subjects: []gk.Subject{g.Subject}}); err != nil {
			t.Fatal(err)
		}
		if now := h.grant(g.ID); !now.Ceiling.After(g.Ceiling.Add(300 * 24 * time.Hour)) {
			t.Errorf("the end is %s after the order was renewed, it was %s", now.Ceiling, g.Ceiling)
		}
	})
}
