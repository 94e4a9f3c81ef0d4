package answer_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

const columns = "platform,stage,code,description_pattern,when,example,action,terminal_for_connection," +
	"cause_zh_cn,cause_zh_tw,cause_en,remedy_zh_cn,remedy_zh_tw,remedy_en,source\n"

// open returns an app of a platform whose catalogue knows one status.
func open(t *testing.T) platform.App {
	t.Helper()
	c, err := platform.ReadCatalogue("toy", platform.Lookup{}, []byte(columns+"toy,call,http:403,,,,fix_config,no,a,a,a,b,b,b,other\n"))
	if err != nil {
		t.Fatal(err)
	}
	spec := &platform.Spec{Code: "toy", Facts: &platform.Facts{}, Catalogue: c}
	return spec.Open(platform.App{})
}

func TestWhatATokenAddressSays(t *testing.T) {
	const page = "<html><body>nginx</body></html>"
	no := &gk.Fault{Code: "invalid_grant", Action: gk.Reauthorize}
	calls := &gk.Fault{Code: "http:403", Row: "call/http:403", Action: gk.Reauthorize}
	for _, c := range []struct {
		name    string
		status  int
		body    string
		cut     bool
		refusal *gk.Fault
		want    string // ok, unknown, or the code of the fault
		action  gk.Action
	}{
		{"a pair", 200, `{"access_token":"a"}`, false, nil, "ok", ""},
		{"a status nobody knows", 0, `{"access_token":"a"}`, false, nil, "ok", ""},
		{"a refusal", 400, `{"error":"invalid_grant"}`, false, no, "invalid_grant", gk.Reauthorize},
		{"a refusal in a 200", 200, `{"error":"invalid_grant"}`, false, no, "invalid_grant", gk.Reauthorize},
		{"a refusal in a page", 403, page, false, no, "invalid_grant", gk.Reauthorize},
		{"words in front of the platform that a row about calls has", 403, "Forbidden\n", false, calls, "http:403", gk.FixConfig},
		{"a refusal of the platform by a row about calls", 403, `{"code":"Forbidden"}`, false, calls, "http:403", gk.Reauthorize},
		{"a refusal with a 5xx", 503, `{"error":"invalid_grant"}`, false, no, "unknown", ""},
		{"a page with a 5xx", 502, page, false, nil, "unknown", ""},
		{"a page with a 200", 200, page, false, nil, "unknown", ""},
		{"nothing with a 200", 200, "", false, nil, "unknown", ""},
		{"a redirect", 302, page, false, nil, "http:302", gk.FixConfig},
		{"a pair with a redirect", 307, `{"access_token":"a"}`, false, nil, "http:307", gk.FixConfig},
		{"the edge's page that a row knows", 403, page, false, nil, "http:403", gk.FixConfig},
		{"the edge's page", 405, page, false, nil, "http:405", gk.Backoff},
		{"the edge's plain words", 400, "Bad Request", false, nil, "http:400", gk.Backoff},
		{"the edge without words", 404, "", false, nil, "http:404", gk.Backoff},
		{"a limit", 429, page, false, nil, "http:429", gk.Backoff},
		{"a limit as JSON", 429, `{"message":"slow down"}`, false, nil, "http:429", gk.Backoff},
		{"a proxy that gave up", 408, page, false, nil, "unknown", ""},
		{"two requests that met", 409, page, false, nil, "unknown", ""},
		{"a caller that hung up", 499, page, false, nil, "unknown", ""},
		{"an object with a 4xx that does not say no", 400, `{"ok":1}`, false, nil, "unknown", ""},
		{"half an object with a 4xx", 400, `{"error":"inv`, false, nil, "unknown", ""},
		{"a body cut off", 200, `{"access_token":"a"}`, true, nil, "unknown", ""},
		{"a name twice", 200, `{"access_token":"a","access_token":"b"}`, false, nil, "unknown", ""},
	} {
		reply := platform.Reply{Status: c.status, Body: []byte(c.body), Truncated: c.cut}
		err := answer.Check(open(t), platform.Asked{Stage: platform.StageRefresh}, reply, c.refusal)
		var f *gk.Fault
		got := "ok"
		switch {
		case errors.Is(err, platform.ErrGarbage):
			got = "unknown"
		case errors.As(err, &f):
			got = f.Code
			if f.Action != c.action || f.Terminal {
				t.Errorf("%s: action %s, terminal %t", c.name, f.Action, f.Terminal)
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s (%v)", c.name, got, c.want, err)
		}
	}
}

func TestRetryAfterHasBounds(t *testing.T) {
	received := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                              0,
		"7":                             7 * time.Second,
		"2.0":                           2 * time.Second,
		"-5":                            0,
		"NaN":                           0,
		"1e9":                           24 * time.Hour,
		"999999999999999999999":         0,
		"soon":                          0,
		"Mon, 30 Nov 2026 12:01:00 GMT": time.Minute,
		"Mon, 30 Nov 2020 12:01:00 GMT": 0,
	} {
		reply := platform.Reply{Header: http.Header{"Retry-After": {value}}, Received: received}
		if got := answer.RetryAfter(reply); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}
