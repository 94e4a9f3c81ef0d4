package taobao_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestCallbackBringsCodeAndState(t *testing.T) {
	w := start(t)
	for _, view := range []string{"web", "tmall", "wap"} {
		back, _ := w.consent(w.link("view", view), w.Shop(0), "approve")
		if !regexp.MustCompile(`^[A-Za-z0-9]{24}[0-9]{5,8}$`).MatchString(back.Get("code")) || back.Get("state") != "a1B2c3D4" {
			t.Errorf("%s: callback = %v", view, back)
		}
	}
}

func TestCancelComesBackAsDocumented(t *testing.T) {
	w := start(t)
	got := w.Do("POST", "/taobao/consent", map[string]any{"url": w.link(), "account": w.Shop(0), "decision": "deny"})
	if want := callback + "?error=access_denied&error_description=authorize%20reject&state=a1B2c3D4"; got["callback"] != want {
		t.Errorf("callback = %v, want %s", got["callback"], want)
	}
	w.Set("error_state", false)
	if back, _ := w.consent(w.link(), w.Shop(0), "deny"); back.Has("state") {
		t.Errorf("callback = %v, want no state", back)
	}
}

func TestWrongLinksStayOnThePage(t *testing.T) {
	w := start(t)
	w.use(map[string]any{"redirect_uri": callback})
	for link, want := range map[string]string{
		w.link("client_id", ""):                            "client_id is empty",
		w.link("client_id", "1"):                           "Can not find the client_id:1",
		w.link("response_type", ""):                        "response_type is empty",
		w.link("response_type", "token"):                   "unsupported response type, the response type must code or token",
		w.link("redirect_uri", ""):                         "redirect_uri is empty",
		w.link("redirect_uri", "https://evil.example/cb"):  "application callback can not match the redirect_uri",
		w.link("redirect_uri", "ftp://hub.example.com/cb"): "only support http or https",
		w.link("state", "a'b"):                             `xss chars included in params, such as <, >, ', "`,
	} {
		if back, refusal := w.consent(link, w.Shop(0), "approve"); len(back) > 0 || refusal != want {
			t.Errorf("%s: callback %v, page %q, want %q", link, back, refusal, want)
		}
	}
}

func TestRedirectRules(t *testing.T) {
	w := start(t)
	for _, c := range []struct {
		registered, asked string
		domain, exact     bool
	}{
		{"https://hub.example.com/cb", "https://hub.example.com/cb", true, true},
		{"https://hub.example.com/cb", "http://other.example.com:8080/x", true, false},
		{"https://hub.example.com.cn/cb", "https://example.com.cn/cb", true, false},
		{"https://hub.example.com.cn/cb", "https://evil.com.cn/cb", false, false},
		{"http://127.0.0.1:8080/cb", "http://127.0.0.1:9090/cb", true, false},
		{"http://127.0.0.1:8080/cb", "http://10.0.0.1:8080/cb", false, false},
	} {
		w.use(map[string]any{"redirect_uri": c.registered})
		for rule, want := range map[string]bool{"domain": c.domain, "exact": c.exact} {
			w.Set("redirect_rule", rule)
			back, _ := w.consent(w.link("redirect_uri", c.asked), w.Shop(0), "approve")
			if back.Has("code") != want {
				t.Errorf("%s: registered %s, asked %s: accepted = %v, want %v", rule, c.registered, c.asked, !want, want)
			}
		}
	}
}

func TestStatusAndBoundAccounts(t *testing.T) {
	w := start(t)
	for _, c := range []struct {
		settings map[string]any
		want     string
	}{
		{map[string]any{"stage": "draft"}, "Application need publish"},
		{map[string]any{"stage": "testing", "bound_accounts": w.Shop(1)}, "1001: 此应用不允许当前用户访问"},
		{map[string]any{"bound_accounts": "", "blacklisted": true}, "application in black list,access forbidden."},
		{map[string]any{"blacklisted": false, "no_session": true}, "The application don't need session"},
	} {
		w.use(c.settings)
		if _, refusal := w.consent(w.link(), w.Shop(0), "approve"); refusal != c.want {
			t.Errorf("%v: page = %q, want %q", c.settings, refusal, c.want)
		}
	}
	w.use(map[string]any{"no_session": false, "bound_accounts": []string{w.Shop(1)}})
	w.Set("bound_error", "bind")
	if _, refusal := w.consent(w.link(), w.Shop(0), "approve"); refusal != "The Application already Bind with user ids:"+w.Shop(1) {
		t.Errorf("page = %q", refusal)
	}
	if back, refusal := w.consent(w.link(), w.Shop(1), "approve"); !back.Has("code") {
		t.Errorf("bound account: page %q, want a code", refusal)
	}
}

