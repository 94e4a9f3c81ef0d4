package taobao_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// press presses a button of the seller's page.
func (w *world) press(do, account string) reply {
	w.Helper()
	return w.ask("POST", w.Base+"/", formType, url.Values{"do": {do}, "app": {w.key()}, "account": {account}}.Encode())
}

func TestMarketplaceDealsWithOrdersAndSubAccounts(t *testing.T) {
	w := start(t)
	sub := text(at(w.Do("POST", "/taobao/shops", map[string]any{"sub_account_of": w.Shop(0)})["shops"].([]any)[0], "id"))
	pair := w.pair(w.Shop(0))
	for _, c := range []struct{ do, account, want string }{
		{"order", w.Shop(0), "Ordered."},
		{"allow", w.Shop(0), "Choose a sub-account."},
		{"forbid", sub, "Saved."},
		{"cancel", w.Shop(0), "The authorization has ended."},
		{"close", w.Shop(0), "The order is closed."},
		{"use", w.Shop(0), "redirect_uri is empty"},
		{"use", "nobody", "Choose an account and an app."},
	} {
		if page := w.press(c.do, c.account); !strings.Contains(page.Text, c.want) {
			t.Errorf("%s of %s = %d %s, want %q", c.do, c.account, page.Status, page.Text, c.want)
		}
	}
	if got := w.call("taobao.openuid.get", "session", text(pair["access_token"])).refused(); got != "27 invalid-sessionkey" {
		t.Errorf("call after the cancel = %s", got)
	}
	w.use(map[string]any{"profile": "back-office"})
	if page := w.press("order", w.Shop(0)); !strings.Contains(page.Text, "This app is not ordered.") {
		t.Errorf("order of a back-office app = %s", page.Text)
	}
	if page := w.ask("GET", w.Base+"/", "", ""); !strings.Contains(page.Text, w.nick(2)) || !strings.Contains(page.Text, "立即使用") {
		t.Errorf("page = %s", page.Text)
	}
}

func TestWhereRefusalsAreToldIsASwitch(t *testing.T) {
	w := start(t)
	w.Do("POST", "/taobao/shops", map[string]any{"id": w.Shop(0), "order": "close"})
	w.Set("authorize_errors", "page")
	if back, refusal := w.consent(w.link(), w.Shop(0), "approve"); len(back) > 0 || refusal != "Application "+w.key()+" need purchase" {
		t.Errorf("all on the page: callback %v, page %q", back, refusal)
	}
	w.Set("authorize_errors", "callback")
	w.Set("other_error", "access_denied")
	w.use(map[string]any{"most_sessions": 1})
	w.pair(w.Shop(1))
	back, _ := w.consent(w.link(), w.Shop(2), "approve")
	if back.Get("error") != "access_denied" || back.Get("error_description") != "session key num is larger than 1" {
		t.Errorf("all at the callback: %v", back)
	}
	if back, refusal := w.consent(w.link("redirect_uri", ""), w.Shop(1), "approve"); len(back) > 0 || refusal != "redirect_uri is empty" {
		t.Errorf("wrong link: callback %v, page %q", back, refusal)
	}
}

func TestALogInCanBeRemembered(t *testing.T) {
	w := start(t)
	w.Set("remember_login", true)
	page := w.ask("POST", w.link(), formType, url.Values{"step": {"login"}, "account": {w.Shop(0)}, "decision": {"approve"}}.Encode())
	if cookie := page.Header.Get("Set-Cookie"); !strings.Contains(cookie, "="+w.Shop(0)+";") || !strings.Contains(cookie, "HttpOnly") {
		t.Errorf("cookie = %q", cookie)
	}
	off := w.ask("GET", w.Base+"/logoff?view=web", "", "")
	if cookie := off.Header.Get("Set-Cookie"); off.Status != 200 || !strings.Contains(cookie, "Max-Age=0") {
		t.Errorf("log-off = %d, cookie %q", off.Status, cookie)
	}
	if cookie := w.ask("GET", w.Base+"/logoff?view=wap", "", "").Header.Get("Set-Cookie"); cookie != "" {
		t.Errorf("mobile log-off does nothing, yet cookie = %q", cookie)
	}
}

func TestShortGrantsInTesting(t *testing.T) {
	w := start(t)
	w.use(map[string]any{"stage": "testing"})
	session := text(w.pair(w.Shop(0))["access_token"])
	read := func() string {
		return w.call("taobao.trade.fullinfo.get", "session", session, "fields", "tid", "tid", "1").refused()
	}
	if got := read(); got != "53 isv.r2-security-authorize-invalid" {
		t.Errorf("sensitive read = %s", got)
	}
	w.Set("short_grant_error", "42")
	if got := read(); got != "42" {
		t.Errorf("sensitive read where the code is 42 = %s", got)
	}
	w.Advance(31 * time.Minute)
	if got := w.call("taobao.openuid.get", "session", session).refused(); got != "" {
		t.Errorf("ordinary read after half an hour = %s", got)
	}
	w.Set("enforce_r1_w1", true)
	if got := w.call("taobao.openuid.get", "session", session).refused(); got != "42" {
		t.Errorf("ordinary read where r1 is enforced = %s", got)
	}
	w.Set("testing_windows", "online")
	session = text(w.pair(w.Shop(0))["access_token"])
	if got := read(); got != "" {
		t.Errorf("sensitive read with the windows of an app online = %s", got)
	}
}

func TestMessagesOfASellerCanBeStopped(t *testing.T) {
	w := start(t)
	session := text(w.pair(w.Shop(0))["access_token"])
	w.call("taobao.tmc.user.permit", "session", session, "topics", "taobao_trade_TradeCreate")
	w.Do("POST", "/taobao/shops", map[string]any{"id": w.Shop(0), "order": "renew"})
	if found := w.messages(); len(found) != 0 {
		t.Errorf("messages of topics that were not permitted = %v", topics(found))
	}
	w.call("taobao.tmc.user.cancel", "nick", w.nick(0))
	if r := w.call("taobao.tmc.user.get", "fields", "is_valid", "nick", w.nick(0)); at(r.Body, "tmc_user_get_response", "tmc_user") != nil {
		t.Errorf("user after the cancel = %s", r.Text)
	}
	if got := w.call("taobao.tmc.messages.confirm").refused(); got != "40" {
		t.Errorf("confirm of nothing = %s, want 40", got)
	}
	if got := w.call("taobao.tmc.messages.consume", "quantity", "9").refused(); got != "41" {
		t.Errorf("quantity 9 = %s, want 41", got)
	}
}
