package shopify_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

var (
	now   = time.Unix(1797000000, 0).UTC()
	store = gk.Subject{Kind: gk.KindShop, ID: "548380009", Host: "demo-7.myshopify.com"}
	pair  = gk.Token{Access: gk.NewSecret("At_1"), Refresh: gk.NewSecret("Rt_1")}
)

// open makes an app of a profile.
func open(profile string) platform.App {
	return driver.Spec().Open(platform.App{
		Profile: profile, Now: now,
		Settings: map[string]string{"client_id": "AppId_1", "redirect_uri": "https://hub.example/cb", "scopes": "read_orders,read_products"},
		Secrets:  map[string][]gk.Secret{"client_secret": {gk.NewSecret("hush")}},
	})
}

// signed is a request whose query is signed as a text; the text is what is signed.
func signed(query, text string) platform.Incoming {
	return platform.Incoming{Method: "GET", URL: "https://hub.example/cb?" + query + "&hmac=" + signing.HMACLower.Sign(text, gk.NewSecret("hush"))}
}

func TestForgedCallbacksAndEntriesAreRefused(t *testing.T) {
	const whole = "code=c0de&shop=demo-7.myshopify.com&state=9f2c&timestamp=1797000000"
	good := signed(whole, whole)
	proof := good.URL[strings.Index(good.URL, "&hmac="):]
	get := func(query string) platform.Incoming {
		return platform.Incoming{Method: "GET", URL: "https://hub.example/cb?" + query}
	}
	host := func(h string) platform.Incoming {
		text := "code=c0de&shop=" + h + "&state=9f2c&timestamp=1797000000"
		return signed(text, text)
	}
	at := func(ts string) platform.Incoming {
		text := "code=c0de&shop=demo-7.myshopify.com&state=9f2c" + ts
		return signed(text, text)
	}
	for name, c := range map[string]struct {
		in  platform.Incoming
		row string // empty: forged
	}{
		"another code":               {get(strings.Replace(whole, "c0de", "c0df", 1) + proof), ""},
		"a parameter more":           {get(whole + "&note=1" + proof), ""},
		"no proof":                   {get(whole), "authorize/local:hmac_missing"},
		"a repeated code":            {get(whole + "&code=c0de" + proof), "authorize/local:callback_incomplete"},
		"a repeated proof":           {get(whole + proof + proof), "authorize/local:callback_incomplete"},
		"a hidden shop":              {signed("code=c0de%26shop%3Ddemo-7.myshopify.com&state=9f2c&timestamp=1797000000", whole), ""},
		"a shop under another host":  {host("demo-7.myshopify.com.evil.example"), "authorize/local:shop_host_rejected"},
		"a shop that ends like one":  {host("evilmyshopify.com"), "authorize/local:shop_host_rejected"},
		"a shop with a label more":   {host("a.demo-7.myshopify.com"), "authorize/local:shop_host_rejected"},
		"a shop of the platform":     {host("admin.shopify.com"), "authorize/local:shop_host_rejected"},
		"a shop with an underscore":  {host("demo_7.myshopify.com"), "authorize/local:shop_host_rejected"},
		"no time":                    {at(""), "authorize/local:callback_incomplete"},
		"a time that is none":        {at("&timestamp=soon"), "authorize/local:callback_incomplete"},
		"a time of two days ago":     {at("&timestamp=1796820000"), "authorize/local:timestamp_old"},
		"a body instead of a query":  {platform.Incoming{Method: "POST", URL: good.URL, Body: []byte(whole)}, "authorize/local:callback_incomplete"},
		"a query that is not one":    {get("code=%zz"), "authorize/local:callback_incomplete"},
		"another app's secret":       {platform.Incoming{Method: "GET", URL: "https://hub.example/cb?" + whole + "&hmac=" + signing.HMACLower.Sign(whole, gk.NewSecret("loud"))}, ""},
		"a plain join of the values": {signed("code=c0de&note=5%25%26up&shop=demo-7.myshopify.com&state=9f2c&timestamp=1797000000", "code=c0de&note=5%&up&shop=demo-7.myshopify.com&state=9f2c&timestamp=1797000000"), ""},
	} {
		_, cbErr := driver.ReadCallback(open(""), c.in)
		_, entryErr := driver.(platform.Starter).ReadEntry(open(""), c.in)
		for place, err := range map[string]error{"ReadCallback": cbErr, "ReadEntry": entryErr} {
			var bad *platform.BadCallback
			switch {
			case c.row == "" && !errors.Is(err, platform.ErrForged):
				t.Errorf("%s with %s: error = %v, want ErrForged", place, name, err)
			case c.row != "" && (!errors.As(err, &bad) || bad.Fault == nil || bad.Fault.Row != c.row):
				t.Errorf("%s with %s: error = %v, want a *BadCallback of %s", place, name, err, c.row)
			}
		}
	}
	for _, query := range []string{
		"shop=demo-7.myshopify.com&state=9f2c&timestamp=1797000000", "code=c0de&shop=demo-7.myshopify.com&timestamp=1797000000",
		"code=c0de&state=9f2c&timestamp=1797000000",
	} {
		var bad *platform.BadCallback
		if _, err := driver.ReadCallback(open(""), signed(query, query)); !errors.As(err, &bad) {
			t.Errorf("ReadCallback of %s: error = %v, want a *BadCallback", query, err)
		}
	}
}

