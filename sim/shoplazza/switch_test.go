package shoplazza_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// back is where the browser ends after a consent, with what the page said instead.
func (w *world) back(link string, decision string) (at url.Values, refusal string) {
	w.Helper()
	got := w.Do("POST", "/shoplazza/consent", map[string]any{"url": link, "shops": []string{w.Shop(0)}, "decision": decision})
	u, err := url.Parse(got["callback"].(string))
	if err != nil {
		w.Fatal(err)
	}
	refusal, _ = got["refusal"].(string)
	return u.Query(), refusal
}

func seconds(t *testing.T, value any) int64 {
	t.Helper()
	n, err := value.(json.Number).Int64()
	if err != nil {
		t.Fatalf("%v is no number: %v", value, err)
	}
	return n
}

func TestLivesAreSwitches(t *testing.T) {
	w := start(t)
	for name, life := range map[string]string{"code_life": "20m", "access_life": "1h", "refresh_life": "2h", "partner_life": "30m"} {
		w.Set(name, life)
	}
	code := w.consent(w.Shop(0)).Get("code")
	w.Advance(15 * time.Minute)
	pair := w.token(map[string]string{"grant_type": "authorization_code", "code": code})
	if pair.Status != http.StatusOK || seconds(t, pair.Body["expires_in"]) != 3599 {
		t.Fatalf("an exchange within code_life = %d %s, want a token of access_life", pair.Status, pair.Text)
	}
	partner := w.Ask("POST", w.Base+"/partner/oauth/token", "application/json",
		`{"client_id":"`+w.Setting("client_id")+`","client_secret":"`+w.Setting("client_secret")+`","grant_type":"client_credentials"}`)
	if partner.Status != http.StatusOK || seconds(t, partner.Body["expires_in"]) != 1800 {
		t.Errorf("a partner token = %d %s, want one of 1800 s", partner.Status, partner.Text)
	}
	w.Advance(121 * time.Minute)
	if r := w.refresh(pair.Body["refresh_token"]); r.Body["error"] != "invalid_grant" {
		t.Errorf("a refresh after refresh_life = %d %s, want invalid_grant", r.Status, r.Text)
	}
}

func TestSpentCodeMayEndItsPair(t *testing.T) {
	for _, kills := range []bool{false, true} {
		w := start(t)
		w.Set("code_reuse_kills", kills)
		code := w.consent(w.Shop(0)).Get("code")
		pair := w.token(map[string]string{"grant_type": "authorization_code", "code": code})
		if r := w.token(map[string]string{"grant_type": "authorization_code", "code": code}); r.Body["error"] != "invalid_grant" {
			t.Errorf("a spent code = %s, want invalid_grant", r.Text)
		}
		want := map[bool]int{false: 200, true: 401}[kills]
		if r := w.call("GET", "/openapi/2022-01/shop", pair.Body["access_token"], ""); r.Status != want {
			t.Errorf("code_reuse_kills %v: the token = %d, want %d", kills, r.Status, want)
		}
	}
}

func TestRefreshAfterTheEndIsASwitch(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		w := start(t)
		w.Set("access_life", "1h")
		w.Set("refresh_after_expiry", allowed)
		pair := w.pair(w.Shop(0))
		w.Advance(61 * time.Minute)
		if r := w.refresh(pair["refresh_token"]); (r.Status == http.StatusOK) != allowed {
			t.Errorf("refresh_after_expiry %v: %d %s", allowed, r.Status, r.Text)
		}
	}
}

func TestRedirectOfARefreshMayHaveToMatch(t *testing.T) {
	for _, match := range []bool{false, true} {
		w := start(t)
		w.Set("match_redirect_uri", match)
		pair := w.pair(w.Shop(0))
		r := w.token(map[string]string{
			"grant_type": "refresh_token", "refresh_token": pair["refresh_token"].(string), "redirect_uri": callback + "/other",
		})
		if (r.Status == http.StatusOK) == match {
			t.Errorf("match_redirect_uri %v: %d %s", match, r.Status, r.Text)
		}
	}
}

func TestErrorsOfTheLinkMayComeBack(t *testing.T) {
	w := start(t)
	wrong := w.link("scope", "read_mind")
	if at, refusal := w.back(wrong, "approve"); len(at) != 0 || !strings.HasPrefix(refusal, "invalid_scope") {
		t.Errorf("authorize_errors page: callback %v, page %q", at, refusal)
	}
	w.Set("authorize_errors", "callback")
	if at, _ := w.back(wrong, "approve"); at.Get("error") != "invalid_scope" || at.Get("state") != "9f2c" {
		t.Errorf("authorize_errors callback: %v, want the error and the state", at)
	}
}

func TestMerchantMayGrantLess(t *testing.T) {
	w := start(t)
	w.Set("grant_scopes", "without_last")
	if pair := w.pair(w.Shop(0)); pair["scope"] != "read_shop" {
		t.Errorf("scope = %v, want the last left out", pair["scope"])
	}
}

func TestCallbackMayCarryMore(t *testing.T) {
	w := start(t)
	if at := w.consent(w.Shop(0)); at.Has("store_id") || at.Has("timestamp") {
		t.Errorf("callback = %v, want no extras", at)
	}
	w.Set("callback_extras", true)
	if at := w.consent(w.Shop(0)); at.Get("store_id") != w.Shop(0) || !at.Has("timestamp") {
		t.Errorf("callback = %v, want store_id and timestamp", at)
	}
}

