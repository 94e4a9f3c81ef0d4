package shopee_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

const formType = "application/x-www-form-urlencoded"

// refused acts as a seller whom the platform does not let through, and returns its words.
func (w *world) refused(order map[string]any) string {
	w.Helper()
	if order["url"] == nil {
		order["url"] = w.link()
	}
	got := w.Do("POST", "/shopee/consent", order)
	if got["callback"] != "" {
		w.Errorf("consent of %v = %v, want no callback", order, got)
	}
	return text(got, "refusal")
}

func TestPagesInABrowser(t *testing.T) {
	w := start(t)
	r := w.ask("GET", w.link(), "", "")
	page := w.Base + r.Header.Get("Location")
	if r := w.ask("GET", page, "", ""); !strings.Contains(r.Text, `name="account"`) || !strings.Contains(r.Text, w.Shop(0)) {
		t.Fatalf("log-in page = %s", r.Text)
	}
	if r := w.ask("POST", page, formType, "account=7"); !strings.Contains(r.Text, "password is incorrect") {
		t.Errorf("unknown account = %s", r.Text)
	}
	if r := w.ask("POST", page, formType, "account="+w.Shop(0)); !strings.Contains(r.Text, `name="sms_code"`) {
		t.Errorf("SMS page = %s", r.Text)
	}
	if r := w.ask("POST", page, formType, "sms_code=000000"); !strings.Contains(r.Text, "Wrong code") {
		t.Errorf("wrong SMS code = %s", r.Text)
	}
	if r := w.ask("POST", page, formType, "sms_code=123456"); !strings.Contains(r.Text, `name="validity"`) {
		t.Errorf("consent page = %s", r.Text)
	}
	for _, answer := range []string{"validity=custom&custom_days=366&shops=" + w.Shop(0), "validity=custom&custom_days=x&shops=" + w.Shop(0), "validity=7"} {
		if r := w.ask("POST", page, formType, "decision=approve&"+answer); r.Status != 200 {
			t.Errorf("consent with %s = %d, want the page again", answer, r.Status)
		}
	}
	w.Advance(170 * time.Second)
	r = w.ask("POST", page, formType, "decision=approve&validity=custom&custom_days=45&shops="+w.Shop(0))
	if at := r.Header.Get("Location"); !strings.HasPrefix(at, callback+"&code=") {
		t.Errorf("consent = %d %q, want the callback", r.Status, at)
	}
	if r := w.ask("POST", page, formType, "decision=approve"); !strings.Contains(r.Text, "operation overtime") {
		t.Errorf("the page once more = %s", r.Text)
	}
}

func TestPageLivesThreeMinutes(t *testing.T) {
	w := start(t)
	r := w.ask("GET", w.link(), "", "")
	w.Advance(3 * time.Minute)
	for range 2 {
		if r := w.ask("GET", w.Base+r.Header.Get("Location"), "", ""); !strings.Contains(r.Text, "operation overtime") {
			t.Errorf("page after 3 minutes = %s", r.Text)
		}
	}
	w.agree(map[string]any{"shops": []string{w.Shop(0)}})
}

func TestWhoCannotAuthorize(t *testing.T) {
	w := start(t)
	if got := w.refused(map[string]any{"account": w.owner("account")}); !strings.Contains(got, "sub-account") {
		t.Errorf("sub-account = %q", got)
	}
	if got := w.refused(map[string]any{"shops": []string{w.Shop(0)}, "decision": "deny"}); got != "" {
		t.Errorf("a seller who refuses = %q", got)
	}
	w.Do("POST", "/shopee/shops", map[string]string{"id": w.Shop(0), "status": "BANNED"})
	if got := w.refused(map[string]any{"shops": []string{w.Shop(0)}}); !strings.HasPrefix(got, "The shop account has been banned.") {
		t.Errorf("banned shop = %q", got)
	}
	w.Do("POST", "/shopee/shops", map[string]string{"id": w.Shop(1), "environment": "production"})
	w.Do("POST", "/shopee/apps", map[string]string{"partner_id": w.Setting("partner_id"), "environment": "sandbox"})
	if got := w.refused(map[string]any{"shops": []string{w.Shop(1)}}); got != "Verification Failed" {
		t.Errorf("live seller on a sandbox link = %q", got)
	}
}

