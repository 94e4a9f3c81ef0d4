package keeper_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/consent"
)

// chain returns the account that owns several shops, and their ids.
func (h *house) chain() (account string, shops []string) {
	h.t.Helper()
	owned := map[string][]string{}
	for _, s := range h.ready.Platforms[h.app.Platform].Shops {
		owned[s.Owner] = append(owned[s.Owner], s.ID)
	}
	for owner, ids := range owned {
		if owner != "" && len(ids) > 1 {
			return owner, ids
		}
	}
	h.t.Fatal("the simulator has no account with several shops")
	return "", nil
}

func TestOneAccountReachesSeveralShops(t *testing.T) {
	story(t, "eleme", func(h *house) {
		account, shops := h.chain()
		o := h.connectAs(account, consent.BeginInput{Owner: "cust-1"})
		if o.Click.Stage != gk.Done || len(o.Grants) != 1 {
			t.Fatalf("the authorization ended %s (%s) with %d grants, want one for the account", o.Click.Stage, o.Click.Reason, len(o.Grants))
		}
		g := h.grant(o.Grants[0].ID)
		if g.Subject.ID != account || len(g.Shops) != len(shops) {
			t.Errorf("subject %s reaches %d shops, want %s and %d: ids beyond 2^53 are kept whole", g.Subject.ID, len(g.Shops), account, len(shops))
		}
		h.moveTo(g.Expires.Add(-time.Hour))
		if now := h.grant(g.ID); now.Generation < 2 || now.Fault != nil {
			t.Errorf("an hour before the end: generation %d, fault %v; want it renewed", now.Generation, now.Fault)
		}
	})
}

func TestLostAnswerIsRepeatedWithinTheGrace(t *testing.T) {
	story(t, "eleme", func(h *house) {
		g := h.connect(0, "")
		h.moveTo(h.now().Add(time.Minute))
		h.fault("cut-after", "refresh", 1)
		after, err := h.refresh(g.ID, false)
		if err != nil || !after.InDoubt() {
			t.Fatalf("in doubt %v, error %v; want in doubt", after.InDoubt(), err)
		}
		h.moveTo(h.now().Add(5 * time.Minute))
		now := h.grant(g.ID)
		if now.InDoubt() || now.Generation != 2 || !now.Renewable {
			t.Errorf("five minutes later: in doubt %v, generation %d, renewable %v; want the pair that the repeat brought", now.InDoubt(), now.Generation, now.Renewable)
		}
		if n := h.asked("refresh"); n != 2 {
			t.Errorf("%d requests, want the one and its repeat", n)
		}
		if got := h.truth(g.Subject.ID).Access; h.token(g.ID).Access.Reveal() != got {
			t.Error("the token served is not the platform's newest")
		}
	})
}

func TestPeopleToKeepThePace(t *testing.T) {
	story(t, "eleme", func(h *house) {
		g := h.connect(0, "")
		if _, err := h.refresh(g.ID, false); err == nil {
			t.Error("a renewal in the second of the exchange went out; the platform takes one call a second")
		}
		time.Sleep(2 * time.Second)
		if after, err := h.refresh(g.ID, false); err != nil || after.Generation != 2 {
			t.Errorf("two seconds later: generation %d, error %v; want 2", after.Generation, err)
		}
		if n := h.asked("refresh"); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	})
}

func TestMerchantsOwnAppAsksAgainBeforeTheEnd(t *testing.T) {
	story(t, "eleme", func(h *house) {
		var personal map[string]any
		for _, a := range h.ready.Platforms["eleme"].Apps {
			if a["profile"] == "personal" {
				personal = a
			}
		}
		app, err := h.keeper.Apps().Create(context.Background(), gk.Engine(), apps.Input{
			Platform: "eleme", Profile: "personal", Endpoints: h.app.Endpoints,
			Settings: map[string]string{"app_key": personal["app_key"].(string), "app_secret": personal["app_secret"].(string)},
		})
		if err != nil {
			t.Fatal(err)
		}
		g, err := h.flow.Obtain(context.Background(), gk.Engine(), app.ID, consent.ObtainInput{Owner: "cust-1"})
		if err != nil {
			t.Fatal(err)
		}
		if g.State != gk.Active || !g.Renewable || len(g.Refresh) > 0 {
			t.Fatalf("%s, renewable %v, refresh of %d bytes; want active, renewable without a refresh token", g.State, g.Renewable, len(g.Refresh))
		}
		h.moveTo(g.Expires.Add(-time.Hour))
		if now := h.grant(g.ID); now.Generation != 2 || !now.Expires.After(g.Expires) {
			t.Errorf("generation %d, end %s; want 2 and later: a lapse would stop the order pushes", now.Generation, now.Expires)
		}
	})
}

func TestShopThatLeavesAnAccountLeavesTheGrant(t *testing.T) {
	story(t, "eleme", func(h *house) {
		account, _ := h.chain()
		g := h.connectAs(account, consent.BeginInput{}).Grants[0]
		h.control(http.MethodPost, "/eleme/revoke", map[string]string{"subject": g.Shops[0].ID}, nil)
		h.moveTo(h.now().Add(26 * time.Hour))
		now := h.grant(g.ID)
		lost := 0
		for _, s := range now.Shops {
			if !s.LostAt.IsZero() {
				lost++
			}
		}
		if now.State != gk.Active || lost != 1 {
			t.Errorf("%s with %d lost shops, want active with one", now.State, lost)
		}
	})
}
