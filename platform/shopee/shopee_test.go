package shopee_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shopee"
)

var (
	driver = shopee.New()
	now    = time.Unix(1760000000, 0).UTC()
)

const (
	partnerKey = "0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdef0123456789abcdef"
	pushKey    = "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90"
	token      = "74303067744f6b656e30303030303030"
	state      = "k3Yb0cT1wQ9sVfUe7hGzLmNxRpDaJ5iO2uBv8tEoXyA"
)

func testApp(change ...func(*platform.App)) platform.App {
	app := platform.App{
		Settings: map[string]string{
			"partner_id": "2008899", "redirect_uri": "https://hub.example.org/cb", "push_url": "https://hub.example.org/push/shopee",
		},
		Secrets: map[string][]gk.Secret{"partner_key": {gk.NewSecret(partnerKey)}, "push_key": {gk.NewSecret(pushKey)}},
		Now:     now,
	}
	for _, c := range change {
		c(&app)
	}
	return driver.Spec().Open(app)
}

var shopCred = platform.Credential{Subject: gk.Subject{Kind: gk.KindShop, ID: "77001234"}, Token: gk.Token{Access: gk.NewSecret(token)}}

func TestLinkForms(t *testing.T) {
	for name, c := range map[string]struct {
		want platform.Want
		page string
		q    url.Values
	}{
		"open": {platform.Want{State: state}, "https://open.shopee.com/auth", url.Values{
			"partner_id": {"2008899"}, "auth_type": {"seller"}, "redirect_uri": {"https://hub.example.org/cb"}, "response_type": {"code"}, "state": {state},
		}},
		"open without state": {platform.Want{Extra: url.Values{"auth_type": {"supplier"}}}, "https://open.shopee.com/auth", url.Values{
			"partner_id": {"2008899"}, "auth_type": {"supplier"}, "redirect_uri": {"https://hub.example.org/cb"}, "response_type": {"code"},
		}},
		"open, cancel": {platform.Want{State: state, Cancel: true}, "https://open.shopee.com/cancel_auth", url.Values{
			"partner_id": {"2008899"}, "auth_type": {"seller"}, "redirect_uri": {"https://hub.example.org/cb"}, "response_type": {"code"}, "state": {state},
		}},
		"signed": {platform.Want{State: state, Form: "signed"}, "https://partner.shopeemobile.com/api/v2/shop/auth_partner", url.Values{
			"partner_id": {"2008899"}, "timestamp": {"1760000000"}, "redirect": {"https://hub.example.org/cb?state=" + state},
			"sign": {"2af3bb8b848be30c3f1d556f2e2120b0c53ad106e6300c7f6dc3e2fe2e46e1b6"},
		}},
		"signed, cancel": {platform.Want{State: state, Form: "signed", Cancel: true}, "https://partner.shopeemobile.com/api/v2/shop/cancel_auth_partner", url.Values{
			"partner_id": {"2008899"}, "timestamp": {"1760000000"}, "redirect": {"https://hub.example.org/cb?state=" + state},
			"sign": {"c34d99dcec5c5102731168760cb610e9e6146f0e833768f7d72a7d3b8624fcc6"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := driver.Link(testApp(), c.want)
			if err != nil {
				t.Fatal(err)
			}
			page, query, _ := strings.Cut(l.URL, "?")
			q, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			if page != c.page {
				t.Errorf("page = %s, want %s", page, c.page)
			}
			if diff := cmp.Diff(c.q, q); diff != "" {
				t.Errorf("query (-want +got):\n%s", diff)
			}
			if l.Finish != 3*time.Minute {
				t.Errorf("Finish = %v, want 3m", l.Finish)
			}
			if signed := c.want.Form == "signed"; signed != l.Expires.Equal(now.Add(5*time.Minute)) || !signed && !l.Expires.IsZero() {
				t.Errorf("Expires = %v", l.Expires)
			}
		})
	}
}

func TestLinkRefuses(t *testing.T) {
	redirect := func(address string) func(*platform.App) {
		return func(a *platform.App) { a.Settings["redirect_uri"] = address }
	}
	for name, c := range map[string]struct {
		app  platform.App
		want platform.Want
	}{
		"no redirect":         {testApp(redirect("")), platform.Want{}},
		"relative redirect":   {testApp(redirect("/cb")), platform.Want{}},
		"fragment":            {testApp(redirect("https://hub.example.org/cb#x")), platform.Want{}},
		"state in redirect":   {testApp(redirect("https://hub.example.org/cb?State=1")), platform.Want{}},
		"shop_id in redirect": {testApp(redirect("https://hub.example.org/cb?shop_id=1")), platform.Want{}},
		"partner_id no digit": {testApp(func(a *platform.App) { a.Settings["partner_id"] = "20x" }), platform.Want{}},
		"unknown form":        {testApp(), platform.Want{Form: "wap"}},
		"unknown auth_type":   {testApp(), platform.Want{Extra: url.Values{"auth_type": {"boss"}}}},
		"foreign extra":       {testApp(), platform.Want{Extra: url.Values{"redirect_uri": {"https://evil.example"}}}},
		"extra when signed":   {testApp(), platform.Want{Form: "signed", Extra: url.Values{"auth_type": {"seller"}}}},
		"no key when signed":  {testApp(func(a *platform.App) { delete(a.Secrets, "partner_key") }), platform.Want{Form: "signed"}},
	} {
		if l, err := driver.Link(c.app, c.want); err == nil {
			t.Errorf("%s: Link = %s, want an error", name, l.URL)
		}
	}
}

func TestHosts(t *testing.T) {
	for _, c := range []struct{ environment, region, page, api string }{
		{"production", "", "open.shopee.com", "partner.shopeemobile.com"},
		{"production", "global", "open.shopee.com", "partner.shopeemobile.com"},
		{"production", "cn", "open.shopee.cn", "openplatform.shopee.cn"},
		{"production", "br", "open.shopee.com.br", "openplatform.shopee.com.br"},
		{"sandbox", "", "open.sandbox.test-stable.shopee.com", "openplatform.sandbox.test-stable.shopee.sg"},
		{"sandbox", "cn", "open.sandbox.test-stable.shopee.cn", "openplatform.sandbox.test-stable.shopee.cn"},
		{"sandbox", "br", "open.sandbox.test-stable.shopee.com.br", "openplatform.sandbox.test-stable.shopee.sg"},
	} {
		app := testApp(func(a *platform.App) { a.Environment, a.Settings["region"] = c.environment, c.region })
		for form, want := range map[string]string{"open": c.page, "signed": c.api} {
			l, err := driver.Link(app, platform.Want{Form: form})
			if got := hostOf(t, l.URL); err != nil || got != want {
				t.Errorf("%s %q %s: host %s, %v, want %s", c.environment, c.region, form, got, err, want)
			}
		}
		ex, err := driver.ExchangeRequest(app, platform.Callback{Code: gk.NewSecret("c"), Subject: shopCred.Subject})
		if err != nil || hostOf(t, ex.URL) != c.api {
			t.Errorf("%s %q exchange: %v, %v, want %s", c.environment, c.region, ex, err, c.api)
		}
		call, err := driver.Sign(app, shopCred, platform.Call{Method: "GET", Path: "/api/v2/shop/get_shop_info"})
		if err != nil || hostOf(t, call.URL) != c.api {
			t.Errorf("%s %q call: %v, %v, want %s", c.environment, c.region, call, err, c.api)
		}
	}
	for _, host := range []string{
		"evilopen.shopee.com", "open.shopee.com.evil.example", "open.shopee.com.", "open.shopee.com:8443", "partner.uat.shopeemobile.com",
		"x@open.shopee.com", "openplatform.shopee.com", "partnerxshopeemobile.com", "open.shopee.cn.br",
	} {
		if got, err := driver.Spec().Host(host); err == nil {
			t.Errorf("Host(%q) = %s, want ErrForeignHost", host, got)
		}
	}
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// An override of the pages stands for both forms of the link, one of the token endpoint for exchange and refresh.
func TestOverrides(t *testing.T) {
	app := testApp(func(a *platform.App) {
		a.Endpoints = map[string]string{"authorize": "http://127.0.0.1:1", "token": "http://127.0.0.1:2", "api": "http://127.0.0.1:3"}
	})
	for _, form := range []string{"open", "signed"} {
		if l, err := driver.Link(app, platform.Want{Form: form}); err != nil || !strings.HasPrefix(l.URL, "http://127.0.0.1:1/") {
			t.Errorf("%s link = %s, %v", form, l.URL, err)
		}
	}
	ex, err := driver.ExchangeRequest(app, platform.Callback{Code: gk.NewSecret("c"), Subject: shopCred.Subject})
	if err != nil || !strings.HasPrefix(ex.URL, "http://127.0.0.1:2/api/v2/auth/token/get?") {
		t.Errorf("exchange = %v, %v", ex, err)
	}
	call, err := driver.Sign(app, shopCred, platform.Call{Method: "GET", Path: "/api/v2/shop/get_shop_info"})
	if err != nil || !strings.HasPrefix(call.URL, "http://127.0.0.1:3/api/v2/shop/get_shop_info?") {
		t.Errorf("call = %v, %v", call, err)
	}
}

func TestCallback(t *testing.T) {
	const at = "https://hub.example.org/cb?"
	for query, want := range map[string]platform.Callback{
		"code=c0de&shop_id=77001234&state=" + state:            {State: state, Subject: gk.Subject{Kind: "shop", ID: "77001234"}},
		"code=c0de&main_account_id=55001&state=" + state:       {State: state, Subject: gk.Subject{Kind: "main_account", ID: "55001"}},
		"code=c0de&shop_id=41234567890":                        {Subject: gk.Subject{Kind: "shop", ID: "41234567890"}},
		"state=" + state:                                       {State: state, Cancel: true},
		"shop_id=77001234&state=" + state:                      {State: state, Cancel: true, Subject: gk.Subject{Kind: "shop", ID: "77001234"}},
		"resend_code=726573656e64":                             {},
		"upgrade_code=757067726164&shop_id_list=1%2C2":         {},
		"tenant=3&tenant=4&code=c0de&shop_id=7&state=" + state: {State: state, Subject: gk.Subject{Kind: "shop", ID: "7"}},
	} {
		cb, err := driver.ReadCallback(testApp(), platform.Incoming{Method: "GET", URL: at + query})
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if cb.State != want.State || cb.Subject != want.Subject || cb.Cancel != want.Cancel || cb.Proven {
			t.Errorf("%s: callback = %+v", query, cb)
		}
		if strings.Contains(query, "code=c0de") != (cb.Code.Reveal() == "c0de") {
			t.Errorf("%s: code = %q", query, cb.Code.Reveal())
		}
		if cb.Params.Has("code") {
			t.Errorf("%s: the code stands in Params, which may be printed", query)
		}
	}
}

func TestCallbackPollution(t *testing.T) {
	const at = "https://hub.example.org/cb?"
	for name, in := range map[string]platform.Incoming{
		"no id":                 {URL: at + "code=c&state=" + state},
		"nothing":               {URL: "https://hub.example.org/cb"},
		"both ids":              {URL: at + "code=c&shop_id=1&main_account_id=2"},
		"code twice":            {URL: at + "code=c&code=c&shop_id=1"},
		"code twice, one empty": {URL: at + "code=c&code=&shop_id=1"},
		"code in two cases":     {URL: at + "code=c&Code=d&shop_id=1"},
		"code encoded twice":    {URL: at + "code=c&c%6fde=d&shop_id=1"},
		"shop twice":            {URL: at + "code=c&shop_id=1&shop_id=2"},
		"state twice":           {URL: at + "code=c&shop_id=1&state=a&state=b"},
		"shop hidden in code":   {URL: at + "code=x%26shop_id%3Dy"},
		"shop no digits":        {URL: at + "code=c&shop_id=1a"},
		"shop signed":           {URL: at + "code=c&shop_id=-1"},
		"shop plus":             {URL: at + "code=c&shop_id=%2B1"},
		"shop zero":             {URL: at + "code=c&shop_id=0"},
		"shop leading zero":     {URL: at + "code=c&shop_id=01"},
		"shop exponent":         {URL: at + "code=c&shop_id=1e3"},
		"shop too big":          {URL: at + "code=c&shop_id=9223372036854775808"},
		"shop blank":            {URL: at + "code=c&shop_id=+1"},
		"shop empty":            {URL: at + "code=c&shop_id="},
		"shop unicode digits":   {URL: at + "code=c&shop_id=%D9%A1"},
		"main account no digit": {URL: at + "code=c&main_account_id=x"},
		"code with a blank":     {URL: at + "code=a+b&shop_id=1"},
		"code with a break":     {URL: at + "code=a%0Ab&shop_id=1"},
		"code too long":         {URL: at + "code=" + strings.Repeat("a", 513) + "&shop_id=1"},
		"semicolon":             {URL: at + "code=c;shop_id=1"},
		"bad escape":            {URL: at + "code=%zz&shop_id=1"},
		"recovery with a state": {URL: at + "resend_code=r&state=" + state},
		"recovery with a code":  {URL: at + "resend_code=r&code=c&shop_id=1"},
		"two recoveries":        {URL: at + "resend_code=r&upgrade_code=u"},
		"cancel without state":  {URL: at + "shop_id=77001234"},
		"post":                  {Method: "POST", URL: at + "code=c&shop_id=1"},
		"body is not read":      {Method: "GET", URL: at + "code=c", Body: []byte("shop_id=1")},
	} {
		cb, err := driver.ReadCallback(testApp(), in)
		var bad *platform.BadCallback
		if !errors.As(err, &bad) {
			t.Errorf("%s: ReadCallback = %+v, %v, want a BadCallback", name, cb, err)
			continue
		}
		if bad.Fault == nil || bad.Fault.Code != "hub_callback_missing_id" {
			t.Errorf("%s: fault = %+v", name, bad.Fault)
		}
	}
}
