package shoplazza_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
)

var (
	driver   = shoplazza.New()
	now      = time.Date(2025, 11, 13, 12, 35, 42, 0, time.UTC)
	settings = map[string]string{
		"client_id": "AppId_1", "client_secret": "hush", "redirect_uri": "https://hub.example/cb", "push_url": "https://hub.example/push",
	}
	store = gk.Subject{Kind: gk.KindShop, ID: "2286999", Host: "demo-7.myshoplaza.com"}
	pair  = gk.Token{Access: gk.NewSecret("At_1"), Refresh: gk.NewSecret("Rt_1")}
)

// open makes an app of settings as a person writes them.
func open(settings map[string]string) platform.App {
	app := platform.App{Settings: map[string]string{}, Secrets: map[string][]gk.Secret{}, Profile: settings["profile"], Now: now}
	for name, value := range settings {
		if name == "client_secret" {
			app.Secrets[name] = []gk.Secret{gk.NewSecret(value)}
			continue
		}
		app.Settings[name] = value
	}
	return driver.Spec().Open(app)
}

// signed signs a text as the platform does and returns it as a query; the text is the decoded form that is signed.
func signed(query, text string) platform.Incoming {
	mac := hmac.New(sha256.New, []byte("hush"))
	mac.Write([]byte(text))
	return platform.Incoming{Method: "GET", URL: "https://hub.example/cb?" + query + "&hmac=" + hex.EncodeToString(mac.Sum(nil))}
}

func get(query string) platform.Incoming {
	return platform.Incoming{Method: "GET", URL: "https://hub.example/cb?" + query}
}

func TestForgedCallbacksAndEntriesAreRefused(t *testing.T) {
	whole := "code=c0de&shop=demo-7.myshoplaza.com&state=9f2c"
	good := signed(whole, whole)
	proof := good.URL[strings.Index(good.URL, "&hmac="):]
	for name, c := range map[string]struct {
		in  platform.Incoming
		row string // empty: forged
	}{
		"another state":               {get("code=c0de&shop=demo-7.myshoplaza.com&state=9f2d" + proof), ""},
		"a parameter more":            {get(whole + "&store_id=1" + proof), ""},
		"upper case":                  {get(whole + strings.ToUpper(proof)), "authorize/local:hmac_missing"},
		"upper case digits":           {get(whole + "&hmac=" + strings.ToUpper(strings.TrimPrefix(proof, "&hmac="))), ""},
		"no proof":                    {get(whole), "authorize/local:hmac_missing"},
		"a repeated code":             {get(whole + "&code=c0de" + proof), "authorize/local:callback_incomplete"},
		"a repeated proof":            {get(whole + proof + proof), "authorize/local:callback_incomplete"},
		"a hidden shop":               {signed("code=c0de%26shop%3Ddemo-7.myshoplaza.com&state=9f2c", whole), "authorize/local:callback_incomplete"},
		"a hidden state":              {signed("code=c0de&shop=demo-7.myshoplaza.com%26state%3D9f2c", whole), "authorize/local:callback_incomplete"},
		"a shop under another host":   {signed("code=c&shop=demo-7.myshoplaza.com.evil.example&state=s", "code=c&shop=demo-7.myshoplaza.com.evil.example&state=s"), "authorize/local:shop_host_rejected"},
		"a shop that ends like one":   {signed("code=c&shop=evilmyshoplaza.com&state=s", "code=c&shop=evilmyshoplaza.com&state=s"), "authorize/local:shop_host_rejected"},
		"a store id that is no id":    {signed("code=c&shop=demo-7.myshoplaza.com&state=s&store_id=x", "code=c&shop=demo-7.myshoplaza.com&state=s&store_id=x"), "authorize/local:callback_incomplete"},
		"a body instead of a query":   {platform.Incoming{Method: "POST", URL: good.URL, Body: []byte(whole)}, "authorize/local:callback_incomplete"},
		"a query that cannot be read": {get("code=%zz"), "authorize/local:callback_incomplete"},
	} {
		_, cbErr := driver.ReadCallback(open(settings), c.in)
		_, entryErr := driver.(platform.Starter).ReadEntry(open(settings), c.in)
		for place, err := range map[string]error{"ReadCallback": cbErr, "ReadEntry": entryErr} {
			var bad *platform.BadCallback
			switch {
			case name == "a hidden state" && place == "ReadEntry": // the host rule refuses it there
			case c.row == "" && !errors.Is(err, platform.ErrForged):
				t.Errorf("%s with %s: error = %v, want ErrForged", place, name, err)
			case c.row != "" && (!errors.As(err, &bad) || bad.Fault == nil || bad.Fault.Row != c.row):
				t.Errorf("%s with %s: error = %v, want a *BadCallback of %s", place, name, err, c.row)
			}
		}
	}
	for _, query := range []string{"shop=demo-7.myshoplaza.com&state=9f2c", "code=c0de&shop=demo-7.myshoplaza.com", "code=c0de&state=9f2c", "code=&shop=demo-7.myshoplaza.com&state=9f2c"} {
		var bad *platform.BadCallback
		if _, err := driver.ReadCallback(open(settings), signed(query, query)); !errors.As(err, &bad) {
			t.Errorf("ReadCallback of %s: error = %v, want a *BadCallback", query, err)
		}
	}
}