func TestTokenAnswerMayBeShort(t *testing.T) {
	w := start(t)
	w.Set("short_answer", true)
	pair := w.pair(w.Shop(0))
	for _, name := range []string{"scope", "expires_in", "created_at", "locale"} {
		if _, ok := pair[name]; ok {
			t.Errorf("short_answer has %s", name)
		}
	}
	if pair["access_token"] == nil || pair["expires_at"] == nil {
		t.Errorf("short_answer = %v, want token and end", pair)
	}
}

func TestWebhooksMayHaveToBeHTTPSAndFew(t *testing.T) {
	w := start(t)
	token := w.pair(w.Shop(0))["access_token"]
	subscribe := func(address string) int {
		return w.call("POST", "/openapi/2022-01/webhooks", token, `{"topic":"app/uninstalled","address":"`+address+`"}`).Status
	}
	w.Set("https_webhooks", true)
	if status := subscribe("http://hub.example/push"); status != http.StatusUnprocessableEntity {
		t.Errorf("https_webhooks: plain http = %d, want 422", status)
	}
	w.Set("most_webhooks", 2)
	for i, want := range []int{200, 200, 422} {
		if status := subscribe("https://hub.example/push/" + string(rune('a'+i))); status != want {
			t.Errorf("webhook %d with most_webhooks 2 = %d, want %d", i+1, status, want)
		}
	}
}

func TestShopMayNeedItsScope(t *testing.T) {
	w := start(t)
	w.Set("shop_scope", true)
	code, _ := w.back(w.link("scope", "read_order"), "approve")
	pair := w.token(map[string]string{"grant_type": "authorization_code", "code": code.Get("code")})
	if r := w.call("GET", "/openapi/2022-01/shop", pair.Body["access_token"], ""); r.Status != http.StatusForbidden {
		t.Errorf("shop_scope: shop without read_shop = %d, want 403", r.Status)
	}
	w.Set("shop_scope", false)
	if r := w.call("GET", "/openapi/2022-01/shop", pair.Body["access_token"], ""); r.Status != http.StatusOK {
		t.Errorf("shop without read_shop = %d, want 200", r.Status)
	}
}

func TestStatusesAreSwitches(t *testing.T) {
	w := start(t)
	w.Set("invalid_client_status", 400)
	w.Set("bad_token_status", 400)
	if r := w.token(map[string]string{"client_secret": "wrong", "grant_type": "refresh_token", "refresh_token": "x"}); r.Status != 400 || r.Body["error"] != "invalid_client" {
		t.Errorf("invalid_client_status: %d %s", r.Status, r.Text)
	}
	if r := w.call("GET", "/openapi/2022-01/shop", "dead", ""); r.Status != 400 {
		t.Errorf("bad_token_status: %d %s", r.Status, r.Text)
	}
}

func TestBucketOfAStoreIsASwitch(t *testing.T) {
	w := start(t)
	w.Do("POST", "/shoplazza/options", map[string]any{"store_bucket": 3, "store_leak": 1})
	token := w.pair(w.Shop(0))["access_token"]
	for i, want := range []int{200, 200, 200, 429} {
		if r := w.call("GET", "/openapi/2022-01/shop", token, ""); r.Status != want {
			t.Errorf("call %d of a bucket of 3 = %d, want %d", i+1, r.Status, want)
		}
	}
	w.Advance(2 * time.Second)
	for i, want := range []int{200, 200, 429} {
		if r := w.call("GET", "/openapi/2022-01/shop", token, ""); r.Status != want {
			t.Errorf("call %d after 2 s of leaking 1 a second = %d, want %d", i+1, r.Status, want)
		}
	}
}

func TestOldTokenMayLiveOn(t *testing.T) {
	for value, want := range map[string]int{"dies": http.StatusUnauthorized, "lives": http.StatusOK} {
		w := start(t)
		w.Set("old_access", value)
		pair := w.pair(w.Shop(0))
		if r := w.refresh(pair["refresh_token"]); r.Status != http.StatusOK {
			t.Fatalf("refresh = %d %s", r.Status, r.Text)
		}
		if r := w.call("GET", "/openapi/2022-01/shop", pair["access_token"], ""); r.Status != want {
			t.Errorf("old_access %s: the token before = %d %s, want %d", value, r.Status, r.Text, want)
		}
	}
}

func TestSignedValuesAreASwitch(t *testing.T) {
	for value, escape := range map[string]func(string) string{"raw": func(s string) string { return s }, "encoded": url.QueryEscape} {
		w := start(t)
		w.Set("signature", value)
		link, err := url.Parse(w.link())
		if err != nil {
			t.Fatal(err)
		}
		query := link.Query()
		query.Set("state", "a b&c")
		link.RawQuery = query.Encode()
		at, _ := w.back(link.String(), "approve")
		var parts []string
		for name := range at {
			if name != "hmac" {
				parts = append(parts, name+"="+escape(at.Get(name)))
			}
		}
		slices.Sort(parts)
		mac := hmac.New(sha256.New, []byte(w.Setting("client_secret")))
		mac.Write([]byte(strings.Join(parts, "&")))
		if want := hex.EncodeToString(mac.Sum(nil)); at.Get("hmac") != want {
			t.Errorf("signature %s: hmac of %v, want %s", value, at, want)
		}
	}
}
