package keeper_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
)

func TestResendCodeBringsLostTokensBack(t *testing.T) {
	story(t, "shopee", func(h *house) {
		g := h.connect(0, "cust-1")
		sim := h.ready.Platforms["shopee"]
		form := url.Values{"partner_id": {h.app.Settings["partner_id"]}, "shop_id": {h.shop(0)}}
		res, err := h.web.Post(sim.Base+"/console/resend_code", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		var made struct {
			Code string `json:"resend_code"`
		}
		if err := json.Unmarshal(text, &made); err != nil || made.Code == "" {
			t.Fatalf("the console gave no code: %d %s", res.StatusCode, text)
		}
		limited := gk.Viewer{Key: "k", Scopes: gk.Scopes(), Owners: []string{"cust-2"}}
		if _, err := h.flow.Recover(context.Background(), limited, h.app.ID, "", url.Values{"resend_code": {made.Code}}); err == nil {
			t.Error("a key with an owner limit recovers grants")
		}
		o, err := h.flow.Recover(context.Background(), gk.Engine(), h.app.ID, "cust-1", url.Values{"resend_code": {made.Code}})
		if err != nil || o.Authorization.Stage != gk.Done || len(o.Authorization.Grants) != 1 || o.Authorization.Grants[0] != g.ID {
			t.Fatalf("recovered: %s (%s), grants %v, fault %v, error %v; want done with the same grant", o.Authorization.Stage, o.Authorization.Reason, o.Authorization.Grants, o.Click.Fault, err)
		}
		if now := h.grant(g.ID); now.Generation < 2 || now.Owner != "cust-1" || now.State != gk.Active {
			t.Errorf("generation %d, owner %q, %s; want the new pair, the same owner, active", now.Generation, now.Owner, now.State)
		}
		asked := h.asked("token")
		again, err := h.flow.Recover(context.Background(), gk.Engine(), h.app.ID, "cust-1", url.Values{"resend_code": {made.Code}})
		if err != nil || !again.Replay || again.Authorization.ID != o.Authorization.ID || h.asked("token") != asked {
			t.Errorf("the code a second time: authorization %s, error %v; want the first one's outcome and nobody asked", again.Authorization.ID, err)
		}
		var bad *gk.Invalid
		if _, err := h.flow.Recover(context.Background(), gk.Engine(), h.app.ID, "", url.Values{"code": {"x"}}); !errors.As(err, &bad) {
			t.Errorf("an ordinary code: %v, want invalid input", err)
		}
	})
}