func TestEncodedSignatureOfTheOldSDKIsAccepted(t *testing.T) {
	query := "code=a+b&shop=demo-7.myshoplaza.com&state=s"
	for _, text := range []string{query, "code=a b&shop=demo-7.myshoplaza.com&state=s"} {
		if _, err := driver.ReadCallback(open(settings), signed(query, text)); err != nil {
			t.Errorf("ReadCallback signed over %q: %v", text, err)
		}
	}
}

func TestEverySecretOfTheAppVerifies(t *testing.T) {
	whole := "code=c0de&shop=demo-7.myshoplaza.com&state=9f2c"
	app := open(settings)
	app.Secrets["client_secret"] = []gk.Secret{gk.NewSecret("newer"), gk.NewSecret("hush")}
	if _, err := driver.ReadCallback(app, signed(whole, whole)); err != nil {
		t.Errorf("ReadCallback with the older secret: %v", err)
	}
	app.Secrets["client_secret"] = []gk.Secret{{}}
	mac := hmac.New(sha256.New, nil)
	mac.Write([]byte(whole))
	if cb, err := driver.ReadCallback(app, get(whole+"&hmac="+hex.EncodeToString(mac.Sum(nil)))); err == nil {
		t.Errorf("ReadCallback without any secret = %+v, want an error: anybody can sign with the empty key", cb)
	}
}

func TestRefusalByTheMerchant(t *testing.T) {
	cb, err := driver.ReadCallback(open(settings), get("error=access_denied&state=9f2c"))
	if err != nil || cb.Fault == nil || cb.Fault.Row != "authorize/access_denied" || cb.State != "9f2c" || cb.Proven {
		t.Errorf("ReadCallback of a refusal = %+v, %v, want the row access_denied, its state and no proof", cb, err)
	}
}

