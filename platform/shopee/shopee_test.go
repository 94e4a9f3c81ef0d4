package shopee_test

import (
	"errors"
	"net/http"
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
			"partner_id": {"2008899"}, "auth_type": {"seller"}, "redirect_uri": {"https://hub.example.org/cb?cancel=1"}, "response_type": {"code"}, "state": {state},
		}},
		"signed": {platform.Want{State: state, Form: "signed"}, "https://partner.shopeemobile.com/api/v2/shop/auth_partner", url.Values{
			"partner_id": {"2008899"}, "timestamp": {"1760000000"}, "redirect": {"https://hub.example.org/cb?state=" + state},
			"sign": {"2af3bb8b848be30c3f1d556f2e2120b0c53ad106e6300c7f6dc3e2fe2e46e1b6"},
		}},
		"signed, cancel": {platform.Want{State: state, Form: "signed", Cancel: true}, "https://partner.shopeemobile.com/api/v2/shop/cancel_auth_partner", url.Values{
			"partner_id": {"2008899"}, "timestamp": {"1760000000"}, "redirect": {"https://hub.example.org/cb?cancel=1&state=" + state},
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
		"cancel=1&state=" + state:                              {State: state, Cancel: true},
		"cancel=1&shop_id=77001234&state=" + state:             {State: state, Cancel: true, Subject: gk.Subject{Kind: "shop", ID: "77001234"}},
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
		"no code":               {URL: at + "shop_id=1&state=" + state},
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
		"cancel without state":  {URL: at + "cancel=1"},
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

func TestRecoveryCodes(t *testing.T) {
	for name, c := range map[string]struct {
		params     url.Values
		path, body string
	}{
		"resend":  {url.Values{"resend_code": {"726573656e64"}}, "/api/v2/public/get_token_by_resend_code", `{"resend_code":"726573656e64"}`},
		"upgrade": {url.Values{"upgrade_code": {"757067"}, "shop_id_list": {"60012,60013"}}, "/api/v2/public/get_refresh_token_by_upgrade_code", `{"upgrade_code":"757067","shop_id_list":[60012,60013]}`},
	} {
		req, err := driver.ExchangeRequest(testApp(), platform.Callback{Params: c.params})
		if err != nil || !strings.HasPrefix(req.URL, "https://partner.shopeemobile.com"+c.path+"?") || string(req.Body) != c.body {
			t.Errorf("%s: request = %+v, %v", name, req, err)
		}
	}
	if _, err := driver.ExchangeRequest(testApp(), platform.Callback{Params: url.Values{"upgrade_code": {"757067"}}}); err == nil {
		t.Error("an upgrade code without shops was accepted")
	}

	asked := platform.Asked{Stage: platform.StageToken, At: now}
	issues, err := driver.ReadIssues(testApp(), asked, reply(200,
		`{"access_token":"a1","refresh_token":"b1","expire_in":14400,"merchant_id_list":[1009001,1009002],"error":"","message":""}`))
	if err != nil || len(issues) != 2 || !issues[0].Shared || issues[1].Subject != (gk.Subject{Kind: "merchant", ID: "1009002"}) {
		t.Errorf("resend: issues = %+v, %v", issues, err)
	}
	issues, err = driver.ReadIssues(testApp(), asked, reply(200,
		`{"response":{"success_shop_id_list":[60012],"refresh_token":"b1","failure_list":[{"shop_id":60013,"failed_reason":"x"}]},"error":""}`))
	if err != nil || len(issues) != 1 || issues[0].Subject.ID != "60012" || issues[0].Token.Refresh.Reveal() != "b1" || !issues[0].Shared {
		t.Errorf("upgrade: issues = %+v, %v", issues, err)
	}
	_, err = driver.ReadIssues(testApp(), asked, reply(200, `{"response":{"failure_list":[{"shop_id":60013,"failed_reason":"x"}]},"error":""}`))
	var f *gk.Fault
	if !errors.As(err, &f) || f.Code != "hub_upgrade_code_failed" {
		t.Errorf("upgrade without a success: %v", err)
	}
}

func reply(status int, body string) platform.Reply {
	return platform.Reply{Status: status, Body: []byte(body), Received: now}
}

// An answer that is neither pair nor refusal leaves the outcome unknown.
func TestTokenAnswersThatCannotBeRead(t *testing.T) {
	asked := platform.Asked{Stage: platform.StageRefresh, Subject: shopCred.Subject, At: now}
	pair := `{"access_token":"a1","refresh_token":"b1","expire_in":14400,"shop_id":77001234,"error":""}`
	for name, r := range map[string]platform.Reply{
		"5xx with a pair":     reply(502, pair),
		"5xx with an error":   reply(500, `{"error":"error_auth","message":"Invalid refresh_token."}`),
		"html":                reply(200, "<html><body>Bad Gateway</body></html>"),
		"html 403":            reply(403, "<html><head><title>403 Forbidden</title></head></html>"),
		"empty":               reply(200, ""),
		"cut":                 reply(200, pair[:40]),
		"two values":          reply(200, pair+pair),
		"truncated":           {Status: 200, Body: []byte(pair), Truncated: true},
		"no token":            reply(200, `{"error":"","message":""}`),
		"no refresh token":    reply(200, `{"access_token":"a1","expire_in":14400}`),
		"empty refresh token": reply(200, `{"access_token":"a1","refresh_token":"","expire_in":14400}`),
		"token of numbers":    reply(200, `{"access_token":1,"refresh_token":2,"expire_in":14400}`),
		"repeated token":      reply(200, `{"access_token":"a1","access_token":"a2","refresh_token":"b1","expire_in":14400}`),
		"expire_in zero":      reply(200, strings.Replace(pair, "14400", "0", 1)),
		"expire_in negative":  reply(200, strings.Replace(pair, "14400", "-1", 1)),
		"expire_in huge":      reply(200, strings.Replace(pair, "14400", "1000000000000000000", 1)),
		"expire_in > int64":   reply(200, strings.Replace(pair, "14400", "9223372036854775808", 1)),
		"expire_in fraction":  reply(200, strings.Replace(pair, "14400", "1.5", 1)),
		"expire_in a year":    reply(200, strings.Replace(pair, "14400", "31536000", 1)),
		"no error, status":    reply(404, `{"hello":1}`),
	} {
		issues, err := driver.ReadIssues(testApp(), asked, r)
		if !errors.Is(err, platform.ErrGarbage) {
			t.Errorf("%s: ReadIssues = %+v, %v, want ErrGarbage", name, issues, err)
		}
		if err != nil && strings.Contains(err.Error(), "a1") {
			t.Errorf("%s: the error holds a token: %v", name, err)
		}
	}
}

func TestTokenAnswerVariants(t *testing.T) {
	asked := platform.Asked{Stage: platform.StageRefresh, Subject: gk.Subject{Kind: "shop", ID: "77001234", Parent: "55001"}, At: now}
	for name, c := range map[string]struct {
		body string
		end  time.Time
	}{
		"no expire_in":      {`{"access_token":"a1","refresh_token":"b1"}`, now.Add(4 * time.Hour)},
		"expire_in as text": {`{"access_token":"a1","refresh_token":"b1","expire_in":"600","shop_id":"77001234"}`, now.Add(10 * time.Minute)},
	} {
		issues, err := driver.ReadIssues(testApp(), asked, reply(403, c.body))
		if err != nil || len(issues) != 1 || !issues[0].Token.Expires.Equal(c.end) || issues[0].Subject != asked.Subject || issues[0].Shared {
			t.Errorf("%s: issues = %+v, %v", name, issues, err)
		}
	}
	late := asked
	late.At = time.Time{}
	issues, err := driver.ReadIssues(testApp(), late, platform.Reply{Status: 200, Received: now.Add(time.Minute), Body: []byte(`{"access_token":"a1","refresh_token":"b1","expire_in":60}`)})
	if err != nil || !issues[0].Token.Expires.Equal(now.Add(2*time.Minute)) {
		t.Errorf("without asked.At: issues = %+v, %v", issues, err)
	}
}

func TestAnswerForAnotherSubjectIsNoPair(t *testing.T) {
	pair := `{"access_token":"a1","refresh_token":"b1","expire_in":14400,`
	for name, c := range map[string]struct {
		asked platform.Asked
		body  string
	}{
		"another shop":       {platform.Asked{Stage: "refresh", Subject: shopCred.Subject}, pair + `"shop_id":77001235}`},
		"a merchant":         {platform.Asked{Stage: "refresh", Subject: shopCred.Subject}, pair + `"merchant_id":77001234}`},
		"another partner":    {platform.Asked{Stage: "refresh", Subject: shopCred.Subject}, pair + `"partner_id":1,"shop_id":77001234}`},
		"claimed, not named": {platform.Asked{Stage: "token", Claimed: shopCred.Subject}, pair + `"shop_id_list":[77001235]}`},
	} {
		issues, err := driver.ReadIssues(testApp(), c.asked, reply(200, c.body))
		var f *gk.Fault
		if !errors.As(err, &f) || !strings.Contains(f.Code, "subject_mismatch") || f.Terminal {
			t.Errorf("%s: ReadIssues = %+v, %v, want subject_mismatch", name, issues, err)
		}
	}
	var f *gk.Fault
	_, err := driver.ReadIssues(testApp(), platform.Asked{Stage: "token", Claimed: gk.Subject{Kind: "main_account", ID: "55001"}}, reply(200, pair+`"shop_id_list":[],"merchant_id_list":[]}`))
	if !errors.As(err, &f) || f.Code != "hub_merchant_box_not_ticked" {
		t.Errorf("a main account without shops: %v", err)
	}
}

func TestRedirectOnTokenRequestIsAFault(t *testing.T) {
	_, err := driver.ReadIssues(testApp(), platform.Asked{Stage: "refresh", Subject: shopCred.Subject}, reply(302, "<html>moved</html>"))
	var f *gk.Fault
	if !errors.As(err, &f) || f.Action != gk.FixConfig || f.Stage != "refresh" {
		t.Errorf("a redirect: %v, want a fault to fix the configuration", err)
	}
}

func TestRenewRefuses(t *testing.T) {
	refresh := gk.Token{Refresh: gk.NewSecret("b1")}
	for name, cred := range map[string]platform.Credential{
		"main account": {Subject: gk.Subject{Kind: "main_account", ID: "55001"}, Token: refresh},
		"no subject":   {Token: refresh},
		"no token":     {Subject: shopCred.Subject},
		"id no number": {Subject: gk.Subject{Kind: "shop", ID: "x"}, Token: refresh},
	} {
		if req, err := driver.(platform.Renewer).RenewRequest(testApp(), cred); err == nil {
			t.Errorf("%s: RenewRequest = %s, want an error", name, req.URL)
		}
	}
}

func TestSign(t *testing.T) {
	query := url.Values{"page_size": {"20"}, "q": {"a b&c"}}
	cred := shopCred
	cred.Token.Access = gk.NewSecret("a+b/c=")
	req, err := driver.Sign(testApp(), cred, platform.Call{
		Method: "POST", Path: "/api/v2/product/add_item", Query: query, Body: []byte(`{ "name" : "x", "n": 1e2 }`), Header: http.Header{"Accept-Language": {"zh-TW"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(req.URL)
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Query(); got.Get("access_token") != "a+b/c=" || got.Get("q") != "a b&c" || got.Get("shop_id") != "77001234" || got.Has("merchant_id") {
		t.Errorf("query = %v", got)
	}
	if string(req.Body) != `{ "name" : "x", "n": 1e2 }` || req.Header.Get("Content-Type") != "application/json" || req.Header.Get("Accept-Language") != "zh-TW" {
		t.Errorf("body %s, headers %v", req.Body, req.Header)
	}
	if want := "2008899/api/v2/product/add_item1760000000a+b/c=77001234"; req.SignedText != want {
		t.Errorf("signed text = %s, want %s", req.SignedText, want)
	}
	if req.Sent.Has("access_token") || req.Sent.Has("sign") || req.Sent.Get("page_size") != "20" {
		t.Errorf("Sent = %v", req.Sent)
	}
	if len(query) != 2 {
		t.Errorf("the caller's query was changed: %v", query)
	}
	if err := driver.(platform.Verifier).VerifyCall(testApp(), platform.Incoming{Method: "POST", URL: req.URL, Body: req.Body}); err != nil {
		t.Errorf("VerifyCall = %v", err)
	}

	public, err := driver.Sign(testApp(), platform.Credential{Subject: gk.Subject{Kind: "partner"}}, platform.Call{Method: "GET", Path: "/api/v2/public/get_shopee_ip_ranges"})
	if err != nil || strings.Contains(public.URL, "access_token") || strings.Contains(public.URL, "shop_id") {
		t.Errorf("public call = %+v, %v", public, err)
	}
}

func TestSignRefuses(t *testing.T) {
	merchant := platform.Credential{
		Subject: gk.Subject{Kind: "merchant", ID: "1009001"}, Token: shopCred.Token, Shops: []gk.Shop{{ID: "77001234"}},
	}
	partner := platform.Credential{Subject: gk.Subject{Kind: "partner"}}
	get := func(path string) platform.Call { return platform.Call{Method: "GET", Path: path} }
	post := func(body string) platform.Call {
		return platform.Call{Method: "POST", Path: "/api/v2/product/add_item", Body: []byte(body)}
	}
	query := func(name string) platform.Call {
		return platform.Call{Method: "GET", Path: "/api/v2/shop/get_shop_info", Query: url.Values{name: {"77009999"}}}
	}
	header := func(name string) platform.Call {
		return platform.Call{Method: "GET", Path: "/api/v2/shop/get_shop_info", Header: http.Header{name: {"x"}}}
	}
	part := func(name string) platform.Call {
		return platform.Call{
			Method: "POST", Path: "/api/v2/media_space/upload_image", Header: http.Header{"Content-Type": {"multipart/form-data; boundary=b"}},
			Body: []byte("--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n77009999\r\n--b--\r\n"),
		}
	}
	for name, c := range map[string]struct {
		cred platform.Credential
		call platform.Call
	}{
		"mints tokens":          {shopCred, get("/api/v2/auth/token/get")},
		"mints as partner":      {partner, get("/api/v2/auth/access_token/get")},
		"resend as partner":     {partner, get("/api/v2/public/get_token_by_resend_code")},
		"public with a grant":   {shopCred, get("/api/v2/public/get_shops_by_partner")},
		"push with a grant":     {shopCred, get("/api/v2/push/set_app_push_config")},
		"link with a grant":     {shopCred, get("/api/v2/shop/auth_partner")},
		"shop API as partner":   {partner, get("/api/v2/shop/get_shop_info")},
		"v1 path":               {shopCred, get("/api/v1/shop/get")},
		"other case":            {shopCred, get("/api/v2/Auth/token/get")},
		"dots":                  {shopCred, get("/api/v2/shop/../auth/token/get")},
		"encoded dots":          {shopCred, get("/api/v2/shop/%2e%2e/auth/token/get")},
		"encoded slash":         {shopCred, get("/api/v2%2fauth/token/get")},
		"empty segment":         {shopCred, get("//api/v2/shop/get_shop_info")},
		"host in path":          {shopCred, get("//evil.example/api/v2/shop/get_shop_info")},
		"absolute":              {shopCred, get("https://evil.example/api/v2/shop/get_shop_info")},
		"userinfo":              {shopCred, get("/@evil.example/api/v2/shop/x")},
		"query in path":         {shopCred, get("/api/v2/shop/get_shop_info?shop_id=77009999")},
		"fragment":              {shopCred, get("/api/v2/shop/get_shop_info#x")},
		"backslash":             {shopCred, get(`/api/v2/shop\get_shop_info`)},
		"line break":            {shopCred, get("/api/v2/shop/get_shop_info\r\nX: y")},
		"slash at the end":      {shopCred, get("/api/v2/shop/get_shop_info/")},
		"method":                {shopCred, platform.Call{Method: "DELETE", Path: "/api/v2/shop/get_shop_info"}},
		"operation":             {shopCred, platform.Call{Method: "GET", Path: "/api/v2/shop/get_shop_info", Operation: "x"}},
		"other shop":            {shopCred, platform.Call{Method: "GET", Path: "/api/v2/shop/get_shop_info", Shop: "77009999"}},
		"no token":              {platform.Credential{Subject: shopCred.Subject}, get("/api/v2/shop/get_shop_info")},
		"main account":          {platform.Credential{Subject: gk.Subject{Kind: "main_account", ID: "55001"}, Token: shopCred.Token}, get("/api/v2/shop/get_shop_info")},
		"shop_id in query":      {shopCred, query("shop_id")},
		"shop_id in other case": {shopCred, query("Shop_ID")},
		"blank before":          {shopCred, query(" shop_id")},
		"merchant_id":           {shopCred, query("merchant_id")},
		"access_token":          {shopCred, query("access_token")},
		"sign":                  {shopCred, query("sign")},
		"timestamp":             {shopCred, query("timestamp")},
		"partner_id":            {shopCred, query("partner_id")},
		"authorization header":  {shopCred, header("authorization")},
		"token header":          {shopCred, header("Access-Token")},
		"shop_id in body":       {shopCred, post(`{"shop_id":77009999}`)},
		"own shop_id in body":   {shopCred, post(`{"shop_id":77001234}`)},
		"escaped in body":       {shopCred, post(`{"\u0073hop_id":77009999}`)},
		"case in body":          {shopCred, post(`{"SHOP_ID":77009999}`)},
		"second in body":        {shopCred, post(`{"a":1,"sign":"x"}`)},
		"repeated in body":      {shopCred, post(`{"a":1,"a":2}`)},
		"body no JSON":          {shopCred, post(`shop_id=77009999`)},
		"body a list":           {shopCred, post(`[{"shop_id":1}]`)},
		"body of another kind":  {shopCred, platform.Call{Method: "POST", Path: "/api/v2/product/add_item", Body: []byte("x"), Header: http.Header{"Content-Type": {"text/plain"}}}},
		"body of a GET":         {shopCred, platform.Call{Method: "GET", Path: "/api/v2/shop/get_shop_info", Body: []byte("{}")}},
		"shop_id in a part":     {shopCred, part("shop_id")},
		"merchant, other shop":  {merchant, platform.Call{Method: "POST", Path: "/api/v2/global_product/create_publish_task", Body: []byte(`{"shop_id":77009999}`)}},
	} {
		req, err := driver.Sign(testApp(), c.cred, c.call)
		var bad *platform.BadCall
		if !errors.As(err, &bad) {
			t.Errorf("%s: Sign = %+v, %v, want a BadCall", name, req, err)
			continue
		}
		if strings.Contains(err.Error(), "77009999") {
			t.Errorf("%s: the error holds the caller's value: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		cred platform.Credential
		call platform.Call
	}{
		"an image":            {shopCred, part("image")},
		"merchant's own shop": {merchant, platform.Call{Method: "POST", Path: "/api/v2/global_product/create_publish_task", Body: []byte(`{"shop_id":77001234}`)}},
	} {
		if _, err := driver.Sign(testApp(), c.cred, c.call); err != nil {
			t.Errorf("%s: Sign = %v", name, err)
		}
	}
}

// Every row of the catalogue that the platform can say is found from a body as the platform would send it, and leads
// to its own action.
func TestEveryRowFromABody(t *testing.T) {
	for _, row := range driver.Spec().Catalogue.Rows() {
		if row.Local() || row.Stage == platform.StagePush && strings.HasPrefix(row.Code, "push:") {
			continue
		}
		if row.Code == "operation overtime" {
			continue // text of a page, without a body
		}
		code := strings.ReplaceAll(row.Code, "*", "exceed_api")
		body := `{"request_id":"e3f1","error":` + quote(code) + `,"message":` + quote(row.Example) + `}`
		for _, variant := range []string{body, strings.Replace(body, `"message"`, `"msg"`, 1)} {
			for _, status := range []int{200, 403} {
				checkRow(t, row, driver.Diagnose(testApp(), platform.Asked{Stage: row.Stage}, reply(status, variant)))
				if row.Stage == platform.StageToken || row.Stage == platform.StageRefresh {
					_, err := driver.ReadIssues(testApp(), platform.Asked{Stage: row.Stage, Subject: shopCred.Subject}, reply(status, variant))
					var f *gk.Fault
					errors.As(err, &f)
					checkRow(t, row, f)
				}
			}
		}
		if row.Stage == platform.StageCall && !strings.Contains(row.Code, ".") {
			prefixed := strings.Replace(body, `"error":"`, `"error":"product.`, 1)
			if f := driver.Diagnose(testApp(), platform.Asked{Stage: "call"}, reply(200, prefixed)); f == nil || f.Action != row.Action {
				t.Errorf("%s with a module prefix: %+v, want action %s", row.ID, f, row.Action)
			}
		}
	}
}

func quote(s string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`) + `"`
}

func checkRow(t *testing.T, row *platform.Row, f *gk.Fault) {
	t.Helper()
	if f == nil || f.Row != row.ID || f.Action != row.Action || f.Terminal != row.Terminal || !f.Known || f.RequestID != "e3f1" {
		t.Errorf("%s: fault = %+v, want action %s", row.ID, f, row.Action)
	}
}

func TestPushRows(t *testing.T) {
	for _, row := range driver.Spec().Catalogue.Rows() {
		kind, ok := strings.CutPrefix(row.Code, "push:2:")
		if !ok && row.Code != "push:12" {
			continue
		}
		body := `{"code":2,"timestamp":1760000000,"data":{"authorize_type":` + quote(kind) + `,"shop_id":77001234,"extra":"x"}}`
		if row.Code == "push:12" {
			body = `{"code":12,"timestamp":1760000000,"data":{"shop_expire_soon":[77001234]}}`
		}
		f := driver.Diagnose(testApp(), platform.Asked{Stage: platform.StagePush}, platform.Reply{Body: []byte(body)})
		if f == nil || f.Row != row.ID || f.Action != row.Action || f.Terminal != row.Terminal {
			t.Errorf("%s: fault = %+v", row.ID, f)
		}
	}
}

// The situations that we recognise ourselves, as far as the driver is who recognises them.
func TestLocalRows(t *testing.T) {
	call := platform.Asked{Stage: platform.StageCall}
	for name, r := range map[string]platform.Reply{
		"html":              reply(403, "<html><head><title>403 Forbidden</title></head><body></body></html>"),
		"html 200":          reply(200, "<!DOCTYPE html><html></html>"),
		"empty 403":         reply(403, ""),
		"text 404":          reply(404, "not found"),
		"pasted, no status": {Body: []byte("<html></html>")},
	} {
		if f := driver.Diagnose(testApp(), call, r); f == nil || f.Code != "hub_edge_rejected" || f.Action != gk.FixConfig || f.Terminal {
			t.Errorf("%s: fault = %+v, want hub_edge_rejected", name, f)
		}
	}
	if f := driver.Diagnose(testApp(), call, reply(502, "<html></html>")); f == nil || f.Known || f.Action != gk.Retry {
		t.Errorf("a 502 of the edge: fault = %+v, want an unknown one to be retried", f)
	}
}

func TestDiagnose(t *testing.T) {
	call := platform.Asked{Stage: platform.StageCall}
	for name, r := range map[string]platform.Reply{
		"empty error":             reply(200, `{"error":"","message":"","response":{}}`),
		"empty error, odd status": reply(403, `{"error":"","response":{}}`),
		"no error":                reply(200, `{"request_id":"x","shop_list":[]}`),
		"a warning":               reply(200, `{"error":"","warning":["x"]}`),
		"a file":                  reply(200, "%PDF-1.7"),
	} {
		if f := driver.Diagnose(testApp(), call, r); f != nil {
			t.Errorf("%s: fault = %+v, want none", name, f)
		}
	}
	for name, c := range map[string]struct {
		stage, body string
		status      int
		known       bool
		action      gk.Action
	}{
		"bare error_auth on refresh": {"refresh", `{"error":"error_auth","message":""}`, 403, false, gk.FixRequest},
		"bare error_auth":            {"call", `{"error":"error_auth"}`, 403, false, gk.FixRequest},
		"bare code of one meaning":   {"refresh", `{"error":"shop_access_expired"}`, 200, true, gk.Reauthorize},
		"unknown":                    {"call", `{"error":"error_new","message":"who knows"}`, 200, false, gk.FixRequest},
		"unknown 5xx":                {"call", `{"error":"error_new","message":"who knows"}`, 503, false, gk.Retry},
		"JSON without error":         {"call", `{"x":1}`, 404, false, gk.FixRequest},
	} {
		f := driver.Diagnose(testApp(), platform.Asked{Stage: c.stage}, reply(c.status, c.body))
		if f == nil || f.Known != c.known || f.Action != c.action || !c.known && f.Terminal {
			t.Errorf("%s: fault = %+v", name, f)
		}
	}
	f := driver.Diagnose(testApp(), call, platform.Reply{
		Status: 200, Received: time.Date(2026, 1, 1, 15, 0, 0, 0, time.UTC),
		Body: []byte(`{"error":"error_limit","message":"The total API call number made by your APP has reached the daily API call limit"}`),
	})
	if f == nil || f.Action != gk.Backoff || f.RetryAfter != time.Hour {
		t.Errorf("the daily limit at 23:00 of its zone: fault = %+v, want an hour", f)
	}
	for code, refused := range map[string]bool{"Invalid access_token.": true, "System error": false} {
		f := driver.Diagnose(testApp(), call, reply(403, `{"error":"error_auth","message":"`+code+`"}`))
		if got := driver.Spec().TokenRefused(f); got != refused {
			t.Errorf("TokenRefused(%s) = %v, want %v", code, got, refused)
		}
	}
}

func TestRenewalFacts(t *testing.T) {
	r := driver.Spec().Facts.Renewal
	if r.AfterLostAnswer != platform.Once || r.ReuseKills || r.Style != platform.Rotate || r.Deadline() != 300*time.Second {
		t.Errorf("renewal = %+v: only `once` is safe under both readings of a used refresh token", r)
	}
}
