package eleme_test

import (
	"testing"
	"time"
)

const spent = "Unauthorized client 无效的refreshtoken"

func TestRotation(t *testing.T) {
	w := start(t)
	access, refresh := w.pair(0)
	second := w.refresh(refresh)
	if second.Field("access_token") == access || second.Field("refresh_token") == refresh || second.Field("refresh_token") == "" {
		t.Fatalf("refresh = %s, want two new tokens", second.Text)
	}
	w.Advance(9 * time.Minute)
	if r := w.call("eleme.user.getUser", access, nil); r.failure() != "" {
		t.Errorf("old access token after 9 minutes = %s", r.Text)
	}
	w.Advance(2 * time.Minute)
	if r := w.call("eleme.user.getUser", access, nil); r.failure() != "UNAUTHORIZED token认证失败,请重新申请token" {
		t.Errorf("old access token after 11 minutes = %s", r.Text)
	}
	if r := w.refresh(refresh); r.Field("refresh_token") == "" {
		t.Errorf("old refresh token after 11 minutes = %s, want a pair", r.Text)
	}
	w.Advance(20 * time.Minute)
	if r := w.refresh(refresh); r.failure() != spent {
		t.Errorf("old refresh token after 31 minutes = %s", r.Text)
	}
}

func TestOldAccessTokenMayDieAtOnce(t *testing.T) {
	w := start(t)
	w.Set("enterprise_overlap", "0")
	access, refresh := w.pair(0)
	w.refresh(refresh)
	if r := w.call("eleme.user.getUser", access, nil); r.failure() != "UNAUTHORIZED token认证失败,请重新申请token" {
		t.Errorf("old access token = %s", r.Text)
	}
}

func TestTokensEnd(t *testing.T) {
	w := start(t)
	access, refresh := w.pair(0)
	w.Advance(30 * 24 * time.Hour)
	if r := w.call("eleme.user.getUser", access, nil); r.failure() != "UNAUTHORIZED token认证失败,请重新申请token" {
		t.Errorf("access token after 30 days = %s", r.Text)
	}
	r := w.refresh(refresh)
	if r.Field("refresh_token") == "" {
		t.Fatalf("refresh after 30 days = %s, want a pair", r.Text)
	}
	w.Advance(35 * 24 * time.Hour)
	if r := w.refresh(r.Field("refresh_token")); r.failure() != "access_denied The requested refresh token is expired." {
		t.Errorf("refresh after 35 days = %s", r.Text)
	}
}

func TestInvalidShop(t *testing.T) {
	w := start(t)
	_, refresh := w.pair(0)
	for _, state := range []string{"invalid", "normal"} { // dead also after the shop has recovered
		w.Do("POST", "/eleme/shops", map[string]any{"id": w.Shop(0), "state": state})
		for says, want := range map[string]string{
			"text": "Unauthorized client 当前店铺已失效,不允许刷新token", "expired": "access_denied The requested refresh token is expired.",
		} {
			w.Set("invalid_shop", says)
			if r := w.refresh(refresh); r.failure() != want {
				t.Errorf("refresh, shop %s = %s, want %s", state, r.Text, want)
			}
			w.Advance(2 * time.Second)
		}
	}
	if _, refresh = w.pair(0); w.refresh(refresh).Field("refresh_token") == "" {
		t.Error("a new authorization does not help")
	}
}

func TestServiceNotOrdered(t *testing.T) {
	w := start(t)
	want := "invalid_request The requested merchant has not yet been ordered service"
	if r := w.exchange(w.consent(5, "approve").Get("code")); r.failure() != want {
		t.Errorf("exchange = %s, want %s", r.Text, want)
	}
	_, refresh := w.pair(0)
	w.Do("POST", "/eleme/shops", map[string]any{"id": w.Shop(0), "state": "not_ordered"})
	if r := w.refresh(refresh); r.failure() != want {
		t.Errorf("refresh = %s, want %s", r.Text, want)
	}
	w.Advance(2 * time.Second)
	w.Do("POST", "/eleme/shops", map[string]any{"id": w.Shop(0), "state": "normal"})
	if r := w.refresh(refresh); r.Field("refresh_token") == "" {
		t.Errorf("refresh after the order = %s, want a pair", r.Text)
	}
}

func TestPersonalApp(t *testing.T) {
	w := start(t)
	w.App = w.Apps[1]
	first := w.form("/token", "grant_type", "client_credentials", "scope", "all")
	if first.Field("access_token") == "" || first.Body["refresh_token"] != nil || first.Body["expires_in"] != number("2592000") {
		t.Fatalf("client_credentials = %s, want a token without a refresh token", first.Text)
	}
	w.Advance(2 * time.Second)
	second := w.form("/token", "grant_type", "client_credentials")
	w.Advance(9 * time.Minute)
	for n, r := range []reply{first, second} {
		if got := w.call("eleme.user.getUser", r.Field("access_token"), nil); got.failure() != "" {
			t.Errorf("token %d after 9 minutes = %s", n+1, got.Text)
		}
	}
	w.Advance(time.Minute)
	if got := w.call("eleme.user.getUser", first.Field("access_token"), nil); got.failure() == "" {
		t.Error("the replaced token works after 10 minutes")
	}
	if r := w.refresh("x"); r.failure() != "unsupported_grant_type The requested grant_type does not match the client authorization type" {
		t.Errorf("refresh by a personal app = %s", r.Text)
	}
}

func TestSandboxChain(t *testing.T) {
	w := start(t)
	w.App = w.Do("POST", "/eleme/apps", map[string]any{"profile": "personal", "environment": "sandbox"})
	kind := []string{"Authorization", w.basic(w.Setting("app_secret")), "Content-Type", "application/x-www-form-urlencoded"}
	for _, r := range []reply{
		w.form("/token", "grant_type", "client_credentials", "sand_box_chain_id", w.account(1)),
		w.ask("POST", w.Base+"/token", "grant_type=client_credentials", append(kind, "sand_box_chain_id", w.account(4))...),
	} {
		if r.Body["expires_in"] != number("86400") {
			t.Errorf("token of a sandbox chain = %s", r.Text)
		}
	}
	got := map[any]bool{}
	for _, g := range w.Do("GET", "/eleme/grants", nil)["grants"].([]any) {
		got[g.(map[string]any)["subject"].(map[string]any)["id"]] = true
	}
	if !got[w.account(1)] || !got[w.account(4)] {
		t.Errorf("holders = %v, want both chain accounts", got)
	}
}