func TestForeignHostIsRefusedAtEveryEntry(t *testing.T) {
	app := open(settings)
	for _, host := range []string{
		"evilmyshoplaza.com", "demo.myshoplaza.com.evil.example", "a.b.myshoplaza.com", "demo.myshoplaza.com:443", "u@demo.myshoplaza.com",
		"demo.myshoplaza.com/", "demo.myshoplaza.com.", "demo.myshoplazza.com", "demo.shoplazza.com", "partners.shoplazza.com", "demo.myshoplaza.com\n", "démo.myshoplaza.com",
	} {
		foreign := gk.Subject{Kind: gk.KindShop, ID: "1", Host: host}
		cred := platform.Credential{Subject: foreign, Token: pair}
		entries := map[string]func() error{
			"Link": func() error { _, err := driver.Link(app, platform.Want{Hint: foreign}); return err },
			"ExchangeRequest": func() error {
				_, err := driver.ExchangeRequest(app, platform.Callback{Code: pair.Access, Subject: foreign})
				return err
			},
			"RefreshRequest": func() error { _, err := driver.(platform.Refresher).RefreshRequest(app, cred); return err },
			"Sign": func() error {
				_, err := driver.Sign(app, cred, platform.Call{Path: "/openapi/2022-01/shop"})
				return err
			},
			"InspectRequest":    func() error { _, err := driver.(platform.Inspector).InspectRequest(app, cred, ""); return err },
			"SubscribeRequests": func() error { _, err := driver.(platform.Subscriber).SubscribeRequests(app, cred); return err },
			"ExchangeRequest, shop": func() error {
				_, err := driver.ExchangeRequest(app, platform.Callback{Code: pair.Access, Params: url.Values{"shop": {host}}})
				return err
			},
		}
		for name, entry := range entries {
			if err := entry(); !errors.Is(err, platform.ErrForeignHost) {
				t.Errorf("%s with the host %q: error = %v, want ErrForeignHost", name, host, err)
			}
		}
	}
}

func TestCodeGoesToTheStoreThatGaveItOnly(t *testing.T) {
	for name, params := range map[string]url.Values{
		"another host": {"shop": {"demo-8.myshoplaza.com"}},
		"another id":   {"store_id": {"1"}},
	} {
		if r, err := driver.ExchangeRequest(open(settings), platform.Callback{Code: pair.Access, Subject: store, Params: params}); err == nil {
			t.Errorf("ExchangeRequest with %s = %s, want an error", name, r.URL)
		}
	}
}

func TestAnswersThatAreNeitherPairNorRefusal(t *testing.T) {
	app, asked := open(settings), platform.Asked{Stage: platform.StageRefresh, Subject: store, At: now}
	for name, reply := range map[string]platform.Reply{
		"a 503":                {Status: 503, Body: []byte(`{"error":"invalid_grant"}`)},
		"html":                 {Status: 200, Body: []byte("<html></html>")},
		"html with a 502":      {Status: 502, Body: []byte("<html></html>")},
		"a cut answer":         {Status: 200, Body: []byte(`{"access_token":"At_2","refr`)},
		"nothing":              {Status: 200},
		"plain words":          {Status: 200, Body: []byte(`OK`)},
		"a list":               {Status: 200, Body: []byte(`[]`)},
		"too much":             {Status: 200, Body: []byte(`{"access_token":"At_2"}`), Truncated: true},
		"no token":             {Status: 200, Body: []byte(`{"token_type":"Bearer"}`)},
		"a token of a number":  {Status: 200, Body: []byte(`{"access_token":7}`)},
		"a token with a break": {Status: 200, Body: []byte(`{"access_token":"a\r\nb"}`)},
		"a negative life":      {Status: 200, Body: []byte(`{"access_token":"At_2","expires_in":-1}`)},
		"an absurd life":       {Status: 200, Body: []byte(`{"access_token":"At_2","expires_in":1000000000000000000}`)},
		"a life beyond int64":  {Status: 200, Body: []byte(`{"access_token":"At_2","expires_in":9223372036854775808}`)},
		"an end at zero":       {Status: 200, Body: []byte(`{"access_token":"At_2","expires_at":0}`)},
		"an absurd end":        {Status: 200, Body: []byte(`{"access_token":"At_2","expires_at":9223372036854775807}`)},
		"an absurd start":      {Status: 200, Body: []byte(`{"access_token":"At_2","expires_in":1,"created_at":-5}`)},
		"a fraction":           {Status: 200, Body: []byte(`{"access_token":"At_2","expires_in":1.5}`)},
		"a store that is none": {Status: 200, Body: []byte(`{"access_token":"At_2","store_id":"../1"}`)},
	} {
		issues, err := driver.ReadIssues(app, asked, reply)
		var fault *gk.Fault
		if !errors.Is(err, platform.ErrGarbage) || errors.As(err, &fault) || issues != nil {
			t.Errorf("ReadIssues of %s = %v, %v, want ErrGarbage", name, issues, err)
		}
	}
}

