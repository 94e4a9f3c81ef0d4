package shopeev1_test

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
	"github.com/grantkeep/grantkeep/platform/shopeev1"
)

var (
	driver = shopeev1.New()
	now    = time.Unix(1570500000, 0).UTC()
)

const (
	partnerKey = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"
	state      = "k3Yb0cT1wQ9sVfUe7hGzLmNxRpDaJ5iO2uBv8tEoXyA"
)

func testApp(change ...func(*platform.App)) platform.App {
	app := platform.App{
		Settings: map[string]string{
			"partner_id": "800123", "redirect_uri": "https://hub.example.org/cb?tenant=3", "push_url": "https://hub.example.org/push/v1",
		},
		Secrets: map[string][]gk.Secret{"partner_key": {gk.NewSecret(partnerKey)}},
		Now:     now,
	}
	for _, c := range change {
		c(&app)
	}
	return driver.Spec().Open(app)
}

var shopCred = platform.Credential{Subject: gk.Subject{Kind: gk.KindShop, ID: "60012"}}

func reply(status int, body string) platform.Reply {
	return platform.Reply{Status: status, Body: []byte(body), Received: now}
}

// The state stands in the redirect's query, is covered by the token, and survives the link's encoding.
func TestLinkCarriesTheState(t *testing.T) {
	for _, c := range []struct {
		cancel         bool
		path, redirect string
	}{
		{false, "/api/v1/shop/auth_partner", "https://hub.example.org/cb?tenant=3&state=" + state},
		{true, "/api/v1/shop/cancel_auth_partner", "https://hub.example.org/cb?tenant=3&state=" + state},
	} {
		l, err := driver.Link(testApp(), platform.Want{State: state, Cancel: c.cancel})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(l.URL)
		if err != nil {
			t.Fatal(err)
		}
		want := url.Values{"id": {"800123"}, "token": {l.Signature}, "redirect": {c.redirect}}
		if diff := cmp.Diff(want, u.Query()); diff != "" || u.Path != c.path || u.Host != "partner.shopeemobile.com" {
			t.Errorf("link = %s (-want +got):\n%s", l.URL, diff)
		}
		plain, err := driver.Link(testApp(), platform.Want{Cancel: c.cancel})
		if err != nil || plain.Signature == l.Signature {
			t.Errorf("the token does not cover the state: %v", err)
		}
		if !l.Expires.IsZero() || l.Finish != 3*time.Minute {
			t.Errorf("Expires = %v, Finish = %v, want none and 3m", l.Expires, l.Finish)
		}
	}
	sandbox, err := driver.Link(testApp(func(a *platform.App) { a.Environment = "sandbox" }), platform.Want{})
	if err != nil || !strings.HasPrefix(sandbox.URL, "https://partner.uat.shopeemobile.com/api/v1/shop/auth_partner?") {
		t.Errorf("sandbox link = %s, %v", sandbox.URL, err)
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
		"no redirect": {testApp(redirect("")), platform.Want{}},
		"fragment":    {testApp(redirect("https://hub.example.org/#x")), platform.Want{}},
		"two states":  {testApp(redirect("https://hub.example.org/?state=1")), platform.Want{State: "2"}},
		"no partner":  {testApp(func(a *platform.App) { delete(a.Settings, "partner_id") }), platform.Want{}},
		"no key":      {testApp(func(a *platform.App) { a.Secrets = nil }), platform.Want{}},
		"a form":      {testApp(), platform.Want{Form: "signed"}},
		"an extra":    {testApp(), platform.Want{Extra: url.Values{"x": {"y"}}}},
	} {
		if l, err := driver.Link(c.app, c.want); err == nil {
			t.Errorf("%s: Link = %s, want an error", name, l.URL)
		}
	}
}

func TestHosts(t *testing.T) {
	for _, host := range []string{
		"evilpartner.shopeemobile.com", "partner.shopeemobile.com.evil.example", "partner.shopeemobile.com.", "partner.shopeemobile.com:8443",
		"partner.test-stable.shopeemobile.com", "open.shopee.com", "partnerxshopeemobile.com",
	} {
		if got, err := driver.Spec().Host(host); err == nil {
			t.Errorf("Host(%q) = %s, want ErrForeignHost", host, got)
		}
	}
}

