package elemesim_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestExchange(t *testing.T) {
	w := start(t)
	code := w.consent(0, "approve").Get("code")
	form := []string{"grant_type", "authorization_code", "code", code, "redirect_uri", callback}
	if r := w.form("/token", form[:4]...); r.failure() != "invalid_request The requested redirect_uri is required" {
		t.Errorf("exchange without redirect_uri = %s", r.text)
	}
	if r := w.form("/token", "grant_type", "authorization_code", "code", code, "redirect_uri", callback+"/"); !strings.Contains(r.text, "does not match") {
		t.Errorf("exchange with another redirect_uri = %s", r.text)
	}
	if r := w.form("/token", append(form, "client_id", "other")...); r.failure() != "invalid_client Invalid client_id" {
		t.Errorf("exchange with another client_id = %s", r.text)
	}
	r := w.form("/token", form...)
	if r.status != 200 || len(r.field("access_token")) != 32 || len(r.field("refresh_token")) != 32 || r.body["expires_in"] != number("2592000") ||
		r.field("token_type") != "Bearer" || r.field("trace_id") == "" || r.header.Get("Content-Type") != "application/json;charset=UTF-8" {
		t.Errorf("exchange = %d %s %v", r.status, r.text, r.header)
	}
	w.advance("2s")
	if r := w.form("/token", form...); r.status != 400 || r.failure() != "unauthorized_client Unauthorized code" {
		t.Errorf("second exchange = %d %s", r.status, r.text)
	}
	w.option("error_status", "200")
	if r := w.form("/token", form...); r.status != 200 || r.failure() == "" {
		t.Errorf("second exchange = %d %s, want the same refusal with 200", r.status, r.text)
	}
	code = w.consent(0, "approve").Get("code")
	w.advance("10m")
	if r := w.exchange(code); r.failure() != "unauthorized_client Unauthorized code" {
		t.Errorf("late exchange = %s", r.text)
	}
}

func TestIdentityUsesTheCodeUp(t *testing.T) {
	w := start(t)
	code := w.consent(0, "approve").Get("code")
	r := w.form("/identity", "grant_type", "authorization_code", "code", code, "redirect_uri", callback)
	if r.field("openId") == "" {
		t.Errorf("identity = %s", r.text)
	}
	if r := w.exchange(code); r.failure() != "unauthorized_client Unauthorized code" {
		t.Errorf("exchange after identity = %s", r.text)
	}
}

// TestWrongTokenRequests asks for each error that the request itself makes.
func TestWrongTokenRequests(t *testing.T) {
	w := start(t)
	const kind = "application/x-www-form-urlencoded"
	good := w.basic(w.setting("app_secret"))
	plain := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, c := range []struct{ auth, body, want string }{
		{"", "grant_type=x", `invalid_request The http requested header "Authorization" is required`},
		{"Bearer abc", "grant_type=x", "invalid_request Invalid Basic"},
		{"Basic %%%", "grant_type=x", "invalid_request Invalid Basic"},
		{strings.Replace(good, " ", "  ", 1), "grant_type=x", "invalid_request Invalid Authorization header"},
		{plain(w.setting("app_key") + ":" + w.setting("app_secret") + "\n"), "grant_type=x", "invalid_request Invalid Authorization header"},
		{plain(w.setting("app_key")), "grant_type=x", "invalid_request The basic syntax errors"},
		{w.basic("wrong"), "grant_type=x", "unauthorized_client Unauthorized client"},
		{good, "", "invalid_request The http requested body is required"},
		{good, "code=x", "invalid_request The requested grant_type is required"},
		{good, "grant_type=password", "unsupported_grant_type Unsupported grant_type"},
		{good, "grant_type=client_credentials", "unsupported_grant_type The requested grant_type does not match the client authorization type"},
		{good, "grant_type=authorization_code", "invalid_request The requested code is required"},
		{good, "grant_type=refresh_token", "invalid_request The requested refresh_token is required"},
		{good, "grant_type=refresh_token&refresh_token=x", "Unauthorized client 无效的refreshtoken"},
	} {
		header := []string{"Content-Type", kind}
		if c.auth != "" {
			header = append(header, "Authorization", c.auth)
		}
		if r := w.ask("POST", w.base+"/token", c.body, header...); r.status != 400 || r.failure() != c.want {
			t.Errorf("%s %s = %d %s, want %s", c.auth, c.body, r.status, r.text, c.want)
		}
	}
	w.option("unknown_refresh", "unauthorized")
	if r := w.refresh("x"); r.failure() != "unauthorized_client Unauthorized refresh_token" {
		t.Errorf("unknown refresh token = %s", r.text)
	}
	w.option("unknown_refresh", "invalid_request")
	if r := w.refresh("x"); r.failure() != "invalid_request Unauthorized refresh token." {
		t.Errorf("unknown refresh token = %s", r.text)
	}
}

// TestTolerance sends what the SDKs send: credentials encoded, no charset, a wrong Content-Encoding, gzip asked for.
func TestTolerance(t *testing.T) {
	w := start(t)
	w.app = w.do("POST", "/eleme/apps", map[string]any{"app_key": "key+1", "app_secret": "se/cret"})
	encoded := "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape("key+1")+":"+url.QueryEscape("se/cret")))
	for _, auth := range []string{encoded, w.basic("se/cret")} {
		body := url.Values{"grant_type": {"authorization_code"}, "code": {w.consent(0, "approve").Get("code")}, "redirect_uri": {callback}}.Encode()
		r := w.ask("POST", w.base+"/token", body, "Authorization", auth,
			"Content-Type", "application/x-www-form-urlencoded", "Content-Encoding", "gzip, deflate", "Accept-Encoding", "identity")
		if r.status != http.StatusOK || r.field("access_token") == "" || r.header.Get("Content-Encoding") != "" {
			t.Errorf("exchange = %d %s %v", r.status, r.text, r.header)
		}
		w.advance("2s")
	}
	r := w.ask("POST", w.base+"/token", "", "Accept-Encoding", "deflate, gzip;q=0.5")
	if r.header.Get("Content-Encoding") != "gzip" || !strings.HasPrefix(r.text, "\x1f\x8b") {
		t.Errorf("answer to who asks for gzip = %q %v", r.text, r.header)
	}
}