func TestLiveTokensAreCapped(t *testing.T) {
	w := start(t)
	w.use(map[string]any{"most_sessions": 1})
	w.pair(w.Shop(0))
	w.pair(w.Shop(0))
	if _, refusal := w.consent(w.link(), w.Shop(1), "approve"); refusal != "session key num is larger than 1" {
		t.Errorf("page = %q", refusal)
	}
}

// TestPagesWorkAsPlainForms walks the pages as a browser without JavaScript does, twice: the second time without a
// question, since the grant lives.
func TestPagesWorkAsPlainForms(t *testing.T) {
	w := start(t)
	for round := range 2 {
		page := w.ask("GET", w.link(), "", "")
		if page.Status != 200 || !strings.Contains(page.Text, `name="account" value="`+w.Shop(1)+`"`) {
			t.Fatalf("log-in page = %d %s", page.Status, page.Text)
		}
		page = w.ask("POST", w.link(), formType, url.Values{"step": {"login"}, "account": {w.Shop(1)}, "decision": {"approve"}}.Encode())
		if round == 0 {
			if !strings.Contains(page.Text, `name="step" value="agree"`) {
				t.Fatalf("authorize page = %d %s", page.Status, page.Text)
			}
			page = w.ask("POST", w.link(), formType, url.Values{"step": {"agree"}, "account": {w.Shop(1)}, "decision": {"approve"}}.Encode())
		}
		if to := page.Header.Get("Location"); page.Status != http.StatusFound || !strings.HasPrefix(to, callback+"?code=") {
			t.Errorf("round %d = %d to %q, want the callback", round+1, page.Status, to)
		}
	}
}

func TestMarketplaceEntryHasNoState(t *testing.T) {
	w := start(t)
	w.use(map[string]any{"redirect_uri": callback})
	press := func(do string) reply {
		return w.ask("POST", w.Base+"/", formType, url.Values{"do": {do}, "app": {w.key()}, "account": {w.Shop(0)}}.Encode())
	}
	if page := press("use"); !strings.Contains(page.Text, `name="step" value="agree"`) {
		t.Fatalf("first entry = %d %s, want the authorize page", page.Status, page.Text)
	}
	w.pair(w.Shop(0))
	entry := press("use")
	back, err := url.Parse(entry.Header.Get("Location"))
	if err != nil || back.Query().Get("code") == "" || back.Query().Has("state") || !strings.HasPrefix(back.String(), callback) {
		t.Fatalf("entry = %d to %v, want the callback with a code and no state", entry.Status, back)
	}
	if r := w.exchange(back.Query().Get("code")); r.Status != 200 || text(r.Body["taobao_user_id"]) != w.Shop(0) {
		t.Errorf("exchange = %d %s", r.Status, r.Text)
	}
	press("close")
	if back, _ := w.consent(w.link(), w.Shop(0), "approve"); back.Get("error") != "invalid_client" || back.Get("error_description") != "Application "+w.key()+" need purchase" {
		t.Errorf("callback = %v, want need purchase", back)
	}
}

func TestBrowserSideFlow(t *testing.T) {
	w := start(t)
	w.Set("browser_flow", true)
	got := w.Do("POST", "/taobao/consent", map[string]any{"url": w.link("response_type", "token"), "account": w.Shop(0)})
	back, err := url.Parse(text(got["callback"]))
	if err != nil {
		t.Fatal(err)
	}
	told, err := url.ParseQuery(back.EscapedFragment())
	if err != nil || told.Get("taobao_user_nick") != w.nick(0) || told.Get("w2_expires_in") != "1800" || len(told.Get("top_sign")) != 32 {
		t.Errorf("callback = %s", back)
	}
}

func TestLogOffEndsNoGrant(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0))
	if r := w.ask("GET", w.Base+"/logoff?view=web&client_id="+w.key()+"&redirect_uri="+url.QueryEscape(callback), "", ""); r.Header.Get("Location") != callback {
		t.Errorf("logoff = %d to %q", r.Status, r.Header.Get("Location"))
	}
	if r := w.call("taobao.openuid.get", "session", text(pair["access_token"])); r.refused() != "" {
		t.Errorf("call after the log-off = %s", r.Text)
	}
}

func seconds(t *testing.T, value any) int {
	t.Helper()
	n, err := strconv.Atoi(text(value))
	if err != nil {
		t.Fatalf("%v is no number of seconds", value)
	}
	return n
}
