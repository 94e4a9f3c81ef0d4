package shoplazzasim_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestCallbackIsSignedAndBringsTheStateBack(t *testing.T) {
	w := start(t)
	got := w.consent(w.shop(1))
	if got.Get("state") != "9f2c" || got.Get("shop") != w.shops[1]["host"] {
		t.Errorf("callback = %v, want state 9f2c and shop %v", got, w.shops[1]["host"])
	}
	mac := hmac.New(sha256.New, []byte(w.app["client_secret"].(string)))
	mac.Write([]byte("code=" + got.Get("code") + "&shop=" + got.Get("shop") + "&state=9f2c"))
	if want := hex.EncodeToString(mac.Sum(nil)); got.Get("hmac") != want {
		t.Errorf("hmac = %s, want %s", got.Get("hmac"), want)
	}
}

func TestExchangeAnswersAsDocumented(t *testing.T) {
	w := start(t)
	code := w.consent(w.shop(0)).Get("code")
	form := url.Values{
		"client_id": {w.app["client_id"].(string)}, "client_secret": {w.app["client_secret"].(string)},
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback},
	}
	r := w.ask("POST", w.base+"/admin/oauth/token", "application/x-www-form-urlencoded", form.Encode())
	if r.status != http.StatusOK || r.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("exchange by form = %d %q %s", r.status, r.header.Get("Cache-Control"), r.text)
	}
	created, _ := r.body["created_at"].(json.Number).Int64()
	ends, _ := r.body["expires_at"].(json.Number).Int64()
	left, _ := r.body["expires_in"].(json.Number).Int64()
	if ends-created != 31556952 || left != 31556951 {
		t.Errorf("created %d, expires_in %d, expires_at %d: want a year of 31556952 s, one second less in expires_in", created, left, ends)
	}
	if r.body["store_id"] != w.shop(0) || r.body["scope"] != "read_shop read_order" || r.body["token_type"] != "Bearer" {
		t.Errorf("answer = %s", r.text)
	}
	again := w.token(map[string]string{"grant_type": "authorization_code", "code": code})
	if again.status != 400 || again.body["error"] != "invalid_grant" {
		t.Errorf("second exchange = %d %s, want invalid_grant", again.status, again.text)
	}
}

func TestCodeIsBoundToItsRedirectAndItsLife(t *testing.T) {
	w := start(t)
	code := w.consent(w.shop(0)).Get("code")
	r := w.token(map[string]string{"grant_type": "authorization_code", "code": code, "redirect_uri": callback + "/"})
	if r.body["error"] != "invalid_grant" {
		t.Errorf("exchange with another redirect_uri = %s, want invalid_grant", r.text)
	}
	w.do("POST", "/clock", map[string]string{"advance": "11m"})
	r = w.token(map[string]string{"grant_type": "authorization_code", "code": code})
	if r.body["error"] != "invalid_grant" {
		t.Errorf("exchange after the code's life = %s, want invalid_grant", r.text)
	}
}

func TestRefreshRotates(t *testing.T) {
	w := start(t)
	first := w.pair(w.shop(0))
	second := w.refresh(first["refresh_token"])
	if second.status != 200 || second.body["refresh_token"] == first["refresh_token"] {
		t.Fatalf("refresh = %d %s, want a pair of its own", second.status, second.text)
	}
	if r := w.refresh(first["refresh_token"]); r.body["error"] != "invalid_grant" {
		t.Errorf("spent refresh token = %s, want invalid_grant", r.text)
	}
	if r := w.call("GET", "/openapi/2022-01/shop", first["access_token"], ""); r.status != 401 {
		t.Errorf("replaced access token = %d, want 401", r.status)
	}
	if r := w.call("GET", "/openapi/2022-01/shop", second.body["access_token"], ""); r.status != 200 {
		t.Errorf("latest access token = %d %s, want 200", r.status, r.text)
	}
}

