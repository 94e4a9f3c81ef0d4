package douyin_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

const body = `{"name":"茶","page":0}`

// called is a call signed over a text by a recipe, with its query changed.
func called(recipe signing.Recipe, text string, change map[string]string) platform.Incoming {
	query := url.Values{
		"access_token": {"5a-demo-access-0001"}, "app_key": {demoKey}, "method": {"order.searchList"},
		"sign_method": {"hmac-sha256"}, "timestamp": {"1780000000"}, "v": {"2"}, "sign": {recipe.Sign(text, gk.NewSecret(demoSecret))},
	}
	for name, value := range change {
		if query.Set(name, value); value == "" {
			query.Del(name)
		}
	}
	return platform.Incoming{Method: "POST", URL: "https://openapi-fxg.jinritemai.com/order/searchList?" + query.Encode(), Body: []byte(body)}
}

func TestMistakesAreNamed(t *testing.T) {
	const right = "app_key" + demoKey + "methodorder.searchListparam_json" + body + "timestamp1780000000v2"
	hmac := signing.HMACAround
	upper, bare, front := hmac, hmac, hmac
	upper.Write, bare.Before, bare.After, front.After = signing.UpperHex, false, false, false
	for why, in := range map[string]platform.Incoming{
		"":                           called(hmac, right, nil),
		"upper case":                 called(upper, right, nil),
		"neither end":                called(bare, right, nil),
		"in front only":              called(front, right, nil),
		"signed with md5":            called(signing.MD5AroundLower, right, nil),
		"signed with hmac-sha256":    called(hmac, right, map[string]string{"sign_method": ""}),
		"access_token was signed":    called(hmac, "access_token5a-demo-access-0001"+right, nil),
		"sign_method was signed":     called(hmac, strings.Replace(right, "timestamp", "sign_methodhmac-sha256timestamp", 1), nil),
		"param_json is missing":      called(hmac, strings.Replace(right, "param_json"+body, "", 1), nil),
		"method and v are missing":   called(hmac, strings.Replace(strings.TrimSuffix(right, "v2"), "methodorder.searchList", "", 1), nil),
		"with slashes":               called(hmac, strings.Replace(right, "order.searchList", "order/searchList", 1), nil),
		"beyond ASCII":               called(hmac, strings.Replace(right, "茶", `\u8336`, 1), nil),
		"blanks stand behind":        called(hmac, strings.Replace(right, body, `{"name": "茶", "page": 0}`, 1), nil),
		"another form than sent":     called(hmac, strings.Replace(right, "1780000000", "1780000000000", 1), nil),
		"separators":                 called(hmac, "app_key="+demoKey+"&method=order.searchList&param_json="+body+"&timestamp=1780000000&v=2", nil),
		"another app's":              called(hmac, right, map[string]string{"app_key": "7"}),
		"timestamp is missing":       called(hmac, right, map[string]string{"timestamp": ""}),
		"old; at most 5m0s":          called(hmac, right, map[string]string{"timestamp": "1779999699"}),
		"ahead; at most 5m0s":        called(hmac, right, map[string]string{"timestamp": "1780000301"}),
		"written in UTC":             called(hmac, right, map[string]string{"timestamp": "2026-05-28 20:26:40"}),
		"must be epoch":              called(hmac, right, map[string]string{"timestamp": "yesterday"}),
		"must be md5 or hmac-sha256": called(hmac, right, map[string]string{"sign_method": "hmac"}),
		"v must be 2":                called(hmac, right, map[string]string{"v": "1"}),
		"not the method":             called(hmac, right, map[string]string{"method": "order.detail"}),
		"none of the known mistakes": called(hmac, "what", nil),
	} {
		err := driver.(platform.Verifier).VerifyCall(demoApp(nil), in)
		if why == "" && err != nil || why != "" && (err == nil || !strings.Contains(err.Error(), why)) {
			t.Errorf("VerifyCall = %v, want %q", err, why)
		}
	}
	in := called(hmac, right, nil)
	in.URL = strings.Replace(in.URL, "openapi-fxg", "openapi-sandbox", 1)
	if err := driver.(platform.Verifier).VerifyCall(demoApp(nil), in); err == nil || !strings.Contains(err.Error(), "environment") {
		t.Errorf("a call to the sandbox = %v, want it named", err)
	}
}

func TestAnOlderSecretStillVerifies(t *testing.T) {
	app := demoApp(nil)
	app.Secrets = map[string][]gk.Secret{"app_secret": {gk.NewSecret("newer"), gk.NewSecret(demoSecret)}}
	in := called(signing.HMACAround, "app_key"+demoKey+"methodorder.searchListparam_json"+body+"timestamp1780000000v2", nil)
	if err := driver.(platform.Verifier).VerifyCall(app, in); err != nil {
		t.Errorf("VerifyCall = %v", err)
	}
	if d, err := driver.(platform.Receiver).Receive(app, push(signing.MD5AfterLower, demoKey+orders, orders)); err != nil || d.Matched != "app_secret#2" {
		t.Errorf("Receive = %+v, %v", d, err)
	}
}

const orders = `[{"tag":"100","msg_id":"a","data":"{\"shop_id\":5551001}"},{"tag":"0","msg_id":"0","data":""},7,{"tag":"200","msg_id":"b","data":{"shop_id":"42"}}]`

