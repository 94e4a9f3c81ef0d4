package tiktokshop_test

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
	"github.com/grantkeep/grantkeep/platform/tiktokshop"
)

var (
	driver  = tiktokshop.New()
	now     = time.Unix(1750000000, 0).UTC()
	account = gk.Subject{Kind: gk.KindAccount, ID: "7010000000000000001"}
	pair    = gk.Token{Access: gk.NewSecret("ROW_at_1"), Refresh: gk.NewSecret("ROW_rt_1")}
)

const secret = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"

func open() platform.App {
	return driver.Spec().Open(platform.App{
		Now: now, Settings: map[string]string{"app_key": "6gdev0fact5k", "service_id": "7000000000000000001", "scopes": "seller.order.info"},
		Secrets: map[string][]gk.Secret{"app_secret": {gk.NewSecret(secret)}},
	})
}

func TestLinksNameOnlyWhatTheirPageTakes(t *testing.T) {
	for want, w := range map[string]platform.Want{
		"https://services.tiktokshop.com/open/authorize?service_id=7000000000000000001":   {},
		"https://services.tiktokshops.us/open/authorize?service_id=7000000000000000001":   {Hint: gk.Subject{Region: "US"}},
		"https://partner.us.tiktokshop.com/open/authorize?service_id=7000000000000000001": {Form: "partner", Extra: map[string][]string{"region": {"US"}}},
	} {
		if link, err := driver.Link(open(), w); err != nil || link.URL != want {
			t.Errorf("%+v: %s, %v, want %s", w, link.URL, err, want)
		}
	}
	for name, w := range map[string]platform.Want{
		"a creator without state": {Form: "creator"}, "a cancellation": {Cancel: true}, "another form": {Form: "buyer"},
	} {
		if link, err := driver.Link(open(), w); err == nil {
			t.Errorf("%s: %s", name, link.URL)
		}
	}
	app := open()
	app.Settings = map[string]string{"app_key": "6gdev0fact5k"}
	if _, err := driver.Link(app, platform.Want{}); err == nil || !strings.Contains(err.Error(), "service_id") {
		t.Errorf("a link without service_id: %v", err)
	}
}

func TestWhatACallbackBrings(t *testing.T) {
	for query, want := range map[string]string{ // code CODE, fault ROW, bad ROW, or empty
		"code=ROW_c0de&state=9f2c":                                       "code ROW_c0de",
		"app_key=6gdev0fact5k&code=ROW_c0de&locale=vi-VN&shop_region=VN": "code ROW_c0de",
		"code=ROW_c0de":                          "code ROW_c0de", // from the App Store
		"code=null&error=auth_denied&state=9f2c": "fault authorize/auth_denied",
		"error=access_denied&code=null":          "fault authorize/access_denied",
		"code=null&state=9f2c":                   "bad authorize/local:code_null",
		"error=null&code=null":                   "bad authorize/local:code_null",
		"state=9f2c":                             "bad authorize/local:callback_incomplete",
		"code=&state=9f2c":                       "bad authorize/local:callback_incomplete",
		"code=a&code=b&state=9f2c":               "bad authorize/local:callback_incomplete",
		"code=a&state=9f2c&state=9f2d":           "bad authorize/local:callback_incomplete",
		"code=a%0ab&state=9f2c":                  "bad authorize/local:callback_incomplete",
		"app_key=another&code=a&state=9f2c":      "bad authorize/local:app_key_mismatch",
		"":                                       "empty",
	} {
		cb, err := driver.ReadCallback(open(), platform.Incoming{Method: "GET", URL: "https://hub.example/cb?" + query})
		got := ""
		var bad *platform.BadCallback
		switch {
		case errors.As(err, &bad):
			got = "bad " + bad.Fault.Row
		case err != nil:
			got = err.Error()
		case cb.Fault != nil:
			got = "fault " + cb.Fault.Row
		case cb.Empty:
			got = "empty"
		default:
			got = "code " + cb.Code.Reveal()
		}
		if got != want || cb.Proven {
			t.Errorf("%q: %s, proven %v, want %s", query, got, cb.Proven, want)
		}
	}
}