func TestAnswerForAnotherStoreIsNeverIssued(t *testing.T) {
	reply := platform.Reply{Status: 200, Body: []byte(`{"access_token":"At_2","refresh_token":"Rt_2","store_id":"2287000"}`)}
	for name, asked := range map[string]platform.Asked{
		"of a refresh":   {Stage: platform.StageRefresh, Subject: store},
		"of an exchange": {Stage: platform.StageToken, Claimed: store},
	} {
		issues, err := driver.ReadIssues(open(settings), asked, reply)
		var fault *gk.Fault
		if !errors.As(err, &fault) || fault.Code != "subject_mismatch" || fault.Row != "token/local:store_mismatch" || fault.Stage != asked.Stage || issues != nil {
			t.Errorf("ReadIssues %s = %v, %v, want the fault subject_mismatch", name, issues, err)
		}
	}
}

func TestAnswerWithoutRefreshTokenIsLegal(t *testing.T) {
	issues, err := driver.ReadIssues(open(settings), platform.Asked{Stage: platform.StageRefresh, Subject: store, At: now},
		platform.Reply{Status: 200, Body: []byte(`{"access_token":"At_2","expires_in":"3600"}`)})
	if err != nil || len(issues) != 1 {
		t.Fatalf("ReadIssues = %d issues, %v", len(issues), err)
	}
	i := issues[0]
	if !i.Token.Refresh.Empty() || !i.Subject.Same(store) || i.Subject.Host != store.Host || !i.Token.Expires.Equal(now.Add(time.Hour)) {
		t.Errorf("issue = %v until %v, want %v until an hour later, without a refresh token", i.Subject, i.Token.Expires, store)
	}
}

func TestRefusalsOfATokenRequest(t *testing.T) {
	const texts = "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client."
	grant := `{"error":"invalid_grant","error_description":"` + texts + `"}`
	for _, c := range []struct {
		name     string
		asked    platform.Asked
		reply    platform.Reply
		row      string
		code     string
		action   gk.Action
		terminal bool
		retry    time.Duration
	}{
		{"a spent code", platform.Asked{Stage: "token"}, platform.Reply{Status: 401, Body: []byte(grant)}, "token/invalid_grant", "invalid_grant", gk.Reauthorize, false, 0},
		{"a spent refresh token", platform.Asked{Stage: "refresh"}, platform.Reply{Status: 401, Body: []byte(grant)}, "refresh/invalid_grant", "invalid_grant", gk.Reauthorize, true, 0},
		{"the same with 200", platform.Asked{Stage: "refresh"}, platform.Reply{Status: 200, Body: []byte(grant)}, "refresh/invalid_grant", "invalid_grant", gk.Reauthorize, true, 0},
		{"a refresh without redirect_uri", platform.Asked{Stage: "refresh", Sent: url.Values{"grant_type": {"refresh_token"}}}, platform.Reply{Status: 401, Body: []byte(grant)},
			"refresh/local:missing_redirect_uri", "invalid_grant", gk.FixRequest, false, 0},
		{"a wrong secret without redirect_uri", platform.Asked{Stage: "refresh", Sent: url.Values{}}, platform.Reply{Status: 401, Body: []byte(`{"error":"invalid_client","error_description":"Client authentication failed due to unknown client."}`)},
			"refresh/invalid_client", "invalid_client", gk.FixConfig, false, 0},
		{"too many", platform.Asked{Stage: "refresh"}, platform.Reply{Status: 429, Header: http.Header{"Retry-After": {"7"}}, Body: []byte("Too Many Requests")}, "refresh/http:429", "http:429", gk.Backoff, false, 7 * time.Second},
		{"a pause without end", platform.Asked{Stage: "refresh"}, platform.Reply{Status: 429, Header: http.Header{"Retry-After": {"999999999"}}}, "refresh/http:429", "http:429", gk.Backoff, false, 24 * time.Hour},
		{"a closed store", platform.Asked{Stage: "token"}, platform.Reply{Status: 404}, "token/http:404", "http:404", gk.FixRequest, false, 0},
		{"a redirect", platform.Asked{Stage: "token"}, platform.Reply{Status: 302}, "local:redirected", "http:302", gk.FixConfig, false, 0},
		{"a firewall", platform.Asked{Stage: "refresh"}, platform.Reply{Status: 403, Body: []byte("Forbidden\n")}, "call/http:403", "http:403", gk.Backoff, false, 0},
		{"an unknown error", platform.Asked{Stage: "refresh"}, platform.Reply{Status: 400, Body: []byte(`{"error":"odd","error_description":"Something odd."}`)}, "", "odd", gk.FixRequest, false, 0},
	} {
		_, err := driver.ReadIssues(open(settings), c.asked, c.reply)
		var f *gk.Fault
		if !errors.As(err, &f) {
			t.Errorf("%s: error = %v, want a fault", c.name, err)
			continue
		}
		if f.Row != c.row || f.Code != c.code || f.Action != c.action || f.Terminal != c.terminal || f.RetryAfter != c.retry {
			t.Errorf("%s: %s %s %s terminal %v after %v, want %s %s %s %v %v", c.name, f.Row, f.Code, f.Action, f.Terminal, f.RetryAfter, c.row, c.code, c.action, c.terminal, c.retry)
		}
	}
}