func TestCallback(t *testing.T) {
	const at = "https://hub.example.org/cb?tenant=3&"
	for query, want := range map[string]platform.Callback{
		"shop_id=60012&state=" + state:       {State: state, Subject: gk.Subject{Kind: "shop", ID: "60012"}},
		"shop_id=60012&code=meaningless":     {Subject: gk.Subject{Kind: "shop", ID: "60012"}},
		"state=" + state:                     {State: state, Cancel: true},
		"shop_id=41234567890&state=" + state: {State: state, Subject: gk.Subject{Kind: "shop", ID: "41234567890"}},
	} {
		cb, err := driver.ReadCallback(testApp(), platform.Incoming{Method: "GET", URL: at + query})
		if err != nil || cb.State != want.State || cb.Subject != want.Subject || cb.Cancel != want.Cancel || cb.Proven || !cb.Code.Empty() {
			t.Errorf("%s: callback = %+v, %v", query, cb, err)
		}
	}
	for name, in := range map[string]platform.Incoming{
		"shop twice":        {URL: at + "shop_id=1&shop_id=2"},
		"shop in two cases": {URL: at + "shop_id=1&Shop_ID=2"},
		"state twice":       {URL: at + "shop_id=1&state=a&state=b"},
		"code twice":        {URL: at + "shop_id=1&code=a&code=b"},
		"no digits":         {URL: at + "shop_id=1x"},
		"signed":            {URL: at + "shop_id=-1"},
		"leading zero":      {URL: at + "shop_id=01"},
		"zero":              {URL: at + "shop_id=0"},
		"too big":           {URL: at + "shop_id=9223372036854775808"},
		"empty":             {URL: at + "shop_id="},
		"bad with a state":  {URL: at + "shop_id=x&state=" + state},
		"semicolon":         {URL: at + "a=1;shop_id=1"},
		"post":              {Method: "POST", URL: at + "shop_id=1"},
		"only in the body":  {URL: at, Body: []byte("shop_id=1")},
	} {
		cb, err := driver.ReadCallback(testApp(), in)
		var bad *platform.BadCallback
		if !errors.As(err, &bad) {
			t.Errorf("%s: ReadCallback = %+v, %v, want a BadCallback", name, cb, err)
		}
	}
}

// The callback is the whole permission, and proves nothing.
func TestTheCallbackIsThePermission(t *testing.T) {
	cb, err := driver.ReadCallback(testApp(), platform.Incoming{URL: "https://hub.example.org/cb?shop_id=60012"})
	if err != nil || cb.Proven {
		t.Fatalf("callback = %+v, %v", cb, err)
	}
	if req, err := driver.ExchangeRequest(testApp(), cb); req != nil || err != nil {
		t.Errorf("ExchangeRequest = %v, %v, want neither", req, err)
	}
	issues, err := driver.ReadIssues(testApp(), platform.Asked{Stage: "token", Claimed: cb.Subject}, platform.Reply{})
	if err != nil || len(issues) != 1 || issues[0].Subject != cb.Subject || !issues[0].Token.Access.Empty() || !issues[0].Token.Refresh.Empty() {
		t.Errorf("issues = %+v, %v", issues, err)
	}
	if _, err := driver.ReadIssues(testApp(), platform.Asked{Stage: "token"}, platform.Reply{}); !errors.Is(err, platform.ErrGarbage) {
		t.Errorf("issues of nobody: %v", err)
	}
	if _, ok := driver.(platform.Refresher); ok {
		t.Error("the driver renews, although there is nothing to renew")
	}
}