func push(recipe signing.Recipe, text, body string) platform.Incoming {
	in := platform.Incoming{Method: "POST", URL: "https://hub.example.com/push/douyin", Header: http.Header{}, Body: []byte(body)}
	in.Header.Set("app-id", demoKey)
	in.Header.Set("event-sign", recipe.Sign(text, gk.NewSecret(demoSecret)))
	return in
}

func TestPushes(t *testing.T) {
	receive := func(in platform.Incoming) (platform.Delivery, error) {
		return driver.(platform.Receiver).Receive(demoApp(nil), in)
	}
	d, err := receive(push(signing.MD5AfterLower, demoKey+orders, orders))
	if err != nil || len(d.Notices) != 2 || d.Notices[1].Subjects[0].ID != "42" || d.Notices[1].Dedup != "b" {
		t.Errorf("Receive = %+v, %v, want the two messages about shops", d, err)
	}
	if d, err := receive(push(signing.MD5AfterLower, demoKey+"hello", "hello")); err != nil || len(d.Notices) != 0 || d.Answer.Status != 200 {
		t.Errorf("a proven push that cannot be read = %+v, %v, want it acknowledged", d, err)
	}
	other := push(signing.MD5AfterLower, demoKey+orders, orders)
	other.Header.Set("app-id", "7")
	missing := push(signing.MD5AfterLower, demoKey+orders, orders)
	missing.Header.Del("event-sign")
	for why, in := range map[string]platform.Incoming{
		"another app":           other,
		"the body is empty":     push(signing.MD5AfterLower, demoKey, ""),
		"event-sign is missing": missing,
		"other algorithm":       push(signing.HMACAfter, demoKey+orders, orders),
		"app key is missing":    push(signing.MD5AfterLower, orders, orders),
		"serialised again":      push(signing.MD5AfterLower, demoKey+`[{"tag":"100"}]`, `[ {"tag": "100"} ]`),
		"proof":                 push(signing.MD5AfterLower, demoKey+"what", orders),
	} {
		d, err := receive(in)
		if err == nil || !strings.Contains(err.Error(), why) || d.Answer.Status < 400 || strings.Contains(string(d.Answer.Body), `"code":0`) {
			t.Errorf("Receive = %+v, %v, want a refusal because of %q", d, err, why)
		}
	}
	if _, err := receive(push(signing.MD5AfterLower, demoKey+"what", orders)); !errors.Is(err, platform.ErrForged) {
		t.Errorf("a forged push = %v, want ErrForged", err)
	}
}

// A reader meets bytes from outside: whatever they are, it neither panics nor yields half a result.

func FuzzReadIssues(f *testing.F) {
	f.Add(200, `{"code":10000,"data":{"access_token":"A","refresh_token":"R","expires_in":604800,"shop_id":5551001}}`)
	f.Add(200, `{"code":50002,"sub_code":"isv.business-failed:31012"}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		asked := platform.Asked{Stage: platform.StageRefresh, At: now}
		issues, err := driver.ReadIssues(demoApp(nil), asked, reply(status, body))
		var fault *gk.Fault
		switch {
		case err == nil && (len(issues) != 1 || issues[0].Token.Access.Empty() || status >= 300):
			t.Errorf("issues = %+v", issues)
		case err != nil && !errors.As(err, &fault) && !errors.Is(err, platform.ErrGarbage):
			t.Errorf("error = %v, want a fault or ErrGarbage", err)
		case fault != nil && !fault.Known && fault.Terminal:
			t.Errorf("an unknown fault is terminal: %+v", fault)
		}
		driver.Diagnose(demoApp(nil), platform.Asked{}, reply(status, body))
		_, _, _ = driver.(platform.Inspector).ReadInspection(demoApp(nil), credential(), reply(status, body))
	})
}

func FuzzReceive(f *testing.F) {
	f.Add(orders)
	f.Fuzz(func(t *testing.T, body string) {
		in := push(signing.MD5AfterLower, demoKey+body, body)
		if d, err := driver.(platform.Receiver).Receive(demoApp(nil), in); err == nil && d.Matched == "" {
			t.Errorf("accepted without proof: %+v", d)
		}
	})
}

func FuzzReadCallback(f *testing.F) {
	f.Add("GET", "https://hub.example.com/cb?code=a&state=b", "")
	f.Fuzz(func(t *testing.T, method, address, body string) {
		cb, err := driver.ReadCallback(demoApp(nil), platform.Incoming{Method: method, URL: address, Body: []byte(body)})
		if err == nil && !cb.Code.Empty() && cb.Fault != nil {
			t.Errorf("code and fault at once: %+v", cb)
		}
	})
}

func FuzzSignThenVerify(f *testing.F) {
	f.Add(`{"b":"\u2028<>&='","a":{"z":1.0,"a":[1,{"x":null}]}}`, "md5")
	f.Fuzz(func(t *testing.T, params, method string) {
		r, err := driver.Sign(demoApp(nil), credential(), platform.Call{Operation: "order.searchList", Params: []byte(params), SignMethod: method})
		if err != nil {
			return
		}
		if !r.Expires.Equal(now.Add(5 * time.Minute)) {
			t.Errorf("the signature is good until %s", r.Expires)
		}
		in := platform.Incoming{Method: r.Method, URL: r.URL, Header: r.Header, Body: r.Body}
		if err := driver.(platform.Verifier).VerifyCall(demoApp(nil), in); err != nil {
			t.Errorf("our own call does not verify: %v\n%s", err, r.Body)
		}
	})
}
