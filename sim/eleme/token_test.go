package eleme_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestExchange(t *testing.T) {
	w := start(t)
	code := w.consent(0, "approve").Get("code")
	form := []string{"grant_type", "authorization_code", "code", code, "redirect_uri", callback}
	if r := w.form("/token", form[:4]...); r.failure() != "invalid_request The requested redirect_uri is required" {
		t.Errorf("exchange without redirect_uri = %s", r.Text)
	}
	if r := w.form("/token", "grant_type", "authorization_code", "code", code, "redirect_uri", callback+"/"); !strings.Contains(r.Text, "does not match") {
		t.Errorf("exchange with another redirect_uri = %s", r.Text)
	}
	if r := w.form("/token", append(form, "client_id", "other")...); r.failure() != "invalid_client Invalid client_id" {
		t.Errorf("exchange with another client_id = %s", r.Text)
	}
	r := w.form("/token", form...)
	if r.Status != 200 || len(r.Field("access_token")) != 32 || len(r.Field("refresh_token")) != 32 || r.Body["expires_in"] != number("2592000") ||
		r.Field("token_type") != "Bearer" || r.Field("trace_id") == "" || r.Header.Get("Content-Type") != "application/json;charset=UTF-8" {
		t.Errorf("exchange = %d %s %v", r.Status, r.Text, r.Header)
	}
	w.Advance(2 * time.Second)
	if r := w.form("/token", form...); r.Status != 400 || r.failure() != "unauthorized_client Unauthorized code" {
		t.Errorf("second exchange = %d %s", r.Status, r.Text)
	}
	w.Set("error_status", "200")
	if r := w.form("/token", form...); r.Status != 200 || r.failure() == "" {
		t.Errorf("second exchange = %d %s, want the same refusal with 200", r.Status, r.Text)
	}
	code = w.consent(0, "approve").Get("code")
	w.Advance(10 * time.Minute)
	if r := w.exchange(code); r.failure() != "unauthorized_client Unauthorized code" {
		t.Errorf("late exchange = %s", r.Text)
	}
}

func TestIdentityUsesTheCodeUp(t *testing.T) {
	w := start(t)
	code := w.consent(0, "approve").Get("code")
	r := w.form("/identity", "grant_type", "authorization_code", "code", code, "redirect_uri", callback)
	if r.Field("openId") == "" {
		t.Errorf("identity = %s", r.Text)
	}
	if r := w.exchange(code); r.failure() != "unauthorized_client Unauthorized code" {
		t.Errorf("exchange after identity = %s", r.Text)
	}
}

// TestWrongTokenRequests asks for each error that the request itself makes.
func TestWrongTokenRequests(t *testing.T) {
	w := start(t)
	const kind = "application/x-www-form-urlencoded"
	good := w.basic(w.Setting("app_secret"))
	plain := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, c := range []struct{ auth, body, want string }{
		{"", "grant_type=x", `invalid_request The http requested header "Authorization" is required`},
		{"Bearer abc", "grant_type=x", "invalid_request Invalid Basic"},
		{"Basic %%%", "grant_type=x", "invalid_request Invalid Basic"},
		{strings.Replace(good, " ", "  ", 1), "grant_type=x", "invalid_request Invalid Authorization header"},
		{plain(w.Setting("app_key") + ":" + w.Setting("app_secret") + "\n"), "grant_type=x", "invalid_request Invalid Authorization header"},
		{plain(w.Setting("app_key")), "grant_type=x", "invalid_request The basic syntax errors"},
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
		if r := w.ask("POST", w.Base+"/token", c.body, header...); r.Status != 400 || r.failure() != c.want {
			t.Errorf("%s %s = %d %s, want %s", c.auth, c.body, r.Status, r.Text, c.want)
		}
	}
	w.Set("unknown_refresh", "unauthorized")
	if r := w.refresh("x"); r.failure() != "unauthorized_client Unauthorized refresh_token" {
		t.Errorf("unknown refresh token = %s", r.Text)
	}
	w.Set("unknown_refresh", "invalid_request")
	if r := w.refresh("x"); r.failure() != "invalid_request Unauthorized refresh token." {
		t.Errorf("unknown refresh token = %s", r.Text)
	}
}

// TestTolerance sends what the SDKs send: credentials encoded, no charset, a wrong Content-Encoding, gzip asked for.
func TestTolerance(t *testing.T) {
	w := start(t)
	w.App = w.Do("POST", "/eleme/apps", map[string]any{"app_key": "key+1", "app_secret": "se/cret"})
	encoded := "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape("key+1")+":"+url.QueryEscape("se/cret")))
	for _, auth := range []string{encoded, w.basic("se/cret")} {
		body := url.Values{"grant_type": {"authorization_code"}, "code": {w.consent(0, "approve").Get("code")}, "redirect_uri": {callback}}.Encode()
		r := w.ask("POST", w.Base+"/token", body, "Authorization", auth,
			"Content-Type", "application/x-www-form-urlencoded", "Content-Encoding", "gzip, deflate", "Accept-Encoding", "identity")
		if r.Status != http.StatusOK || r.Field("access_token") == "" || r.Header.Get("Content-Encoding") != "" {
			t.Errorf("exchange = %d %s %v", r.Status, r.Text, r.Header)
		}
		w.Advance(2 * time.Second)
	}
	r := w.ask("POST", w.Base+"/token", "", "Accept-Encoding", "deflate, gzip;q=0.5")
	if r.Header.Get("Content-Encoding") != "gzip" || !strings.HasPrefix(r.Text, "\x1f\x8b") {
		t.Errorf("answer to who asks for gzip = %q %v", r.Text, r.Header)
	}
}
