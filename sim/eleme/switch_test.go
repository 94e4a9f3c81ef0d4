package eleme_test

import (
	"testing"
	"time"
)

func TestLivesAreSwitches(t *testing.T) {
	w := start(t)
	for name, life := range map[string]string{
		"code_life": "20m", "access_life": "1h", "refresh_life": "2h", "refresh_grace": "5m", "personal_overlap": "0",
	} {
		w.Set(name, life)
	}
	code := w.consent(0, "approve").Get("code")
	w.Advance(15 * time.Minute)
	first := w.exchange(code)
	if first.Body["expires_in"] != number("3600") {
		t.Fatalf("an exchange within code_life = %s, want a token of access_life", first.Text)
	}
	w.Advance(2 * time.Second)
	second := w.refresh(first.Field("refresh_token"))
	w.Advance(6 * time.Minute)
	if r := w.refresh(first.Field("refresh_token")); r.failure() != spent {
		t.Errorf("a used refresh token after refresh_grace = %s", r.Text)
	}
	w.Advance(2 * time.Hour)
	if r := w.refresh(second.Field("refresh_token")); r.failure() != "access_denied The requested refresh token is expired." {
		t.Errorf("a refresh after refresh_life = %s", r.Text)
	}
	w.App = w.Apps[1]
	old := w.form("/token", "grant_type", "client_credentials").Field("access_token")
	w.Advance(2 * time.Second)
	w.form("/token", "grant_type", "client_credentials")
	if r := w.call("eleme.user.getUser", old, nil); r.failure() == "" {
		t.Error("a personal app's old token works although personal_overlap is 0")
	}
}

func TestRefreshTokensMayHaveNoEnd(t *testing.T) {
	w := start(t)
	w.Set("refresh_life", "0")
	_, refresh := w.pair(0)
	w.Advance(400 * 24 * time.Hour)
	if r := w.refresh(refresh); r.Field("refresh_token") == "" {
		t.Errorf("refresh after more than a year = %s, want a pair", r.Text)
	}
}

func TestSandboxIsASwitch(t *testing.T) {
	w := start(t)
	w.App = w.Do("POST", "/eleme/apps", map[string]any{"environment": "sandbox", "redirect_uri": callback})
	w.Set("sandbox_access_life", "2h")
	r := w.exchange(w.consent(0, "approve").Get("code"))
	if r.Body["expires_in"] != number("7200") {
		t.Fatalf("a token of the sandbox = %s, want one of two hours", r.Text)
	}
	for says, want := range map[string]string{"true": "1", "valid": "1", "invalid": "0"} {
		w.Set("sandbox_token_status", says)
		got := w.call("eleme.user.getTokenStatus", "", map[string]string{"token": quoted(r.Field("access_token"))})
		if result, _ := got.Body["result"].(map[string]any); result["status"] != number(want) {
			t.Errorf("sandbox_token_status %s: %s, want status %s", says, got.Text, want)
		}
	}
}

func TestTriesOfAPushAreSwitches(t *testing.T) {
	w := start(t)
	h := w.newHub()
	w.pair(0)
	w.Set("push_tries", 2)
	w.Set("push_wait", "30m")
	for range 3 {
		h.answer <- `{"message":"no"}`
	}
	w.order(0)
	h.next(w)
	w.Advance(29 * time.Minute)
	if len(h.came) > 0 {
		t.Errorf("a second try before push_wait: %v", <-h.came)
	}
	w.Advance(time.Minute)
	h.next(w)
	w.Advance(2 * time.Hour)
	if len(h.came) > 0 {
		t.Errorf("a third try where push_tries is two: %v", <-h.came)
	}
}