func TestRotationOnFirstUse(t *testing.T) {
	w := start(t)
	w.do("POST", "/shoplazza/options", map[string]any{"rotation": "on_first_use"})
	first := w.pair(w.shop(0))
	w.refresh(first["refresh_token"]) // its answer is lost
	second := w.refresh(first["refresh_token"])
	if second.status != 200 {
		t.Fatalf("repeat before the first use = %s, want a pair", second.text)
	}
	w.call("GET", "/openapi/2022-01/shop", second.body["access_token"], "")
	if r := w.refresh(first["refresh_token"]); r.body["error"] != "invalid_grant" {
		t.Errorf("repeat after the first use = %s, want invalid_grant", r.text)
	}
}

func TestSwitchesOfRefresh(t *testing.T) {
	w := start(t)
	pair := w.pair(w.shop(0))
	missing := func() reply {
		return w.token(map[string]string{"grant_type": "refresh_token", "refresh_token": pair["refresh_token"].(string), "redirect_uri": ""})
	}
	if r := missing(); r.body["error"] != "invalid_grant" {
		t.Errorf("refresh without redirect_uri = %s, want invalid_grant", r.text)
	}
	w.do("POST", "/shoplazza/options", map[string]any{"require_redirect_uri": false, "reuse_kills": true, "invalid_grant_status": 401})
	second := missing()
	if second.status != 200 {
		t.Fatalf("refresh without redirect_uri, not required = %s", second.text)
	}
	if r := w.refresh(pair["refresh_token"]); r.status != 401 {
		t.Errorf("invalid_grant_status = %d, want 401", r.status)
	}
	if r := w.refresh(second.body["refresh_token"]); r.body["error"] != "invalid_grant" {
		t.Errorf("latest pair after a replay with reuse_kills = %s, want invalid_grant", r.text)
	}
}

func TestPairEndsAfterAYear(t *testing.T) {
	w := start(t)
	pair := w.pair(w.shop(0))
	begun := time.Now()
	w.do("POST", "/clock", map[string]string{"advance": "366d"})
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("a year took %v", took)
	}
	if r := w.call("GET", "/openapi/2022-01/shop", pair["access_token"], ""); r.status != 401 {
		t.Errorf("access token after a year = %d, want 401", r.status)
	}
	if r := w.refresh(pair["refresh_token"]); r.status != 200 {
		t.Errorf("refresh after the access token's end = %s, want a pair", r.text)
	}
}

func TestMerchantRefuses(t *testing.T) {
	w := start(t)
	deny := map[string]any{"url": w.link(), "shops": []string{w.shop(0)}, "decision": "deny"}
	got := w.do("POST", "/shoplazza/consent", deny)["callback"].(string)
	at, err := url.Parse(got)
	if err != nil || at.Query().Get("error") != "access_denied" || at.Query().Get("state") != "9f2c" || at.Query().Has("hmac") {
		t.Errorf("refusal came back as %q", got)
	}
	w.do("POST", "/shoplazza/options", map[string]any{"deny_callback": "none"})
	if got := w.do("POST", "/shoplazza/consent", deny); got["callback"] != "" || !strings.Contains(got["refusal"].(string), "access_denied") {
		t.Errorf("refusal = %v, want no callback and the page's text", got)
	}
}

func TestWrongLinksStayOnThePage(t *testing.T) {
	w := start(t)
	w.do("POST", "/shoplazza/apps", map[string]any{"client_id": w.app["client_id"], "redirect_uri": callback})
	for want, link := range map[string]string{
		"invalid_client":            w.link("client_id", "nobody"),
		"invalid_redirect_uri":      w.link("redirect_uri", callback+"/"),
		"invalid_scope":             w.link("scope", "read_mind"),
		"unsupported_response_type": w.link("response_type", "token"),
		"invalid_request":           w.link("redirect_uri", ""),
	} {
		got := w.do("POST", "/shoplazza/consent", map[string]any{"url": link, "shops": []string{w.shop(0)}})
		if refusal, _ := got["refusal"].(string); got["callback"] != "" || !strings.HasPrefix(refusal, want+": ") {
			t.Errorf("consent to %s = %v, want the page to say %s", link, got, want)
		}
	}
}