func TestFiveHundredKeepsItsRow(t *testing.T) {
	_, err := driver.ReadIssues(open(settings), platform.Asked{Stage: "refresh"}, platform.Reply{Status: 502})
	var g *platform.Garbled
	if !errors.As(err, &g) || g.Fault == nil || g.Fault.Row != "refresh/http:5xx" || g.Fault.Code != "http:502" {
		t.Errorf("a 502 on a refresh = %v, want Garbled with the row refresh/http:5xx", err)
	}
}

func TestSignRefusesTricksAndReservedNames(t *testing.T) {
	cred := platform.Credential{Subject: store, Token: pair}
	call := func(path string, query url.Values, header http.Header) platform.Call {
		return platform.Call{Method: "GET", Path: path, Query: query, Header: header}
	}
	for name, c := range map[string]platform.Call{
		"token endpoint":          call("/admin/oauth/token", nil, nil),
		"token endpoint, by dots": call("/openapi/../admin/oauth/token", nil, nil),
		"hidden dots":             call("/openapi/%2e%2e/admin/oauth/token", nil, nil),
		"another host":            call("//evil.example/openapi/", nil, nil),
		"absolute form":           call("https://evil.example/openapi/", nil, nil),
		"admin pages":             call("/admin/orders", nil, nil),
		"own token":               call("/openapi/2022-01/shop", nil, http.Header{"access-token": {"x"}}),
		"own token in the query":  call("/openapi/2022-01/shop", url.Values{"Access_Token": {"x"}}, nil),
		"authorization":           call("/openapi/2022-01/shop", nil, http.Header{"Authorization": {"Bearer x"}}),
		"another app":             call("/openapi/2022-01/shop", nil, http.Header{"App-Client-Id": {"x"}}),
		"an operation":            {Operation: "shop.get"},
	} {
		var bad *platform.BadCall
		if r, err := driver.Sign(open(settings), cred, c); !errors.As(err, &bad) {
			t.Errorf("Sign of %s = %v, %v, want a *BadCall", name, r, err)
		}
	}
	var bad *platform.BadCall
	if _, err := driver.Sign(open(settings), platform.Credential{Subject: store}, call("/openapi/2022-01/shop", nil, nil)); !errors.As(err, &bad) || bad.Field != "token" {
		t.Errorf("Sign without an access token: error = %v, want a *BadCall for token", err)
	}
}

