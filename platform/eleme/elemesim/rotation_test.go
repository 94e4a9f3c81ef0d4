package elemesim_test

import "testing"

const spent = "Unauthorized client 无效的refreshtoken"

func TestRotation(t *testing.T) {
	w := start(t)
	access, refresh := w.pair(0)
	second := w.refresh(refresh)
	if second.field("access_token") == access || second.field("refresh_token") == refresh || second.field("refresh_token") == "" {
		t.Fatalf("refresh = %s, want two new tokens", second.text)
	}
	w.advance("9m")
	if r := w.call("eleme.user.getUser", access, nil); r.failure() != "" {
		t.Errorf("old access token after 9 minutes = %s", r.text)
	}
	w.advance("2m")
	if r := w.call("eleme.user.getUser", access, nil); r.failure() != "UNAUTHORIZED token认证失败,请重新申请token" {
		t.Errorf("old access token after 11 minutes = %s", r.text)
	}
	if r := w.refresh(refresh); r.field("refresh_token") == "" {
		t.Errorf("old refresh token after 11 minutes = %s, want a pair", r.text)
	}
	w.advance("20m")
	if r := w.refresh(refresh); r.failure() != spent {
		t.Errorf("old refresh token after 31 minutes = %s", r.text)
	}
}

func TestOldAccessTokenMayDieAtOnce(t *testing.T) {
	w := start(t)
	w.option("enterprise_overlap", "0")
	access, refresh := w.pair(0)
	w.refresh(refresh)
	if r := w.call("eleme.user.getUser", access, nil); r.failure() != "UNAUTHORIZED token认证失败,请重新申请token" {
		t.Errorf("old access token = %s", r.text)
	}
}

func TestTokensEnd(t *testing.T) {
	w := start(t)
	access, refresh := w.pair(0)
	w.advance("30d")
	if r := w.call("eleme.user.getUser", access, nil); r.failure() != "UNAUTHORIZED token认证失败,请重新申请token" {
		t.Errorf("access token after 30 days = %s", r.text)
	}
	r := w.refresh(refresh)
	if r.field("refresh_token") == "" {
		t.Fatalf("refresh after 30 days = %s, want a pair", r.text)
	}
	w.advance("35d")
	if r := w.refresh(r.field("refresh_token")); r.failure() != "access_denied The requested refresh token is expired." {
		t.Errorf("refresh after 35 days = %s", r.text)
	}
}

func TestInvalidShop(t *testing.T) {
	w := start(t)
	_, refresh := w.pair(0)
	for _, state := range []string{"invalid", "normal"} { // dead also after the shop has recovered
		w.do("POST", "/eleme/shops", map[string]any{"id": w.shop(0), "state": state})
		for says, want := range map[string]string{
			"text": "Unauthorized client 当前店铺已失效,不允许刷新token", "expired": "access_denied The requested refresh token is expired.",
		} {
			w.option("invalid_shop", says)
			if r := w.refresh(refresh); r.failure() != want {
				t.Errorf("refresh, shop %s = %s, want %s", state, r.text, want)
			}
			w.advance("2s")
		}
	}
	if _, refresh = w.pair(0); w.refresh(refresh).field("refresh_token") == "" {
		t.Error("a new authorization does not help")
	}
}

func TestServiceNotOrdered(t *testing.T) {
	w := start(t)
	want := "invalid_request The requested merchant has not yet been ordered service"
	if r := w.exchange(w.consent(5, "approve").Get("code")); r.failure() != want {
		t.Errorf("exchange = %s, want %s", r.text, want)
	}
	_, refresh := w.pair(0)
	w.do("POST", "/eleme/shops", map[string]any{"id": w.shop(0), "state": "not_ordered"})
	if r := w.refresh(refresh); r.failure() != want {
		t.Errorf("refresh = %s, want %s", r.text, want)
	}
	w.advance("2s")
	w.do("POST", "/eleme/shops", map[string]any{"id": w.shop(0), "state": "normal"})
	if r := w.refresh(refresh); r.field("refresh_token") == "" {
		t.Errorf("refresh after the order = %s, want a pair", r.text)
	}
}

func TestPersonalApp(t *testing.T) {
	w := start(t)
	w.app = w.apps[1]
	first := w.form("/token", "grant_type", "client_credentials", "scope", "all")
	if first.field("access_token") == "" || first.body["refresh_token"] != nil || first.body["expires_in"] != number("2592000") {
		t.Fatalf("client_credentials = %s, want a token without a refresh token", first.text)
	}
	w.advance("2s")
	second := w.form("/token", "grant_type", "client_credentials")
	w.advance("9m")
	for n, r := range []reply{first, second} {
		if got := w.call("eleme.user.getUser", r.field("access_token"), nil); got.failure() != "" {
			t.Errorf("token %d after 9 minutes = %s", n+1, got.text)
		}
	}
	w.advance("1m")
	if got := w.call("eleme.user.getUser", first.field("access_token"), nil); got.failure() == "" {
		t.Error("the replaced token works after 10 minutes")
	}
	if r := w.refresh("x"); r.failure() != "unsupported_grant_type The requested grant_type does not match the client authorization type" {
		t.Errorf("refresh by a personal app = %s", r.text)
	}
}

func TestSandboxChain(t *testing.T) {
	w := start(t)
	w.app = w.do("POST", "/eleme/apps", map[string]any{"profile": "personal", "environment": "sandbox"})
	kind := []string{"Authorization", w.basic(w.setting("app_secret")), "Content-Type", "application/x-www-form-urlencoded"}
	for _, r := range []reply{
		w.form("/token", "grant_type", "client_credentials", "sand_box_chain_id", w.account(1)),
		w.ask("POST", w.base+"/token", "grant_type=client_credentials", append(kind, "sand_box_chain_id", w.account(4))...),
	} {
		if r.body["expires_in"] != number("86400") {
			t.Errorf("token of a sandbox chain = %s", r.text)
		}
	}
	got := map[any]bool{}
	for _, g := range w.do("GET", "/eleme/grants", nil)["grants"].([]any) {
		got[g.(map[string]any)["subject"].(map[string]any)["id"]] = true
	}
	if !got[w.account(1)] || !got[w.account(4)] {
		t.Errorf("holders = %v, want both chain accounts", got)
	}
}
