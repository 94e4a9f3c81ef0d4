package lazada_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// called is a call signed over a text, with its query changed.
func called(recipe signing.Recipe, text string, change map[string]string) platform.Incoming {
	query := url.Values{
		"access_token": {demoToken}, "app_key": {"246810"}, "sign_method": {"sha256"}, "timestamp": {"1780000000000"},
		"B": {"1"}, "a": {"x y"}, "sign": {recipe.Sign(text, gk.NewSecret(demoSecret))},
	}
	for name, value := range change {
		if query.Set(name, value); value == "" {
			query.Del(name)
		}
	}
	return platform.Incoming{Method: "GET", URL: "https://api.lazada.sg/rest/orders/get?" + query.Encode()}
}

func TestMistakesAreNamed(t *testing.T) {
	const (
		tail  = "access_token" + demoToken + "app_key246810sign_methodsha256timestamp1780000000000"
		right = "/orders/getB1ax y" + tail
	)
	upper := signing.HMACUpper
	around := upper
	around.Before, around.After = true, true
	elsewhere := called(upper, right, nil)
	elsewhere.URL = strings.Replace(elsewhere.URL, "api.lazada.sg", "auth.lazada.com", 1)
	tokens := called(upper, "/auth/token/createB1ax y"+tail, nil)
	tokens.URL = strings.Replace(tokens.URL, "/orders/get", "/auth/token/create", 1)
	json := called(upper, right, nil)
	json.Method, json.Body = "POST", []byte(`{"a":1}`)
	for why, in := range map[string]platform.Incoming{
		"":                           called(upper, right, nil),
		"lower case":                 called(signing.HMACLower, right, nil),
		"HMAC-MD5":                   called(signing.HMACMD5, right, nil),
		"plain digest":               called(signing.Recipe{Hash: signing.HMACUpper.Hash, Before: true, After: true, Write: signing.UpperHex}, right, nil),
		"path is missing":            called(upper, strings.TrimPrefix(right, "/orders/get"), nil),
		"signed with /rest":          called(upper, "/rest"+right, nil),
		"leading slash":              called(upper, right[1:], nil),
		"without regard to case":     called(upper, "/orders/getax yaccess_token"+demoToken+"app_key246810B1sign_methodsha256timestamp1780000000000", nil),
		"URL-encoded":                called(upper, strings.Replace(right, "x y", "x+y", 1), nil),
		"joined with = and &":        called(upper, "/orders/getB=1&a=x y&access_token="+demoToken+"&app_key=246810&sign_method=sha256&timestamp=1780000000000", nil),
		"access_token is missing":    called(upper, strings.Replace(right, "access_token"+demoToken, "", 1), nil),
		"another form than sent":     called(upper, strings.Replace(right, "1780000000000", "2026-05-28T20:26:40Z", 1), nil),
		"another app's":              called(upper, right, map[string]string{"app_key": "7"}),
		"sign is missing":            called(upper, right, map[string]string{"sign": ""}),
		"timestamp is missing":       called(upper, right, map[string]string{"timestamp": ""}),
		"old; at most 2h":            called(upper, right, map[string]string{"timestamp": "1779992799000"}),
		"ahead; at most 2h":          called(upper, right, map[string]string{"timestamp": "1780007201000"}),
		"epoch seconds":              called(upper, right, map[string]string{"timestamp": "1780000000"}),
		"must be sha256":             called(upper, right, map[string]string{"sign_method": "hmac"}),
		"none of the known mistakes": called(upper, "what", nil),
		"not to that of tokens":      elsewhere,
		"the one host for all":       tokens,
		"the body is no form":        json,
		"the secret is part of":      called(around, right, nil),
	} {
		err := driver.(platform.Verifier).VerifyCall(demoApp(nil), in)
		if why == "" && err != nil || why != "" && (err == nil || !strings.Contains(err.Error(), why)) {
			t.Errorf("VerifyCall = %v, want %q", err, why)
		}
	}
}

const order = `{"seller_id":"1000777","message_type":0,"data":{"order_status":"ready_to_ship"},"timestamp":1780000000000,"site":"LAZADA_SG"}`

func push(recipe signing.Recipe, text, body string) platform.Incoming {
	in := platform.Incoming{Method: "POST", URL: "https://hub.example.com/push/lazada", Header: http.Header{}, Body: []byte(body)}
	in.Header.Set("Authorization", recipe.Sign(text, gk.NewSecret(demoSecret)))
	return in
}

