package connect_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/connect"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
	"github.com/grantkeep/grantkeep/vault"
)

func TestMerchantConnectsAShop(t *testing.T) {
	h := newHouse(t)
	a, link := h.begin(consent.BeginInput{Owner: "cust-8841", ReturnTo: "https://erp.example/back?tab=shops"})
	b := h.browser()

	b.get(link).wants(t, http.StatusOK, "Connect your Shoplazza shop to Northline ERP", "cust-8841", `<form method="post">`, `name="shop"`)

	pressed := b.post(link, url.Values{"shop": {"https://demo-7.myshoplaza.com/admin/orders"}})
	pressed.wants(t, http.StatusSeeOther)
	if to := pressed.Header.Get("Location"); !strings.HasPrefix(to, h.base+"/admin/oauth/authorize?") {
		t.Fatalf("the press leads to %q, want the platform's page", to)
	}
	cookies := pressed.Cookies()
	if len(cookies) != 1 || !strings.HasPrefix(cookies[0].Name, "gk_c_") || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode ||
		cookies[0].Path != "/" || cookies[0].Secure || cookies[0].MaxAge != 3600 {
		t.Errorf("cookies of the press = %v, want one for plain http that only the server reads", cookies)
	}

	callback := h.consent(pressed.Header.Get("Location"))
	back := b.get(callback)
	back.wants(t, http.StatusSeeOther)
	result := back.Header.Get("Location")
	if !strings.HasPrefix(result, "/connect/result/clk_") || strings.Contains(result, "?") {
		t.Fatalf("the callback leads to %q, want a clean address of the result", result)
	}
	b.get(result).wants(t, http.StatusOK, "Connected", "demo-7", "Active", "Not agreed to: write_order", "AUT-",
		"https://erp.example/back?authorization="+a.ID+"&amp;status=completed&amp;tab=shops")
	b.get(result+"?lang=zh-TW").wants(t, http.StatusOK, `<html lang="zh-TW">`, "授權完成")

	// The same callback once more shows the outcome and asks nobody.
	again := b.get(callback)
	again.wants(t, http.StatusSeeOther)
	if got := again.Header.Get("Location"); got != result {
		t.Errorf("a replayed callback leads to %q, want %q", got, result)
	}
	if n := h.exchanges(); n != 1 {
		t.Errorf("the platform was asked %d times for one code, want once", n)
	}

	// Another browser learns nothing, neither from the address of the result nor from the callback.
	other := h.browser()
	seen := other.get(result)
	seen.wants(t, http.StatusOK, "You can close this page")
	unknown := other.get("/connect/result/clk_00000000000000000000000000")
	unknown.wants(t, http.StatusOK)
	if strings.ReplaceAll(seen.html, result, "") != unknown.html {
		t.Errorf("a foreign result and one that never was look different:\n%s\n%s", seen.html, unknown.html)
	}
	other.get(callback).wants(t, http.StatusBadRequest)

	b.get(link).wants(t, http.StatusGone, "This link has been used")
	b.post(link, nil).wants(t, http.StatusGone)
}

// TestOpeningALinkChangesNothing lets a chat program look at a link for its preview.
func TestOpeningALinkChangesNothing(t *testing.T) {
	h := newHouse(t)
	a, link := h.begin(consent.BeginInput{Owner: "cust-1", Shop: "demo-7"})
	bot := h.browser()
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet} {
		got := bot.do(method, link, nil, nil)
		got.wants(t, http.StatusOK)
		if len(got.Cookies()) > 0 {
			t.Errorf("%s set a cookie", method)
		}
	}
	bot.get(link).wants(t, http.StatusOK, `<meta property="og:title" content="Connect your Shoplazza shop to Northline ERP"`, shopHost)
	stored, err := h.store.Authorization(t.Context(), gk.Engine(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	if stored.Stage != gk.Begun || !stored.UpdatedAt.Equal(a.UpdatedAt) {
		t.Errorf("authorization after previews: stage %s, updated %v; want it untouched", stored.Stage, stored.UpdatedAt)
	}
	h.browser().post(link, nil).wants(t, http.StatusSeeOther)
}

func TestShopThatDoesNotDoIsAskedForAgain(t *testing.T) {
	h := newHouse(t)
	_, link := h.begin(consent.BeginInput{})
	b := h.browser()
	for typed, want := range map[string]string{
		"":                           "Enter the shop’s address first",
		"www.northline.com":          "does not work here",
		"evilmyshoplaza.com":         "does not work here",
		`x" autofocus onfocus="x`:    "Letters, digits and hyphens only",
		"north_line.myshoplaza.com":  "Letters, digits and hyphens only",
		"a.b.myshoplaza.com":         "Letters, digits and hyphens only",
		"demo-7.myshoplaza.com:8443": "does not work here",
	} {
		got := b.post(link, url.Values{"shop": {typed}})
		got.wants(t, http.StatusUnprocessableEntity, want, `aria-describedby="mistake hint"`, `aria-invalid="true"`, " autofocus", `id="mistake"`)
		if typed != "" && !strings.Contains(typed, `"`) && !strings.Contains(got.html, `value="`+typed+`"`) {
			t.Errorf("%q is gone from the field:\n%s", typed, got.html)
		}
		if strings.Contains(got.html, `onfocus="x`) {
			t.Errorf("what was typed became an attribute:\n%s", got.html)
		}
		if len(got.Cookies()) > 0 {
			t.Errorf("%q set a cookie", typed)
		}
	}
}

func TestLinkThatLeadsNowhereSaysWhy(t *testing.T) {
	h := newHouse(t)
	_, link := h.begin(consent.BeginInput{Shop: "demo-7", Life: time.Hour})
	b := h.browser()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		b.do(method, "/connect/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", nil, nil).wants(t, http.StatusNotFound, "No such link", "We do not know this link")
	}
	h.ahead.Store(int64(2 * time.Hour))
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		b.do(method, link, nil, nil).wants(t, http.StatusGone, "This link has lapsed")
	}
}

