package taobao_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

func TestSignAddsExactlyItsParameters(t *testing.T) {
	req, err := driver.Sign(demoApp(nil), platform.Credential{}, platform.Call{Operation: "taobao.time.get"})
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"method": {"taobao.time.get"}, "app_key": {"12345678"}, "timestamp": {"2026-01-15 10:30:00"}, "v": {"2.0"}, "format": {"json"},
		"sign_method": {"hmac-sha256"}, "sign": {req.Signature},
	}
	if diff := cmp.Diff(want, sent(t, req)); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if want := now.Add(10 * time.Minute); !req.Expires.Equal(want) {
		t.Errorf("expires %s, want %s", req.Expires, want)
	}

	req, err = driver.Sign(demoApp(nil), credential(), platform.Call{
		Operation: "taobao.item.update", Params: []byte(`{"num":9223372036854775809,"on":true,"price":10.0,"sku":{"b": 1, "a":[2]},"gone":null,"blank":" "}`),
		System: url.Values{"simplify": {"true"}, "format": {"xml"}, "v": {""}, "sign_method": {"md5"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want = url.Values{
		"method": {"taobao.item.update"}, "app_key": {"12345678"}, "timestamp": {"2026-01-15 10:30:00"}, "format": {"xml"}, "sign_method": {"md5"},
		"session": {demoToken}, "simplify": {"true"}, "num": {"9223372036854775809"}, "on": {"true"}, "price": {"10.0"}, "sku": {`{"b":1,"a":[2]}`},
		"sign": {req.Signature},
	}
	if diff := cmp.Diff(want, sent(t, req)); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if strings.Contains(req.SignedText, demoSecret) || req.Sent.Has("session") || req.Sent.Has("sign") {
		t.Errorf("a secret is remembered: %s, %v", req.SignedText, req.Sent)
	}
}

func TestSignRefuses(t *testing.T) {
	call := func(params string, system url.Values) platform.Call {
		return platform.Call{Operation: "taobao.item.get", Params: []byte(params), System: system}
	}
	tests := map[string]platform.Call{
		"no operation":          {},
		"odd operation":         {Operation: "taobao.item.get&x=1"},
		"token creation":        {Operation: "taobao.top.auth.token.create", Params: []byte(`{"code":"x"}`)},
		"token refresh":         {Operation: "taobao.top.auth.token.refresh"},
		"own session":           call(`{"session":"x"}`, nil),
		"own sign, other case":  call(`{"SIGN":"x"}`, nil),
		"own time, escaped":     call(`{"timest\u0061mp":"x"}`, nil),
		"a name twice":          call(`{"a":1,"a":2}`, nil),
		"a system name":         call(`{"format":"xml"}`, nil),
		"not an object":         call(`[1]`, nil),
		"half a surrogate":      call(`{"a":"\udc00"}`, nil),
		"foreign session":       call(`{}`, url.Values{"session": {"6102other"}}),
		"foreign app":           call(`{}`, url.Values{"app_key": {"87654321"}}),
		"foreign app, case":     call(`{}`, url.Values{"APP_KEY": {"12345678"}}),
		"another operation":     call(`{}`, url.Values{"method": {"taobao.top.auth.token.refresh"}}),
		"a signature":           call(`{}`, url.Values{"Sign": {"x"}}),
		"two values":            call(`{}`, url.Values{"format": {"xml", "json"}}),
		"unknown algorithm":     {Operation: "taobao.item.get", SignMethod: "sha1"},
		"query":                 {Operation: "taobao.item.get", Query: url.Values{"session": {"x"}}},
		"a name and its system": call(`{"simplify":"true"}`, url.Values{"simplify": {"true"}}),
	}
	for name, c := range tests {
		req, err := driver.Sign(demoApp(nil), credential(), c)
		var bad *platform.BadCall
		if !errors.As(err, &bad) {
			t.Errorf("%s: Sign = %+v, %v, want a BadCall", name, req, err)
		}
	}
}

func TestGatewayTokenRequestCarriesNoSecret(t *testing.T) {
	app := demoApp(map[string]string{"token_way": "gateway", "redirect_uri": ""})
	req, err := driver.ExchangeRequest(app, platform.Callback{Code: gk.NewSecret("c0d3")})
	if err != nil {
		t.Fatal(err)
	}
	v := sent(t, req)
	if v.Get("method") != "taobao.top.auth.token.create" || v.Get("code") != "c0d3" || v.Has("session") || strings.Contains(string(req.Body), demoSecret) || req.Sent.Has("code") {
		t.Errorf("request = %s, remembered %v", req.Body, req.Sent)
	}
	req, err = driver.(platform.Refresher).RefreshRequest(app, credential())
	if err != nil || sent(t, req).Get("refresh_token") != "6101demo42" || req.Sent.Has("refresh_token") {
		t.Errorf("refresh = %v, %v", req, err)
	}
	for name, set := range map[string]map[string]string{"redirect_uri": {"redirect_uri": ""}, "app_key": {"app_key": ""}} {
		if _, err := driver.ExchangeRequest(demoApp(set), platform.Callback{Code: gk.NewSecret("c0d3")}); err == nil {
			t.Errorf("ExchangeRequest without %s: no error", name)
		}
	}
}
