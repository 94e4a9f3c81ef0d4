package shopee_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Every row of the catalogue that the platform can say is found from a body as the platform would send it, and leads
// to its own action.
func TestEveryRowFromABody(t *testing.T) {
	for _, row := range driver.Spec().Catalogue.Rows() {
		if row.Local() || row.Stage == platform.StagePush && strings.HasPrefix(row.Code, "push:") {
			continue
		}
		if row.Code == "operation overtime" {
			continue // text of a page, without a body
		}
		code := strings.ReplaceAll(row.Code, "*", "exceed_api")
		body := `{"request_id":"e3f1","error":` + quote(code) + `,"message":` + quote(row.Example) + `}`
		for _, variant := range []string{body, strings.Replace(body, `"message"`, `"msg"`, 1)} {
			for _, status := range []int{200, 403} {
				checkRow(t, row, driver.Diagnose(testApp(), platform.Asked{Stage: row.Stage}, reply(status, variant)))
				if row.Stage == platform.StageToken || row.Stage == platform.StageRefresh {
					_, err := driver.ReadIssues(testApp(), platform.Asked{Stage: row.Stage, Subject: shopCred.Subject}, reply(status, variant))
					var f *gk.Fault
					errors.As(err, &f)
					checkRow(t, row, f)
				}
			}
		}
		if row.Stage == platform.StageCall && !strings.Contains(row.Code, ".") {
			prefixed := strings.Replace(body, `"error":"`, `"error":"product.`, 1)
			if f := driver.Diagnose(testApp(), platform.Asked{Stage: "call"}, reply(200, prefixed)); f == nil || f.Action != row.Action {
				t.Errorf("%s with a module prefix: %+v, want action %s", row.ID, f, row.Action)
			}
		}
	}
}

func quote(s string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`) + `"`
}

func checkRow(t *testing.T, row *platform.Row, f *gk.Fault) {
	t.Helper()
	if f == nil || f.Row != row.ID || f.Action != row.Action || f.Terminal != row.Terminal || !f.Known || f.RequestID != "e3f1" {
		t.Errorf("%s: fault = %+v, want action %s", row.ID, f, row.Action)
	}
}

func TestPushRows(t *testing.T) {
	for _, row := range driver.Spec().Catalogue.Rows() {
		kind, ok := strings.CutPrefix(row.Code, "push:2:")
		if !ok && row.Code != "push:12" {
			continue
		}
		body := `{"code":2,"timestamp":1760000000,"data":{"authorize_type":` + quote(kind) + `,"shop_id":77001234,"extra":"x"}}`
		if row.Code == "push:12" {
			body = `{"code":12,"timestamp":1760000000,"data":{"shop_expire_soon":[77001234]}}`
		}
		f := driver.Diagnose(testApp(), platform.Asked{Stage: platform.StagePush}, platform.Reply{Body: []byte(body)})
		if f == nil || f.Row != row.ID || f.Action != row.Action || f.Terminal != row.Terminal {
			t.Errorf("%s: fault = %+v", row.ID, f)
		}
	}
}

// The situations that we recognise ourselves, as far as the driver is who recognises them.
func TestLocalRows(t *testing.T) {
	call := platform.Asked{Stage: platform.StageCall}
	for name, r := range map[string]platform.Reply{
		"html":              reply(403, "<html><head><title>403 Forbidden</title></head><body></body></html>"),
		"html 200":          reply(200, "<!DOCTYPE html><html></html>"),
		"empty 403":         reply(403, ""),
		"text 404":          reply(404, "not found"),
		"pasted, no status": {Body: []byte("<html></html>")},
	} {
		if f := driver.Diagnose(testApp(), call, r); f == nil || f.Code != "hub_edge_rejected" || f.Action != gk.FixConfig || f.Terminal {
			t.Errorf("%s: fault = %+v, want hub_edge_rejected", name, f)
		}
	}
	if f := driver.Diagnose(testApp(), call, reply(502, "<html></html>")); f == nil || f.Known || f.Action != gk.Retry {
		t.Errorf("a 502 of the edge: fault = %+v, want an unknown one to be retried", f)
	}
}

func TestDiagnose(t *testing.T) {
	call := platform.Asked{Stage: platform.StageCall}
	for name, r := range map[string]platform.Reply{
		"empty error":             reply(200, `{"error":"","message":"","response":{}}`),
		"empty error, odd status": reply(403, `{"error":"","response":{}}`),
		"no error":                reply(200, `{"request_id":"x","shop_list":[]}`),
		"a warning":               reply(200, `{"error":"","warning":["x"]}`),
		"a file":                  reply(200, "%PDF-1.7"),
	} {
		if f := driver.Diagnose(testApp(), call, r); f != nil {
			t.Errorf("%s: fault = %+v, want none", name, f)
		}
	}
	for name, c := range map[string]struct {
		stage, body string
		status      int
		known       bool
		action      gk.Action
	}{
		"bare error_auth on refresh": {"refresh", `{"error":"error_auth","message":""}`, 403, false, gk.FixRequest},
		"bare error_auth":            {"call", `{"error":"error_auth"}`, 403, false, gk.FixRequest},
		"bare code of one meaning":   {"refresh", `{"error":"shop_access_expired"}`, 200, true, gk.Reauthorize},
		"unknown":                    {"call", `{"error":"error_new","message":"who knows"}`, 200, false, gk.FixRequest},
		"unknown 5xx":                {"call", `{"error":"error_new","message":"who knows"}`, 503, false, gk.Retry},
		"JSON without error":         {"call", `{"x":1}`, 404, false, gk.FixRequest},
	} {
		f := driver.Diagnose(testApp(), platform.Asked{Stage: c.stage}, reply(c.status, c.body))
		if f == nil || f.Known != c.known || f.Action != c.action || !c.known && f.Terminal {
			t.Errorf("%s: fault = %+v", name, f)
		}
	}
	f := driver.Diagnose(testApp(), call, platform.Reply{
		Status: 200, Received: time.Date(2026, 1, 1, 15, 0, 0, 0, time.UTC),
		Body: []byte(`{"error":"error_limit","message":"The total API call number made by your APP has reached the daily API call limit"}`),
	})
	if f == nil || f.Action != gk.Backoff || f.RetryAfter != time.Hour {
		t.Errorf("the daily limit at 23:00 of its zone: fault = %+v, want an hour", f)
	}
	for code, refused := range map[string]bool{"Invalid access_token.": true, "System error": false} {
		f := driver.Diagnose(testApp(), call, reply(403, `{"error":"error_auth","message":"`+code+`"}`))
		if got := driver.Spec().TokenRefused(f); got != refused {
			t.Errorf("TokenRefused(%s) = %v, want %v", code, got, refused)
		}
	}
}
