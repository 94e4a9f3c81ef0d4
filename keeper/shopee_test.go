package keeper_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
)

// connectAs lets an account agree to all it owns, and returns the grants.
func (h *house) connectAs(account string, in consent.BeginInput) consent.Outcome {
	h.t.Helper()
	_, pressed := h.press(in)
	var out struct{ Callback string }
	h.control(http.MethodPost, "/"+h.app.Platform+"/consent", map[string]any{"url": pressed.URL, "account": account, "decision": "approve"}, &out)
	o, err := h.callback(out.Callback, h.cookie)
	if err != nil {
		h.t.Fatal(err)
	}
	return o
}

func TestMainAccountBringsAGrantForEachOfItsShops(t *testing.T) {
	story(t, "shopee", func(h *house) {
		account, shops := h.chain()
		o := h.connectAs(account, consent.BeginInput{Owner: "cust-1"})
		if o.Click.Stage != gk.Done || len(o.Grants) < len(shops) {
			t.Fatalf("the authorization ended %s (%s) with %d grants, want done with at least %d", o.Click.Stage, o.Click.Reason, len(o.Grants), len(shops))
		}
		time.Sleep(10 * time.Second) // each spends the common token once, at once
		seen := map[string]bool{}
		for _, g := range o.Grants {
			now := h.grant(g.ID)
			if now.Subject.Parent != account || now.Generation != 2 || now.State != gk.Active || now.Owner != "cust-1" {
				t.Errorf("%s: parent %q, generation %d, %s, owner %q; want the main account, 2, active, cust-1", now.Subject, now.Subject.Parent, now.Generation, now.State, now.Owner)
			}
			token := h.token(g.ID).Access.Reveal()
			if seen[token] {
				t.Errorf("%s shares its token with another", now.Subject)
			}
			seen[token] = true
		}
		if n := h.asked("refresh"); n != len(o.Grants) {
			t.Errorf("%d renewals for %d grants, want one each", n, len(o.Grants))
		}
		h.moveTo(h.now().Add(26 * time.Hour))
		for _, g := range o.Grants {
			now := h.grant(g.ID)
			if now.Ceiling.IsZero() || now.Fault != nil || !now.Usable(h.now()) {
				t.Errorf("%s a day later: ceiling %s, fault %v, usable %v; want a known end and no fault", now.Subject, now.Ceiling, now.Fault, now.Usable(h.now()))
			}
		}
	})
}

// TestFourHourTokensLiveThroughAYearAndEndWithTheAuthorization lives through 35 days, or with GRANTKEEP_SOAK=1 the year.
func TestFourHourTokensLiveThroughAYearAndEndWithTheAuthorization(t *testing.T) {
	story(t, "shopee", func(h *house) {
		_, pressed := h.press(consent.BeginInput{})
		days := map[string]string{"validity": "custom", "custom_days": "35"}
		if os.Getenv("GRANTKEEP_SOAK") == "1" {
			days = map[string]string{"validity": "365"}
		}
		var out struct{ Callback string }
		h.control("POST", "/shopee/consent", map[string]any{"url": pressed.URL, "shops": []string{h.shop(0)}, "fields": days}, &out)
		done, err := h.callback(out.Callback, h.cookie)
		if err != nil || len(done.Grants) != 1 {
			t.Fatalf("the authorization ended with %d grants, %v", len(done.Grants), err)
		}
		g := done.Grants[0]
		h.moveTo(h.now().Add(7 * 24 * time.Hour))
		now := h.grant(g.ID)
		if now.State != gk.Active || now.Generation < 40 || now.Fault != nil {
			t.Fatalf("after a week: %s, generation %d, fault %v; want active after some fifty renewals", now.State, now.Generation, now.Fault)
		}
		if n := h.asked("refresh"); int64(n) != now.Generation-1 {
			t.Errorf("%d requests for %d renewals", n, now.Generation-1)
		}
		h.moveTo(now.Ceiling.Add(6 * time.Hour))
		if now := h.grant(g.ID); now.State != gk.Expired {
			t.Errorf("past the end that the seller chose: %s, want expired", now.State)
		}
		kinds := h.kinds(g.ID)
		if strings.Count(kinds, "expiring") != 3 || !strings.HasSuffix(kinds, "expired") {
			t.Errorf("events = %q, want three warnings and the end", kinds)
		}
	})
}

func TestV1CallbackMustBeConfirmedByThePlatform(t *testing.T) {
	story(t, "shopeev1", func(h *house) {
		g := h.connect(0, "cust-1")
		if g.State != gk.Active || len(g.Access) > 0 || g.Ceiling.IsZero() || g.Renewable {
			t.Fatalf("grant %s, access of %d bytes, ceiling %s, renewable %v; want active without token, with an end", g.State, len(g.Access), g.Ceiling, g.Renewable)
		}
		if _, err := h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{}); !errors.Is(err, keeper.ErrNoToken) {
			t.Errorf("reading a token: %v, want none on this platform", err)
		}
		// A day later somebody begins a link and names the shop that is linked already, without having agreed to anything.
		h.moveTo(h.now().Add(24 * time.Hour))
		_, pressed := h.press(consent.BeginInput{Owner: "cust-2"})
		genuine := h.consent(pressed.URL, h.shop(1))
		forged := strings.Replace(genuine, "shop_id="+h.shop(1), "shop_id="+h.shop(0), 1)
		if forged == genuine {
			t.Fatal("the callback does not name the shop")
		}
		o, err := h.callback(forged, h.cookie)
		if err != nil || o.Click.Stage != gk.Failed || o.Click.Reason != gk.ReasonUnconfirmed {
			t.Fatalf("the click ended %s (%s), error %v; want failed, unconfirmed", o.Click.Stage, o.Click.Reason, err)
		}
		if now := h.grant(g.ID); now.Owner != "cust-1" || now.Version != g.Version && now.Generation != g.Generation {
			t.Errorf("the named shop's grant has changed: owner %q, generation %d", now.Owner, now.Generation)
		}
	})
}

func TestV1AuthorizationEndsAfterItsYear(t *testing.T) {
	story(t, "shopeev1", func(h *house) {
		g := h.connect(0, "")
		h.moveTo(g.Ceiling.Add(24 * time.Hour))
		if now := h.grant(g.ID); now.State != gk.Expired {
			t.Errorf("a day past the year: %s, want expired: nobody cancelled anything", now.State)
		}
		if n := strings.Count(h.kinds(g.ID), "expiring"); n != 3 {
			t.Errorf("%d warnings, want three: 30, 7 and 1 days ahead", n)
		}
	})
}

func TestSellerWhoLeavesIsFoundInThePlatformsOwnList(t *testing.T) {
	for _, code := range []string{"shopee", "shopeev1"} {
		t.Run(code, func(t *testing.T) {
			story(t, code, func(h *house) {
				left, stays := h.connect(0, ""), h.connect(1, "")
				h.moveTo(h.now().Add(time.Minute))
				h.control(http.MethodPost, "/"+code+"/revoke", map[string]string{"subject": h.shop(0)}, nil)
				h.moveTo(h.now().Add(50 * time.Hour))
				if now := h.grant(left.ID); now.State != gk.Revoked && now.State != gk.Expired {
					t.Errorf("two days later the one who left is %s, want it known", now.State)
				}
				if now := h.grant(stays.ID); now.State != gk.Active {
					t.Errorf("the other one is %s, want active", now.State)
				}
			})
		})
	}
}
