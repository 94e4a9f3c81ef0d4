package shopeesim_test

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
	got := w.do("POST", "/shopee/consent", order)
	if got["callback"] != "" {
		w.Errorf("consent of %v = %v, want no callback", order, got)
	}
	return text(got, "refusal")
}

func TestPagesInABrowser(t *testing.T) {
	w := start(t)
	r := w.ask("GET", w.link(), "", "")
	page := w.base + r.header.Get("Location")
	if r := w.ask("GET", page, "", ""); !strings.Contains(r.text, `name="account"`) || !strings.Contains(r.text, w.shop(0)) {
		t.Fatalf("log-in page = %s", r.text)
	}
	if r := w.ask("POST", page, formType, "account=7"); !strings.Contains(r.text, "password is incorrect") {
		t.Errorf("unknown account = %s", r.text)
	}
	if r := w.ask("POST", page, formType, "account="+w.shop(0)); !strings.Contains(r.text, `name="sms_code"`) {
		t.Errorf("SMS page = %s", r.text)
	}
	if r := w.ask("POST", page, formType, "sms_code=000000"); !strings.Contains(r.text, "Wrong code") {
		t.Errorf("wrong SMS code = %s", r.text)
	}
	if r := w.ask("POST", page, formType, "sms_code=123456"); !strings.Contains(r.text, `name="validity"`) {
		t.Errorf("consent page = %s", r.text)
	}
	for _, answer := range []string{"validity=custom&custom_days=366&shops=" + w.shop(0), "validity=custom&custom_days=x&shops=" + w.shop(0), "validity=7"} {
		if r := w.ask("POST", page, formType, "decision=approve&"+answer); r.status != 200 {
			t.Errorf("consent with %s = %d, want the page again", answer, r.status)
		}
	}
	w.advance(170 * time.Second)
	r = w.ask("POST", page, formType, "decision=approve&validity=custom&custom_days=45&shops="+w.shop(0))
	if at := r.header.Get("Location"); !strings.HasPrefix(at, callback+"&code=") {
		t.Errorf("consent = %d %q, want the callback", r.status, at)
	}
	if r := w.ask("POST", page, formType, "decision=approve"); !strings.Contains(r.text, "operation overtime") {
		t.Errorf("the page once more = %s", r.text)
	}
}

func TestPageLivesThreeMinutes(t *testing.T) {
	w := start(t)
	r := w.ask("GET", w.link(), "", "")
	w.advance(3 * time.Minute)
	for range 2 {
		if r := w.ask("GET", w.base+r.header.Get("Location"), "", ""); !strings.Contains(r.text, "operation overtime") {
			t.Errorf("page after 3 minutes = %s", r.text)
		}
	}
	w.agree(map[string]any{"shops": []string{w.shop(0)}})
}

func TestWhoCannotAuthorize(t *testing.T) {
	w := start(t)
	if got := w.refused(map[string]any{"account": w.owner("account")}); !strings.Contains(got, "sub-account") {
		t.Errorf("sub-account = %q", got)
	}
	if got := w.refused(map[string]any{"shops": []string{w.shop(0)}, "decision": "deny"}); got != "" {
		t.Errorf("a seller who refuses = %q", got)
	}
	w.do("POST", "/shopee/shops", map[string]string{"id": w.shop(0), "status": "BANNED"})
	if got := w.refused(map[string]any{"shops": []string{w.shop(0)}}); !strings.HasPrefix(got, "The shop account has been banned.") {
		t.Errorf("banned shop = %q", got)
	}
	w.do("POST", "/shopee/shops", map[string]string{"id": w.shop(1), "environment": "production"})
	w.do("POST", "/shopee/apps", map[string]string{"partner_id": w.text("partner_id"), "environment": "sandbox"})
	if got := w.refused(map[string]any{"shops": []string{w.shop(1)}}); got != "Verification Failed" {
		t.Errorf("live seller on a sandbox link = %q", got)
	}
}

func TestAppStatesAtTheLink(t *testing.T) {
	w := start(t)
	set := func(settings map[string]string) {
		settings["partner_id"] = w.text("partner_id")
		w.do("POST", "/shopee/apps", settings)
	}
	set(map[string]string{"status": "Developing"})
	if got := w.refused(map[string]any{"shops": []string{w.shop(0)}}); got != "Developing" {
		t.Errorf("developing app = %q", got)
	}
	set(map[string]string{"environment": "sandbox"})
	w.agree(map[string]any{"shops": []string{w.shop(0)}})
	for status, want := range map[string]string{
		"New authorizations restricted": "error_auth App developer’s permissions for authorizations have been restricted.",
		"Suspended":                     "error_auth App developer’s permissions for authorizations have been restricted.",
		"Deleted":                       "error_auth The App is deleted",
		"Frozen":                        "partner_frozen The partner is frozen.",
	} {
		set(map[string]string{"status": status})
		if r := w.ask("GET", w.link(), "", ""); !strings.HasPrefix(r.code(), want) {
			t.Errorf("link of an app that is %s = %s", status, r.text)
		}
	}
	if r := w.ask("POST", w.control+"/shopee/apps", "application/json", `{"status":"Sleeping"}`); r.status != 422 {
		t.Errorf("unknown status = %d %s", r.status, r.text)
	}
}

func TestCancelLinks(t *testing.T) {
	w := start(t)
	for _, c := range []struct{ option, link, want string }{
		{"bare", strings.Replace(w.link(), "/auth?", "/cancel_auth?", 1), callback + "&state=k3+%26"},
		{"bare", w.signed("/api/v2/shop/cancel_auth_partner", "", "", "", "redirect", callback), callback},
		{"shop_id", w.signed("/api/v2/shop/cancel_auth_partner", "", "", "", "redirect", callback), callback + "&shop_id=" + w.shop(0)},
		{"stays", w.signed("/api/v2/shop/cancel_auth_partner", "", "", "", "redirect", callback), ""},
	} {
		w.set("cancel_redirect", c.option)
		pair := w.pair(w.shop(0), "30")
		got := w.do("POST", "/shopee/consent", map[string]any{"url": c.link, "shops": []string{w.shop(0)}})
		if got["callback"] != c.want {
			t.Errorf("cancellation (%s) leads to %q, want %q", c.option, got["callback"], c.want)
		}
		if r := w.info(w.shop(0), text(pair, "access_token")); !strings.HasPrefix(r.code(), "shop_no_linked") {
			t.Errorf("call after the cancellation = %s", r.text)
		}
	}
	w.do("POST", "/shopee/apps", map[string]string{"partner_id": w.text("partner_id"), "ip_whitelist": "203.0.113.7"})
	if r := w.ask("GET", w.signed("/api/v2/shop/auth_partner", "", "", "", "redirect", callback), "", ""); r.status != 302 {
		t.Errorf("link from a seller's address = %d %s, want the whitelist not asked", r.status, r.text)
	}
	w.set("refusal", "redirects")
	got := w.do("POST", "/shopee/consent", map[string]any{"url": w.link(), "shops": []string{w.shop(0)}, "decision": "deny"})
	if at, err := url.Parse(text(got, "callback")); err != nil || at.Query().Has("code") || at.Query().Get("state") == "" {
		t.Errorf("refusal leads to %v, want the callback without a code", got)
	}
}