func TestInspect(t *testing.T) {
	ins := driver.(platform.Inspector)
	req, err := ins.InspectRequest(testApp(), shopCred, "")
	if err != nil || req.URL != "https://partner.shopeemobile.com/api/v1/shop/get_partner_shop" || string(req.Body) != `{"partner_id":800123,"timestamp":1570500000}` {
		t.Fatalf("InspectRequest = %+v, %v", req, err)
	}
	list := `{"authed_shops":[{"country":"TW","shopid":60012,"auth_time":1570000000,"expire_time":1601536000,"sip_a_shops":[{"country":"SG","a_shopid":60099}]},
		{"country":"TW","shopid":60013,"auth_time":1500000000},{"country":"TW","shopid":60014,"auth_time":1500000000,"expire_time":1531536000}],"request_id":"e3f1"}`
	for id, want := range map[string]struct {
		alive         bool
		auth, ceiling int64
	}{
		"60012": {true, 1570000000, 1601536000}, "60013": {true, 1500000000, 1531536000}, "60014": {false, 1500000000, 1531536000}, "60015": {},
	} {
		cred := platform.Credential{Subject: gk.Subject{Kind: "shop", ID: id}}
		in, next, err := ins.ReadInspection(testApp(), cred, reply(200, list))
		if err != nil || next != "" || in.Alive == nil || *in.Alive != want.alive || !in.Subject.Same(cred.Subject) {
			t.Errorf("%s: inspection = %+v, %q, %v", id, in, next, err)
			continue
		}
		if want.auth != 0 && (in.AuthorizedAt.Unix() != want.auth || in.Ceiling.Unix() != want.ceiling || in.Subject.Region != "TW") {
			t.Errorf("%s: inspection = %+v", id, in)
		}
		if want.auth == 0 && (in.Fault == nil || in.Fault.Action != gk.Reauthorize) {
			t.Errorf("%s: a shop that is not linked: %+v", id, in)
		}
	}
	found, _, err := driver.(platform.Census).ReadCensus(testApp(), reply(200, list))
	if err != nil || len(found) != 3 || found[0].Facts["sip_affiliates"] != "60099" {
		t.Errorf("census = %+v, %v", found, err)
	}
	for name, r := range map[string]platform.Reply{
		"5xx": reply(500, list), "html": reply(200, "<html>"), "no list": reply(200, `{"request_id":"x"}`), "null": reply(200, `{"authed_shops":null}`),
		"truncated": {Status: 200, Body: []byte(list), Truncated: true}, "not whole": reply(200, `{"authed_shops":[{"shopid":1.5}]}`),
	} {
		if got, _, err := ins.ReadInspection(testApp(), shopCred, r); !errors.Is(err, platform.ErrGarbage) {
			t.Errorf("%s: ReadInspection = %+v, %v, want ErrGarbage", name, got, err)
		}
	}
	var f *gk.Fault
	if _, _, err := ins.ReadInspection(testApp(), shopCred, reply(200, `{"error":"api_suspended","msg":"The API is offline. Please call v2 API instead."}`)); !errors.As(err, &f) || f.Action != gk.FixConfig {
		t.Errorf("a suspended API: %v, want the fault", err)
	}
}

func TestSignKeepsTheCallersBytes(t *testing.T) {
	for body, want := range map[string]string{
		"":    `{"partner_id":800123,"shopid":60012,"timestamp":1570500000}`,
		" \n": `{"partner_id":800123,"shopid":60012,"timestamp":1570500000}`,
		"{}":  `{"partner_id":800123,"shopid":60012,"timestamp":1570500000}`,
		"{ }": `{"partner_id":800123,"shopid":60012,"timestamp":1570500000 }`,
		` { "a" : 1.0 , "b":"\u00e9é{" }` + "\n":                      ` {"partner_id":800123,"shopid":60012,"timestamp":1570500000, "a" : 1.0 , "b":"\u00e9é{" }` + "\n",
		`{"shopid": 60012, "ordersn_list":["1"]}`:                     `{"partner_id":800123,"timestamp":1570500000,"shopid": 60012, "ordersn_list":["1"]}`,
		`{"timestamp":1570500000,"partner_id":800123,"shopid":60012}`: `{"timestamp":1570500000,"partner_id":800123,"shopid":60012}`,
		`{"item":{"shopid":1,"timestamp":5}}`:                         `{"partner_id":800123,"shopid":60012,"timestamp":1570500000,"item":{"shopid":1,"timestamp":5}}`,
	} {
		req, err := driver.Sign(testApp(), shopCred, platform.Call{Method: "POST", Path: "/api/v1/orders/detail", Body: []byte(body)})
		if err != nil || string(req.Body) != want {
			t.Errorf("%q: body = %s, %v, want %s", body, req.Body, err, want)
			continue
		}
		if req.SignedText != req.URL+"|"+want || req.Header.Get("Authorization") != req.Signature || strings.Contains(req.URL, "?") {
			t.Errorf("%q: request = %+v", body, req)
		}
	}
	partner, err := driver.Sign(testApp(), platform.Credential{Subject: gk.Subject{Kind: "partner"}}, platform.Call{Method: "POST", Path: "/api/v1/shop/get_partner_shop"})
	if err != nil || string(partner.Body) != `{"partner_id":800123,"timestamp":1570500000}` {
		t.Errorf("partner call = %+v, %v", partner, err)
	}
}

