package shoplazza_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"encoding/json"
	"github.com/grantkeep/grantkeep/sim/simtest"
)

func TestCallbackIsSignedAndBringsTheStateBack(t *testing.T) {
	w := start(t)
	got := w.consent(w.Shop(1))
	if got.Get("state") != "9f2c" || got.Get("shop") != w.Shops[1]["host"] {
		t.Errorf("callback = %v, want state 9f2c and shop %v", got, w.Shops[1]["host"])
	}
	mac := hmac.New(sha256.New, []byte(w.Setting("client_secret")))
	mac.Write([]byte("code=" + got.Get("code") + "&shop=" + got.Get("shop") + "&state=9f2c"))
	if want := hex.EncodeToString(mac.Sum(nil)); got.Get("hmac") != want {
		t.Errorf("hmac = %s, want %s", got.Get("hmac"), want)
	}
}

func TestExchangeAnswersAsDocumented(t *testing.T) {
	w := start(t)
	code := w.consent(w.Shop(0)).Get("code")
	form := url.Values{
		"client_id": {w.Setting("client_id")}, "client_secret": {w.Setting("client_secret")},
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback},
	}
	r := w.Ask("POST", w.Base+"/admin/oauth/token", "application/x-www-form-urlencoded", form.Encode())
	if r.Status != http.StatusOK || r.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("exchange by form = %d %q %s", r.Status, r.Header.Get("Cache-Control"), r.Text)
	}
	created, _ := r.Body["created_at"].(json.Number).Int64()
	ends, _ := r.Body["expires_at"].(json.Number).Int64()
	left, _ := r.Body["expires_in"].(json.Number).Int64()
	if ends-created != 31556952 || left != 31556951 {
		t.Errorf("created %d, expires_in %d, expires_at %d: want a year of 31556952 s, one second less in expires_in", created, left, ends)
	}
	if r.Body["store_id"] != w.Shop(0) || r.Body["scope"] != "read_shop read_order" || r.Body["token_type"] != "Bearer" {
		t.Errorf("answer = %s", r.Text)
	}
	again := w.token(map[string]string{"grant_type": "authorization_code", "code": code})
	if again.Status != 400 || again.Body["error"] != "invalid_grant" {
		t.Errorf("second exchange = %d %s, want invalid_grant", again.Status, again.Text)
	}
}

func TestCodeIsBoundToItsRedirectAndItsLife(t *testing.T) {
	w := start(t)
	code := w.consent(w.Shop(0)).Get("code")
	r := w.token(map[string]string{"grant_type": "authorization_code", "code": code, "redirect_uri": callback + "/"})
	if r.Body["error"] != "invalid_grant" {
		t.Errorf("exchange with another redirect_uri = %s, want invalid_grant", r.Text)
	}
	w.Advance(11 * time.Minute)
	r = w.token(map[string]string{"grant_type": "authorization_code", "code": code})
	if r.Body["error"] != "invalid_grant" {
		t.Errorf("exchange after the code's life = %s, want invalid_grant", r.Text)
	}
}

func TestRefreshRotates(t *testing.T) {
	w := start(t)
	first := w.pair(w.Shop(0))
	second := w.refresh(first["refresh_token"])
	if second.Status != 200 || second.Body["refresh_token"] == first["refresh_token"] {
		t.Fatalf("refresh = %d %s, want a pair of its own", second.Status, second.Text)
	}
	if r := w.refresh(first["refresh_token"]); r.Body["error"] != "invalid_grant" {
		t.Errorf("spent refresh token = %s, want invalid_grant", r.Text)
	}
	if r := w.call("GET", "/openapi/2022-01/shop", first["access_token"], ""); r.Status != 401 {
		t.Errorf("replaced access token = %d, want 401", r.Status)
	}
	if r := w.call("GET", "/openapi/2022-01/shop", second.Body["access_token"], ""); r.Status != 200 {
		t.Errorf("latest access token = %d %s, want 200", r.Status, r.Text)
	}
}

