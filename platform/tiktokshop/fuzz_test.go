package tiktokshop_test

import (
	"errors"
	"net/http"
	"os"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
)

// A reader meets bytes from outside: whatever they are, it neither panics nor yields half a result.

func FuzzReadIssues(f *testing.F) {
	for _, v := range platformtest.ReadVectors(f, driver, os.DirFS("testdata"), "token-*") {
		f.Add(v.Reply.Status, string(v.Reply.Body))
	}
	f.Add(200, `{"code":36004005,"message":"can not find related auth record"}`)
	f.Add(406, `{"code":0,"message":"success","data":{"access_token":"a","access_token_expire_in":1760604800,"refresh_token":"r","open_id":"7010000000000000001","user_type":1}}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		elsewhere := status >= 300 && status < 400 || status >= 500 // with any other status the code in the body counts
		issues, err := driver.ReadIssues(open(), platform.Asked{Stage: platform.StageRefresh, Subject: account, At: now}, platform.Reply{Status: status, Body: []byte(body)})
		var fault *gk.Fault
		switch {
		case err == nil && (len(issues) != 1 || issues[0].Token.Access.Empty() || elsewhere):
			t.Errorf("issues = %+v", issues)
		case err != nil && !errors.As(err, &fault) && !errors.Is(err, platform.ErrGarbage):
			t.Errorf("error = %v, want a fault or ErrGarbage", err)
		case fault != nil && !fault.Known && fault.Terminal:
			t.Errorf("an unknown fault is terminal: %+v", fault)
		}
	})
}

func FuzzDiagnose(f *testing.F) {
	f.Add(200, `{"code":105001,"message":"access token is invalid"}`)
	f.Add(200, `{"code":0,"data":{"shops":[{"id":"1","cipher":"c"}]}}`)
	f.Fuzz(func(_ *testing.T, status int, body string) {
		reply := platform.Reply{Status: status, Body: []byte(body)}
		driver.Diagnose(open(), platform.Asked{Stage: platform.StageCall}, reply)
		_, _, _ = driver.(platform.Inspector).ReadInspection(open(), platform.Credential{Subject: account, Token: pair}, reply)
	})
}

func FuzzReceive(f *testing.F) {
	for _, v := range platformtest.ReadVectors(f, driver, os.DirFS("testdata"), "push-*") {
		f.Add(v.Incoming().Header.Get("Authorization"), string(v.Incoming().Body))
	}
	f.Fuzz(func(t *testing.T, proof, body string) {
		d, err := driver.(platform.Receiver).Receive(open(), platform.Incoming{
			Method: "POST", Header: http.Header{"Authorization": {proof}}, Body: []byte(body),
		})
		if err == nil && d.Matched == "" || err != nil && len(d.Notices) > 0 {
			t.Errorf("a notice without proof: %+v, %v", d, err)
		}
	})
}

func FuzzReadCallback(f *testing.F) {
	f.Add("GET", "https://hub.example/cb?code=ROW_c0de&state=c&app_key=6gdev0fact5k", "")
	f.Add("GET", "https://hub.example/cb?error=auth_denied&code=null", "")
	f.Fuzz(func(t *testing.T, method, address, body string) {
		cb, err := driver.ReadCallback(open(), platform.Incoming{Method: method, URL: address, Body: []byte(body)})
		if !cb.Code.Empty() && (err != nil || cb.Fault != nil || cb.Empty) {
			t.Errorf("a code and something against it: %+v, %v", cb, err)
		}
	})
}

func FuzzVerifyCall(f *testing.F) {
	f.Add("https://open-api.tiktokglobalshop.com/authorization/202309/shops?app_key=6gdev0fact5k&timestamp=1750000000&sign=5b4b", "{}")
	f.Fuzz(func(_ *testing.T, address, body string) {
		_ = driver.(platform.Verifier).VerifyCall(open(), platform.Incoming{Method: "POST", URL: address, Body: []byte(body)})
	})
}
