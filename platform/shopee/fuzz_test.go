package shopee_test

import (
	"errors"
	"net/url"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// What a reader accepts from outside must make sense, whatever came.

func FuzzReadIssues(f *testing.F) {
	f.Add(200, `{"access_token":"a1","refresh_token":"b1","expire_in":14400,"shop_id":77001234,"error":""}`)
	f.Add(200, `{"access_token":"a1","refresh_token":"b1","shop_id_list":[1],"merchant_id_list":["2"]}`)
	f.Add(403, `{"error":"error_auth","message":"Invalid refresh_token."}`)
	f.Add(200, `{"response":{"success_shop_id_list":[60012],"refresh_token":"b1"}}`)
	f.Add(502, "<html>")
	f.Fuzz(func(t *testing.T, status int, body string) {
		for _, asked := range []platform.Asked{
			{Stage: platform.StageRefresh, Subject: shopCred.Subject, At: now},
			{Stage: platform.StageToken, Claimed: gk.Subject{Kind: "main_account", ID: "55001"}, At: now},
		} {
			issues, err := driver.ReadIssues(testApp(), asked, reply(status, body))
			var fault *gk.Fault
			if err != nil && !errors.As(err, &fault) && !errors.Is(err, platform.ErrGarbage) {
				t.Errorf("error is neither fault nor garbage: %v", err)
			}
			if err == nil && len(issues) == 0 || status >= 500 && err == nil {
				t.Errorf("issues = %+v without an error", issues)
			}
			for _, i := range issues {
				if i.Token.Refresh.Empty() || i.Subject.Kind == "" || i.Token.RefreshExpires.IsZero() || i.Token.Expires.After(i.Token.RefreshExpires) {
					t.Errorf("issue = %+v", i)
				}
			}
		}
	})
}

func FuzzReadCallback(f *testing.F) {
	f.Add("code=c0de&shop_id=77001234&state=" + state)
	f.Add("code=c0de&main_account_id=55001")
	f.Add("state=x")
	f.Add("resend_code=r")
	f.Fuzz(func(t *testing.T, query string) {
		cb, err := driver.ReadCallback(testApp(), platform.Incoming{Method: "GET", URL: "https://hub.example.org/cb?" + query})
		if err != nil {
			return
		}
		if cb.Proven || cb.Params.Has("code") || cb.Cancel && cb.State == "" {
			t.Errorf("callback = %+v", cb)
		}
		if !cb.Code.Empty() && cb.Subject.Kind == "" {
			t.Errorf("a code for nobody: %+v", cb)
		}
		if cb.Subject.ID != "" {
			if _, err := url.ParseQuery("id=" + cb.Subject.ID); err != nil {
				t.Errorf("id = %q", cb.Subject.ID)
			}
			for _, r := range cb.Subject.ID {
				if r < '0' || r > '9' {
					t.Errorf("id = %q is not digits", cb.Subject.ID)
				}
			}
		}
	})
}

func FuzzReceive(f *testing.F) {
	f.Add(`{"data":{"authorize_type":"expiry","shopid":77001234,"success":1},"code":2,"partner_id":2008899,"timestamp":1760000000}`)
	f.Add(`{"data":{"shop_id_list":["1"],"main_account_id":55001},"code":1}`)
	f.Add(`{"code":12,"data":{"shop_expire_soon":[1]}}`)
	f.Fuzz(func(t *testing.T, body string) {
		if _, err := receive(testApp(), pushed("other", body)); !errors.Is(err, platform.ErrForged) {
			t.Errorf("a foreign key: %v, want ErrForged", err)
		}
		d, err := receive(testApp(), pushed(pushKey, body))
		if err != nil {
			return
		}
		for _, n := range d.Notices {
			if n.Kind == "" || n.Dedup == "" || n.Kind == platform.NoticeRevoked && len(n.Subjects) == 0 && !n.Census {
				t.Errorf("notice = %+v", n)
			}
			for _, s := range n.Subjects {
				if s.ID == "" || s.ID == "0" || s.ID[0] == '-' {
					t.Errorf("subject = %+v", s)
				}
			}
		}
	})
}

func FuzzReadLists(f *testing.F) {
	f.Add(200, `{"authed_shop_list":[{"shop_id":1,"expire_time":1791561599}],"more":true}`)
	f.Add(200, `{"shop_list":[{"shop_id":1}],"more":true}`)
	f.Add(200, `{"shop_name":"x","auth_time":1,"expire_time":2}`)
	f.Add(200, `{"response":{"push_message_list":[{"data":"{}"}],"last_message_id":1}}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		r := reply(status, body)
		r.Sent = url.Values{"page_no": {"1"}}
		if _, next, err := driver.(platform.Census).ReadCensus(testApp(), r); err == nil && next != "" && next != "2" {
			t.Errorf("next page = %q", next)
		}
		for _, cred := range []platform.Credential{shopCred, merchantCred} {
			in, _, err := driver.(platform.Inspector).ReadInspection(testApp(), cred, r)
			if err == nil && !in.Subject.Same(cred.Subject) {
				t.Errorf("inspection of %s = %+v", cred.Subject, in)
			}
		}
		notices, confirm, _, err := driver.(platform.Puller).ReadPull(testApp(), r)
		if err == nil && (len(notices) > 0) != (confirm != nil) {
			t.Errorf("%d notices, confirm %v", len(notices), confirm)
		}
	})
}

func FuzzDiagnose(f *testing.F) {
	f.Add(200, "call", `{"error":"error_auth","message":"Invalid access_token."}`)
	f.Add(0, "call", "Wrong sign.")
	f.Add(403, "refresh", "<html>")
	f.Add(0, "push", `{"code":2,"data":{"authorize_type":"expiry"}}`)
	f.Fuzz(func(t *testing.T, status int, stage, body string) {
		got := driver.Diagnose(testApp(), platform.Asked{Stage: stage}, reply(status, body))
		if got != nil && (got.Action == "" || got.Terminal && !got.Known) {
			t.Errorf("fault = %+v", got)
		}
	})
}

func FuzzSign(f *testing.F) {
	f.Add("/api/v2/shop/get_shop_info", `{"a":1}`)
	f.Add("//evil.example/api/v2/x/y", "")
	f.Add("/api/v2/shop/%2e%2e/x", `{"shop_id":1}`)
	f.Fuzz(func(t *testing.T, path, body string) {
		req, err := driver.Sign(testApp(), shopCred, platform.Call{Method: "POST", Path: path, Body: []byte(body)})
		if err != nil {
			return
		}
		u, err := url.Parse(req.URL)
		if err != nil || u.Host != "partner.shopeemobile.com" || u.Path != path || string(req.Body) != body {
			t.Errorf("request for %q = %s %s, %v", path, req.URL, req.Body, err)
		}
	})
}