func TestPushes(t *testing.T) {
	receive := func(in platform.Incoming) (platform.Delivery, error) {
		return driver.(platform.Receiver).Receive(demoApp(nil), in)
	}
	d, err := receive(push(signing.HMACLower, "246810"+order, order))
	if err != nil || d.Notices[0].Kind != platform.NoticeOther || d.Notices[0].Subjects[0].ID != "sg:1000777" || !d.Notices[0].At.Equal(now) {
		t.Errorf("an order = %+v, %v", d, err)
	}
	if d, err := receive(push(signing.HMACLower, "246810hello", "hello")); err != nil || d.Notices[0].Kind != platform.NoticeOther || d.Answer.Status != 200 {
		t.Errorf("a proven push that cannot be read = %+v, %v, want it acknowledged", d, err)
	}
	missing := push(signing.HMACLower, "246810"+order, order)
	missing.Header.Del("Authorization")
	for why, in := range map[string]platform.Incoming{
		"Authorization is missing": missing,
		"upper case":               push(signing.HMACUpper, "246810"+order, order),
		"base64":                   push(signing.HMACBase64, "246810"+order, order),
		"app key is missing":       push(signing.HMACLower, order, order),
		"serialised again":         push(signing.HMACLower, `246810{"a":1}`, `{ "a": 1 }`),
		"proof":                    push(signing.HMACLower, "what", order),
	} {
		d, err := receive(in)
		if !errors.Is(err, platform.ErrForged) || !strings.Contains(err.Error(), why) || d.Answer.Status < 400 {
			t.Errorf("Receive = %+v, %v, want a refusal because of %q", d, err, why)
		}
	}
	app := demoApp(nil)
	app.Secrets = map[string][]gk.Secret{"app_secret": {gk.NewSecret("newer"), gk.NewSecret(demoSecret)}}
	if d, err := driver.(platform.Receiver).Receive(app, push(signing.HMACLower, "246810"+order, order)); err != nil || d.Matched != "app_secret#2" {
		t.Errorf("with the older secret = %+v, %v", d, err)
	}
}

// A reader meets bytes from outside: whatever they are, it neither panics nor yields half a result.

func FuzzReadIssues(f *testing.F) {
	f.Add(200, `{"code":"0","access_token":"A","refresh_token":"R","expires_in":60,"refresh_expires_in":0,"country_user_info":{"SG":{"seller_id":7}}}`)
	f.Add(200, `{"type":"ISV","code":"26","message":"E026: Seller is unauthorized"}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		issues, err := driver.ReadIssues(demoApp(nil), platform.Asked{Stage: platform.StageRefresh, At: now}, reply(status, body))
		var fault *gk.Fault
		switch {
		case err == nil && (len(issues) != 1 || issues[0].Token.Access.Empty() || status >= 300):
			t.Errorf("issues = %+v", issues)
		case err != nil && !errors.As(err, &fault) && !errors.Is(err, platform.ErrGarbage):
			t.Errorf("error = %v, want a fault or ErrGarbage", err)
		case fault != nil && !fault.Known && fault.Terminal:
			t.Errorf("an unknown fault is terminal: %+v", fault)
		}
		if fault := driver.Diagnose(demoApp(nil), platform.Asked{}, reply(status, body)); fault != nil && fault.RetryAfter < 0 {
			t.Errorf("a wait below zero: %+v", fault)
		}
		_, _, _ = driver.(platform.Inspector).ReadInspection(demoApp(nil), credential(), reply(status, body))
	})
}

func FuzzReceive(f *testing.F) {
	f.Add(order)
	f.Fuzz(func(t *testing.T, body string) {
		d, err := driver.(platform.Receiver).Receive(demoApp(nil), push(signing.HMACLower, "246810"+body, body))
		if err != nil || d.Matched == "" || len(d.Notices) != 1 {
			t.Errorf("a proven push = %+v, %v", d, err)
		}
	})
}

func FuzzReadCallback(f *testing.F) {
	f.Add("GET", "https://hub.example.com/cb?code=0_246810_a&state=b", "")
	f.Fuzz(func(t *testing.T, method, address, body string) {
		cb, err := driver.ReadCallback(demoApp(nil), platform.Incoming{Method: method, URL: address, Body: []byte(body)})
		if err == nil && !cb.Code.Empty() && cb.Fault != nil {
			t.Errorf("code and fault at once: %+v", cb)
		}
	})
}

func FuzzSignThenVerify(f *testing.F) {
	f.Add("GET", "a", "x y", "B", "\u8336&=")
	f.Add("POST", "payload", `<Request a="b"/>`, "a_b", " ")
	f.Fuzz(func(t *testing.T, method, name1, value1, name2, value2 string) {
		call := platform.Call{Method: method, Path: "/product/update", Query: url.Values{name1: {value1}}, Shop: "sg:1000777"}
		if method == http.MethodPost {
			call.Body = []byte(url.Values{name2: {value2}}.Encode())
		}
		r, err := driver.Sign(demoApp(nil), credential(), call)
		if err != nil {
			return
		}
		in := platform.Incoming{Method: r.Method, URL: r.URL, Header: r.Header, Body: r.Body}
		if err := driver.(platform.Verifier).VerifyCall(demoApp(nil), in); err != nil {
			t.Errorf("our own call does not verify: %v\n%s %s", err, r.URL, r.Body)
		}
	})
}