func TestAppStatesAtTheLink(t *testing.T) {
	w := start(t)
	set := func(settings map[string]string) {
		settings["partner_id"] = w.Setting("partner_id")
		w.Do("POST", "/shopee/apps", settings)
	}
	set(map[string]string{"status": "Developing"})
	if got := w.refused(map[string]any{"shops": []string{w.Shop(0)}}); got != "Developing" {
		t.Errorf("developing app = %q", got)
	}
	set(map[string]string{"environment": "sandbox"})
	w.agree(map[string]any{"shops": []string{w.Shop(0)}})
	for status, want := range map[string]string{
		"New authorizations restricted": "error_auth App developer’s permissions for authorizations have been restricted.",
		"Suspended":                     "error_auth App developer’s permissions for authorizations have been restricted.",
		"Deleted":                       "error_auth The App is deleted",
		"Frozen":                        "partner_frozen The partner is frozen.",
	} {
		set(map[string]string{"status": status})
		if r := w.ask("GET", w.link(), "", ""); !strings.HasPrefix(r.code(), want) {
			t.Errorf("link of an app that is %s = %s", status, r.Text)
		}
	}
	if r := w.ask("POST", w.Control+"/shopee/apps", "application/json", `{"status":"Sleeping"}`); r.Status != 422 {
		t.Errorf("unknown status = %d %s", r.Status, r.Text)
	}
}

func TestCancelLinks(t *testing.T) {
	w := start(t)
	for _, c := range []struct{ option, link, want string }{
		{"bare", strings.Replace(w.link(), "/auth?", "/cancel_auth?", 1), callback + "&state=k3+%26"},
		{"bare", w.signed("/api/v2/shop/cancel_auth_partner", "", "", "", "redirect", callback), callback},
		{"shop_id", w.signed("/api/v2/shop/cancel_auth_partner", "", "", "", "redirect", callback), callback + "&shop_id=" + w.Shop(0)},
		{"stays", w.signed("/api/v2/shop/cancel_auth_partner", "", "", "", "redirect", callback), ""},
	} {
		w.Set("cancel_redirect", c.option)
		pair := w.pair(w.Shop(0), "30")
		got := w.Do("POST", "/shopee/consent", map[string]any{"url": c.link, "shops": []string{w.Shop(0)}})
		if got["callback"] != c.want {
			t.Errorf("cancellation (%s) leads to %q, want %q", c.option, got["callback"], c.want)
		}
		if r := w.info(w.Shop(0), text(pair, "access_token")); !strings.HasPrefix(r.code(), "shop_no_linked") {
			t.Errorf("call after the cancellation = %s", r.Text)
		}
	}
	w.Do("POST", "/shopee/apps", map[string]string{"partner_id": w.Setting("partner_id"), "ip_whitelist": "203.0.113.7"})
	if r := w.ask("GET", w.signed("/api/v2/shop/auth_partner", "", "", "", "redirect", callback), "", ""); r.Status != 302 {
		t.Errorf("link from a seller's address = %d %s, want the whitelist not asked", r.Status, r.Text)
	}
	w.Set("refusal", "redirects")
	got := w.Do("POST", "/shopee/consent", map[string]any{"url": w.link(), "shops": []string{w.Shop(0)}, "decision": "deny"})
	if at, err := url.Parse(text(got, "callback")); err != nil || at.Query().Has("code") || at.Query().Get("state") == "" {
		t.Errorf("refusal leads to %v, want the callback without a code", got)
	}
}