func TestSignRefuses(t *testing.T) {
	partner := platform.Credential{Subject: gk.Subject{Kind: "partner"}}
	post := func(body string) platform.Call {
		return platform.Call{Method: "POST", Path: "/api/v1/orders/detail", Body: []byte(body)}
	}
	path := func(p string) platform.Call { return platform.Call{Method: "POST", Path: p} }
	for name, c := range map[string]struct {
		cred platform.Credential
		call platform.Call
	}{
		"other shop":            {shopCred, post(`{"shopid":60099}`)},
		"shop as text":          {shopCred, post(`{"shopid":"60012"}`)},
		"shop as fraction":      {shopCred, post(`{"shopid":60012.0}`)},
		"shop null":             {shopCred, post(`{"shopid":null}`)},
		"shop twice":            {shopCred, post(`{"shopid":60012,"shopid":60099}`)},
		"shop in another case":  {shopCred, post(`{"shopId":60099}`)},
		"shop with long s":      {shopCred, post(`{"ſhopid":60099}`)},
		"shop escaped":          {shopCred, post(`{"\u0073hopid":60099}`)},
		"shop_id":               {shopCred, post(`{"shop_id":60099}`)},
		"shop with a blank":     {shopCred, post(`{" shopid":60099}`)},
		"other partner":         {shopCred, post(`{"partner_id":1}`)},
		"Partner_ID":            {shopCred, post(`{"Partner_ID":800123}`)},
		"other time":            {shopCred, post(`{"timestamp":1570500001}`)},
		"time in another case":  {shopCred, post(`{"TimeStamp":1570500000}`)},
		"any member twice":      {shopCred, post(`{"a":1,"a":2}`)},
		"a list":                {shopCred, post(`[]`)},
		"two objects":           {shopCred, post(`{}{}`)},
		"not JSON":              {shopCred, post(`shopid=60099`)},
		"cut":                   {shopCred, post(`{"a":1`)},
		"BOM":                   {shopCred, post("\xef\xbb\xbf{}")},
		"not UTF-8":             {shopCred, post("{\"a\":\"\xff\"}")},
		"shop of a partner":     {partner, platform.Call{Method: "POST", Path: "/api/v1/shop/get_partner_shop", Body: []byte(`{"shopid":60012}`)}},
		"get":                   {shopCred, platform.Call{Method: "GET", Path: "/api/v1/shop/get"}},
		"query":                 {shopCred, platform.Call{Method: "POST", Path: "/api/v1/shop/get", Query: url.Values{"a": {"1"}}}},
		"authorization":         {shopCred, platform.Call{Method: "POST", Path: "/api/v1/shop/get", Header: http.Header{"authorization": {"x"}}}},
		"all shops with one":    {shopCred, path("/api/v1/shop/get_partner_shop")},
		"push with a grant":     {shopCred, path("/api/v1/push/set_config")},
		"link":                  {shopCred, path("/api/v1/shop/auth_partner")},
		"cancel as partner":     {partner, path("/api/v1/shop/cancel_auth_partner")},
		"shop API as partner":   {partner, path("/api/v1/shop/get")},
		"v2":                    {shopCred, path("/api/v2/shop/get_shop_info")},
		"dots":                  {shopCred, path("/api/v1/orders/../shop/get_partner_shop")},
		"encoded":               {shopCred, path("/api/v1/shop/get%5fpartner_shop")},
		"host":                  {shopCred, path("//evil.example/api/v1/shop/get")},
		"userinfo":              {shopCred, path("@evil.example/api/v1/shop/get")},
		"other shop of a call":  {shopCred, platform.Call{Method: "POST", Path: "/api/v1/shop/get", Shop: "60099"}},
		"operation":             {shopCred, platform.Call{Method: "POST", Path: "/api/v1/shop/get", Operation: "x"}},
		"merchant":              {platform.Credential{Subject: gk.Subject{Kind: "merchant", ID: "1"}}, path("/api/v1/shop/get")},
		"shop that is no digit": {platform.Credential{Subject: gk.Subject{Kind: "shop", ID: "6x"}}, path("/api/v1/shop/get")},
	} {
		req, err := driver.Sign(testApp(), c.cred, c.call)
		var bad *platform.BadCall
		if !errors.As(err, &bad) || strings.Contains(err.Error(), "60099") {
			t.Errorf("%s: Sign = %+v, %v, want a BadCall without the caller's value", name, req, err)
		}
	}
}

