package shopify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestEverySwitchChangesSomething turns each switch away from its default and looks for what it promises.
func TestEverySwitchChangesSomething(t *testing.T) {
	turned := map[string]func(w *world){
		"code_life": func(w *world) {
			w.Set("code_life", "60s")
			code := w.consent(w.Shop(0)).Get("code")
			w.Advance(61 * time.Second)
			w.says("invalid_request", w.token(map[string]string{"code": code, "expiring": "1"}).Text)
		},
		"access_life":      func(w *world) { w.Set("access_life", "2h"); w.says(`"expires_in":7200`, w.fresh()) },
		"refresh_life":     func(w *world) { w.Set("refresh_life", "1d"); w.says(`"refresh_token_expires_in":86400`, w.fresh()) },
		"credentials_life": func(w *world) { w.Set("credentials_life", "1h"); w.says(`"expires_in":3600`, w.credentials()) },
		"repeat_window": func(w *world) {
			w.Set("repeat_window", "60m")
			pair := w.pair(w.Shop(0))
			w.good(w.refresh(pair["refresh_token"]))
			w.Advance(61 * time.Minute)
			w.dead("repeat after the hour", w.refresh(pair["refresh_token"]))
		},
		"migration_window": func(w *world) {
			w.Set("migration_window", 0)
			old := w.endless(w.Shop(0))
			w.good(w.migrate(old))
			w.says("invalid_subject_token", w.migrate(old).Text)
		},
		"repeat": func(w *world) {
			w.Set("repeat", "same_pair")
			pair := w.pair(w.Shop(0))
			next := w.good(w.refresh(pair["refresh_token"]))
			if again := w.good(w.refresh(pair["refresh_token"])); again["access_token"] != next["access_token"] {
				w.Errorf("repeat = %v, want %v", again, next)
			}
		},
		"query_signing": func(w *world) {
			w.Set("query_signing", "plus")
			w.Set("host_parameter", "padded")
			w.App = w.Do("POST", "/shopify/apps", map[string]any{"client_secret": "hush"})
			got := w.consent(w.Shop(0), "state", "a b")
			text := "code=" + got.Get("code") + "&host=" + strings.ReplaceAll(got.Get("host"), "=", "%3D") +
				"&shop=" + got.Get("shop") + "&state=a+b&timestamp=" + got.Get("timestamp")
			mac := hmac.New(sha256.New, []byte("hush"))
			mac.Write([]byte(text))
			if want := hex.EncodeToString(mac.Sum(nil)); got.Get("hmac") != want {
				w.Errorf("hmac = %s, want %s of %s", got.Get("hmac"), want, text)
			}
		},
		"host_parameter": func(w *world) {
			w.Set("host_parameter", "left_out")
			if got := w.consent(w.Shop(0)); got.Has("host") {
				w.Errorf("callback = %v, want no host", got)
			}
			w.Set("host_parameter", "padded")
			if got := w.consent(w.Shop(0)); len(got.Get("host"))%4 != 0 {
				w.Errorf("host = %s, want it padded", got.Get("host"))
			}
		},
		"refusal_by_merchant": func(w *world) {
			deny := map[string]any{"url": w.link(), "shops": []string{w.Shop(0)}, "decision": "deny"}
			if got := w.Do("POST", "/shopify/consent", deny); got["callback"] != "" {
				w.Errorf("refusal = %v, want no callback", got)
			}
			w.Set("refusal_by_merchant", "access_denied")
			at, err := url.Parse(w.Do("POST", "/shopify/consent", deny)["callback"].(string))
			if err != nil || at.Query().Get("error") != "access_denied" || at.Query().Get("state") != "9f2c" {
				w.Errorf("refusal came back as %v", at)
			}
		},
		"refusals": func(w *world) {
			w.Set("refusals", "html")
			w.says("<title>unauthorized - Oauth error", w.refresh("x").Text)
		},
		"bad_secret": func(w *world) {
			w.Set("bad_secret", "invalid_request")
			if r := w.token(map[string]string{"client_secret": "x"}); r.Status != 400 {
				w.Errorf("bad secret = %d %s", r.Status, r.Text)
			}
		},
		"second_credentials": func(w *world) {
			w.Set("second_credentials", "first_ends")
			first := w.good(w.askCredentials())
			w.good(w.askCredentials())
			if r := w.call("GET", api+"shop.json", first["access_token"], ""); r.Status != 401 {
				w.Errorf("first token = %d, want 401", r.Status)
			}
		},
		"callback_secret": func(w *world) {
			w.App = w.Do("POST", "/shopify/apps", map[string]any{"client_secret": []string{"new", "old"}})
			before := w.consent(w.Shop(0))
			w.Set("callback_secret", "newest")
			if after := w.consent(w.Shop(0)); after.Get("hmac") == before.Get("hmac") {
				w.Errorf("hmac = %s with either secret", after.Get("hmac"))
			}
		},
		"endless_tokens": func(w *world) {
			token := w.endless(w.Shop(0))
			w.Set("endless_tokens", "refused")
			w.says("Non-expiring", w.ask(token, "{ shop { id } }").Text)
			w.Set("endless_tokens", "accepted")
			w.Advance(400 * day)
			w.says("gid://shopify/Shop/", w.ask(token, "{ shop { id } }").Text)
		},
		"refresh_answer": func(w *world) {
			w.Set("refresh_answer", "without_expires_in")
			pair := w.pair(w.Shop(0))
			if got := w.good(w.refresh(pair["refresh_token"])); got["expires_in"] != nil {
				w.Errorf("refresh = %v, want no expires_in", got)
			}
			w.Set("refresh_answer", "without_refresh_token")
			pair = w.pair(w.Shop(0))
			for range 2 { // the old refresh token stays in force
				if got := w.good(w.refresh(pair["refresh_token"])); got["refresh_token"] != nil {
					w.Errorf("refresh = %v, want no refresh token", got)
				}
			}
		},
		"shop_state": func(w *world) {
			pair := w.pair(w.Shop(0))
			w.Set("shop_state", "402")
			w.says("Unavailable Shop", w.ask(pair["access_token"], "{ shop { id } }").Text)
			w.says("Unavailable Shop", w.refresh(pair["refresh_token"]).Text)
			w.Set("shop_state", "423")
			w.says("Locked", w.ask(pair["access_token"], "{ shop { id } }").Text)
			w.Set("shop_state", "inactive")
			w.says("SHOP_INACTIVE", w.ask(pair["access_token"], "{ shop { id } }").Text)
			w.Set("shop_state", "open")
			w.good(w.refresh(pair["refresh_token"]))
		},
		"plan": func(w *world) {
			w.Set("plan", "plus")
			pair := w.pair(w.Shop(0))
			if got := w.call("GET", api+"shop.json", pair["access_token"], "").Header.Get("X-Shopify-Shop-Api-Call-Limit"); got != "1/400" {
				w.Errorf("limit = %s, want 1/400", got)
			}
			w.says(`"maximumAvailable":20000`, w.ask(pair["access_token"], "{ shop { id } }").Text)
		},
		"grant_scopes":  func(w *world) { w.Set("grant_scopes", "without_last"); w.says(`"scope":"read_orders"`, w.fresh()) },
		"implied_reads": func(w *world) { w.Set("implied_reads", "told"); w.says("read_products,write_products", w.fresh()) },
		"protected_code": func(w *world) {
			pair := w.good(w.token(map[string]string{"code": w.consent(w.Shop(0), "scope", "read_customers").Get("code"), "expiring": "1"}))
			w.says("ACCESS_DENIED", w.ask(pair["access_token"], "{ customers(first: 1) { nodes { id } } }").Text)
			w.Set("protected_code", "left_out")
			text := w.ask(pair["access_token"], "{ customers(first: 1) { nodes { id } } }").Text
			w.says("not approved to access the Customer object", text)
			if strings.Contains(text, "ACCESS_DENIED") {
				w.Errorf("answer = %s, want no code", text)
			}
		},
		"ask_again": func(w *world) {
			w.consent(w.Shop(0))
			w.Set("ask_again", false)
			r := w.Ask("POST", w.link(), "application/x-www-form-urlencoded", "store="+w.Shop(0))
			w.says(callback+"?", r.Header.Get("Location"))
		},
		"match_app_url": func(w *world) {
			w.Do("POST", "/shopify/apps", map[string]any{"client_id": w.App["client_id"], "app_url": "https://other.example/"})
			w.says("must have matching hosts", w.Ask("GET", w.link(), "", "").Text)
			w.Set("match_app_url", false)
			w.consent(w.Shop(0))
		},
		"timestamps": func(*world) {}, // of the kit; nothing here is signed with a time by the client
		"slow":       func(*world) {}, // of the kit
	}
	listed := start(t).Do("GET", "/shopify/options", nil)["options"].([]any)
	for _, item := range listed {
		name := item.(map[string]any)["name"].(string)
		turn := turned[name]
		if turn == nil {
			t.Errorf("nothing turns the switch %s", name)
			continue
		}
		t.Run(name, func(t *testing.T) { turn(start(t)) })
	}
}

func (w *world) says(want, text string) {
	w.Helper()
	if !strings.Contains(text, want) {
		w.Errorf("answer = %s, want it to say %s", text, want)
	}
}

// fresh is the token endpoint's answer to a code.
func (w *world) fresh() string {
	w.Helper()
	return w.token(map[string]string{"code": w.consent(w.Shop(0)).Get("code"), "expiring": "1"}).Text
}
