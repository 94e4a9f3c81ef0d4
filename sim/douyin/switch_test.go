package douyin_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestEverySwitchChangesSomething turns each switch away from its default and looks for what it promises.
func TestEverySwitchChangesSomething(t *testing.T) {
	const failed = "50001:dop.token-generate-failed:"
	turned := map[string]func(w *world){
		"code_life": func(w *world) {
			w.Set("code_life", "1m")
			code := w.agree(w.Shop(0)).Get("code")
			w.Advance(2 * time.Minute)
			w.refused("old code", failed+"code-expired", w.create(code))
		},
		"access_life": func(w *world) {
			w.Set("access_life", "1d")
			if pair := w.pair(w.Shop(0)); pair["expires_in"] != json.Number("86400") {
				w.Errorf("pair = %v, want a day", pair)
			}
		},
		"refresh_life": func(w *world) {
			w.Set("refresh_life", "8d")
			pair := w.pair(w.Shop(0))
			w.Advance(9 * day)
			w.refused("late refresh", failed+"token-expired", w.refresh(pair["refresh_token"]))
		},
		"last_hour": func(w *world) {
			w.Set("last_hour", "2d")
			pair := w.pair(w.Shop(0))
			w.Advance(6 * day)
			w.differs("refresh in the last two days", w.good(w.refresh(pair["refresh_token"])), pair)
		},
		"authorization_life": func(w *world) {
			w.Set("authorization_life", "1d")
			pair := w.pair(w.Shop(0))
			w.Advance(2 * day)
			w.refused("refresh after the authorization", "30001:dop.authorization-no-existed", w.refresh(pair["refresh_token"]))
		},
		"rate": func(w *world) {
			w.Set("rate", 1)
			token := w.pair(w.Shop(0))["access_token"]
			for range 20 {
				if strings.Contains(w.orders(token).Text, "isv.traffic-limited") {
					return
				}
			}
			w.Error("no call was over the rate")
		},
		"escaping": func(w *world) {
			token := w.pair(w.Shop(0))["access_token"].(string)
			const body = `{"name":"<A> & 'x'", "b":1}`
			ask := func(text string) string {
				query := w.query("product.editV2", text, "access_token", token)
				return w.Ask("POST", w.address("product.editV2")+"?"+query.Encode(), "application/json", body).Text
			}
			forms := map[string]string{
				"sorted": `{"b":1,"name":"<A> & 'x'"}`,
				"html":   `{"b":1,"name":"\u003cA\u003e \u0026 'x'"}`,
				"gson":   `{"b":1,"name":"\u003cA\u003e \u0026 \u0027x\u0027"}`,
			}
			for form, text := range forms {
				w.Set("escaping", "raw")
				w.says("isv.signature-invalid", ask(text))
				w.Set("escaping", form)
				w.says(`"code":10000`, ask(text))
				w.says(`"code":10000`, ask(body))
				w.Set("escaping", "any")
				w.says(`"code":10000`, ask(text))
			}
		},
		"sign_method_absent": func(w *world) {
			token := w.pair(w.Shop(0))["access_token"].(string)
			w.good(w.call("order.searchList", "{}", "access_token", token, "sign_method", ""))
			w.Set("sign_method_absent", "refused")
			w.refused("no sign_method", "40003:isv.signature-invalid", w.call("order.searchList", "{}", "access_token", token, "sign_method", ""))
		},
		"shop_id": func(w *world) {
			w.Set("shop_id", "text")
			if pair := w.pair(w.Shop(0)); pair["shop_id"] != w.Shop(0) {
				w.Errorf("pair = %v, want shop_id as text", pair)
			}
		},
		"expires_in": func(w *world) {
			w.Set("expires_in", "moment")
			at, _ := w.pair(w.Shop(0))["expires_in"].(json.Number).Int64()
			if d := time.Unix(at, 0).Sub(w.Now()); d < 6*day || d > 7*day {
				w.Errorf("expires_in = %d, want a moment in seven days", at)
			}
		},
		"after_end_lost": func(w *world) {
			w.Set("after_end_lost", "repeatable")
			pair := w.pair(w.Shop(0))
			w.Advance(8 * day)
			next := w.good(w.refresh(pair["refresh_token"]))
			w.same("repeat", w.good(w.refresh(pair["refresh_token"])), next)
			w.Advance(61 * time.Minute)
			w.refused("repeat after an hour", failed+"token-invalid", w.refresh(pair["refresh_token"]))
		},
		"code": func(w *world) {
			w.Set("code", "once")
			code := w.agree(w.Shop(0)).Get("code")
			w.good(w.create(code))
			w.refused("second exchange", failed+"code-invalid", w.create(code))
		},
		"refusal_callback": func(w *world) {
			deny := map[string]any{"url": w.link(), "shops": []string{w.Shop(0)}, "decision": "deny"}
			if got := w.Do("POST", "/douyin/consent", deny); got["callback"] != "" {
				w.Errorf("refusal = %v, want no callback", got)
			}
			w.Set("refusal_callback", "access_denied")
			w.says("error=access_denied&state=9f2c", w.Do("POST", "/douyin/consent", deny)["callback"].(string))
		},
		"auth_info_token": func(w *world) {
			w.Set("auth_info_token", "required")
			token := w.pair(w.Shop(0))["access_token"].(string)
			body := `{"auth_id":"` + w.Shop(0) + `"}`
			w.refused("no token", "40001:isv.access-token-missing", w.call("open.getAuthInfo", body))
			if got := w.good(w.call("open.getAuthInfo", body, "access_token", token)); got["status"] != json.Number("1") {
				w.Errorf("state = %v, want normal", got)
			}
		},
		"double_slash": func(w *world) {
			token := w.pair(w.Shop(0))["access_token"].(string)
			address := w.Base + "//order/searchList?" + w.query("order.searchList", "{}", "access_token", token).Encode()
			if r := w.Ask("POST", address, "application/json", "{}"); r.Status == 200 {
				w.Errorf("doubled slash = %d %s, want it not to be served", r.Status, r.Text)
			}
			w.Set("double_slash", true)
			w.good(w.Ask("POST", address, "application/json", "{}"))
		},
		"old_codes": func(w *world) {
			w.Set("old_codes", true)
			token := w.pair(w.Shop(0))["access_token"].(string)
			w.Advance(8 * day)
			w.refused("expired token", "30002", w.orders(token))
			query := w.query("order.searchList", "{}", "access_token", token)
			w.refused("asked for the new codes", "40003:isv.access-token-expired",
				w.Ask("POST", w.address("order.searchList")+"?"+query.Encode(), "application/json", "{}", "x-open-no-old-err-code", "1"))
			w.Do("POST", "/douyin/revoke", map[string]string{"subject": w.Shop(0)})
			w.refused("cancelled", "30006", w.orders(token))
			w.change(map[string]any{"forbidden": true})
			w.refused("forbidden", "30004", w.orders(token))
			w.App = w.Do("POST", "/douyin/apps", map[string]any{})
			w.refused("another app", "30007", w.orders(token))
		},
		"null_refused": func(w *world) {
			w.Set("null_refused", true)
			token := w.pair(w.Shop(0))["access_token"].(string)
			w.refused("null", "40003:isv.parameter-format-invalid", w.call("order.searchList", `{"a":[{"b":null}]}`, "access_token", token))
			w.good(w.call("order.searchList", `{"a":[{"b":""}]}`, "access_token", token))
		},
		"concurrent": func(w *world) {
			w.Set("concurrent", true)
			pair := w.pair(w.Shop(0))
			w.Advance(7*day - 30*time.Minute)
			w.refused("refresh", "50002:isv.business-failed:31012", w.refresh(pair["refresh_token"]))
			w.differs("asked again", w.good(w.refresh(pair["refresh_token"])), pair)
		},
		"timestamps": func(w *world) {
			token := w.pair(w.Shop(0))["access_token"].(string)
			w.Advance(time.Hour)
			stale := func() string {
				return w.call("order.searchList", "{}", "access_token", token, "timestamp", strconv.FormatInt(time.Now().Unix(), 10)).Text
			}
			w.says(`"code":10000`, stale())
			w.Set("timestamps", "strict")
			w.says("isv.timestamp-invalid", stale())
		},
		"slow": func(*world) {}, // of the kit
	}
	for _, item := range start(t).Do("GET", "/douyin/options", nil)["options"].([]any) {
		name := item.(map[string]any)["name"].(string)
		turn := turned[name]
		if turn == nil {
			t.Errorf("nothing turns the switch %s", name)
			continue
		}
		t.Run(name, func(t *testing.T) { turn(start(t)) })
	}
}