// TestCallbackThatIsNotOursDoesNothing sends what an attacker could.
func TestCallbackThatIsNotOursDoesNothing(t *testing.T) {
	h := newHouse(t)
	_, link := h.begin(consent.BeginInput{Shop: "demo-7"})
	b := h.browser()
	to, err := url.Parse(b.post(link, nil).Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	state := to.Query().Get("state")
	callback := "/callback/" + h.app.ID
	query := func(state string) url.Values {
		return url.Values{"code": {authCode}, "shop": {shopHost}, "state": {state}}
	}
	cases := []struct {
		name, path string
		status     int
		words      string
	}{
		{"unknown state", callback + "?" + signed(query(strings.Repeat("A", 43))), 400, "did not begin with a link of ours"},
		{"forged proof", callback + "?" + query(state).Encode() + "&hmac=" + strings.Repeat("0", 64), 400, "failed verification"},
		{"no proof", callback + "?" + query(state).Encode(), 400, "incomplete"},
		{"repeated parameter", callback + "?" + signed(query(state)) + "&code=x", 400, "incomplete"},
		{"nothing at all", callback, 400, "incomplete"},
		{"error with a text", callback + "?error=access_denied&error_description=" + url.QueryEscape("<b>Call +1 555 0100</b>"), 400, "did not begin with a link of ours"},
		{"error with a foreign state", callback + "?error=access_denied&error_description=canary_words&state=x", 400, "did not begin with a link of ours"},
		{"unknown app", "/callback/app_none?" + signed(query(state)), 404, "does not exist any more"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := b.get(c.path)
			got.wants(t, c.status, c.words)
			for _, echo := range []string{"555 0100", "canary_words", state, shopHost} {
				if strings.Contains(got.html, echo) {
					t.Errorf("the page repeats %q of the request:\n%s", echo, got.html)
				}
			}
			if strings.Contains(got.html, "?lang=") {
				t.Errorf("the page of a callback offers to open its address again:\n%s", got.html)
			}
		})
	}
	b.do(http.MethodHead, h.consent(to.String()), nil, nil).wants(t, http.StatusMethodNotAllowed)
	b.post(callback, url.Values{"code": {authCode}}).wants(t, http.StatusBadRequest)
	b.post(callback, url.Values{"code": {strings.Repeat("x", 257<<10)}}).wants(t, http.StatusRequestEntityTooLarge)
	if n := h.exchanges(); n != 0 {
		t.Errorf("the platform was asked %d times, want never", n)
	}
	// None of it spent the state.
	b.get(h.consent(to.String())).wants(t, http.StatusSeeOther)
}

