package lazada_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

func TestLink(t *testing.T) {
	const plain = "https://auth.lazada.com/oauth/authorize?response_type=code&client_id=246810" +
		"&redirect_uri=https%3A%2F%2Fhub.example.com%2Fcb%2Flazada&state=a1B2c3D4&force_auth=true"
	for name, c := range map[string]struct {
		want platform.Want
		url  string // empty: an error
	}{
		"any country":       {platform.Want{State: "a1B2c3D4"}, plain},
		"any, by form":      {platform.Want{State: "a1B2c3D4", Form: "any"}, plain},
		"one country":       {platform.Want{State: "a1B2c3D4", Form: "sg"}, plain + "&country=sg"},
		"two countries":     {platform.Want{State: "a1B2c3D4", Extra: url.Values{"country": {"SG, my"}}}, plain + "&country=sg%2Cmy"},
		"across borders":    {platform.Want{State: "a1B2c3D4", Form: "cb"}, plain + "&country=cb"},
		"no such country":   {platform.Want{Form: "xx"}, ""},
		"a cancellation":    {platform.Want{Cancel: true}, ""},
		"any among several": {platform.Want{Extra: url.Values{"country": {"sg,any"}}}, ""},
	} {
		link, err := driver.Link(demoApp(nil), c.want)
		if link.URL != c.url || (err == nil) != (c.url != "") {
			t.Errorf("%s: %s, %v, want %q", name, link.URL, err, c.url)
		}
	}
}

func TestCallbacks(t *testing.T) {
	read := func(query string) (platform.Callback, error) {
		return driver.ReadCallback(demoApp(nil), platform.Incoming{Method: "GET", URL: "https://hub.example.com/cb/lazada?" + query})
	}
	if cb, err := read("code=0_246810_aB3dE5fG7hJ9kL&state=s"); err != nil || cb.Code.Empty() || cb.State != "s" || cb.Empty {
		t.Errorf("a consent = %+v, %v", cb, err)
	}
	if cb, err := read(""); err != nil || !cb.Empty {
		t.Errorf("an address that was opened = %+v, %v", cb, err)
	}
	if cb, err := read("error=access_denied&state=s"); err != nil || cb.Fault == nil || cb.Fault.Row != "authorize/access_denied" {
		t.Errorf("a refusal = %+v, %v", cb, err)
	}
	for _, query := range []string{"code=a&code=b", "code=a&error=b", "code=a%20b", "code=0_7_abc", "code=a&app_key=7", "code=a&state=b&State=c"} {
		var bad *platform.BadCallback
		if cb, err := read(query); !errors.As(err, &bad) {
			t.Errorf("%s = %+v, %v, want a BadCallback", query, cb, err)
		}
	}
}