func TestWhySaysWhatWasSignedInstead(t *testing.T) {
	const whole = "code=c0de&shop=demo-7.myshopify.com&state=9f2c&timestamp=1797000000"
	const unsorted = "timestamp=1797000000&code=c0de&shop=demo-7.myshopify.com&state=9f2c"
	sign := func(r signing.Recipe, text string) string { return r.Sign(text, gk.NewSecret("hush")) }
	for query, want := range map[string]string{
		whole + "&hmac=" + strings.ToUpper(sign(signing.HMACLower, whole)):             "capitals",
		whole + "&hmac=" + sign(signing.HMACBase64, whole):                             "base64",
		unsorted + "&hmac=" + sign(signing.HMACLower, unsorted):                        "sort them",
		whole + "&hmac=" + sign(signing.HMACLower, strings.ReplaceAll(whole, "&", "")): "separator",
		"a=1&" + whole + "&hmac=" + sign(signing.HMACLower, whole):                     "parameter a was added",
	} {
		_, err := driver.ReadCallback(open(""), platform.Incoming{Method: "GET", URL: "https://hub.example/cb?" + query})
		if !errors.Is(err, platform.ErrForged) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want ErrForged that says %q", query, err, want)
		}
	}
	for body, c := range map[string]struct{ sign, want string }{
		`{"id":548380009}`:     {sign(signing.HMACLower, `{"id":548380009}`), "hex"},
		`{"id": 548380009}`:    {sign(signing.HMACBase64, `{"id":548380009}`), "serialised again"},
		"{\"id\":548380009}\n": {sign(signing.HMACBase64, `{"id":548380009}`), "line end"},
	} {
		in := platform.Incoming{Method: "POST", Header: http.Header{"X-Shopify-Hmac-Sha256": {c.sign}}, Body: []byte(body)}
		d, err := driver.(platform.Receiver).Receive(open(""), in)
		if !errors.Is(err, platform.ErrForged) || !strings.Contains(err.Error(), c.want) || d.Answer.Status != http.StatusUnauthorized {
			t.Errorf("%s: %v, answer %d, want ErrForged that says %q, and 401", body, err, d.Answer.Status, c.want)
		}
	}
}

func TestEverySecretVerifiesAndTheNewestSigns(t *testing.T) {
	app := open("")
	app.Secrets["client_secret"] = []gk.Secret{gk.NewSecret("newer"), gk.NewSecret("hush")}
	text := "code=c0de&shop=demo-7.myshopify.com&state=9f2c&timestamp=1797000000"
	if _, err := driver.ReadCallback(app, signed(text, text)); err != nil {
		t.Errorf("a callback of the older secret: %v", err)
	}
	r, err := driver.(platform.Refresher).RefreshRequest(app, platform.Credential{Subject: store, Token: pair})
	if err != nil || !strings.Contains(string(r.Body), `"client_secret":"newer"`) {
		t.Errorf("a refresh = %s, %v, want the newest secret in it", r.Body, err)
	}
}

func TestRefusalByTheMerchant(t *testing.T) {
	cb, err := driver.ReadCallback(open(""), platform.Incoming{Method: "GET", URL: "https://hub.example/cb?error=access_denied&state=9f2c"})
	if err != nil || cb.Fault == nil || cb.Fault.Row != "authorize/access_denied" || cb.State != "9f2c" || cb.Proven {
		t.Errorf("ReadCallback of a refusal = %+v, %v, want the row access_denied, its state and no proof", cb, err)
	}
}