// Every row of the catalogue that the platform can say is found from a body as the platform would send it.
func TestEveryRowFromABody(t *testing.T) {
	for _, row := range driver.Spec().Catalogue.Rows() {
		if row.Local() || row.Code == "operation overtime" {
			continue
		}
		for _, member := range []string{"msg", "message"} {
			body := `{"request_id":"e3f1","` + member + `":"` + row.Example + `","error":"` + row.Code + `"}`
			for _, status := range []int{200, 403} {
				f := driver.Diagnose(testApp(), platform.Asked{Stage: row.Stage}, reply(status, body))
				if f == nil || f.Row != row.ID || f.Action != row.Action || f.Terminal != row.Terminal || f.RequestID != "e3f1" {
					t.Errorf("%s: fault = %+v, want action %s", row.ID, f, row.Action)
				}
			}
		}
	}
}

func TestDiagnose(t *testing.T) {
	call := platform.Asked{Stage: platform.StageCall}
	for name, r := range map[string]platform.Reply{
		"success": reply(200, `{"shop_id":60012,"request_id":"e3f1"}`), "a file": reply(200, "%PDF-1.7"), "empty error": reply(200, `{"error":"","x":1}`),
	} {
		if f := driver.Diagnose(testApp(), call, r); f != nil {
			t.Errorf("%s: fault = %+v, want none", name, f)
		}
	}
	for name, c := range map[string]struct {
		r      platform.Reply
		known  bool
		action gk.Action
		pause  time.Duration
	}{
		"no msg":        {reply(200, `{"error":"error_params"}`), true, gk.FixRequest, 0},
		"bare auth":     {reply(200, `{"error":"error_auth"}`), true, gk.FixConfig, 0},
		"banned":        {reply(200, `{"error":"error_too_many_request","msg":"Too many request.Exceed 1000 request per min will be banned for an hour"}`), true, gk.Backoff, time.Hour},
		"unknown":       {reply(200, `{"error":"error_new","msg":"who knows"}`), false, gk.FixRequest, 0},
		"html 502":      {reply(502, "<html>"), false, gk.Retry, 0},
		"html 403":      {reply(403, "<html>"), true, gk.FixConfig, 0},
		"html 200":      {reply(200, "<html>"), true, gk.FixRequest, 0},
		"pasted words":  {platform.Reply{Body: []byte("partner and shop has no linked")}, true, gk.Reauthorize, 0},
		"not an object": {platform.Reply{Status: 404, Body: []byte("[]")}, false, gk.FixRequest, 0},
	} {
		f := driver.Diagnose(testApp(), call, c.r)
		if f == nil || f.Known != c.known || f.Action != c.action || f.RetryAfter != c.pause || !c.known && f.Terminal {
			t.Errorf("%s: fault = %+v", name, f)
		}
	}
}

func TestAnotherShop(t *testing.T) {
	asked := platform.Asked{
		Stage: platform.StageToken, Subject: gk.Subject{Kind: gk.KindShop, ID: "60012"}, Claimed: gk.Subject{Kind: gk.KindShop, ID: "60013"},
	}
	issues, err := driver.ReadIssues(testApp(), asked, platform.Reply{})
	var f *gk.Fault
	if !errors.As(err, &f) || f.Code != platform.SubjectMismatch || issues != nil {
		t.Errorf("ReadIssues = %v, %v, want the fault %s", issues, err, platform.SubjectMismatch)
	}
}