func TestSignSendsTheCallAsWritten(t *testing.T) {
	body := []byte("{ \"a\" : 1.50 }")
	r, err := driver.Sign(open(settings), platform.Credential{Subject: store, Token: pair}, platform.Call{
		Method: "post", Path: "/openapi/2022-01/products", Query: url.Values{"q": {"a b"}}, Header: http.Header{"X-Trace": {"1"}}, Body: body,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &platform.Request{
		Method: "POST", URL: "https://demo-7.myshoplaza.com/openapi/2022-01/products?q=a+b", Body: body, Sent: url.Values{"q": {"a b"}},
		Header: http.Header{"Access-Token": {"At_1"}, "Content-Type": {"application/json"}, "X-Trace": {"1"}},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("Sign (-want +got):\n%s", diff)
	}
}

func TestSignedCallVerifies(t *testing.T) {
	app := open(settings)
	r, err := driver.Sign(app, platform.Credential{Subject: store, Token: pair}, platform.Call{Method: "POST", Path: "/openapi/2022-01/products", Body: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	in := platform.Incoming{Method: r.Method, URL: r.URL, Header: r.Header, Body: r.Body}
	app.Token = &platform.Credential{Token: pair}
	if err := driver.(platform.Verifier).VerifyCall(app, in); err != nil {
		t.Errorf("VerifyCall of our own call: %v", err)
	}
	for name, change := range map[string]func(*platform.Incoming){
		"Authorization": func(in *platform.Incoming) { in.Header = http.Header{"Authorization": {"Bearer At_1"}} },
		"missing":       func(in *platform.Incoming) { in.Header.Del("Access-Token") },
		"repeated":      func(in *platform.Incoming) { in.Header.Add("Access-Token", "x") },
		"another token": func(in *platform.Incoming) { in.Header.Set("Access-Token", "At_9") },
		"host":          func(in *platform.Incoming) { in.URL = "https://shop.example/openapi/2022-01/products" },
		"path":          func(in *platform.Incoming) { in.URL = "https://demo-7.myshoplaza.com/admin/x" },
		"Content-Type":  func(in *platform.Incoming) { in.Header.Set("Content-Type", "text/plain") },
	} {
		changed := in
		changed.Header = in.Header.Clone()
		change(&changed)
		if err := driver.(platform.Verifier).VerifyCall(app, changed); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("VerifyCall with a wrong %s: error = %v, want one that names it", name, err)
		}
	}
}

func TestPartnerTokenIsTheApps(t *testing.T) {
	app := open(map[string]string{"client_id": "AppId_1", "client_secret": "AppSecret_1", "profile": "partner"})
	r, err := driver.(platform.Refresher).RefreshRequest(app, platform.Credential{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://partners.shoplazza.com/partner/oauth/token"; r.URL != want || strings.Contains(string(r.Body), "redirect_uri") {
		t.Errorf("RefreshRequest goes to %s with %s, want %s without redirect_uri", r.URL, r.Body, want)
	}
	issues, err := driver.ReadIssues(app, platform.Asked{Stage: "token", At: now}, platform.Reply{Status: 200, Body: []byte(`{"access_token":"Pt_1","expires_in":3600}`)})
	if err != nil || len(issues) != 1 || issues[0].Subject != (gk.Subject{Kind: gk.KindPartner, ID: "AppId_1"}) {
		t.Fatalf("ReadIssues = %+v, %v, want one issue of partner:AppId_1", issues, err)
	}
	call, err := driver.Sign(app, platform.Credential{Subject: issues[0].Subject, Token: issues[0].Token}, platform.Call{Path: "/openapi/2025-06/apps"})
	if err != nil || call.URL != "https://partners.shoplazza.com/openapi/2025-06/apps" || call.Header.Get("App-Client-Id") != "AppId_1" {
		t.Errorf("Sign = %+v, %v, want the partner host and the header app-client-id", call, err)
	}
}

func TestInspection(t *testing.T) {
	inspector := driver.(platform.Inspector)
	app, cred := open(settings), platform.Credential{Subject: gk.Subject{Host: "demo-7.myshoplaza.com"}, Token: pair}
	r, err := inspector.InspectRequest(app, cred, "")
	if err != nil || r.URL != "https://demo-7.myshoplaza.com/openapi/2022-01/shop" {
		t.Fatalf("InspectRequest = %v, %v", r, err)
	}
	in, next, err := inspector.ReadInspection(app, cred, platform.Reply{Status: 200, Body: []byte(
		`{"shop":{"id":2286999,"name":"Demo","domain":"shop.example","system_domain":"demo-9.myshoplaza.com","currency":"USD"}}`)})
	want := gk.Subject{Kind: gk.KindShop, ID: "2286999", Name: "Demo", Host: "demo-9.myshoplaza.com"}
	if err != nil || in.Subject != want || in.Alive == nil || !*in.Alive || next == "" {
		t.Fatalf("ReadInspection = %+v, %q, %v, want %+v, alive, and a second page", in, next, err, want)
	}
	if r, err = inspector.InspectRequest(app, cred, next); err != nil || !strings.HasSuffix(r.URL, "/oauth/access_scopes") {
		t.Fatalf("InspectRequest of the second page = %v, %v", r, err)
	}
	in, next, err = inspector.ReadInspection(app, cred, platform.Reply{Status: 200, Body: []byte(`{"access_scopes":[{"handle":"read_product"},{"handle":"read_order"}]}`)})
	if diff := cmp.Diff([]string{"read_product", "read_order"}, in.Scopes); err != nil || diff != "" || next != "" {
		t.Errorf("scopes (-want +got): %s, next %q, error %v", diff, next, err)
	}

	in, _, err = inspector.ReadInspection(app, cred, platform.Reply{Status: 401, Body: []byte(`{"errors":["Unauthorized"]}`)})
	if err != nil || in.Alive == nil || *in.Alive || in.Fault == nil || in.Fault.Row != "call/http:401" {
		t.Errorf("ReadInspection of a 401 = %+v, %v, want not alive by call/http:401", in, err)
	}
	in, next, err = inspector.ReadInspection(app, cred, platform.Reply{Status: 403})
	if err != nil || in.Alive == nil || !*in.Alive || next != "" {
		t.Errorf("ReadInspection of a 403 = %+v, %q, %v, want alive and no further page", in, next, err)
	}
	for _, reply := range []platform.Reply{{Status: 500}, {Status: 200, Body: []byte(`{}`)}, {Status: 200, Body: []byte(`{"shop":{"id":"x"}}`)}} {
		if _, _, err := inspector.ReadInspection(app, cred, reply); !errors.Is(err, platform.ErrGarbage) {
			t.Errorf("ReadInspection of %d %s: error = %v, want ErrGarbage", reply.Status, reply.Body, err)
		}
	}
}

func push(topic, host, body string, secret string) platform.Incoming {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	h := make(http.Header)
	h.Set("X-Shoplazza-Topic", topic)
	h.Set("X-Shoplazza-Shop-Domain", host)
	h.Set("X-Shoplazza-Hmac-Sha256", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return platform.Incoming{Method: "POST", URL: "https://hub.example/push", Header: h, Body: []byte(body)}
}

func TestPushes(t *testing.T) {
	receiver := driver.(platform.Receiver)
	order, err := receiver.Receive(open(settings), push("orders/create", store.Host, `{"id":"77"}`, "hush"))
	if err != nil || order.Notices[0].Kind != platform.NoticeOther || order.Notices[0].Subjects[0].ID != "" || len(order.Notices[0].Dedup) != 64 {
		t.Errorf("Receive of an order = %+v, %v, want a notice of the host alone, known by its digest", order, err)
	}
	odd, err := receiver.Receive(open(settings), push("app/uninstalled", "Demo-7.myshoplaza.com", "not json", "hush"))
	if err != nil || odd.Notices[0].Kind != platform.NoticeRevoked || odd.Notices[0].Subjects[0].Host != store.Host {
		t.Errorf("Receive of an unknown body = %+v, %v, want revoked by its host", odd, err)
	}
	if _, err := receiver.Receive(open(settings), push("app/uninstalled", store.Host, "{}", "other")); !errors.Is(err, platform.ErrForged) {
		t.Errorf("Receive with another secret: error = %v, want ErrForged", err)
	}
	hexed := push("app/uninstalled", store.Host, "{}", "hush")
	hexed.Header.Set("X-Shoplazza-Hmac-Sha256", strings.Repeat("ab", 32)+"!")
	if _, err := receiver.Receive(open(settings), hexed); !errors.Is(err, platform.ErrForged) {
		t.Errorf("Receive with something else than base64: error = %v, want ErrForged", err)
	}
	repeated := push("orders/create", store.Host, "{}", "hush")
	repeated.Header.Add("X-Shoplazza-Topic", "app/uninstalled")
	var bad *platform.BadCallback
	if _, err := receiver.Receive(open(settings), repeated); !errors.As(err, &bad) {
		t.Errorf("Receive with two topics: error = %v, want a *BadCallback", err)
	}
	if _, err := receiver.Receive(open(settings), push("app/uninstalled", "evil.example", "{}", "hush")); !errors.As(err, &bad) {
		t.Errorf("Receive for a foreign host: error = %v, want a *BadCallback", err)
	}
}

func TestSubscription(t *testing.T) {
	cred := platform.Credential{Subject: store, Token: pair}
	rs, err := driver.(platform.Subscriber).SubscribeRequests(open(settings), cred)
	if err != nil || len(rs) != 1 || string(rs[0].Body) != `{"topic":"app/uninstalled","address":"https://hub.example/push"}` ||
		rs[0].URL != "https://demo-7.myshoplaza.com/openapi/2022-01/webhooks" {
		t.Errorf("SubscribeRequests = %+v, %v", rs, err)
	}
	if _, err := driver.(platform.Subscriber).SubscribeRequests(open(map[string]string{"push_url": "http://hub.example/push"}), cred); err == nil {
		t.Error("SubscribeRequests with an address that is not https: no error")
	}
}

func TestLinkNeedsWhatItNeeds(t *testing.T) {
	for name, c := range map[string]struct {
		settings map[string]string
		want     platform.Want
	}{
		"no store":        {settings, platform.Want{}},
		"no redirect_uri": {map[string]string{"client_id": "a"}, platform.Want{Hint: store}},
		"no client_id":    {map[string]string{"redirect_uri": "https://hub.example/cb"}, platform.Want{Hint: store}},
		"a private app":   {map[string]string{"profile": "private"}, platform.Want{Hint: store}},
		"cancel":          {settings, platform.Want{Hint: store, Cancel: true}},
	} {
		if link, err := driver.Link(open(c.settings), c.want); err == nil {
			t.Errorf("Link with %s = %s, want an error", name, link.URL)
		}
	}
}

func TestDiagnoseEnvelopeOfAnError(t *testing.T) {
	for body, want := range map[string]string{
		`{"code":"Error","message":"no such app"}`:        "Error",
		`{"code":"Error","message":"m","data":{"id":1}}`:  "",
		`{"code":"Success","message":"","data":{"id":1}}`: "",
		`{"shop":{"id":2286999}}`:                         "",
	} {
		f := driver.Diagnose(open(nil), platform.Asked{Stage: "call"}, platform.Reply{Status: 200, Body: []byte(body)})
		code := ""
		if f != nil {
			code = f.Code
		}
		if code != want || f != nil && (f.Known || f.Terminal) {
			t.Errorf("Diagnose of %s with status 200 = %+v, want code %q", body, f, want)
		}
	}
}
