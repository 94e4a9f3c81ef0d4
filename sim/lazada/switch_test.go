package lazada_test

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
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
			code := w.consent(w.Shop(0)).Get("code")
			w.Advance(2 * time.Minute)
			w.refused("old code", "InvalidCode", w.post(create, "code", code))
		},
		"access_life":      func(w *world) { w.Set("access_life", "10d"); w.lives(10*day, 180*day) },
		"refresh_lifetime": func(w *world) { w.Set("refresh_lifetime", "50d"); w.lives(30*day, 50*day) },
		"access_life_test": func(w *world) {
			w.Set("access_life_test", "1d")
			w.app(map[string]any{"stage": "testing"})
			w.lives(day, 30*day)
		},
		"refresh_lifetime_test": func(w *world) {
			w.Set("refresh_lifetime_test", "14d")
			w.app(map[string]any{"stage": "testing"})
			w.lives(7*day, 14*day)
		},
		"daily_quota": func(w *world) {
			w.Set("daily_quota", 2)
			pair := w.pair(w.Shop(0))
			w.good(w.seller("sg", pair["access_token"]))
			w.refused("over the quota", "OPEN_API_CALL_EXCEED_LIMIT", w.seller("sg", pair["access_token"]))
			w.Advance(day)
			w.good(w.seller("sg", pair["access_token"]))
		},
		"rate": func(w *world) {
			w.Set("rate", 1)
			pair := w.pair(w.Shop(0))
			for range 20 {
				if text := w.seller("sg", pair["access_token"]).Text; strings.Contains(text, "ApiCallLimit") {
					w.says("this ban will last 1 seconds", text)
					return
				}
			}
			w.Error("no call was over the rate")
		},
		"old_refresh": func(w *world) {
			pair := w.pair(w.Shop(0))
			w.good(w.refresh(pair["refresh_token"]))
			w.good(w.refresh(pair["refresh_token"]))
			w.Set("old_refresh", "dies_at_once")
			w.refused("used refresh token", "IllegalRefreshToken", w.refresh(pair["refresh_token"]))
		},
		"new_refresh_string": func(w *world) {
			w.Set("new_refresh_string", "same")
			pair := w.pair(w.Shop(0))
			if got := w.good(w.refresh(pair["refresh_token"])); got["refresh_token"] != pair["refresh_token"] || got["access_token"] == pair["access_token"] {
				w.Errorf("refresh = %v, want the same refresh token", got)
			}
		},
		"old_access": func(w *world) {
			w.Set("old_access", "dies")
			pair := w.pair(w.Shop(0))
			w.good(w.refresh(pair["refresh_token"]))
			w.refused("replaced token", "IllegalAccessToken", w.seller("sg", pair["access_token"]))
		},
		"reconsent": func(w *world) {
			first := w.pair(w.Shop(0))
			second := w.pair(w.Shop(0), w.Shop(1))
			w.refused("pair before", "IllegalRefreshToken", w.refresh(first["refresh_token"]))
			w.refused("token before", "IllegalAccessToken", w.seller("sg", first["access_token"]))
			w.Set("reconsent", "keeps")
			w.pair(w.Shop(0), w.Shop(1))
			w.good(w.seller("my", second["access_token"]))
			w.good(w.refresh(second["refresh_token"]))
		},
		"refresh_life": func(w *world) {
			w.Set("refresh_life", "renewed")
			pair := w.pair(w.Shop(0))
			w.Advance(20 * day)
			if got := w.good(w.refresh(pair["refresh_token"])); seconds(got["refresh_expires_in"]) != 180*day {
				w.Errorf("refresh = %v, want 180 days anew", got)
			}
		},
		"refusal_callback": func(w *world) {
			deny := map[string]any{"url": w.link(), "shops": []string{w.Shop(0)}, "decision": "deny"}
			if got := w.Do("POST", "/lazada/consent", deny); got["callback"] != "" {
				w.Errorf("refusal = %v, want no callback", got)
			}
			w.Set("refusal_callback", "access_denied")
			w.says("error=access_denied&state=9f2c", w.Do("POST", "/lazada/consent", deny)["callback"].(string))
		},
		"empty_values": func(w *world) {
			token := w.pair(w.Shop(0))["access_token"].(string)
			bare := w.signed("/products/get", "access_token", token)
			bare.Set("limit", "") // signed without it
			ask := func() map[string]any { return w.Ask("GET", w.Base+"/rest/products/get?"+bare.Encode(), "", "").Body }
			if got := ask(); got["code"] != "0" {
				w.Errorf("empty value = %v, want it taken", got)
			}
			w.Set("empty_values", "strict")
			if got := ask(); got["code"] != "IncompleteSignature" {
				w.Errorf("empty value = %v, want it refused", got)
			}
			bare.Del("sign")
			bare.Set("sign", w.sign("/products/get", bare))
			if got := ask(); got["code"] != "0" {
				w.Errorf("bare name = %v, want it taken", got)
			}
		},
		"redirect_uri": func(w *world) {
			w.change(map[string]any{"redirect_uri": callback + "/other"})
			w.says("does not match the callback URL", w.Ask("GET", w.link(), "", "").Text)
			w.Set("redirect_uri", "domain")
			w.consent(w.Shop(0))
			w.says("does not match the callback URL", w.Ask("GET", w.link("redirect_uri", "https://evil.example/cb"), "", "").Text)
		},
		"base_country": func(w *world) {
			pair := w.pair(w.Shop(0), w.Shop(1))
			w.Set("base_country", "my")
			w.says(strings.TrimPrefix(w.Shop(1), "my:"), w.seller("", pair["access_token"]).Text)
		},
		"seller_list": func(w *world) {
			w.Set("seller_list", "object")
			if _, ok := w.pair(w.Shop(0), w.Shop(1))["country_user_info"].(map[string]any)["my"]; !ok {
				w.Error("no object by country")
			}
			w.Set("seller_list", "user_info")
			if pair := w.pair(w.Shop(0)); pair["user_info"] == nil || pair["country_user_info"] != nil {
				w.Errorf("pair = %v, want user_info", pair)
			}
		},
		"country_case": func(w *world) { w.Set("country_case", "upper"); w.says(`"country":"SG"`, w.fresh()) },
		"id_type": func(w *world) {
			w.Set("id_type", "number")
			w.says(`"seller_id":`+strings.TrimPrefix(w.Shop(0), "sg:")+",", w.fresh())
		},
		"account_id":   func(w *world) { w.Set("account_id", "null"); w.says(`"account_id":null`, w.fresh()) },
		"expires_type": func(w *world) { w.Set("expires_type", "text"); w.says(`"expires_in":"2592000"`, w.fresh()) },
		"site_form": func(w *world) {
			address, got := hook(w.T, 200)
			w.change(map[string]any{"push_url": address})
			w.pair(w.Shop(0))
			for _, form := range []string{"lazada-sg", "LAZADA_SG"} {
				w.Set("site_form", form)
				w.act("order", w.Shop(0))
				w.says(`"site":"`+form+`"`, next(w.T, got))
			}
		},
		"token_on_country_hosts": func(w *world) {
			pair := w.pair(w.Shop(0))
			w.Set("token_on_country_hosts", true)
			w.good(w.get("sg", refresh, "refresh_token", pair["refresh_token"].(string)))
		},
		"hmac_md5": func(w *world) {
			pair := w.pair(w.Shop(0))
			w.Set("hmac_md5", true)
			params := url.Values{
				"access_token": {pair["access_token"].(string)}, "app_key": {w.Setting("app_key")}, "sign_method": {"hmac"},
				"timestamp": {strconv.FormatInt(w.Now().UnixMilli(), 10)},
			}
			mac := hmac.New(md5.New, []byte(w.Setting("app_secret")))
			mac.Write([]byte("/seller/getaccess_token" + params.Get("access_token") + "app_key" + params.Get("app_key") + "sign_methodhmactimestamp" + params.Get("timestamp")))
			params.Set("sign", strings.ToUpper(hex.EncodeToString(mac.Sum(nil))))
			w.good(w.Ask("GET", w.Base+"/rest/seller/get?"+params.Encode(), "", ""))
		},
		"need_partner": func(w *world) {
			w.Set("need_partner", true)
			w.refused("no partner", "MissingPartner", w.post(refresh, "refresh_token", "x"))
			w.refused("partner", "IllegalRefreshToken", w.post(refresh, "refresh_token", "x", "partner_id", "p"))
		},
		"duplicate_pushes": func(w *world) {
			address, got := hook(w.T, 200)
			w.change(map[string]any{"push_url": address})
			w.Set("duplicate_pushes", true)
			w.pair(w.Shop(0))
			w.act("order", w.Shop(0))
			if first, second := next(w.T, got), next(w.T, got); first != second {
				w.Errorf("pushes = %s, %s, want one twice", first, second)
			}
		},
		"stop_pushes": func(w *world) {
			address, got := hook(w.T, 500)
			w.change(map[string]any{"push_url": address})
			w.Set("stop_pushes", false)
			w.pair(w.Shop(0))
			w.act("order", w.Shop(0))
			w.Advance(7 * time.Hour)
			if len(got) != 13 {
				w.Errorf("attempts = %d, want the first and 12 repeats", len(got))
			}
		},
		"answer_within": func(w *world) {
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // so that the server sees the client go
				<-r.Context().Done()
			}))
			defer server.Close()
			w.change(map[string]any{"push_url": server.URL})
			w.Set("answer_within", "10ms")
			w.pair(w.Shop(0))
			w.act("order", w.Shop(0))
			w.Advance(time.Minute)
			calls := w.Do("GET", "/lazada/calls", nil)["calls"].([]any)
			if last := calls[len(calls)-1].(map[string]any); last["stage"] != "push" || !strings.HasPrefix(last["why"].(string), "no answer") {
				w.Errorf("last line = %v, want a push without an answer", last)
			}
		},
		"timestamps": func(w *world) {
			pair := w.pair(w.Shop(0))
			w.Advance(5 * time.Hour)
			stale := func() string {
				return w.get("", "/seller/get", "access_token", pair["access_token"].(string), "timestamp", strconv.FormatInt(time.Now().UnixMilli(), 10)).Text
			}
			w.says(`"code":"0"`, stale())
			w.Set("timestamps", "strict")
			w.says("IllegalTimestamp", stale())
		},
		"slow": func(*world) {}, // of the kit
	}
	for _, item := range start(t).Do("GET", "/lazada/options", nil)["options"].([]any) {
		name := item.(map[string]any)["name"].(string)
		turn := turned[name]
		if turn == nil {
			t.Errorf("nothing turns the switch %s", name)
			continue
		}
		t.Run(name, func(t *testing.T) { turn(start(t)) })
	}
}

// lives expects the lives of a pair.
func (w *world) lives(access, refresh time.Duration) {
	w.Helper()
	pair := w.pair(w.Shop(0))
	if seconds(pair["expires_in"]) != access || seconds(pair["refresh_expires_in"]) != refresh {
		w.Errorf("lives = %v, %v, want %v, %v", pair["expires_in"], pair["refresh_expires_in"], access, refresh)
	}
}

// fresh is the answer to a code.
func (w *world) fresh() string {
	w.Helper()
	r := w.post(create, "code", w.consent(w.Shop(0)).Get("code"))
	if r.Body["expires_in"] == json.Number("0") {
		w.Errorf("answer = %s", r.Text)
	}
	return r.Text
}
