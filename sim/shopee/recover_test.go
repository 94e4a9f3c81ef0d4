package shopee_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim/simtest"
)

// code asks the console for a resend or upgrade code.
func (w *world) code(which, form string) string {
	w.Helper()
	r := w.ask("POST", w.Base+"/console/"+which, formType, "partner_id="+w.Setting("partner_id")+"&"+form)
	return text(r.Body, which)
}

func TestResendCodeBringsANewPair(t *testing.T) {
	w := start(t)
	old := w.pair(w.Shop(0), "365")
	const path = "/api/v2/public/get_token_by_resend_code"
	code := w.code("resend_code", "shop_id="+w.Shop(0))
	r := w.post(path, map[string]any{"resend_code": code})
	if !strings.HasPrefix(code, "resend") || r.code() != "" || r.Body["shop_id_list"].([]any)[0] != json.Number(w.Shop(0)) {
		t.Fatalf("resend code %q = %s", code, r.Text)
	}
	if got := w.info(w.Shop(0), text(r.Body, "access_token")); got.code() != "" {
		t.Errorf("call with the new token = %s", got.Text)
	}
	if got := w.refresh(old["refresh_token"], "shop_id", w.Shop(0)); got.code() != "error_auth Invalid refresh_token." {
		t.Errorf("refresh with the old pair = %s", got.Text)
	}
	late := w.code("resend_code", "shop_id="+w.Shop(0))
	w.Advance(10 * time.Minute)
	for _, bad := range []string{code, late, "", w.agree(map[string]any{"shops": []string{w.Shop(1)}}).Get("code")} {
		if r := w.post(path, map[string]any{"resend_code": bad}); !strings.HasPrefix(r.code(), "invalid_code ") {
			t.Errorf("resend code used, old or of another kind = %s", r.Text)
		}
	}
	if r := w.exchange(w.code("resend_code", "shop_id="+w.Shop(0)), "shop_id", w.Shop(0)); !strings.HasPrefix(r.code(), "invalid_code ") {
		t.Errorf("resend code at token/get = %s", r.Text)
	}
	if w.code("resend_code", "shop_id=7") != "" {
		t.Error("a resend code for a shop that is not linked")
	}
	fresh := w.code("resend_code", "shop_id="+w.Shop(0))
	w.Do("POST", "/shopee/apps", map[string]string{"partner_id": w.Setting("partner_id"), "environment": "sandbox"})
	if r := w.post(path, map[string]any{"resend_code": fresh}); !strings.HasPrefix(r.code(), "error_param ") {
		t.Errorf("resend code in the sandbox = %s", r.Text)
	}
}

func TestUpgradeCodeIsHistory(t *testing.T) {
	w := start(t)
	const path = "/api/v2/public/get_refresh_token_by_upgrade_code"
	code := w.code("upgrade_code", "")
	body := map[string]any{"upgrade_code": code, "shop_id_list": []json.Number{json.Number(w.Shop(0)), "7"}}
	if r := w.post(path, body); r.code() != "error_param Permission denied. This API is currently offline or the request path is incorrect." {
		t.Errorf("upgrade code = %s, want offline", r.Text)
	}
	w.Set("upgrade_code", true)
	r := w.post(path, body)
	in, ok := r.Body["response"].(map[string]any)
	if !ok || len(in["success_shop_id_list"].([]any)) != 1 || len(in["failure_list"].([]any)) != 1 {
		t.Fatalf("upgrade code = %s", r.Text)
	}
	if r := w.refresh(in["refresh_token"], "shop_id", w.Shop(0)); r.code() != "" {
		t.Errorf("refresh after the upgrade = %s", r.Text)
	}
}

func TestANewAuthorizationMayKeepTheOldPair(t *testing.T) {
	w := start(t)
	old := w.pair(w.Shop(0), "365")
	w.Set("reauthorization", "keeps")
	w.pair(w.Shop(0), "365")
	if r := w.info(w.Shop(0), text(old, "access_token")); r.code() != "" {
		t.Errorf("old access token = %s", r.Text)
	}
	w.Set("reauthorization", "kills")
	w.pair(w.Shop(0), "365")
	if r := w.info(w.Shop(0), text(old, "access_token")); r.code() != "error_auth Invalid access_token." {
		t.Errorf("old access token = %s", r.Text)
	}
}

func TestCodeDiesWithItsAuthorization(t *testing.T) {
	w := start(t)
	q := w.agree(map[string]any{"shops": []string{w.Shop(0)}})
	w.Do("POST", "/shopee/revoke", map[string]string{"subject": w.Shop(0)})
	if r := w.exchange(q.Get("code"), "shop_id", w.Shop(0)); !strings.HasPrefix(r.code(), "invalid_code ") {
		t.Errorf("code of a revoked authorization = %s", r.Text)
	}
}

// TestEveryRowCanBeSaid asks for each row that the platform itself can say and reads it in the platform's own shape.
func TestEveryRowCanBeSaid(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0), "365")
	p := w.receive()
	for _, row := range simtest.Rows(t) {
		if row.Local() {
			continue
		}
		fault := strings.TrimSpace(row.Code + " " + row.Example)
		w.Do("POST", "/shopee/faults", map[string]any{"fault": fault, "match": map[string]string{"stage": row.Stage}})
		var r reply
		switch row.Stage {
		case "authorize":
			r = w.ask("GET", w.link(), "", "")
		case "token":
			r = w.exchange("0123", "shop_id", w.Shop(0))
		case "refresh":
			r = w.refresh(pair["refresh_token"], "shop_id", w.Shop(0))
		case "push":
			r = w.post("/api/v2/push/set_app_push_config", map[string]any{})
		default:
			r = w.info(w.Shop(0), text(pair, "access_token"))
		}
		switch {
		case row.Code == "operation overtime":
			if !strings.Contains(r.Text, row.Code) {
				t.Errorf("%s = %s", fault, r.Text)
			}
		case row.Code == "push:12":
			p.next(12)
		case strings.HasPrefix(row.Code, "push:2:"):
			if _, data := p.next(2); data["authorize_type"] != strings.TrimPrefix(row.Code, "push:2:") {
				t.Errorf("%s = %v", fault, data)
			}
		default:
			if want := strings.Replace(fault, ".*", ".exceed_api", 1); r.code() != want {
				t.Errorf("%s: %s = %s", row.Stage, want, r.Text)
			}
		}
	}
	if left := w.Do("GET", "/shopee/faults", nil)["faults"].([]any); len(left) != 0 {
		t.Errorf("faults left = %v, want none", left)
	}
}
