package eleme_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestWrongLinks asks for each error of a link, which nobody is redirected for.
func TestWrongLinks(t *testing.T) {
	w := start(t)
	w.Do("POST", "/eleme/apps", map[string]any{"app_key": w.Setting("app_key"), "redirect_uri": callback})
	for _, c := range []struct{ name, value, want string }{
		{"client_id", "", "invalid_request The requested client_id is required"},
		{"client_id", "nobody", "invalid_client Invalid client_id"},
		{"client_id", w.Apps[1]["app_key"].(string), "invalid_client Invalid client_id"},
		{"redirect_uri", "", "invalid_request The requested redirect_uri is required"},
		{"redirect_uri", callback + "?a=1", "invalid_request The requested redirect_uri does not match the background callback url."},
		{"response_type", "", "invalid_request The requested response_type is required"},
		{"response_type", "token", "unsupported_response_type The requested response_type must be set to 'code'"},
		{"scope", "", "invalid_request The requested scope is required"},
		{"scope", "some", "invalid_scope The requested scope is invalid, value must be set to 'all'"},
		{"state", "", "invalid_request The requested state is required"},
	} {
		r := w.ask("GET", w.link(c.name, c.value), "")
		if r.Status != http.StatusBadRequest || r.failure() != c.want {
			t.Errorf("%s=%s: %d %s, want 400 %s", c.name, c.value, r.Status, r.Text, c.want)
		}
	}
	w.Set("callback_match", "ignore_query")
	if r := w.ask("GET", w.link("redirect_uri", callback+"?a=1"), ""); r.Status != http.StatusOK {
		t.Errorf("callback with a query = %d %s, want the page", r.Status, r.Text)
	}
	w.Set("authorize_errors", "callback")
	r := w.ask("GET", w.link("scope", "some"), "")
	if at, err := url.Parse(r.Header.Get("Location")); err != nil || at.Query().Get("error") != "invalid_scope" || at.Query().Get("state") != "9f2c" {
		t.Errorf("wrong scope = %d %v, want it at the callback", r.Status, r.Header)
	}
	if r := w.ask("GET", w.link("client_id", "nobody"), ""); r.Status != http.StatusBadRequest {
		t.Errorf("unknown client = %d, want 400 whatever the switch", r.Status)
	}
}

func TestAppWithoutCallback(t *testing.T) {
	w := start(t)
	w.Set("callback_required", true)
	if r := w.ask("GET", w.link(), ""); r.failure() != "invalid_request The requested redirect_uri is required" {
		t.Errorf("app without a callback = %d %s", r.Status, r.Text)
	}
	w.Set("https_only", true)
	r := w.ask("POST", w.Control+"/eleme/apps", `{"redirect_uri":"http://hub.example.test/callback"}`, "Content-Type", "application/json")
	if r.Status != http.StatusUnprocessableEntity {
		t.Errorf("callback without https = %d %s, want 422", r.Status, r.Text)
	}
}

func TestUnlaunchedApp(t *testing.T) {
	w := start(t)
	w.Do("POST", "/eleme/apps", map[string]any{"app_key": w.Setting("app_key"), "stage": "testing"})
	want := "access_denied Production resources can only be has access to online application"
	if r := w.ask("GET", w.link(), ""); r.failure() != want {
		t.Errorf("link = %s, want %s", r.Text, want)
	}
	if r := w.exchange("c0de"); r.failure() != want {
		t.Errorf("exchange = %s, want %s", r.Text, want)
	}
	if r := w.call("eleme.user.getUser", "", nil); !strings.HasPrefix(r.failure(), "ACCESS_DENIED") {
		t.Errorf("call = %s, want ACCESS_DENIED", r.Text)
	}
}

func TestSandboxTakesTestAccountsOnly(t *testing.T) {
	w := start(t)
	w.App = w.Apps[2]
	got := w.Do("POST", "/eleme/consent", map[string]any{"url": w.link(), "shops": []string{w.Shop(6)}, "decision": "approve"})
	if said, _ := got["refusal"].(string); got["callback"] != "" || !strings.Contains(said, "Please use the specified sandbox account for testing") {
		t.Errorf("consent of another account = %v, want a refusal", got)
	}
	r := w.exchange(w.consent(0, "approve").Get("code"))
	if r.Body == nil || r.Body["expires_in"] != number("86400") {
		t.Errorf("sandbox token = %s, want a day", r.Text)
	}
	production := w.Apps[0]["app_key"].(string)
	w.App = map[string]any{"app_key": production, "app_secret": w.Apps[2]["app_secret"]}
	if r := w.exchange("c0de"); r.failure() != "unauthorized_client Unauthorized client" {
		t.Errorf("production key with a sandbox secret = %s", r.Text)
	}
}

// TestCancelOnThePage opens the link again as a merchant who has authorized.
func TestCancelOnThePage(t *testing.T) {
	w := start(t)
	refusal := w.consent(0, "deny")
	if refusal.Get("error") != "access_denied" || refusal.Get("error_description") != "Authorization is cancelled" || refusal.Has("code") {
		t.Errorf("refusal = %v", refusal)
	}
	access, refresh := w.pair(0)
	page := w.ask("POST", w.link(), "account="+w.account(0), "Content-Type", "application/x-www-form-urlencoded")
	if !strings.Contains(page.Text, "取消授权") {
		t.Errorf("the page offers no cancellation: %s", page.Text)
	}
	w.Set("cancel_error", "unauthorized_client")
	if got := w.consent(0, "deny"); got.Get("error") != "unauthorized_client" {
		t.Errorf("cancellation = %v, want unauthorized_client", got)
	}
	if r := w.call("eleme.user.getUser", access, nil); r.failure() != "UNAUTHORIZED token认证失败,请重新申请token" {
		t.Errorf("call after the cancellation = %s", r.Text)
	}
	if r := w.refresh(refresh); r.failure() != "access_denied Authorization is cancelled" {
		t.Errorf("refresh after the cancellation = %s", r.Text)
	}
	w.Advance(2 * time.Second)
	w.Set("revoked_refresh", "unauthorized")
	if r := w.refresh(refresh); r.failure() != "unauthorized_client Unauthorized refresh_token" {
		t.Errorf("refresh after the cancellation = %s", r.Text)
	}
}

func TestChainAccountChoosesShops(t *testing.T) {
	w := start(t)
	owned := []string{w.Shop(1), w.Shop(2), w.Shop(3)}
	for _, c := range []struct{ agree, want []string }{{nil, owned}, {owned[1:2], owned[1:2]}} {
		got := w.Do("POST", "/eleme/consent", map[string]any{"url": w.link(), "account": w.account(1), "shops": c.agree, "decision": "approve"})
		at, err := url.Parse(got["callback"].(string))
		if err != nil {
			t.Fatal(err)
		}
		r := w.exchange(at.Query().Get("code"))
		w.Advance(2 * time.Second)
		user := w.call("eleme.user.getUser", r.Field("access_token"), nil)
		result, _ := user.Body["result"].(map[string]any)
		shops, _ := result["authorizedShops"].([]any)
		if len(shops) != len(c.want) || result["userId"] != number(w.account(1)) {
			t.Errorf("getUser = %s, want the shops %v", user.Text, c.want)
		}
	}
}