func TestWhatEachProfileAsksFor(t *testing.T) {
	ask := func(app platform.App, token gk.Token) (*platform.Request, error) {
		return driver.(platform.Refresher).RefreshRequest(app, platform.Credential{Subject: store, Token: token})
	}
	alone := gk.Token{Access: pair.Access}
	for profile, c := range map[string]struct{ exchange, refresh, trade string }{ // a part of the body; empty: an error
		"public":       {`"expiring":"1"`, `"grant_type":"refresh_token"`, `"subject_token":"At_1"`},
		"custom":       {`"expiring":"1"`, `"grant_type":"refresh_token"`, `"subject_token":"At_1"`},
		"custom_fixed": {`"code":"c0de"}`, "", ""},
		"organisation": {"", `"grant_type":"client_credentials"`, `"grant_type":"client_credentials"`},
		"store":        {"", "", ""},
	} {
		app := open(profile)
		exchange, exchangeErr := driver.ExchangeRequest(app, platform.Callback{Code: gk.NewSecret("c0de"), Subject: store})
		refresh, refreshErr := ask(app, pair)
		trade, tradeErr := ask(app, alone)
		for step, got := range map[string]struct {
			r    *platform.Request
			err  error
			want string
		}{
			"exchange": {exchange, exchangeErr, c.exchange}, "refresh": {refresh, refreshErr, c.refresh}, "trade": {trade, tradeErr, c.trade},
		} {
			switch {
			case got.want == "" && got.err == nil:
				t.Errorf("%s, %s: %s, want an error", profile, step, got.r.Body)
			case got.want != "" && (got.err != nil || !strings.Contains(string(got.r.Body), got.want)):
				t.Errorf("%s, %s: %+v, %v, want %s in the body", profile, step, got.r, got.err, got.want)
			}
		}
		if _, err := driver.Link(app, platform.Want{Hint: store}); (err == nil) != (c.exchange != "") {
			t.Errorf("%s: a link: %v", profile, err)
		}
	}
}

func TestTokenOfAnEmbeddedPageGoesToItsStore(t *testing.T) {
	const k14 = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2RlbW8tNy5teXNob3BpZnkuY29tL2FkbWluIiwiZGVzdCI6Imh0dHBzOi8vZGVtby03Lm15c2hvcGlmeS5jb20iLCJhdWQiOiJBcHBJZF8xIiwic3ViIjoiNDIiLCJleHAiOjE3OTcwMDAwNjAsIm5iZiI6MTc5NzAwMDAwMCwiaWF0IjoxNzk3MDAwMDAwLCJqdGkiOiJqLTEiLCJzaWQiOiJzLTEifQ.MxSPckmlk4xSeo9_rNctHuJdm8_T-1gFA-ax32QgMiI"
	cb := platform.Callback{Params: map[string][]string{"id_token": {k14}}}
	r, err := driver.ExchangeRequest(open(""), cb)
	if err != nil {
		t.Fatal(err)
	}
	if r.URL != "https://demo-7.myshopify.com/admin/oauth/access_token" {
		t.Errorf("it goes to %s", r.URL)
	}
	for _, want := range []string{`"subject_token":"` + k14, `"subject_token_type":"urn:ietf:params:oauth:token-type:id_token"`, `"expiring":"1"`} {
		if !strings.Contains(string(r.Body), want) {
			t.Errorf("the body lacks %s: %s", want, r.Body)
		}
	}
	cb.Subject = gk.Subject{Kind: gk.KindShop, Host: "demo-8.myshopify.com"}
	if _, err := driver.ExchangeRequest(open(""), cb); err == nil {
		t.Error("a token of another store than the subject's is exchanged")
	}
}