func TestRotationOnFirstUse(t *testing.T) {
	w := start(t)
	w.Set("rotation", "on_first_use")
	first := w.pair(w.Shop(0))
	w.refresh(first["refresh_token"]) // its answer is lost
	second := w.refresh(first["refresh_token"])
	if second.Status != 200 {
		t.Fatalf("repeat before the first use = %s, want a pair", second.Text)
	}
	w.call("GET", "/openapi/2022-01/shop", second.Body["access_token"], "")
	if r := w.refresh(first["refresh_token"]); r.Body["error"] != "invalid_grant" {
		t.Errorf("repeat after the first use = %s, want invalid_grant", r.Text)
	}
}

func TestSwitchesOfRefresh(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0))
	missing := func() simtest.Reply {
		return w.token(map[string]string{"grant_type": "refresh_token", "refresh_token": pair["refresh_token"].(string), "redirect_uri": ""})
	}
	if r := missing(); r.Body["error"] != "invalid_grant" {
		t.Errorf("refresh without redirect_uri = %s, want invalid_grant", r.Text)
	}
	w.Do("POST", "/shoplazza/options", map[string]any{"require_redirect_uri": false, "reuse_kills": true, "invalid_grant_status": 401})
	second := missing()
	if second.Status != 200 {
		t.Fatalf("refresh without redirect_uri, not required = %s", second.Text)
	}
	if r := w.refresh(pair["refresh_token"]); r.Status != 401 {
		t.Errorf("invalid_grant_status = %d, want 401", r.Status)
	}
	if r := w.refresh(second.Body["refresh_token"]); r.Body["error"] != "invalid_grant" {
		t.Errorf("latest pair after a replay with reuse_kills = %s, want invalid_grant", r.Text)
	}
}

func TestPairEndsAfterAYear(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0))
	begun := time.Now()
	w.Advance(366 * 24 * time.Hour)
	if took := time.Since(begun); took > 2*time.Minute {
		t.Errorf("a year took %v", took)
	}
	if r := w.call("GET", "/openapi/2022-01/shop", pair["access_token"], ""); r.Status != 401 {
		t.Errorf("access token after a year = %d, want 401", r.Status)
	}
	if r := w.refresh(pair["refresh_token"]); r.Status != 200 {
		t.Errorf("refresh after the access token's end = %s, want a pair", r.Text)
	}
}

func TestMerchantRefuses(t *testing.T) {
	w := start(t)
	deny := map[string]any{"url": w.link(), "shops": []string{w.Shop(0)}, "decision": "deny"}
	got := w.Do("POST", "/shoplazza/consent", deny)["callback"].(string)
	at, err := url.Parse(got)
	if err != nil || at.Query().Get("error") != "access_denied" || at.Query().Get("state") != "9f2c" || at.Query().Has("hmac") {
		t.Errorf("refusal came back as %q", got)
	}
	w.Set("deny_callback", "none")
	if got := w.Do("POST", "/shoplazza/consent", deny); got["callback"] != "" || !strings.Contains(got["refusal"].(string), "access_denied") {
		t.Errorf("refusal = %v, want no callback and the page's text", got)
	}
}

func TestWrongLinksStayOnThePage(t *testing.T) {
	w := start(t)
	w.Do("POST", "/shoplazza/apps", map[string]any{"client_id": w.App["client_id"], "redirect_uri": callback})
	for want, link := range map[string]string{
		"invalid_client":            w.link("client_id", "nobody"),
		"invalid_redirect_uri":      w.link("redirect_uri", callback+"/"),
		"invalid_scope":             w.link("scope", "read_mind"),
		"unsupported_response_type": w.link("response_type", "token"),
		"invalid_request":           w.link("redirect_uri", ""),
	} {
		got := w.Do("POST", "/shoplazza/consent", map[string]any{"url": link, "shops": []string{w.Shop(0)}})
		if refusal, _ := got["refusal"].(string); got["callback"] != "" || !strings.HasPrefix(refusal, want+": ") {
			t.Errorf("consent to %s = %v, want the page to say %s", link, got, want)
		}
	}
}