func TestACallGoesToTheHostOfItsShopsCountry(t *testing.T) {
	sign := func(app platform.App, cred platform.Credential, shop string) string {
		r, err := driver.Sign(app, cred, platform.Call{Method: "GET", Path: "/orders/get", Shop: shop})
		if err != nil {
			return err.Error()
		}
		u, err := url.Parse(r.URL)
		if err != nil {
			t.Fatal(err)
		}
		return u.Host
	}
	one := credential()
	one.Subject, one.Shops = gk.Subject{Kind: gk.KindShop, ID: "th:5"}, nil
	region := credential()
	region.Subject, region.Shops = gk.Subject{Kind: gk.KindAccount, ID: "7", Region: "VN"}, nil
	sellers := credential()
	sellers.Shops, sellers.Facts = nil, map[string]string{"sellers": "my:1000778,ph:9"}
	simulated, relayed := demoApp(nil), demoApp(nil)
	simulated.Endpoints = map[string]string{"api": "http://127.0.0.1:7708"}
	relayed.Endpoints = map[string]string{"api": "http://127.0.0.1:7708", "api_my": "http://my.localhost:7708"}
	for name, c := range map[string]struct {
		app  platform.App
		cred platform.Credential
		shop string
		want string
	}{
		"by its name":              {demoApp(nil), credential(), "my:1000778", "api.lazada.com.my"},
		"the other one":            {demoApp(nil), credential(), "sg:1000777", "api.lazada.sg"},
		"the only one":             {demoApp(nil), one, "", "api.lazada.co.th"},
		"by the subject's region":  {demoApp(nil), region, "", "api.lazada.vn"},
		"of what was kept":         {demoApp(nil), sellers, "ph:9", "api.lazada.com.ph"},
		"at a simulator":           {simulated, credential(), "my:1000778", "127.0.0.1:7708"},
		"at a country's simulator": {relayed, credential(), "my:1000778", "my.localhost:7708"},
		"none of several":          {demoApp(nil), credential(), "", "shop: is needed"},
		"a foreign one":            {demoApp(nil), credential(), "my:1", "shop: is none of this grant's shops"},
		"a foreign country":        {demoApp(nil), one, "xx:5", "shop: is none of this grant's shops"},
		"no country":               {demoApp(nil), one, "5", "shop: must be country and seller"},
		"a country without API":    {demoApp(nil), platform.Credential{Token: one.Token}, "xx:5", "shop: is of a country without an API"},
	} {
		if got := sign(c.app, c.cred, c.shop); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestCallsThatAreNotSigned(t *testing.T) {
	for name, c := range map[string]struct {
		call  platform.Call
		field string
	}{
		"with /rest":       {platform.Call{Method: "GET", Path: "/rest/orders/get"}, "path"},
		"a token":          {platform.Call{Method: "POST", Path: "/auth/token/refresh"}, "path"},
		"unheard of":       {platform.Call{Method: "GET", Path: "/nobody/knows"}, "path"},
		"another method":   {platform.Call{Method: "DELETE", Path: "/orders/get"}, "method"},
		"JSON":             {platform.Call{Method: "POST", Path: "/product/update", Body: []byte(`{"a":"b=c"}`)}, "body"},
		"XML":              {platform.Call{Method: "POST", Path: "/product/update", Body: []byte(`<Request a="b"/>`)}, "body"},
		"JSON by its type": {platform.Call{Method: "POST", Path: "/product/update", Body: []byte(`a=b`), Header: http.Header{"Content-Type": {"application/json"}}}, "body"},
		"a body of a GET":  {platform.Call{Method: "GET", Path: "/orders/get", Body: []byte("a=b")}, "body"},
		"ours in the body": {platform.Call{Method: "POST", Path: "/product/update", Body: []byte("Access_Token=b")}, "body"},
		"ours in query":    {platform.Call{Method: "GET", Path: "/orders/get", Query: url.Values{"sign": {"b"}}}, "query"},
		"a name twice":     {platform.Call{Method: "GET", Path: "/orders/get", Query: url.Values{"a": {"b", "c"}}}, "query"},
		"a name in both":   {platform.Call{Method: "POST", Path: "/product/update", Query: url.Values{"a": {"b"}}, Body: []byte("a=c")}, "body"},
	} {
		var bad *platform.BadCall
		c.call.Shop = "sg:1000777"
		if _, err := driver.Sign(demoApp(nil), credential(), c.call); !errors.As(err, &bad) || bad.Field != c.field {
			t.Errorf("%s: %v, want a BadCall for %s", name, err, c.field)
		}
	}
	free := platform.Call{Method: "POST", Path: "/auth/token/create", Body: []byte("code=0_246810_aB3dE5fG7hJ9kL"), Free: true}
	r, err := driver.Sign(demoApp(nil), credential(), free)
	if err != nil || r.Signature != "BDD8ADE514ADC8EDFBFD10634AAA9DD1154C68C1944275E28C2EA25CF1EFC350" || !strings.HasPrefix(r.URL, "https://auth.lazada.com/rest/") {
		t.Errorf("a person's token request = %+v, %v", r, err)
	}
}

const lone = `"country_user_info":[{"country":"sg","seller_id":"1000777"}]`

func TestWhoseAnAnswerIs(t *testing.T) {
	two := `"country_user_info_list":[{"country":"sg","seller_id":"1000777"},{"country":"my","seller_id":"1000778"}]`
	shop, account := gk.Subject{Kind: gk.KindShop, ID: "sg:1000777"}, gk.Subject{Kind: gk.KindAccount, ID: "700001"}
	for name, c := range map[string]struct {
		asked gk.Subject
		rest  string
		want  string // empty: a mismatch
	}{
		"the same seller":                    {shop, lone, "shop:sg:1000777"},
		"the seller among others":            {shop, two, "shop:sg:1000777"},
		"another seller":                     {gk.Subject{Kind: gk.KindShop, ID: "sg:1"}, lone, ""},
		"the same number in another country": {gk.Subject{Kind: gk.KindShop, ID: "my:1000777"}, lone, ""},
		"the same account":                   {account, `"account_id":"700001",` + two, "account:700001"},
		"another account":                    {account, `"account_id":"700002",` + two, ""},
		"an account without its number":      {account, `"account_id":null,` + two, "account:700001"},
		"nobody named":                       {account, `"account":"x"`, "account:700001"},
	} {
		body := `{"access_token":"A","refresh_token":"R","expires_in":60,"refresh_expires_in":600,"code":"0",` + c.rest + `}`
		issues, err := driver.ReadIssues(demoApp(nil), platform.Asked{Stage: platform.StageRefresh, Subject: c.asked, At: now}, reply(200, body))
		var f *gk.Fault
		switch {
		case c.want == "" && (!errors.As(err, &f) || f.Code != platform.SubjectMismatch):
			t.Errorf("%s: %+v, %v, want a mismatch", name, issues, err)
		case c.want != "" && (err != nil || issues[0].Subject.String() != c.want):
			t.Errorf("%s: %+v, %v, want %s", name, issues, err, c.want)
		}
	}
}

func TestAnswersThatAreNoPair(t *testing.T) {
	asked := platform.Asked{Stage: platform.StageRefresh, At: now}
	for name, body := range map[string]string{
		"another platform's pair": `{"access_token":"A","refresh_token":"R","expires_in":60}`,
		"another platform's no":   `{"error":"invalid_grant","error_description":"x"}`,
		"a number and msg":        `{"code":50002,"msg":"x"}`,
		"a seller of nowhere":     `{"code":"0","access_token":"A","country_user_info":[{"country":"","seller_id":"7"}]}`,
		"a list of texts":         `{"code":"0","access_token":"A","country_user_info":"x"}`,
		"a page":                  `<!DOCTYPE html><html>`,
	} {
		if issues, err := driver.ReadIssues(demoApp(nil), asked, reply(200, body)); !errors.Is(err, platform.ErrGarbage) {
			t.Errorf("%s: %+v, %v, want an unknown outcome", name, issues, err)
		}
	}
	var f *gk.Fault
	market := `{"type":"ISV","code":"AUTH_TYPE_UNSUPPORTED","message":"appkey can only be authorized by market, not support refresh","request_id":"7"}`
	if _, err := driver.ReadIssues(demoApp(nil), asked, reply(200, market)); !errors.As(err, &f) || f.Action != gk.None || f.RequestID != "7" {
		t.Errorf("a market grant: %v, want a fault that asks for nothing", err)
	}
	unsaid := `{"code":"0","access_token":"A","refresh_token":"R",` + lone + `}`
	for stage, want := range map[string]time.Duration{"online": 180 * 24 * time.Hour, "testing": 30 * 24 * time.Hour} {
		issues, err := driver.ReadIssues(demoApp(map[string]string{"stage": stage}), asked, reply(200, unsaid))
		if err != nil || !issues[0].Token.RefreshExpires.Equal(now.Add(want)) || !issues[0].Ceiling.IsZero() {
			t.Errorf("%s, no lives told: %+v, %v, want the facts' and no ceiling", stage, issues, err)
		}
	}
}

func TestABanNamesItsEnd(t *testing.T) {
	f := driver.Diagnose(demoApp(nil), platform.Asked{}, reply(200, `{"type":"ISP","code":"ApiCallLimit","message":"Api access frequency exceeds the limit. this ban will last 17 seconds"}`))
	if f == nil || f.Action != gk.Backoff || f.RetryAfter != 17*time.Second {
		t.Errorf("Diagnose = %+v, want to wait 17 s", f)
	}
	if f := driver.Diagnose(demoApp(nil), platform.Asked{}, reply(200, `{}`)); f == nil {
		t.Error("an answer without its envelope is taken for a success")
	}
}

func TestInspectionAsksEveryCountry(t *testing.T) {
	inspector := driver.(platform.Inspector)
	cred := credential()
	r, err := inspector.InspectRequest(demoApp(nil), cred, "")
	if err != nil || !strings.HasPrefix(r.URL, "https://api.lazada.com.my/rest/seller/get?") {
		t.Fatalf("the first question = %+v, %v", r, err)
	}
	read := func(cred platform.Credential, shop, body string) (platform.Inspection, string, error) {
		answer := reply(200, body)
		answer.Sent = url.Values{"shop": {shop}}
		return inspector.ReadInspection(demoApp(nil), cred, answer)
	}
	in, next, err := read(cred, "my:1000778", `{"code":"0","data":{"seller_id":1000778,"name":"Demo my","short_code":"MYABC2"}}`)
	if err != nil || next != "sg:1000777" || in.Alive == nil || !*in.Alive || len(in.Shops) != 1 || in.Shops[0].ID != "my:1000778" || in.Shops[0].Name != "Demo my" {
		t.Errorf("Malaysia = %+v, %q, %v", in, next, err)
	}
	if in, next, err = read(cred, "my:1000778", `{"code":"0","data":{"seller_id":"1000777"}}`); err != nil || in.Shops[0].ID != "my:1000778" || next == "" {
		t.Errorf("a host that answers for another country = %+v, %q, %v, want the shop kept", in, next, err)
	}
	const gone = `{"type":"ISV","code":"26","message":"E026: Seller is unauthorized"}`
	if in, next, err = read(cred, "my:1000778", gone); err != nil || in.Alive != nil || len(in.Shops) != 0 || next == "" {
		t.Errorf("a shop that has left = %+v, %q, %v, want it left out", in, next, err)
	}
	alone := platform.Credential{Subject: gk.Subject{Kind: gk.KindShop, ID: "my:1000778"}}
	if in, _, err = read(alone, "my:1000778", gone); err != nil || in.Alive == nil || *in.Alive {
		t.Errorf("the only shop has left = %+v, %v, want dead", in, err)
	}
	if in, next, err = read(cred, "my:1000778", `{"type":"ISV","code":"SellerNotActive","message":"Seller is not active"}`); err != nil || len(in.Shops) != 1 || next == "" {
		t.Errorf("a closed shop = %+v, %q, %v, want it kept", in, next, err)
	}
	if in, next, err = read(cred, "my:1000778", `{"type":"ISP","code":"IllegalAccessToken","message":"x"}`); err != nil || in.Alive == nil || *in.Alive || next != "" {
		t.Errorf("a dead token = %+v, %q, %v", in, next, err)
	}
}