// TestForwardedLinkIsHeld finishes in another browser than the one that pressed the button. Whoever pressed it must not
// get the code that confirms the grant.
func TestForwardedLinkIsHeld(t *testing.T) {
	h := newHouse(t)
	a, link := h.begin(consent.BeginInput{Owner: "cust-1", Shop: "demo-7", ReturnTo: "https://erp.example/back", Confirm: true})
	sender, merchant := h.browser(), h.browser()
	back := merchant.get(h.consent(sender.post(link, nil).Header.Get("Location")))
	back.wants(t, http.StatusSeeOther)
	merchant.get(back.Header.Get("Location")).wants(t, http.StatusOK, "You can close this page", "the shop waits until")
	got := sender.get(back.Header.Get("Location"))
	got.wants(t, http.StatusOK, "takes effect when Northline ERP has confirmed it")
	if strings.Contains(got.html, "gk_confirm") {
		t.Errorf("the sender of a forwarded link gets the code that confirms it:\n%s", got.html)
	}
	stored, err := h.store.Authorization(t.Context(), gk.Engine(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range stored.Grants {
		g, err := h.store.Grant(t.Context(), gk.Engine(), id)
		if err != nil {
			t.Fatal(err)
		}
		if g.State != gk.Held {
			t.Errorf("grant is %s, want held", g.State)
		}
	}
}

func TestConfirmCodeGoesBackWithTheMerchant(t *testing.T) {
	h := newHouse(t)
	a, link := h.begin(consent.BeginInput{Owner: "cust-1", Shop: "demo-7", ReturnTo: "https://erp.example/back", Confirm: true})
	b := h.browser()
	back := b.get(h.consent(b.post(link, nil).Header.Get("Location")))
	got := b.get(back.Header.Get("Location"))
	got.wants(t, http.StatusOK, "gk_confirm=")
	_, rest, _ := strings.Cut(got.html, "gk_confirm=")
	code, _, _ := strings.Cut(rest, "&")
	confirmed, err := h.flow.ConfirmAuthorization(t.Context(), gk.Engine(), a.ID, code)
	if err != nil || confirmed.ID != a.ID {
		t.Errorf("the code of the button does not confirm: %v", err)
	}
	again := b.get(back.Header.Get("Location"))
	again.wants(t, http.StatusOK, "Active")
	if strings.Contains(again.html, "gk_confirm") {
		t.Errorf("a confirmed authorization makes another code")
	}
}

func TestRefusalsAreSaidInWords(t *testing.T) {
	h := newHouse(t)
	_, link := h.begin(consent.BeginInput{Shop: "demo-7", ReturnTo: "https://erp.example/back"})
	b := h.browser()

	to, err := url.Parse(b.post(link, nil).Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	denied := b.get("/callback/" + h.app.ID + "?error=access_denied&error_description=" + url.QueryEscape("The resource owner denied the request. <b>canary</b>") + "&state=" + to.Query().Get("state"))
	denied.wants(t, http.StatusSeeOther)
	got := b.get(denied.Header.Get("Location"))
	got.wants(t, http.StatusOK, "You did not agree on Shoplazza’s page", "Start again", "status=failed", "AUT-", "The platform said:", "&lt;b&gt;canary")

	// The button leads this browser back to its link, and tells no other where that is.
	again := strings.Replace(denied.Header.Get("Location"), "/result/", "/again/", 1)
	if !strings.Contains(got.html, `href="`+again+`"`) {
		t.Errorf("the page has no button to %s:\n%s", again, got.html)
	}
	back := b.get(again)
	back.wants(t, http.StatusSeeOther)
	if to := back.Header.Get("Location"); !strings.HasSuffix(link, to) || !strings.HasPrefix(to, "/connect/") {
		t.Errorf("the button leads to %q, want the link", to)
	}
	if other := h.browser().get(again); other.Header.Get("Location") != "" {
		t.Errorf("the button leads another browser to %q", other.Header.Get("Location"))
	}

	h.tell("/faults", map[string]any{"fault": "invalid_grant", "times": 1, "match": map[string]string{"path": "/admin/oauth/token"}}, nil)
	refused := b.get(h.consent(b.post(link, nil).Header.Get("Location")))
	b.get(refused.Header.Get("Location")).wants(t, http.StatusOK, "Not connected yet", "This attempt is over", "Start again", "invalid_grant")

	// The link lives on, and the next click works.
	worked := b.get(h.consent(b.post(link, nil).Header.Get("Location")))
	b.get(worked.Header.Get("Location")).wants(t, http.StatusOK, "Connected")
}

func TestButtonWorksOnOurOwnPageOnly(t *testing.T) {
	h := newHouse(t)
	_, link := h.begin(consent.BeginInput{Shop: "demo-7"})
	for name, header := range map[string]http.Header{
		"by Sec-Fetch-Site":          {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
		"by Origin":                  {"Origin": {"https://evil.example"}},
		"from a page without origin": {"Origin": {"null"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.browser().do(http.MethodPost, link, nil, header)
			got.wants(t, http.StatusForbidden, "works on our own page only")
			if len(got.Cookies()) > 0 {
				t.Errorf("a foreign page's POST set a cookie")
			}
		})
	}
	for name, header := range map[string]http.Header{
		"ours by Sec-Fetch-Site": {"Sec-Fetch-Site": {"same-origin"}, "Origin": {"null"}},
		"ours by Origin":         {"Origin": {h.public}},
		"no browser":             {},
	} {
		t.Run(name, func(t *testing.T) {
			h.browser().do(http.MethodPost, link, nil, header).wants(t, http.StatusSeeOther)
		})
	}
	// Without this a browser that has no Sec-Fetch-Site would say "Origin: null".
	h.browser().get(link).wants(t, http.StatusOK, `<meta name="referrer" content="same-origin">`)
}

func TestInstallGoesStraightToThePlatform(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	entry := "/install/" + h.app.ID + "?" + signed(url.Values{"shop": {shopHost}, "install_from": {"app_store"}, "store_id": {"2286999"}})
	b.do(http.MethodHead, entry, nil, nil).wants(t, http.StatusMethodNotAllowed)
	got := b.get(entry)
	got.wants(t, http.StatusSeeOther)
	if to := got.Header.Get("Location"); !strings.HasPrefix(to, h.base+"/admin/oauth/authorize?") || len(got.Cookies()) != 1 {
		t.Errorf("install leads to %q with %d cookies, want the platform's page and one", to, len(got.Cookies()))
	}
	back := b.get(h.consent(got.Header.Get("Location")))
	b.get(back.Header.Get("Location")).wants(t, http.StatusOK, "Connected", "demo-7")

	b.get("/install/"+h.app.ID+"?shop="+shopHost+"&hmac="+strings.Repeat("0", 64)).wants(t, http.StatusBadRequest, "failed verification")
	b.get("/install/app_none?shop="+shopHost).wants(t, http.StatusNotFound)
	for range 12 {
		got = b.get(entry)
	}
	got.wants(t, http.StatusTooManyRequests, "Too many requests")
	if got.Header.Get("Retry-After") == "" {
		t.Errorf("a busy page does not say when to come back")
	}
}

func TestDatabaseAwayIsSaidInWords(t *testing.T) {
	h := newHouse(t)
	_, link := h.begin(consent.BeginInput{Shop: "demo-7"})
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	got := h.browser().get(link)
	got.wants(t, http.StatusServiceUnavailable, "Nothing is lost; try again shortly")
	if got.Header.Get("Retry-After") == "" {
		t.Errorf("the page does not say when to come back")
	}
	if !strings.Contains(h.log.String(), `route="GET /connect/{secret}"`) {
		t.Errorf("the log does not say which page failed:\n%s", h.log.String())
	}
}

func TestStylesheetMayBeCached(t *testing.T) {
	h := newHouse(t)
	got := h.browser().get("/connect/style.css")
	got.wants(t, http.StatusOK, ":root{")
	if ct, cc := got.Header.Get("Content-Type"), got.Header.Get("Cache-Control"); !strings.HasPrefix(ct, "text/css") || !strings.HasPrefix(cc, "public") {
		t.Errorf("stylesheet: Content-Type %q, Cache-Control %q", ct, cc)
	}
}

// TestPublicAddressOfHTTPS looks at what only https has; the requests themselves come from the proxy in front.
func TestPublicAddressOfHTTPS(t *testing.T) {
	h := newHouse(t)
	const public = "https://auth.example.org"
	master := vault.NewMaster()
	wrapped, _, err := vault.Create(master)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(master, wrapped, "inst_1")
	if err != nil {
		t.Fatal(err)
	}
	gate, err := outbound.New(outbound.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer gate.Close()
	k, err := keeper.New(keeper.Options{Store: h.store, Vault: v, Gate: gate, Drivers: []platform.Driver{shoplazza.New()}, PublicURL: public})
	if err != nil {
		t.Fatal(err)
	}
	flow := consent.New(k)
	app, err := k.Apps().Create(t.Context(), gk.Engine(), apps.Input{Platform: "shoplazza", Settings: map[string]string{"client_id": "AppId_1", "client_secret": clientSecret}})
	if err != nil {
		t.Fatal(err)
	}
	_, link, err := flow.Begin(t.Context(), gk.Engine(), consent.BeginInput{App: app.ID, Shop: "demo-7"})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, strings.TrimPrefix(link, public), nil)
	r.Host = "evil.example"
	r.Header.Set("Origin", public)
	connect.New(connect.Options{Keeper: k, Consent: flow, PublicURL: public}).ServeHTTP(w, r)
	got := w.Result()
	if got.StatusCode != http.StatusSeeOther {
		t.Fatalf("press = %d, want 303: %s", got.StatusCode, w.Body)
	}
	if c := got.Cookies(); len(c) != 1 || !strings.HasPrefix(c[0].Name, "__Host-gk_c_") || !c[0].Secure || c[0].Path != "/" || c[0].Domain != "" {
		t.Errorf("cookies = %v, want one bound to this host and to https", c)
	}
	if got.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("no Strict-Transport-Security on https")
	}
	if to := got.Header.Get("Location"); strings.Contains(to, "evil.example") || !strings.HasPrefix(to, "https://"+shopHost+"/admin/oauth/authorize?") {
		t.Errorf("the press leads to %q", to)
	}
}
