package tiktokshop_test

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestEverySwitchChangesSomething turns each switch away from its default and looks for what it promises.
func TestEverySwitchChangesSomething(t *testing.T) {
	turned := map[string]func(w *world){
		"code_life": func(w *world) {
			w.Set("code_life", "1m")
			code := w.consent().Get("code")
			w.Advance(2 * time.Minute)
			w.refused("old code", "36004004", w.get(code))
		},
		"access_life": func(w *world) {
			w.Set("access_life", "1h")
			pair := w.pair()
			w.Advance(2 * time.Hour)
			w.refused("old token", "105002", w.call("GET", shopsPath, pair["access_token"], ""))
		},
		"rate": func(w *world) {
			w.Set("rate", 1)
			pair := w.pair()
			for range 10 {
				if strings.Contains(w.call("GET", shopsPath, pair["access_token"], "").Text, "36009002") {
					return
				}
			}
			w.Error("no call was over the rate")
		},
		"old_refresh": func(w *world) {
			w.Set("old_refresh", "lives")
			pair := w.pair()
			w.good(w.refresh(pair["refresh_token"]))
			w.Advance(time.Hour)
			w.good(w.refresh(pair["refresh_token"]))
			w.Set("old_refresh", "grace:5m")
			w.refused("after five minutes", "36004005", w.refresh(pair["refresh_token"]))
			w.Set("old_refresh", "first_use")
			pair = w.pair()
			w.good(w.refresh(pair["refresh_token"]))
			next := w.good(w.refresh(pair["refresh_token"]))
			w.shops(next["access_token"])
			w.refused("after the first use", "36004005", w.refresh(pair["refresh_token"]))
		},
		"old_access": func(w *world) {
			w.Set("old_access", "dies")
			pair := w.pair()
			w.good(w.refresh(pair["refresh_token"]))
			w.refused("renewed token", "105001", w.call("GET", shopsPath, pair["access_token"], ""))
		},
		"refresh_text": func(w *world) {
			w.Set("refresh_text", "same")
			pair := w.pair()
			for range 2 {
				if got := w.good(w.refresh(pair["refresh_token"])); got["refresh_token"] != pair["refresh_token"] || got["access_token"] == pair["access_token"] {
					w.Errorf("renewal = %v, want the same refresh token as %v", got, pair)
				}
			}
		},
		"early_renewal": func(w *world) {
			w.Set("early_renewal", "same_pair")
			pair := w.pair()
			if got := w.good(w.refresh(pair["refresh_token"])); got["access_token"] != pair["access_token"] || got["refresh_token"] != pair["refresh_token"] {
				w.Errorf("early renewal = %v, want %v", got, pair)
			}
			w.Advance(7*day - 30*time.Minute)
			if got := w.good(w.refresh(pair["refresh_token"])); got["access_token"] == pair["access_token"] {
				w.Errorf("late renewal = %v, want another pair", got)
			}
		},
		"strict_grant_type": func(w *world) {
			w.Set("strict_grant_type", true)
			w.refused("wrong grant_type", "98001004", w.token("refresh", "refresh_token", w.pair()["refresh_token"].(string), "grant_type", "authorized_code"))
		},
		"refresh_after_access_end": func(w *world) {
			pair := w.pair()
			w.Advance(8 * day)
			w.Set("refresh_after_access_end", false)
			w.refused("late renewal", "36004005", w.refresh(pair["refresh_token"]))
			w.Set("refresh_after_access_end", true)
			w.good(w.refresh(pair["refresh_token"]))
		},
		"reauthorization": func(w *world) {
			first := w.pair()
			second := w.pair()
			w.refused("pair before the consent", "36004005", w.refresh(first["refresh_token"]))
			w.refused("its access token", "105001", w.call("GET", shopsPath, first["access_token"], ""))
			w.Set("reauthorization", "lives")
			w.pair()
			w.shops(second["access_token"])
			w.good(w.refresh(second["refresh_token"]))
		},
		"decline": func(w *world) {
			deny := map[string]any{"url": w.link("9f2c"), "shops": []string{w.Shop(0)}, "decision": "deny"}
			if got := w.agree(deny); got.Encode() != "code=null&error=auth_denied&state=9f2c" {
				w.Errorf("refusal = %s", got.Encode())
			}
			w.Set("decline", "access_denied")
			if got := w.agree(deny); got.Encode() != "code=null&error=access_denied" {
				w.Errorf("refusal = %s", got.Encode())
			}
		},
		"callback_extras": func(w *world) {
			w.Set("callback_extras", false)
			got := w.consent()
			got.Del("code")
			if got.Encode() != (url.Values{"state": {"9f2c"}}).Encode() {
				w.Errorf("callback = %s, want code and state only", got.Encode())
			}
		},
		"expire_in": func(w *world) {
			w.Set("expire_in", "seconds_left")
			pair := w.pair()
			if left, _ := pair["access_token_expire_in"].(json.Number).Int64(); left < 604790 || left > 604800 {
				w.Errorf("access_token_expire_in = %d, want the seconds left", left)
			}
		},
		"granted_scopes": func(w *world) {
			w.Set("granted_scopes", "left_out")
			if pair := w.pair(); pair["granted_scopes"] != nil {
				w.Errorf("pair = %v, want no scopes", pair)
			}
		},
		"http_status": func(w *world) {
			w.Set("http_status", "always_200")
			if r := w.call("GET", shopsPath, "x", ""); r.Status != 200 {
				w.Errorf("HTTP status = %d, want 200", r.Status)
			}
		},
		"push6": func(w *world) {
			address, got := hook(w.T, 200)
			w.change(map[string]any{"push_url": address})
			w.Set("push6", "first_only")
			w.pair()
			w.Do("POST", "/tiktokshop/revoke", map[string]any{"subject": w.Shops[0]["owner"]})
			w.Advance(time.Minute)
			if len(got) != 1 {
				w.Errorf("pushes = %d, want one", len(got))
			}
		},
		"message_style": func(w *world) {
			w.Set("message_style", "older")
			pair := w.pair()
			w.Advance(8 * day)
			w.says("access token is expired, please refresh it", w.call("GET", shopsPath, pair["access_token"], "").Text)
			w.App["app_secret"] = "wrong"
			w.says("signature is invalid", w.call("GET", shopsPath, pair["access_token"], "").Text)
		},
		"push_address_rule": func(w *world) {
			w.Set("push_address_rule", true)
			pair := w.pair()
			cipher := w.cipher(pair["access_token"])
			for address, code := range map[string]string{
				"https://hub.example/p": "0", "http://hub.example/p": "98001004", "https://hub.example:8443/p": "98001004", "https://192.0.2.1/p": "98001004",
			} {
				body := `{"address":"` + address + `","event_type":"SELLER_DEAUTHORIZATION"}`
				w.refused(address, code, w.call("PUT", "/event/202309/webhooks", pair["access_token"], body, "shop_cipher", cipher))
			}
		},
		"timestamps": func(w *world) {
			pair := w.pair()
			w.Advance(time.Hour)
			stale := func() string {
				return w.call("GET", shopsPath, pair["access_token"], "", "timestamp", strconv.FormatInt(time.Now().Unix(), 10)).Text
			}
			w.says(`"code":0`, stale())
			w.Set("timestamps", "strict")
			w.says("earlier than 5 minutes", stale())
		},
		"slow": func(*world) {}, // of the kit
	}
	for _, item := range start(t).Do("GET", "/tiktokshop/options", nil)["options"].([]any) {
		name := item.(map[string]any)["name"].(string)
		turn := turned[name]
		if turn == nil {
			t.Errorf("nothing turns the switch %s", name)
			continue
		}
		t.Run(name, func(t *testing.T) { turn(start(t)) })
	}
}
