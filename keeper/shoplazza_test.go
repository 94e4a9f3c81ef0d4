package keeper_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
)

func TestCheckOfAnAppAsksThePlatform(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		state := func() string {
			checks, err := h.keeper.CheckApp(context.Background(), gk.Engine(), h.app.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range checks {
				if c.Name == "credentials" {
					return c.State
				}
			}
			return "not looked at"
		}
		if got := state(); got != apps.CheckOK {
			t.Errorf("right credentials: %s, want ok", got)
		}
		h.fault("invalid_client", "token", 1)
		if got := state(); got != apps.CheckFailed {
			t.Errorf("refused credentials: %s, want failed", got)
		}
	})
}

func TestAnotherShopThanAskedForGetsItsOwnGrant(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		_, pressed := h.press(consent.BeginInput{Owner: "cust-1", Shop: h.host(0)})
		other := h.connect(1, "cust-2")
		o, err := h.callback(h.consent(pressed.URL, h.shop(1)), h.cookie)
		if err != nil {
			t.Fatal(err)
		}
		if o.Authorization.Stage != gk.Failed || o.Authorization.Reason != gk.ReasonOtherSubject || len(o.Grants) != 0 {
			t.Errorf("the authorization is %s (%s) with %d grants, want failed, other_subject, none", o.Authorization.Stage, o.Authorization.Reason, len(o.Grants))
		}
		now := h.grant(other.ID)
		if now.Owner != "cust-2" || now.Generation != 2 || now.State != gk.Active {
			t.Errorf("the other shop's grant: owner %q, generation %d, %s; want cust-2, 2 (the newest pair), active", now.Owner, now.Generation, now.State)
		}
	})
}

func TestShopOfAnotherOwnerStaysTheirs(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		theirs := h.connect(0, "cust-2")
		_, pressed := h.press(consent.BeginInput{Owner: "cust-1", Shop: h.host(0)})
		o, err := h.callback(h.consent(pressed.URL, h.shop(0)), h.cookie)
		if err != nil || o.Authorization.Reason != gk.ReasonOwnerConflict {
			t.Fatalf("the authorization ended %q, error %v; want owner_conflict", o.Authorization.Reason, err)
		}
		now := h.grant(theirs.ID)
		if now.Owner != "cust-2" || now.Generation != 2 {
			t.Errorf("owner %q, generation %d; want cust-2 with the new pair", now.Owner, now.Generation)
		}
		first := gk.Viewer{Key: "k1", Scopes: gk.Scopes(), Owners: []string{"cust-1"}}
		if _, err := h.keeper.Token(context.Background(), first, theirs.ID, keeper.TokenWant{}); err == nil {
			t.Error("the one who asked can read the token")
		}
	})
}

func TestForwardedLinkIsHeldUntilConfirmed(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		_, pressed := h.press(consent.BeginInput{Owner: "cust-1", Shop: h.host(0)})
		nobody := func(string) string { return "" }
		o, err := h.callback(h.consent(pressed.URL, h.shop(0)), nobody)
		if err != nil || o.Click.Stage != gk.Done {
			t.Fatalf("the click ended %s, error %v", o.Click.Stage, err)
		}
		id := o.Authorization.Grants[0]
		if g := h.grant(id); g.State != gk.Held || g.Owner != "cust-1" {
			t.Fatalf("the grant is %s of %q, want held, of cust-1", g.State, g.Owner)
		}
		if _, err := h.keeper.Token(context.Background(), gk.Engine(), id, keeper.TokenWant{}); !errors.Is(err, keeper.ErrHeld) {
			t.Errorf("reading it: %v, want held", err)
		}
		claimant := gk.Viewer{Key: "k1", Scopes: gk.Scopes(), Owners: []string{"cust-1"}}
		if _, err := h.keeper.Confirm(context.Background(), claimant, id, "cust-1"); !errors.Is(err, keeper.ErrForbidden) {
			t.Errorf("the claimant's own key confirms it: %v, want forbidden", err)
		}
		if g, err := h.keeper.Confirm(context.Background(), gk.Engine(), id, "cust-1"); err != nil || g.State != gk.Active {
			t.Errorf("confirmed: %s, error %v; want active", g.State, err)
		}
		if s := h.token(id); s.Access.Empty() {
			t.Error("a confirmed grant has no token")
		}
	})
}

func TestForgedAndReplayedCallbacksDoNothing(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		_, pressed := h.press(consent.BeginInput{Shop: h.host(0)})
		good := h.consent(pressed.URL, h.shop(0))
		for name, address := range map[string]string{
			"no hmac":       good[:len(good)-10],
			"other code":    good + "&code=another",
			"added nothing": h.keeper.Apps().CallbackURL(h.app.ID) + "?code=x&shop=" + h.host(0),
		} {
			var refused *consent.Refused
			if _, err := h.callback(address, h.cookie); !errors.As(err, &refused) {
				t.Errorf("%s: %v, want refused", name, err)
			}
		}
		if n := h.asked("token"); n != 0 {
			t.Fatalf("forged callbacks caused %d exchanges, want none", n)
		}
		first, err := h.callback(good, h.cookie)
		if err != nil || first.Click.Stage != gk.Done {
			t.Fatalf("the genuine one ended %s, error %v; want done", first.Click.Stage, err)
		}
		again, err := h.callback(good, h.cookie)
		if err != nil || !again.Replay || len(again.Grants) != 1 {
			t.Errorf("replayed: replay %v, %d grants, error %v; want the outcome once more", again.Replay, len(again.Grants), err)
		}
		if n := h.asked("token"); n != 1 {
			t.Errorf("%d exchanges, want 1", n)
		}
	})
}

func TestUninstallingEndsTheGrantOnceThePlatformConfirmsIt(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		notice := platform.Notice{Kind: platform.NoticeRevoked, Subjects: []gk.Subject{{Kind: gk.KindShop, Host: h.host(0)}}}
		if err := h.pushes.Hear(context.Background(), h.app.ID, notice); err != nil {
			t.Fatal(err)
		}
		if now := h.grant(g.ID); now.State != gk.Active {
			t.Fatalf("a message alone made it %s, want active: the platform says that it lives", now.State)
		}
		h.control(http.MethodPost, "/shoplazza/revoke", map[string]string{"subject": h.shop(0)}, nil)
		if err := h.pushes.Hear(context.Background(), h.app.ID, notice); err != nil {
			t.Fatal(err)
		}
		if now := h.grant(g.ID); now.State != gk.Revoked || len(now.Access) > 0 {
			t.Errorf("after the platform confirmed: %s, access of %d bytes; want revoked and erased", now.State, len(now.Access))
		}
		again := h.connect(0, "")
		if again.ID != g.ID || again.State != gk.Active {
			t.Errorf("connected again: grant %s is %s, want the same one active", again.ID, again.State)
		}
		old := notice
		old.At = again.AuthorizedAt.Add(-time.Minute)
		if err := h.pushes.Hear(context.Background(), h.app.ID, old); err != nil {
			t.Fatal(err)
		}
		if now := h.grant(g.ID); now.State != gk.Active {
			t.Errorf("yesterday's message made today's consent %s", now.State)
		}
	})
}

func TestLostPushIsFoundByTheDailyCheck(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		h.control(http.MethodPost, "/shoplazza/revoke", map[string]string{"subject": h.shop(0)}, nil)
		h.moveTo(h.now().Add(26 * time.Hour))
		if now := h.grant(g.ID); now.Usable(h.now()) || now.Renewable {
			t.Errorf("a day later: %s, renewable %v; want it known that the merchant has left", now.State, now.Renewable)
		}
	})
}
