package eleme_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

func TestSignRefuses(t *testing.T) {
	tests := map[string]platform.Call{
		"no operation":           {Params: []byte(`{}`)},
		"odd operation":          {Operation: `eleme.user.getUser"`},
		"bulk removal":           {Operation: "eleme.user.authDelOperate"},
		"pushes of the app":      {Operation: "eleme.message.getNonReachedMessages", Params: []byte(`{"appId":1}`)},
		"own app key":            {Operation: "eleme.shop.getShop", Params: []byte(`{"app_key":"x"}`)},
		"own time, other case":   {Operation: "eleme.shop.getShop", Params: []byte(`{"TimeStamp":1}`)},
		"own signature, escaped": {Operation: "eleme.shop.getShop", Params: []byte(`{"s\u0069gnature":"x"}`)},
		"a name twice":           {Operation: "eleme.shop.getShop", Params: []byte(`{"shopId":1,"shopId":2}`)},
		"a nested name twice":    {Operation: "eleme.shop.getShop", Params: []byte(`{"a":{"shopId":1,"shopId":2}}`)},
		"a list":                 {Operation: "eleme.shop.getShop", Params: []byte(`[]`)},
		"half a surrogate pair":  {Operation: "eleme.shop.getShop", Params: []byte(`{"a":"\ud800"}`)},
		"system parameters":      {Operation: "eleme.shop.getShop", System: url.Values{"v": {"1"}}},
	}
	for name, call := range tests {
		req, err := driver.Sign(demoApp(nil), credential(), call)
		var bad *platform.BadCall
		if !errors.As(err, &bad) {
			t.Errorf("%s: Sign = %+v, %v, want a BadCall", name, req, err)
		}
	}
	if req, err := driver.Sign(demoApp(nil), platform.Credential{}, platform.Call{Operation: "eleme.user.getUser"}); err == nil {
		t.Errorf("Sign without a token = %s, want an error", req.Body)
	}
}

// TestSignedTextIsSentText checks on hostile values that the platform, which decodes and encodes again, gets the text
// that was signed, and that no number loses a digit.
func TestSignedTextIsSentText(t *testing.T) {
	params := `{"id2":9223372036854775809,"id":1,"html":"<a href='x'>&\u2028\u0001\n\"\\","n":10.0,"e":1e3,"list":[{"b":1,"a":2}],"emoji":"\ud83d\ude00","empty":""}`
	req, err := driver.Sign(demoApp(nil), credential(), platform.Call{Operation: "eleme.shop.getShop", Params: []byte(params)})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"id2":9223372036854775809`, "\"html\":\"<a href='x'>&\u2028\\u0001\\n\\\"\\\\\"", `"n":10.0`, `"e":1e3`, `[{"b":1,"a":2}]`, `"😀"`, `"empty":""`} {
		if !strings.Contains(string(req.Body), want) {
			t.Errorf("body lacks %s: %s", want, req.Body)
		}
	}
	if !strings.Contains(req.SignedText, "id2=9223372036854775809id=1") {
		t.Errorf("signed text does not sort whole pairs (id2= stands before id=): %s", req.SignedText)
	}
	if strings.Contains(req.SignedText, demoSecret) || !strings.HasSuffix(req.SignedText, "REDACTED") {
		t.Error("the secret is not masked in the signed text")
	}
	if err := driver.(platform.Verifier).VerifyCall(demoApp(nil), platform.Incoming{Method: "POST", Body: req.Body}); err != nil {
		t.Errorf("our own call does not verify: %v", err)
	}
}

func TestAppOperationHasEmptyToken(t *testing.T) {
	req, err := driver.Sign(demoApp(nil), credential(), platform.Call{Operation: "eleme.market.syncMarketMessages", Params: []byte(`{"start":1}`)})
	if err != nil || !strings.Contains(string(req.Body), `"token":""`) {
		t.Errorf("Sign = %s, %v, want the empty token", req.Body, err)
	}
	if id := req.Header.Get("x-eleme-requestid"); id != "9A1C0D5BE27A4963A0D2B7C4E61F3AF2|1720000000000" {
		t.Errorf("request id = %s", id)
	}
}

func TestDiagnoseReadsTheBodyFirst(t *testing.T) {
	tests := []struct {
		status int
		body   string
		code   string
		action gk.Action
	}{
		{200, `{"id":"1","nop":"1.0.0","result":{"a":1},"error":null}`, "", ""},
		{200, `{"result":null}`, "", ""},
		{200, `{"result":{"error":"x","name":"y","message":"z"},"error":null}`, "", ""},
		{400, `{"result":null,"error":{"code":"EXCEED_LIMIT","message":"超出资源访问限制"}}`, "EXCEED_LIMIT", gk.Backoff},
		{200, `{"name":"GatewayError","message":"bad gateway"}`, "GatewayError", gk.FixRequest},
		{503, `<html>`, "http:503", gk.Retry},
		{200, `<html>`, "http:200", gk.FixRequest},
		{403, `{"result":{}}`, "http:403", gk.FixRequest},
	}
	for _, tt := range tests {
		fault := driver.Diagnose(demoApp(nil), platform.Asked{Stage: platform.StageCall}, reply(tt.status, tt.body))
		if (fault == nil) != (tt.code == "") || fault != nil && (fault.Code != tt.code || fault.Action != tt.action) {
			t.Errorf("Diagnose(%d %s) = %+v, want %s %s", tt.status, tt.body, fault, tt.code, tt.action)
		}
	}
}
