package eleme_test

import (
	"errors"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
)

// A reader meets bytes from outside: whatever they are, it neither panics nor yields half a result.

func FuzzReadIssues(f *testing.F) {
	for _, v := range platformtest.ReadVectors(f, driver, testdata, "token-*") {
		f.Add(v.Reply.Status, string(v.Reply.Body))
	}
	f.Add(400, `{"error":"Unauthorized client","error_description":"无效的refreshtoken"}`)
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
	})
}

func FuzzDiagnose(f *testing.F) {
	f.Add(200, `{"id":"1","nop":"1.0.0","result":null,"error":{"code":"UNAUTHORIZED","message":"x"}}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		driver.Diagnose(demoApp(nil), platform.Asked{}, reply(status, body))
		_, _, _ = driver.(platform.Inspector).ReadInspection(demoApp(nil), credential(), reply(status, body))
		_, _, _, _ = driver.(platform.Puller).ReadPull(demoApp(nil), reply(status, body))
	})
}

func FuzzReceive(f *testing.F) {
	for _, v := range platformtest.ReadVectors(f, driver, testdata, "push-*") {
		f.Add(string(v.Incoming().Body))
	}
	f.Fuzz(func(t *testing.T, body string) {
		d, err := receive(demoApp(nil), body)
		if err == nil && len(d.Notices) > 0 && d.Matched == "" {
			t.Errorf("a notice without proof: %+v", d)
		}
	})
}

func FuzzReadCallback(f *testing.F) {
	f.Add("GET", "https://hub.example.test/cb?code=a&state=b", "")
	f.Add("POST", "https://hub.example.test/cb", "error=access_denied")
	f.Fuzz(func(t *testing.T, method, address, body string) {
		cb, err := driver.ReadCallback(demoApp(nil), platform.Incoming{Method: method, URL: address, Body: []byte(body)})
		if err == nil && !cb.Code.Empty() && cb.Fault != nil {
			t.Errorf("code and fault at once: %+v", cb)
		}
	})
}

func FuzzSignThenVerify(f *testing.F) {
	f.Add(`{"a":"\u2028<>\"","b":{"z":1.0,"a":[1,{"x":null}]}}`)
	f.Add(`{"id":1,"id2":"\ud83d\ude00"}`)
	f.Fuzz(func(t *testing.T, params string) {
		req, err := driver.Sign(demoApp(nil), credential(), platform.Call{Operation: "eleme.shop.updateShop", Params: []byte(params)})
		if err != nil {
			return
		}
		if err := driver.(platform.Verifier).VerifyCall(demoApp(nil), platform.Incoming{Body: req.Body}); err != nil {
			t.Errorf("our own call does not verify: %v\n%s", err, req.Body)
		}
	})
}

func FuzzVerifyCall(f *testing.F) {
	for _, v := range platformtest.ReadVectors(f, driver, testdata, "sign-getuser*") {
		f.Add(string(v.Incoming().Body))
	}
	f.Fuzz(func(_ *testing.T, body string) { _ = verify(body) })
}
