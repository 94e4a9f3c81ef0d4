package keeper_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
)

func TestTokenThatAMerchantCopiedIsAskedWhoseItIs(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		var made map[string]any
		h.control(http.MethodPost, "/shoplazza/apps", map[string]string{"profile": "private"}, &made)
		var held struct {
			Grants []struct {
				truth
				App string `json:"app"`
			} `json:"grants"`
		}
		h.control(http.MethodGet, "/shoplazza/grants", nil, &held)
		var access, subject string
		for _, g := range held.Grants {
			if g.App == fmt.Sprint(made["client_id"]) {
				access, subject = g.Access, g.Subject.ID
			}
		}
		if access == "" {
			t.Fatal("the simulator gave the private app no token")
		}
		app, err := h.keeper.Apps().Create(context.Background(), gk.Engine(), apps.Input{Platform: "shoplazza", Profile: "private", Endpoints: h.app.Endpoints})
		if err != nil {
			t.Fatal(err)
		}
		host := ""
		for _, s := range h.ready.Platforms["shoplazza"].Shops {
			if s.ID == subject {
				host = s.Host
			}
		}
		paste := func(id string) (gk.Grant, error) {
			return h.flow.Obtain(context.Background(), gk.Engine(), app.ID, consent.ObtainInput{
				Owner: "cust-1", Subject: &gk.Subject{Kind: gk.KindShop, ID: id, Host: host}, Token: gk.Token{Access: gk.NewSecret(access)},
			})
		}
		if _, err := paste("1"); err == nil {
			t.Error("a token of another shop was stored")
		}
		g, err := paste(subject)
		if err != nil {
			t.Fatal(err)
		}
		if g.State != gk.Active || g.Renewable || !g.Expires.IsZero() || g.Owner != "cust-1" {
			t.Errorf("%s, renewable %v, end %s, owner %q; want active, without renewal and end, of cust-1", g.State, g.Renewable, g.Expires, g.Owner)
		}
		if s := h.token(g.ID); s.Access.Reveal() != access {
			t.Error("another token is served than the one that was pasted")
		}
		h.moveTo(h.now().Add(400 * 24 * time.Hour))
		if now := h.grant(g.ID); now.State != gk.Active {
			t.Errorf("more than a year later: %s, want active: it has no end", now.State)
		}
	})
}

func TestAppsOwnTokenIsAGrantOfItsOwnProfile(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		settings := map[string]string{}
		for _, name := range []string{"client_id", "client_secret"} {
			settings[name] = fmt.Sprint(h.ready.Platforms["shoplazza"].Apps[0][name])
		}
		app, err := h.keeper.Apps().Create(context.Background(), gk.Engine(), apps.Input{
			Platform: "shoplazza", Profile: "partner", Settings: settings,
			Endpoints: map[string]string{"authorize": h.app.Endpoints["token"], "token": h.app.Endpoints["token"], "api": h.app.Endpoints["token"], "partner": h.app.Endpoints["token"]},
		})
		if err != nil {
			t.Fatal(err)
		}
		g, err := h.flow.Obtain(context.Background(), gk.Engine(), app.ID, consent.ObtainInput{})
		if err != nil {
			t.Fatal(err)
		}
		if g.Subject.Kind != gk.KindPartner || g.Subject.ID != settings["client_id"] || !g.Renewable {
			t.Errorf("subject %s, renewable %v; want the app itself, renewable", g.Subject, g.Renewable)
		}
		h.moveTo(g.Expires.Add(-time.Minute))
		if now := h.grant(g.ID); now.Generation < 2 {
			t.Errorf("a minute before its end: generation %d, want it asked for again", now.Generation)
		}
	})
}

func TestPlatformThatTakesFourMinutesLosesNothing(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		h.option("slow", "4m")
		h.fault("slow", "refresh", 1)
		wait := time.Second
		if s, err := h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{NotGeneration: 1, Wait: &wait}); err != nil || !s.Stale {
			t.Fatalf("while the platform thinks: stale %v, error %v; want the old token", s.Stale, err)
		}
		if now := h.refreshed(g.ID, 2, 5*time.Minute); now.Generation != 2 || now.InDoubt() || h.asked(platform.StageRefresh) != 1 {
			t.Errorf("generation %d, in doubt %v, %d requests; want 2, none and 1", now.Generation, now.InDoubt(), h.asked(platform.StageRefresh))
		}
	})
}
