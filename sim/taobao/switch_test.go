package taobao_test

import (
	"net/http"
	"testing"
	"time"
)

func TestLivesAreSwitches(t *testing.T) {
	w := start(t)
	for name, life := range map[string]string{
		"code_life": "1h", "testing_life": "2h", "fixed_life": "30d", "order_life": "60d", "r2_life": "1h", "w2_life": "10m",
	} {
		w.Set(name, life)
	}
	for _, c := range []struct {
		profile, stage  string
		expires, r2, w2 int
	}{
		{"subscription", "online", 60 * 86400, 3600, 600},
		{"subscription", "testing", 7200, 0, 0},
		{"back-office", "online", 30 * 86400, 30 * 86400, 30 * 86400},
		{"xtao", "online", 7200, 7200, 7200},
	} {
		w.use(map[string]any{"app_key": "1234" + c.profile + c.stage, "profile": c.profile, "stage": c.stage})
		code := w.code(w.Shop(0))
		w.Advance(40 * time.Minute) // longer than codes live by the documents
		r := w.exchange(code)
		if r.Status != http.StatusOK {
			t.Errorf("%s %s: an exchange within code_life = %d %s", c.profile, c.stage, r.Status, r.Text)
			continue
		}
		for name, want := range map[string]int{"expires_in": c.expires, "r2_expires_in": c.r2, "w2_expires_in": c.w2} {
			// The order began when the app was made, and some grants with the consent.
			if got := seconds(t, r.Body[name]); got > want || got < want-2410 {
				t.Errorf("%s %s: %s = %d, want %d", c.profile, c.stage, name, got, want)
			}
		}
	}
}

func TestSameRedirectIsASwitch(t *testing.T) {
	for _, same := range []bool{true, false} {
		w := start(t)
		w.Set("same_redirect_uri", same)
		r := w.token("grant_type", "authorization_code", "code", w.code(w.Shop(0)), "redirect_uri", callback+"/x")
		if (r.Status == http.StatusOK) == same {
			t.Errorf("same_redirect_uri %v: an exchange with another one = %d %s", same, r.Status, r.Text)
		}
	}
}

func TestRefreshOfShopModulesIsASwitch(t *testing.T) {
	for _, can := range []bool{false, true} {
		w := start(t)
		w.Set("shop_module_refresh", can)
		w.use(map[string]any{"app_key": "12345678", "profile": "shop-module"})
		pair := w.pair(w.Shop(0))
		if got := seconds(t, pair["re_expires_in"]); (got > 0) != can {
			t.Errorf("shop_module_refresh %v: re_expires_in = %d", can, got)
		}
		if r := w.refresh(pair["refresh_token"]); (r.Status == http.StatusOK) != can {
			t.Errorf("shop_module_refresh %v: a refresh = %d %s", can, r.Status, r.Text)
		}
	}
}

func TestAccountInACancellationIsASwitch(t *testing.T) {
	for _, told := range []bool{true, false} {
		w := start(t)
		w.Set("tmc_permit_needed", false)
		w.Set("auth_cancel_user_id", told)
		w.pair(w.Shop(0))
		w.Do("POST", "/taobao/revoke", map[string]string{"subject": w.Shop(0)})
		found := w.messages()
		if len(found) != 1 {
			t.Fatalf("messages = %v, want one", found)
		}
		content := jsonObject(t, found[0]["content"])
		if _, ok := content["user_id"]; ok != told || text(content["open_id"]) == "" {
			t.Errorf("auth_cancel_user_id %v: %v", told, content)
		}
	}
}
