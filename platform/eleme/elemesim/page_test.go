package elemesim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestWrongLinks asks for each error of a link, which nobody is redirected for.
func TestWrongLinks(t *testing.T) {
	w := start(t)
	w.do("POST", "/eleme/apps", map[string]any{"app_key": w.setting("app_key"), "redirect_uri": callback})
	for _, c := range []struct{ name, value, want string }{
		{"client_id", "", "invalid_request The requested client_id is required"},
		{"client_id", "nobody", "invalid_client Invalid client_id"},
		{"client_id", w.apps[1]["app_key"].(string), "invalid_client Invalid client_id"},
		{"redirect_uri", "", "invalid_request The requested redirect_uri is required"},
		{"redirect_uri", callback + "?a=1", "invalid_request The requested redirect_uri does not match the background callback url."},
		{"response_type", "", "invalid_request The requested response_type is required"},
		{"response_type", "token", "unsupported_response_type The requested response_type must be set to 'code'"},
		{"scope", "", "invalid_request The requested scope is required"},
		{"scope", "some", "invalid_scope The requested scope is invalid, value must be set to 'all'"},
		{"state", "", "invalid_request The requested state is required"},
	} {
		r := w.ask("GET", w.link(c.name, c.value), "")
		if r.status != http.StatusBadRequest || r.failure() != c.want {
			t.Errorf("%s=%s: %d %s, want 400 %s", c.name, c.value, r.status, r.text, c.want)
		}
	}
	w.option("callback_match", "ignore_query")
	if r := w.ask("GET", w.link("redirect_uri", callback+"?a=1"), ""); r.status != http.StatusOK {
		t.Errorf("callback with a query = %d %s, want the page", r.status, r.text)
	}
	w.option("authorize_errors", "callback")
	r := w.ask("GET", w.link("scope", "some"), "")
	if at, err := url.Parse(r.header.Get("Location")); err != nil || at.Query().Get("error") != "invalid_scope" || at.Query().Get("state") != "9f2c" {
		t.Errorf("wrong scope = %d %v, want it at the callback", r.status, r.header)
	}
	if r := w.ask("GET", w.link("client_id", "nobody"), ""); r.status != http.StatusBadRequest {
		t.Errorf("unknown client = %d, want 400 whatever the switch", r.status)
	}
}

func TestAppWithoutCallback(t *testing.T) {
	w := start(t)
	w.option("callback_required", true)
	if r := w.ask("GET", w.link(), ""); r.failure() != "invalid_request The requested redirect_uri is required" {
		t.Errorf("app without a callback = %d %s", r.status, r.text)
	}
	w.option("https_only", true)
	r := w.ask("POST", w.control+"/eleme/apps", `{"redirect_uri":"http://hub.example.test/callback"}`, "Content-Type", "application/json")
	if r.status != http.StatusUnprocessableEntity {
		t.Errorf("callback without https = %d %s, want 422", r.status, r.text)
	}
}

func TestUnlaunchedApp(t *testing.T) {
	w := start(t)
	w.do("POST", "/eleme/apps", map[string]any{"app_key": w.setting("app_key"), "stage": "testing"})
	want := "access_denied Production resources can only be has access to online application"
	if r := w.ask("GET", w.link(), ""); r.failure() != want {
		t.Errorf("link = %s, want %s", r.text, want)
	}
	if r := w.exchange("c0de"); r.failure() != want {
		t.Errorf("exchange = %s, want %s", r.text, want)
	}
	if r := w.call("eleme.user.getUser", "", nil); !strings.HasPrefix(r.failure(), "ACCESS_DENIED") {
		t.Errorf("call = %s, want ACCESS_DENIED", r.text)
	}
}

func TestSandboxTakesTestAccountsOnly(t *testing.T) {
	w := start(t)
	w.app = w.apps[2]
	got := w.do("POST", "/eleme/consent", map[string]any{"url": w.link(), "shops": []string{w.shop(6)}, "decision": "approve"})
	if said, _ := got["refusal"].(string); got["callback"] != "" || !strings.Contains(said, "Please use the specified sandbox account for testing") {
		t.Errorf("consent of another account = %v, want a refusal", got)
	}
	r := w.exchange(w.consent(0, "approve").Get("code"))
	if r.body == nil || r.body["expires_in"] != number("86400") {
		t.Errorf("sandbox token = %s, want a day", r.text)
	}
	production := w.apps[0]["app_key"].(string)
	w.app = map[string]any{"app_key": production, "app_secret": w.apps[2]["app_secret"]}
	if r := w.exchange("c0de"); r.failure() != "unauthorized_client Unauthorized client" {
		t.Errorf("production key with a sandbox secret = %s", r.text)
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
	if !strings.Contains(page.text, "取消授权") {
		t.Errorf("the page offers no cancellation: %s", page.text)
	}
	w.option("cancel_error", "unauthorized_client")
	if got := w.consent(0, "deny"); got.Get("error") != "unauthorized_client" {
		t.Errorf("cancellation = %v, want unauthorized_client", got)
	}
	if r := w.call("eleme.user.getUser", access, nil); r.failure() != "UNAUTHORIZED token认证失败,请重新申请token" {
		t.Errorf("call after the cancellation = %s", r.text)
	}
	if r := w.refresh(refresh); r.failure() != "access_denied Authorization is cancelled" {
		t.Errorf("refresh after the cancellation = %s", r.text)
	}
	w.advance("2s")
	w.option("revoked_refresh", "unauthorized")
	if r := w.refresh(refresh); r.failure() != "unauthorized_client Unauthorized refresh_token" {
		t.Errorf("refresh after the cancellation = %s", r.text)
	}
}

func TestChainAccountChoosesShops(t *testing.T) {
	w := start(t)
	owned := []string{w.shop(1), w.shop(2), w.shop(3)}
	for _, c := range []struct{ agree, want []string }{{nil, owned}, {owned[1:2], owned[1:2]}} {
		got := w.do("POST", "/eleme/consent", map[string]any{"url": w.link(), "account": w.account(1), "shops": c.agree, "decision": "approve"})
		at, err := url.Parse(got["callback"].(string))
		if err != nil {
			t.Fatal(err)
		}
		r := w.exchange(at.Query().Get("code"))
		w.advance("2s")
		user := w.call("eleme.user.getUser", r.field("access_token"), nil)
		result, _ := user.body["result"].(map[string]any)
		shops, _ := result["authorizedShops"].([]any)
		if len(shops) != len(c.want) || result["userId"] != number(w.account(1)) {
			t.Errorf("getUser = %s, want the shops %v", user.text, c.want)
		}
	}
}
