package all_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
)

// ordinary is an app with made-up settings, a credential and a call that each platform signs.
var ordinary = map[string]struct {
	settings map[string]string
	secrets  []string
	subject  gk.Subject
	call     platform.Call
}{
	"shoplazza": {
		map[string]string{"client_id": "AppId_1"}, []string{"client_secret"},
		gk.Subject{Kind: gk.KindShop, ID: "2286999", Host: "demo-7.myshoplaza.com"},
		platform.Call{Method: http.MethodGet, Path: "/openapi/2022-01/orders"},
	},
	"shopify": {
		map[string]string{"client_id": "AppId_1"}, []string{"client_secret"},
		gk.Subject{Kind: gk.KindShop, ID: "548380009", Host: "demo-7.myshopify.com"},
		platform.Call{Method: http.MethodPost, Path: "/admin/api/2026-10/graphql.json"},
	},
	"tiktokshop": {
		map[string]string{"app_key": "6gdev0fact5k"}, []string{"app_secret"},
		gk.Subject{Kind: gk.KindAccount, ID: "42"},
		platform.Call{Method: http.MethodGet, Path: "/authorization/202309/shops"},
	},
	"shopee": {
		map[string]string{"partner_id": "2008899"}, []string{"partner_key"},
		gk.Subject{Kind: gk.KindShop, ID: "77001234"},
		platform.Call{Method: http.MethodGet, Path: "/api/v2/order/get_order_list"},
	},
	"shopeev1": {
		map[string]string{"partner_id": "2008899"}, []string{"partner_key"},
		gk.Subject{Kind: gk.KindShop, ID: "77001234"},
		platform.Call{Method: http.MethodPost, Path: "/api/v1/orders/basics"},
	},
	"eleme": {
		map[string]string{"app_key": "hUb2Demo01"}, []string{"app_secret"},
		gk.Subject{Kind: gk.KindAccount, ID: "42"},
		platform.Call{Operation: "eleme.user.getUser", Params: []byte(`{}`)},
	},
	"taobao": {
		map[string]string{"app_key": "12345678"}, []string{"app_secret"},
		gk.Subject{Kind: gk.KindAccount, ID: "42"},
		platform.Call{Operation: "taobao.trades.sold.get", Params: []byte(`{"fields":"tid"}`)},
	},
	"lazada": {
		map[string]string{"app_key": "246810"}, []string{"app_secret"},
		gk.Subject{Kind: gk.KindShop, ID: "sg:42", Region: "sg"},
		platform.Call{Method: http.MethodGet, Path: "/orders/get"},
	},
	"douyin": {
		map[string]string{"app_key": "7100000000000000042"}, []string{"app_secret"},
		gk.Subject{Kind: gk.KindShop, ID: "42"},
		platform.Call{Operation: "order.searchList", Params: []byte(`{"page":0}`)},
	},
}

// sign asks a driver to sign its ordinary call, changed.
func sign(t *testing.T, d platform.Driver, change func(*platform.Call)) (*platform.Request, error) {
	t.Helper()
	o, ok := ordinary[d.Spec().Code]
	if !ok {
		t.Fatal("this platform has no call in ordinary: give it one")
	}
	app := platform.App{Now: asked, Nonce: strings.Repeat("0", 32), Settings: o.settings, Secrets: map[string][]gk.Secret{}}
	for _, name := range o.secrets {
		app.Secrets[name] = []gk.Secret{gk.NewSecret("made-up-secret")}
	}
	cred := platform.Credential{Subject: o.subject}
	if d.Spec().Facts.Tokens {
		cred.Token.Access = gk.NewSecret("At_1")
	}
	call := o.call
	change(&call)
	return d.Sign(d.Spec().Open(app), cred, call)
}

// TestACallThatCouldBeReadInTwoWaysIsRefused: a header value or an id that ends a line, or that servers decode as they please.
func TestACallThatCouldBeReadInTwoWaysIsRefused(t *testing.T) {
	header := func(name, value string) func(*platform.Call) {
		return func(c *platform.Call) { c.Header = http.Header{name: {value}} }
	}
	id := func(text string) func(*platform.Call) { return func(c *platform.Call) { c.ID = text } }
	for _, d := range all.Drivers() {
		if _, err := sign(t, d, header("X-Request-Id", "plain text, 1")); err != nil {
			t.Errorf("%s: a plain header: %v", d.Spec().Code, err)
		}
		if _, err := sign(t, d, id("9A1C0D5BE27A4963A0D2B7C4E61F3AF2|1720000000123")); err != nil {
			t.Errorf("%s: a plain id: %v", d.Spec().Code, err)
		}
		for name, c := range map[string]struct {
			change func(*platform.Call)
			field  string
		}{
			"a header with a line break":    {header("X-Request-Id", "a\r\nHost: evil.example"), "headers"},
			"a header with a NUL":           {header("X-Request-Id", "a\x00"), "headers"},
			"a header with a tab":           {header("X-Request-Id", "a\tb"), "headers"},
			"a header with DEL":             {header("X-Request-Id", "a\x7f"), "headers"},
			"a header beyond ASCII":         {header("X-Request-Id", "ключ"), "headers"},
			"a header of one byte beyond":   {header("X-Request-Id", "caf\xe9"), "headers"},
			"a header's name with a break":  {header("X-\r\nY", "a"), "headers"},
			"a header's name with a blank":  {header("X Y", "a"), "headers"},
			"a header's name beyond ASCII":  {header("Х-Request", "a"), "headers"},
			"an id with a line break":       {id("1\r\nX-Evil: 1"), "id"},
			"an id with a NUL":              {id("1\x00"), "id"},
			"an id beyond ASCII":            {id("номер"), "id"},
			"an id of two hundred and more": {id(strings.Repeat("1", 200)), "id"},
		} {
			var bad *platform.BadCall
			if _, err := sign(t, d, c.change); !errors.As(err, &bad) || bad.Field != c.field {
				t.Errorf("%s: %s: %v, want a *BadCall for %s", d.Spec().Code, name, err, c.field)
			}
		}
	}
}

// TestACallbackThatSaysACodeTwiceIsRefused gives each platform a code in the query and in the body, and twice in one.
func TestACallbackThatSaysACodeTwiceIsRefused(t *testing.T) {
	for _, d := range all.Drivers() {
		app := d.Spec().Open(platform.App{Now: asked, Settings: ordinary[d.Spec().Code].settings,
			Secrets: map[string][]gk.Secret{"client_secret": {gk.NewSecret("made-up-secret")}}})
		for name, in := range map[string]platform.Incoming{
			"in query and body":       {Method: http.MethodPost, URL: "https://hub.example/cb?code=a&shop_id=7", Body: []byte("code=b&state=s")},
			"in capitals in the body": {Method: http.MethodPost, URL: "https://hub.example/cb?code=a&shop_id=7", Body: []byte("CODE=b&state=s")},
			"twice in the query":      {Method: http.MethodGet, URL: "https://hub.example/cb?code=a&code=b&shop_id=7&state=s"},
			"twice in the body":       {Method: http.MethodPost, URL: "https://hub.example/cb", Body: []byte("code=a&code=b&state=s")},
		} {
			cb, err := d.ReadCallback(app, in)
			var bad *platform.BadCallback
			if !errors.As(err, &bad) || !cb.Code.Empty() {
				t.Errorf("%s: a code %s: %v, want a *BadCallback", d.Spec().Code, name, err)
			}
		}
	}
}
