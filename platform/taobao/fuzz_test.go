package taobao_test

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
	f.Add(400, `{"error":"invalid_client","error_description":"refresh token is invalid"}`)
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
	for _, v := range platformtest.ReadVectors(f, driver, testdata, "fault-*") {
		f.Add(v.Reply.Status, string(v.Reply.Body))
	}
	f.Add(200, `{"tmc_messages_consume_response":{"messages":{"tmc_message":[{"id":1,"topic":"taobao_top_AuthCancel","content":"{}"}]}}}`)
	f.Add(200, `{"user_seller_get_response":{"user":{"user_id":42}}}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if fault := driver.Diagnose(demoApp(nil), platform.Asked{}, reply(status, body)); fault != nil && fault.RetryAfter < 0 {
			t.Errorf("a wait below zero: %+v", fault)
		}
		_, _, _ = driver.(platform.Inspector).ReadInspection(demoApp(nil), credential(), reply(status, body))
		_, _, _, _ = driver.(platform.Puller).ReadPull(demoApp(nil), reply(status, body))
	})
}

func FuzzReceive(f *testing.F) {
	f.Add("https://hub.example.com/push?a=1&sign=x", "application/json", "{}")
	f.Add("https://hub.example.com/push?sign=x", "application/x-www-form-urlencoded", "a=1")
	f.Fuzz(func(t *testing.T, address, contentType, body string) {
		d, err := driver.(platform.Receiver).Receive(demoApp(nil), spi(address, contentType, body))
		if err == nil && d.Matched == "" {
			t.Errorf("accepted without proof: %+v", d)
		}
	})
}

func FuzzReadCallback(f *testing.F) {
	f.Add("GET", "https://hub.example.com/cb?code=a&state=b", "")
	f.Add("POST", "https://hub.example.com/cb", "error=access_denied&error_description=authorize+reject")
	f.Fuzz(func(t *testing.T, method, address, body string) {
		cb, err := driver.ReadCallback(demoApp(nil), platform.Incoming{Method: method, URL: address, Body: []byte(body)})
		if err == nil && !cb.Code.Empty() && cb.Fault != nil {
			t.Errorf("code and fault at once: %+v", cb)
		}
	})
}

func FuzzSignThenVerify(f *testing.F) {
	f.Add(`{"memo":"红色 A+B&C","n":1.0,"o":{"b":1,"a":[null]}," ":"x"}`, "md5")
	f.Add(`{"A":"1","a":"2","_":"3"}`, "hmac")
	f.Fuzz(func(t *testing.T, params, method string) {
		req, err := driver.Sign(demoApp(nil), credential(), platform.Call{Operation: "taobao.item.get", Params: []byte(params), SignMethod: method})
		if err != nil {
			return
		}
		in := platform.Incoming{Method: req.Method, URL: req.URL, Header: req.Header, Body: req.Body}
		if err := verify(in); err != nil {
			t.Errorf("our own call does not verify: %v\n%s", err, req.Body)
		}
	})
}

func FuzzVerifyCall(f *testing.F) {
	f.Add("app_key=12345678&method=m&v=2.0&sign_method=md5&timestamp=2026-01-15+10%3A30%3A00&sign=x", "application/x-www-form-urlencoded", "a=b")
	f.Add("sign=x", "multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--B--\r\n")
	f.Fuzz(func(_ *testing.T, query, contentType, body string) {
		in := called(query, body)
		in.Header.Set("Content-Type", contentType)
		_ = verify(in)
	})
}
