package shopeev1_test

import (
	"encoding/json"
	"errors"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// What a reader accepts from outside must make sense, whatever came.

// FuzzSign proves that no body speaks for another shop, however a parser at the other end reads names.
func FuzzSign(f *testing.F) {
	f.Add("/api/v1/shop/get", `{"a":1}`)
	f.Add("/api/v1/shop/get", `{"shopid":60012,"Shopid":60099}`)
	f.Add("//evil.example/x", ` { } `)
	f.Fuzz(func(t *testing.T, path, body string) {
		req, err := driver.Sign(testApp(), shopCred, platform.Call{Method: "POST", Path: path, Body: []byte(body)})
		if err != nil {
			return
		}
		if req.URL != "https://partner.shopeemobile.com"+path {
			t.Errorf("path %q: URL = %s", path, req.URL)
		}
		var folded struct { // encoding/json folds case and takes the last
			Partner   json.Number `json:"partner_id"`
			Shop      json.Number `json:"shopid"`
			Timestamp json.Number `json:"timestamp"`
		}
		if err := json.Unmarshal(req.Body, &folded); err != nil || folded.Partner != "800123" || folded.Shop != "60012" || folded.Timestamp != "1570500000" {
			t.Errorf("body %q became %s: %+v, %v", body, req.Body, folded, err)
		}
	})
}

func FuzzReadCallback(f *testing.F) {
	f.Add("shop_id=60012&state=" + state)
	f.Add("state=x")
	f.Fuzz(func(t *testing.T, query string) {
		cb, err := driver.ReadCallback(testApp(), platform.Incoming{Method: "GET", URL: "https://hub.example.org/cb?" + query})
		if err != nil {
			return
		}
		if cb.Proven || !cb.Code.Empty() || cb.Subject.ID == "" && !cb.Cancel || cb.Cancel && cb.State == "" {
			t.Errorf("callback = %+v", cb)
		}
		for _, r := range cb.Subject.ID {
			if r < '0' || r > '9' {
				t.Errorf("id = %q is not digits", cb.Subject.ID)
			}
		}
	})
}

func FuzzReadCensus(f *testing.F) {
	f.Add(200, `{"authed_shops":[{"country":"TW","shopid":60012,"auth_time":1570000000,"expire_time":1601536000}]}`)
	f.Add(200, `{"error":"error_auth","msg":"x"}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		found, _, err := driver.(platform.Census).ReadCensus(testApp(), reply(status, body))
		var fault *gk.Fault
		if err != nil && !errors.As(err, &fault) && !errors.Is(err, platform.ErrGarbage) {
			t.Errorf("error is neither fault nor garbage: %v", err)
		}
		for _, in := range found {
			if in.Subject.ID == "" || in.Alive == nil {
				t.Errorf("inspection = %+v", in)
			}
		}
		in, _, err := driver.(platform.Inspector).ReadInspection(testApp(), shopCred, reply(status, body))
		if err == nil && (!in.Subject.Same(shopCred.Subject) || in.Alive == nil) {
			t.Errorf("inspection = %+v", in)
		}
	})
}

func FuzzReceive(f *testing.F) {
	f.Add(`{"shop_id":60012,"code":1,"success":1,"data":{},"timestamp":1570500000}`)
	f.Add(`{"code":2,"data":{"shop_id_list":["1"]}}`)
	f.Fuzz(func(t *testing.T, body string) {
		if _, err := receive("other", body); !errors.Is(err, platform.ErrForged) {
			t.Errorf("a foreign key: %v, want ErrForged", err)
		}
		d, err := receive(partnerKey, body)
		if err != nil {
			return
		}
		for _, n := range d.Notices {
			if n.Kind == "" || n.Dedup == "" || n.Kind == platform.NoticeRevoked && len(n.Subjects) == 0 && !n.Census {
				t.Errorf("notice = %+v", n)
			}
		}
	})
}

func FuzzDiagnose(f *testing.F) {
	f.Add(200, "call", `{"error":"error_auth","msg":"partner and shop has no linked"}`)
	f.Add(0, "authorize", "operation overtime")
	f.Fuzz(func(t *testing.T, status int, stage, body string) {
		got := driver.Diagnose(testApp(), platform.Asked{Stage: stage}, reply(status, body))
		if got != nil && (got.Action == "" || got.Terminal && !got.Known) {
			t.Errorf("fault = %+v", got)
		}
	})
}