func TestTokenRequestsTellNoSecretToWhoeverAsksWhatWasSent(t *testing.T) {
	exchange, err := driver.ExchangeRequest(open(), platform.Callback{Code: gk.NewSecret("ROW_c+/=")})
	if err != nil {
		t.Fatal(err)
	}
	if exchange.Method != "GET" || !strings.Contains(exchange.URL, "auth_code=ROW_c%2B%2F%3D&") || len(exchange.Body) > 0 {
		t.Errorf("the exchange is %s %s", exchange.Method, exchange.URL)
	}
	if text := exchange.Sent.Encode(); strings.Contains(text, secret) || strings.Contains(text, "ROW_c") {
		t.Errorf("Sent holds %s", text)
	}
	if _, err := driver.(platform.Refresher).RefreshRequest(open(), platform.Credential{Subject: account}); err == nil {
		t.Error("a refresh without a refresh token is built")
	}
}

func TestWhatTokenAnswersSay(t *testing.T) {
	answer := func(fields string) string {
		return `{"code":0,"message":"success","data":{"access_token":"At_2","refresh_token":"Rt_2","open_id":"7010000000000000001",` + fields + `}}`
	}
	for name, c := range map[string]struct {
		stage  string
		status int
		body   string
		want   string // the row, garbage, or the ends and remarks
	}{
		"moments":                     {"refresh", 200, answer(`"access_token_expire_in":1750604800,"refresh_token_expire_in":1760000000`), "168h0m0s 2777h46m40s"},
		"seconds left":                {"refresh", 200, answer(`"access_token_expire_in":604800,"refresh_token_expire_in":10000000`), "168h0m0s 2777h46m40s"},
		"texts of digits":             {"refresh", 200, answer(`"access_token_expire_in":"1750604800","refresh_token_expire_in":"1760000000"`), "168h0m0s 2777h46m40s"},
		"ends that are not stated":    {"refresh", 200, answer(`"access_token_expire_in":0,"refresh_token_expire_in":0`), "168h0m0s -"},
		"an end in the year 2125":     {"refresh", 200, answer(`"access_token_expire_in":1750604800,"refresh_token_expire_in":4900000000`), "168h0m0s -"},
		"an authorization that ends":  {"refresh", 200, answer(`"access_token_expire_in":1750604800,"refresh_token_expire_in":1751000000`), "168h0m0s 277h46m40s local:authorization_expiring"},
		"fewer scopes":                {"token", 200, answer(`"access_token_expire_in":1750604800,"granted_scopes":["seller.authorization.info"]`), "168h0m0s - local:scope_reduced"},
		"scopes that are not told":    {"token", 200, answer(`"access_token_expire_in":1750604800`), "168h0m0s -"},
		"success with another status": {"refresh", 403, answer(`"access_token_expire_in":1750604800`), "168h0m0s -"},
		"another account":             {"refresh", 200, strings.Replace(answer(`"access_token_expire_in":1750604800`), "7010000000000000001", "7", 1), "refresh/local:subject_differs"},
		"nobody's account":            {"token", 200, `{"code":0,"data":{"access_token":"At_2","refresh_token":"Rt_2"}}`, "garbage"},
		"success without a token":     {"token", 200, `{"code":0,"message":"success","data":null}`, "garbage"},
		"a spent refresh token":       {"refresh", 200, `{"code":36004005,"message":"can not find related auth record"}`, "refresh/36004005"},
		"the same without words":      {"refresh", 200, `{"code":36004005,"message":""}`, "refresh/36004005"},
		"the same with other words":   {"refresh", 200, `{"code":36004005,"message":"try later"}`, "unknown"},
		"an ended authorization":      {"refresh", 200, `{"code":36004001,"message":"rt has expired"}`, "refresh/36004001"},
		"a wrong key":                 {"refresh", 400, `{"code":36009004,"message":"Invalid credentials. Invalid 'app_key' query parameter. For more details"}`, "refresh/36009004"},
		"a post instead of a get":     {"refresh", 404, "404 page not found", "refresh/http:404"},
		"a failure":                   {"refresh", 500, `{"code":36009003,"message":"Internal error."}`, "garbage"},
	} {
		asked := platform.Asked{Stage: c.stage, At: now}
		if c.stage == platform.StageRefresh {
			asked.Subject = account
		}
		issues, err := driver.ReadIssues(open(), asked, platform.Reply{Status: c.status, Body: []byte(c.body), Received: now})
		got := ""
		var fault *gk.Fault
		switch {
		case errors.Is(err, platform.ErrGarbage):
			got = "garbage"
		case errors.As(err, &fault) && !fault.Known:
			got = "unknown"
			if fault.Terminal {
				t.Errorf("%s: an unknown fault ends the grant", name)
			}
		case errors.As(err, &fault):
			got = fault.Row
		case err != nil:
			got = err.Error()
		default:
			i := issues[0]
			if !i.Token.RefreshExpires.IsZero() {
				t.Errorf("%s: the refresh token has an end of its own", name)
			}
			got = strings.Join(append([]string{left(i.Token.Expires), left(i.Ceiling)}, i.Warnings...), " ")
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

func TestACodeMeansWhatItsMessageSays(t *testing.T) {
	for body, want := range map[string]string{
		`{"code":0,"message":"Success","data":{}}`:                                                     "",
		`{"code":105001,"message":"access token is invalid; detail:your token has been deauthorized"}`: "call/105001",
		`{"code":105001,"message":"access token is invalid"}`:                                          "call/105001#3",
		`{"code":105001}`: "call/105001#3",
		`{"code":"105002","message":"access token is expired, please refresh it"}`:                       "call/105002",
		`{"code":36009004,"message":"Invalid credentials. The 'x-tts-access-token' header is invalid."}`: "call/36009004#2",
		`{"code":36009004,"message":"Something new."}`:                                                   "call/36009004#12",
		`{"code":36009004}`: "call/36009004#12",
		`{"code":106001,"message":"signature is invalid"}`: "call/106001",
		`{"code":36009043,"message":"Shop is inactive"}`:   "call/36009043",
	} {
		f := driver.Diagnose(open(), platform.Asked{Stage: platform.StageCall}, platform.Reply{Status: 200, Body: []byte(body)})
		got := ""
		if f != nil {
			got = f.Row
		}
		if got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
	for row, want := range map[string]bool{"call/105001": false, "call/105001#3": true, "call/105002": true, "call/36009004": false, "call/http:401": false} {
		if got := driver.Spec().TokenRefused(&gk.Fault{Row: row}); got != want {
			t.Errorf("%s says that the token is not accepted: %v, want %v", row, got, want)
		}
	}
}

func TestAShopIsNamedByItsCipher(t *testing.T) {
	cred := platform.Credential{Subject: account, Token: pair, Shops: []gk.Shop{
		{ID: "7494000000000000077", Facts: map[string]string{"cipher": "GCP_mockCipher"}}, {ID: "2"},
	}}
	call := platform.Call{Path: "/order/202309/orders", Query: map[string][]string{"ids": {"1,2"}, "note": {""}}, Shop: "7494000000000000077"}
	r, err := driver.Sign(open(), cred, call)
	if err != nil || !strings.Contains(r.URL, "shop_cipher=GCP_mockCipher") || !strings.Contains(r.SignedText, "ids1,2noteshop_cipherGCP_mockCipher") {
		t.Fatalf("Sign = %+v, %v, want the shop's cipher in it", r, err)
	}
	if r.Header.Get("x-tts-access-token") != "ROW_at_1" || r.Header.Get("Content-Type") != "application/json" || strings.Contains(r.SignedText, secret) {
		t.Errorf("headers %v, signed text %s", r.Header, r.SignedText)
	}
	cred.Facts = map[string]string{"user_type": "3"}
	if r, err = driver.Sign(open(), cred, call); err != nil || !strings.Contains(r.URL, "category_asset_cipher=GCP_mockCipher") {
		t.Errorf("Sign for a partner = %+v, %v", r, err)
	}
	for name, c := range map[string]platform.Call{
		"a foreign shop":           {Path: "/order/202309/orders", Shop: "3"},
		"a shop without a cipher":  {Path: "/order/202309/orders", Shop: "2"},
		"a cipher of the caller's": {Path: "/order/202309/orders", Query: map[string][]string{"Shop_Cipher": {"x"}}},
		"the same, encoded":        {Path: "/order/202309/orders", Query: map[string][]string{"shop%5Fcipher": {"x"}}},
		"a name twice":             {Path: "/order/202309/orders", Query: map[string][]string{"ids": {"1", "2"}}},
		"a key of the caller's":    {Path: "/order/202309/orders", Query: map[string][]string{"app_key": {"x"}}},
		"a token of the caller's":  {Path: "/order/202309/orders", Header: http.Header{"X-Tts-Access-Token": {"x"}}},
		"push addresses":           {Method: "PUT", Path: "/event/202309/webhooks"},
		"a browser's token":        {Path: "/authorization/202401/widget_token"},
		"the token endpoint":       {Path: "/api/v2/token/refresh"},
		"a path nobody knows":      {Path: "/unheard/of"},
	} {
		var bad *platform.BadCall
		if r, err := driver.Sign(open(), cred, c); !errors.As(err, &bad) {
			t.Errorf("%s: %+v, %v, want a *BadCall", name, r, err)
		}
	}
}

func TestWhyACallIsNotAccepted(t *testing.T) {
	const path, body = "/order/202309/orders/search", `{"order_status":"UNPAID","create_time_ge":1749990000}`
	const right = path + "app_key6gdev0fact5k" + "page_size20shop_cipherROW_factCIPH-er_9timestamp1750000000" + body
	sign := func(r signing.Recipe, text string) string { return r.Sign(text, gk.NewSecret(secret)) }
	address := func(sig, more string) string {
		return "https://open-api.tiktokglobalshop.com" + path + "?app_key=6gdev0fact5k&page_size=20&shop_cipher=ROW_factCIPH-er_9&timestamp=1750000000&sign=" + sig + more
	}
	good := sign(signing.HMACAround, right)
	for name, c := range map[string]struct{ url, want string }{
		"right":               {address(good, ""), ""},
		"right, with a token": {address(good, "&access_token=y"), ""},
		"capitals":            {address(strings.ToUpper(good), ""), "capitals"},
		"no secret around":    {address(sign(signing.HMACLower, right), ""), "around"},
		"no body":             {address(sign(signing.HMACAround, strings.TrimSuffix(right, body)), ""), "without the body"},
		"blanks in the body":  {address(sign(signing.HMACAround, strings.TrimSuffix(right, body)+`{"order_status": "UNPAID", "create_time_ge": 1749990000}`), ""), "exact bytes"},
		"no cipher":           {address(sign(signing.HMACAround, strings.Replace(right, "shop_cipherROW_factCIPH-er_9", "", 1)), ""), "shop_cipher"},
		"separators":          {address(sign(signing.HMACAround, path+"app_key=6gdev0fact5k&page_size=20&shop_cipher=ROW_factCIPH-er_9&timestamp=1750000000"+body), ""), "without any"},
		"the whole address":   {address(sign(signing.HMACAround, "https://open-api.tiktokglobalshop.com"+right), ""), "path alone"},
		"no sign":             {strings.Replace(address("", ""), "&sign=", "", 1), "missing"},
		"another key":         {strings.Replace(address(good, ""), "6gdev0fact5k", "other", 1), "another app"},
		"the service id":      {strings.Replace(address(good, ""), "6gdev0fact5k", "7000000000000000001", 1), "service_id"},
		"a name twice":        {address(good, "&page_size=20"), "more than once"},
		"a retired host":      {strings.Replace(address(good, ""), "open-api.", "open-api-sandbox.", 1), "retired"},
		"a foreign host":      {strings.Replace(address(good, ""), "open-api.", "open-api.evil.", 1), "none of the platform"},
		"milliseconds":        {strings.Replace(address(good, ""), "timestamp=1750000000", "timestamp=1750000000000", 1), "milliseconds"},
		"six minutes ago":     {strings.Replace(address(good, ""), "timestamp=1750000000", "timestamp=1749999640", 1), "expired"},
		"a minute ahead":      {strings.Replace(address(good, ""), "timestamp=1750000000", "timestamp=1750000060", 1), "ahead"},
		"half a minute ahead": {strings.Replace(address(good, ""), "timestamp=1750000000", "timestamp=1750000030", 1), "usual mistakes"},
	} {
		err := driver.(platform.Verifier).VerifyCall(open(), platform.Incoming{Method: "POST", URL: c.url, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestAPushIsAnsweredSoThatNothingIsLost(t *testing.T) {
	const body = `{"type":6,"shop_id":7494000000000000077,"timestamp":"1750000100"}`
	receive := func(app platform.App, authorization, body string) (platform.Delivery, error) {
		return driver.(platform.Receiver).Receive(app, platform.Incoming{Method: "POST", Header: http.Header{"Authorization": {authorization}}, Body: []byte(body)})
	}
	sign := func(r signing.Recipe, text string) string { return r.Sign(text, gk.NewSecret(secret)) }
	d, err := receive(open(), sign(signing.HMACLower, "6gdev0fact5k"+body), body)
	if err != nil || d.Answer.Status != 200 || !slices.Equal(d.Notices[0].Shops, []string{"7494000000000000077"}) || len(d.Notices[0].Subjects) > 0 || d.Notices[0].At.Unix() != 1750000100 {
		t.Errorf("numbers as texts and texts as numbers: %+v, %v", d, err)
	}
	if d, err = receive(open(), sign(signing.HMACLower, "6gdev0fact5kx"), "x"); err != nil || d.Answer.Status != 200 || d.Notices[0].Kind != platform.NoticeOther {
		t.Errorf("a proven push that cannot be read: %+v, %v, want 200 and other", d, err)
	}
	for why, authorization := range map[string]string{
		"usual":        strings.Repeat("0", 64), // says nothing more than that it is forged
		"capitals":     strings.ToUpper(sign(signing.HMACLower, "6gdev0fact5k"+body)),
		"stands there": "Bearer " + sign(signing.HMACLower, "6gdev0fact5k"+body),
		"missing":      sign(signing.HMACLower, body),
		"behind":       sign(signing.HMACLower, body+"6gdev0fact5k"),
		"base64":       sign(signing.HMACBase64, "6gdev0fact5k"+body),
		"as a call":    sign(signing.HMACAround, "6gdev0fact5k"+body),
		"serialised":   sign(signing.HMACLower, "6gdev0fact5k"+strings.NewReplacer(",", ", ", ":", ": ").Replace(body)),
	} {
		d, err := receive(open(), authorization, body)
		if !errors.Is(err, platform.ErrForged) || d.Answer.Status != http.StatusUnauthorized || why != "usual" && !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, answer %d, want ErrForged, which says so, and 401", why, err, d.Answer.Status)
		}
	}
	app := open()
	app.Secrets = nil
	if d, err := receive(app, "x", body); err == nil || errors.Is(err, platform.ErrForged) || d.Answer.Status != http.StatusInternalServerError {
		t.Errorf("without a secret: %v, answer %d, want 500: the platform then tries again", err, d.Answer.Status)
	}
}

func TestAnInspectionEndsNothingByMistake(t *testing.T) {
	inspector := driver.(platform.Inspector)
	for name, c := range map[string]struct{ body, kind, want string }{
		"shops":                      {`{"code":0,"data":{"shops":[{"id":"7494000000000000077","name":"Demo","region":"GB","seller_type":"CROSS_BORDER","cipher":"GCP_mockCipher","code":"X"}]}}`, "0", "alive"},
		"no shops":                   {`{"code":0,"data":{"shops":[]}}`, "0", "alive"},
		"deauthorized":               {`{"code":105001,"message":"access token is invalid; detail:your token has been deauthorized"}`, "0", "dead"},
		"expired":                    {`{"code":105002,"message":"Expired credentials."}`, "0", "dead"},
		"a creator":                  {`{"code":105001,"message":"access token is invalid; detail:your user type can not access this interface"}`, "1", "alive"},
		"a seller of the wrong kind": {`{"code":105001,"message":"access token is invalid; detail:your user type can not access this interface"}`, "0", "unknown"},
		"a missing scope":            {`{"code":105005,"message":"Access denied. access scope"}`, "0", "unknown"},
		"an inactive shop":           {`{"code":36009043,"message":"inactive"}`, "0", "unknown"},
		"too many requests":          {`{"code":36009002,"message":"Too many requests."}`, "0", "unknown"},
		"a page":                     {`<html></html>`, "0", "unknown"},
		"an answer without a list":   {`{"code":0}`, "0", "unknown"},
	} {
		cred := platform.Credential{Subject: account, Token: pair, Facts: map[string]string{"user_type": c.kind}}
		in, _, err := inspector.ReadInspection(open(), cred, platform.Reply{Status: 200, Body: []byte(c.body)})
		got := "unknown"
		if err == nil && in.Alive != nil {
			got = map[bool]string{true: "alive", false: "dead"}[*in.Alive]
		}
		if got != c.want {
			t.Errorf("%s: %s (%v), want %s", name, got, err, c.want)
		}
		if name == "shops" && (len(in.Shops) != 1 || in.Shops[0].Facts["cipher"] != "GCP_mockCipher" || in.Shops[0].Region != "GB") {
			t.Errorf("shops: %+v", in.Shops)
		}
	}
	r, err := inspector.InspectRequest(open(), platform.Credential{Token: pair, Facts: map[string]string{"user_type": "3"}}, "")
	if err != nil || !strings.Contains(r.URL, "/authorization/202405/category_assets?") {
		t.Errorf("a partner is asked for %+v, %v", r, err)
	}
}