func TestWhatTokenAnswersSay(t *testing.T) {
	const page = `<html><head><title>401 - Oauth error invalid_request</title></head><body>Oauth error invalid_request: This request requires an active refresh_token</body></html>`
	const noSuch = `{"error":"invalid_request","error_description":"This request requires an active refresh_token"}`
	for name, c := range map[string]struct {
		profile, stage string
		status         int
		body, want     string // the row, garbage, or the ends
	}{
		"dead refresh token":            {"", platform.StageRefresh, 401, noSuch, "refresh/invalid_request"},
		"the same in a page":            {"", platform.StageRefresh, 401, page, "refresh/invalid_request"},
		"the same page with a 200":      {"", platform.StageRefresh, 200, page, "garbage"},
		"the same page with a 503":      {"", platform.StageRefresh, 503, page, "garbage"},
		"a spent code":                  {"", platform.StageToken, 400, `{"error":"invalid_request","error_description":"The authorization code was not found or was already used"}`, "token/invalid_request"},
		"a token traded before":         {"", platform.StageRefresh, 400, `{"error":"invalid_subject_token"}`, "refresh/invalid_subject_token"},
		"a frozen store":                {"", platform.StageRefresh, 402, `{"errors":"Unavailable Shop"}`, "refresh/http:402"},
		"a refusal about calls":         {"", platform.StageRefresh, 401, `{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}`, "call/http:401"},
		"an online token":               {"", platform.StageToken, 200, `{"access_token":"At_2","expires_in":86399,"associated_user":{"id":7}}`, "token/local:online_token"},
		"a pair":                        {"", platform.StageRefresh, 200, `{"access_token":"At_2","refresh_token":"Rt_2","expires_in":3600,"refresh_token_expires_in":7776000}`, "1h0m0s 2160h0m0s"},
		"a pair without lives":          {"", platform.StageRefresh, 200, `{"access_token":"At_2","refresh_token":"Rt_2"}`, "1h0m0s 2160h0m0s"},
		"a refresh without a token":     {"", platform.StageRefresh, 200, `{"access_token":"At_2"}`, "1h0m0s -"},
		"an exchange without an end":    {"", platform.StageToken, 200, `{"access_token":"At_2","scope":"read_orders,write_products"}`, "- - local:not_expiring"},
		"the same for who wants it":     {"custom_fixed", platform.StageToken, 200, `{"access_token":"At_2","scope":"read_orders,write_products"}`, "- -"},
		"fewer scopes":                  {"custom_fixed", platform.StageToken, 200, `{"access_token":"At_2","scope":"read_orders"}`, "- - local:scope_reduced"},
		"client credentials":            {"organisation", platform.StageRefresh, 200, `{"access_token":"At_2","expires_in":86399}`, "23h59m59s -"},
		"client credentials, life left": {"organisation", platform.StageRefresh, 200, `{"access_token":"At_2"}`, "23h59m59s -"},
	} {
		asked := platform.Asked{Stage: c.stage, Subject: store, At: now}
		issues, err := driver.ReadIssues(open(c.profile), asked, platform.Reply{Status: c.status, Body: []byte(c.body), Received: now})
		got := ""
		var fault *gk.Fault
		switch {
		case errors.Is(err, platform.ErrGarbage):
			got = "garbage"
		case errors.As(err, &fault):
			got = fault.Row
			if c.status == 402 && fault.Action != gk.Backoff || strings.HasPrefix(fault.Row, "call/") && (fault.Terminal || fault.Action != gk.Backoff) {
				t.Errorf("%s: action %s, terminal %t", name, fault.Action, fault.Terminal)
			}
		case err != nil:
			got = err.Error()
		default:
			i := issues[0]
			got = strings.Join(append([]string{left(i.Token.Expires), left(i.Token.RefreshExpires)}, i.Warnings...), " ")
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func left(end time.Time) string {
	if end.IsZero() {
		return "-"
	}
	return end.Sub(now).String()
}

func TestARefusalRepeatsNoKey(t *testing.T) {
	body := `{"error":"invalid_request","error_description":"Could not find Shopify API application with api_key shpss_0123456789abcdef0123456789abcdef and hush"}`
	_, err := driver.ReadIssues(open(""), platform.Asked{Stage: platform.StageRefresh}, platform.Reply{Status: 400, Body: []byte(body)})
	var f *gk.Fault
	if !errors.As(err, &f) || strings.Contains(f.Message, "shpss") || strings.Contains(f.Message, "hush") {
		t.Errorf("%v: %+v", err, f)
	}
}

func TestAnInspectionEndsNothingByMistake(t *testing.T) {
	inspector := driver.(platform.Inspector)
	const named = `{"data":{"shop":{"id":"gid://shopify/Shop/548380009","myshopifyDomain":"demo-8.myshopify.com","name":"Demo"},"currentAppInstallation":{"accessScopes":[{"handle":"read_orders"}]}}}`
	for name, c := range map[string]struct {
		status int
		body   string
		want   string // alive, dead, or unknown
	}{
		"an answer":                   {200, named, "alive"},
		"a dead token":                {401, `{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}`, "dead"},
		"a token without an end":      {403, `{"errors":"[API] Non-expiring access tokens are no longer accepted for the Admin API."}`, "alive"},
		"a frozen store":              {402, `{"errors":"Unavailable Shop"}`, "unknown"},
		"a locked store":              {423, `{}`, "unknown"},
		"a paused store":              {200, `{"errors":[{"message":"The shop is inactive","extensions":{"code":"SHOP_INACTIVE"}}]}`, "unknown"},
		"a throttled question":        {200, `{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}]}`, "unknown"},
		"a page of the edge":          {401, `<html><title>401</title></html>`, "unknown"},
		"an answer that names nobody": {200, `{"data":{}}`, "unknown"},
		"a failure":                   {500, `{}`, "unknown"},
	} {
		in, _, err := inspector.ReadInspection(open(""), platform.Credential{Subject: store, Token: pair}, platform.Reply{Status: c.status, Body: []byte(c.body)})
		got := "unknown"
		if err == nil && in.Alive != nil {
			got = map[bool]string{true: "alive", false: "dead"}[*in.Alive]
		}
		if got != c.want {
			t.Errorf("%s: %s (%v), want %s", name, got, err, c.want)
		}
		if name == "an answer" && (in.Subject.ID != store.ID || in.Subject.Host != "demo-8.myshopify.com" || !slices.Equal(in.Scopes, []string{"read_orders"})) {
			t.Errorf("an answer: %+v", in)
		}
	}
}

func TestAPushIsAboutTheStoreThatItsBodyNames(t *testing.T) {
	const body = `{"id":548380009,"myshopify_domain":"demo-7.myshopify.com"}`
	for name, c := range map[string]struct{ topic, host, body, want string }{
		"an uninstallation":            {"app/uninstalled", "demo-7.myshopify.com", body, "revoked 548380009 demo-7.myshopify.com"},
		"the store's own domain":       {"app/uninstalled", "shop.example", body, "revoked 548380009 demo-7.myshopify.com"},
		"another store in the header":  {"app/uninstalled", "demo-8.myshopify.com", body, "revoked"},
		"an order's id":                {"orders/create", "demo-7.myshopify.com", `{"id":77}`, "other  demo-7.myshopify.com"},
		"scopes":                       {"app/scopes_update", "demo-7.myshopify.com", `{"previous":[],"current":["read_orders"]}`, "authorized  demo-7.myshopify.com"},
		"a privacy topic":              {"customers/redact", "", `{"shop_id":548380009,"shop_domain":"demo-7.myshopify.com"}`, "privacy 548380009 demo-7.myshopify.com"},
		"a body that cannot be read":   {"app/uninstalled", "", "x", "revoked"},
		"a foreign host in the header": {"app/uninstalled", "evil.example", "x", "revoked"},
	} {
		h := http.Header{"X-Shopify-Topic": {c.topic}, "X-Shopify-Hmac-Sha256": {signing.HMACBase64.Sign(c.body, gk.NewSecret("hush"))},
			"X-Shopify-Triggered-At": {"2026-11-30T12:00:00.123456789Z"}}
		if c.host != "" {
			h.Set("X-Shopify-Shop-Domain", c.host)
		}
		d, err := driver.(platform.Receiver).Receive(open(""), platform.Incoming{Method: "POST", Header: h, Body: []byte(c.body)})
		if err != nil || len(d.Notices) != 1 || d.Answer.Status != http.StatusOK || d.Notices[0].At.Year() != 2026 {
			t.Errorf("%s: %+v, %v", name, d, err)
			continue
		}
		got := d.Notices[0].Kind
		for _, s := range d.Notices[0].Subjects {
			got += " " + s.ID + " " + s.Host
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestAPushIsProvenOverItsBytes: known answer K12, a body that is neither UTF-8 nor without a line end.
func TestAPushIsProvenOverItsBytes(t *testing.T) {
	in := platform.Incoming{Method: "POST", Body: []byte("\x7b\x22a\x22:\x22\xe9\x22\x7d\x0a"),
		Header: http.Header{"Shopify-Hmac-Sha256": {"ZcYghdifSGDBeLQbPFZl1lLcM+C9sCOzOku0aTwJRiM="}, "Shopify-Topic": {"orders/create"}}}
	if d, err := driver.(platform.Receiver).Receive(open(""), in); err != nil || d.Matched != "client_secret" {
		t.Errorf("Receive = %+v, %v, want a proof by client_secret", d, err)
	}
}

func TestRetryAfterMayBeBroken(t *testing.T) {
	reply := platform.Reply{Status: 429, Header: http.Header{"Retry-After": {"2.0"}}, Body: []byte(`{"errors":"Exceeded 2 calls per second for api client."}`)}
	if f := driver.Diagnose(open(""), platform.Asked{Stage: platform.StageCall}, reply); f == nil || f.RetryAfter != 2*time.Second || f.Action != gk.Backoff {
		t.Errorf("Diagnose = %+v, want backoff for 2 s", f)
	}
}

func TestGraphQLErrorsKeepTheirMeaning(t *testing.T) {
	for body, want := range map[string]string{
		`{"errors":[{"message":"slow down","extensions":{"code":"THROTTLED"}}]}`:                   "call/graphql:THROTTLED",
		`{"errors":[{"message":"odd","extensions":{"code":"argumentNotAccepted"}}]}`:               "call/graphql:*",
		`{"errors":[{"message":"Access denied for orders field."}]}`:                               "call/graphql:ACCESS_DENIED",
		`{"errors":[{"message":"odd"},{"message":"Throttled","extensions":{"code":"THROTTLED"}}]}`: "call/graphql:THROTTLED",
		`{"errors":[{"message":"odd"}],"data":{"shop":null}}`:                                      "call/graphql:*",
		`{"data":{"shop":{"id":"1"}},"extensions":{"cost":{"requestedQueryCost":3}}}`:              "",
		`{"errors":[]}`: "",
	} {
		f := driver.Diagnose(open(""), platform.Asked{Stage: platform.StageCall}, platform.Reply{Status: 200, Body: []byte(body)})
		got := ""
		if f != nil {
			got = f.Row
		}
		if got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestACallNamesNothingOfOurs(t *testing.T) {
	cred := platform.Credential{Subject: store, Token: pair}
	for name, call := range map[string]platform.Call{
		"a token header":        {Method: "GET", Path: "/admin/api/2026-10/shop.json", Header: http.Header{"x-shopify-access-token": {"a"}}},
		"the token endpoint":    {Method: "POST", Path: "/admin/oauth/access_token"},
		"taking the app out":    {Method: "DELETE", Path: "/admin/api_permissions/current.json"},
		"a page of the admin":   {Method: "GET", Path: "/admin/products"},
		"an operation":          {Operation: "x"},
		"a secret in the query": {Method: "GET", Path: "/admin/api/2026-10/shop.json", Query: map[string][]string{"client_secret": {"a"}}},
	} {
		var bad *platform.BadCall
		if r, err := driver.Sign(open(""), cred, call); !errors.As(err, &bad) {
			t.Errorf("%s: %+v, %v, want a *BadCall", name, r, err)
		}
	}
	r, err := driver.Sign(open(""), cred, platform.Call{Path: "/admin/oauth/access_scopes.json"})
	if err != nil || r.Header.Get("X-Shopify-Access-Token") != "At_1" {
		t.Errorf("the scopes: %+v, %v", r, err)
	}
}

func TestVerifyCallSaysWhereTheTokenBelongs(t *testing.T) {
	v := driver.(platform.Verifier)
	address := "https://demo-7.myshopify.com/admin/api/2026-10/shop.json"
	for want, in := range map[string]platform.Incoming{
		"":              {Method: "GET", URL: address, Header: http.Header{"X-Shopify-Access-Token": {"At_1"}}},
		"Authorization": {Method: "GET", URL: address, Header: http.Header{"Authorization": {"Bearer At_1"}}},
		"missing":       {Method: "GET", URL: address},
		"not a store's": {Method: "GET", URL: "https://shop.example/admin/api/2026-10/shop.json", Header: http.Header{"X-Shopify-Access-Token": {"At_1"}}},
		"Admin API":     {Method: "GET", URL: "https://demo-7.myshopify.com/products.json", Header: http.Header{"X-Shopify-Access-Token": {"At_1"}}},
		"Content-Type":  {Method: "POST", URL: address, Header: http.Header{"X-Shopify-Access-Token": {"At_1"}}},
	} {
		err := v.VerifyCall(open(""), in)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}
