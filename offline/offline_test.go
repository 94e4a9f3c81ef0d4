package offline_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/offline"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
)

var drivers = []platform.Driver{shoplazza.New()}

var now = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

const app = `"app":{"client_id":"AppId_1","client_secret":"App&Secret_1","redirect_uri":"https://hub.example/cb","scopes":["read_shop","read_order"]}`

// run answers one line and reads the answer.
func run(t *testing.T, do string, reveal bool, line string) map[string]any {
	t.Helper()
	var out strings.Builder
	failed, err := offline.Commands{Drivers: drivers, Reveal: reveal, Now: func() time.Time { return now }}.Run(do, strings.NewReader(line), &out)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatalf("%s is answered by %q: %v", line, out.String(), err)
	}
	if _, isError := got["error"]; isError != failed {
		t.Errorf("%s: failed = %v, the answer is %s", line, failed, out.String())
	}
	return got
}

// at returns the member of an answer at a path, such as fault.cause.en or issued.0.access.
func at(v any, path string) any {
	for _, name := range strings.Split(path, ".") {
		switch m := v.(type) {
		case map[string]any:
			v = m[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(m) {
				return nil
			}
			v = m[i]
		default:
			return nil
		}
	}
	return v
}

type answerCase struct {
	name, do, line string
	want           map[string]any // path = value; a string that begins with ~ must be contained
}

func check(t *testing.T, c answerCase) {
	t.Helper()
	got := run(t, c.do, false, c.line)
	for path, want := range c.want {
		value := at(got, path)
		if part, ok := want.(string); ok && strings.HasPrefix(part, "~") {
			if text, ok := value.(string); ok && strings.Contains(text, part[1:]) {
				continue
			}
		}
		if value != want {
			t.Errorf("%s: %s = %v, want %v (answer %v)", c.name, path, value, want, got)
		}
	}
}

func TestRequest(t *testing.T) {
	for _, c := range []answerCase{
		{"authorize", "request", `{"platform":"shoplazza","do":"authorize",` + app + `,"subject":{"kind":"shop","host":"demo-7.myshoplaza.com"},"state":"9f2c"}`,
			map[string]any{"method": "GET", "body": "", "url": "https://demo-7.myshoplaza.com/admin/oauth/authorize?client_id=AppId_1&redirect_uri=https%3A%2F%2Fhub.example%2Fcb&response_type=code&scope=read_shop+read_order&state=9f2c"}},
		{"authorize at a simulator", "request", `{"platform":"shoplazza","do":"authorize",` + app + `,"endpoints":{"authorize":"http://127.0.0.1:7701"},"subject":{"host":"demo-7.myshoplaza.com"}}`,
			map[string]any{"url": "~http://127.0.0.1:7701/admin/oauth/authorize?"}},
		{"no host", "request", `{"platform":"shoplazza","do":"authorize",` + app + `}`, map[string]any{"error": "~host"}},
		{"no redirect_uri", "request", `{"platform":"shoplazza","do":"refresh","app":{"client_id":"a","client_secret":"b"},"subject":{"host":"demo-7.myshoplaza.com"},"token":{"refresh":"Rt_1"}}`,
			map[string]any{"error": "~redirect_uri"}},
		{"cancel", "request", `{"platform":"shoplazza","do":"cancel",` + app + `,"subject":{"host":"demo-7.myshoplaza.com"}}`, map[string]any{"error": "~uninstall"}},
		{"exchange", "request", `{"platform":"shoplazza","do":"exchange",` + app + `,"callback":{"code":"c0de","shop":"demo-7.myshoplaza.com"}}`,
			map[string]any{"method": "POST", "url": "https://demo-7.myshoplaza.com/admin/oauth/token", "body": `~"code":"c0de"`}},
		{"exchange goes to token where there is no own override", "request", `{"platform":"shoplazza","do":"exchange",` + app + `,"endpoints":{"token":"http://127.0.0.1:7701"},"callback":{"code":"c0de","shop":"demo-7.myshoplaza.com"}}`,
			map[string]any{"url": "http://127.0.0.1:7701/admin/oauth/token"}},
		{"exchange of another shop", "request", `{"platform":"shoplazza","do":"exchange",` + app + `,"subject":{"host":"demo-8.myshoplaza.com"},"callback":{"code":"c0de","shop":"demo-7.myshoplaza.com"}}`,
			map[string]any{"error": "~another store"}},
		{"refresh without a token", "request", `{"platform":"shoplazza","do":"refresh",` + app + `,"subject":{"host":"demo-7.myshoplaza.com"}}`, map[string]any{"error": "token.refresh is empty"}},
		{"obtain", "request", `{"platform":"shoplazza","do":"obtain",` + app + `}`,
			map[string]any{"url": "https://partners.shoplazza.com/partner/oauth/token", "body": `~client_credentials`}},
		{"obtain for a profile without", "request", `{"platform":"shoplazza","do":"obtain","app":{"profile":"public"}}`, map[string]any{"error": "~client credentials"}},
		{"call", "request", `{"platform":"shoplazza","do":"call","subject":{"kind":"shop","host":"demo-7.myshoplaza.com"},"token":{"access":"At_2"},"call":{"method":"POST","path":"/openapi/2022-01/products","query":{"page":2},"headers":{"X-Trace":"1"},"body":"{ \"a\": 1.0 }"}}`,
			map[string]any{"url": "https://demo-7.myshoplaza.com/openapi/2022-01/products?page=2", "body": `{ "a": 1.0 }`, "headers.Access-Token": "At_2", "headers.X-Trace": "1"}},
		{"call without a token", "request", `{"platform":"shoplazza","do":"call","subject":{"host":"demo-7.myshoplaza.com"},"call":{"path":"/openapi/2022-01/shop"}}`, map[string]any{"error": "~token"}},
		{"another step", "request", `{"platform":"shoplazza","do":"dance"}`, map[string]any{"error": "~authorize, cancel, exchange"}},
		{"another platform", "request", `{"platform":"nowhere","do":"call"}`, map[string]any{"error": "~nowhere"}},
		{"another environment", "request", `{"platform":"shoplazza","environment":"moon","do":"call"}`, map[string]any{"error": "~environment"}},
		{"another profile", "request", `{"platform":"shoplazza","do":"obtain","app":{"profile":"x"}}`, map[string]any{"error": "~public, private, partner"}},
	} {
		check(t, c)
	}
}

const genuine = `"app":{"client_secret":"hush"},"request":{"method":"GET","url":"https://hub.example/cb?code=c0de&shop=demo-7.myshoplaza.com&state=9f2c&hmac=da24d313b22a751ea10e586c967f1446f5a9aa10a66cdeaa828b0564969c5723"}`

func TestVerify(t *testing.T) {
	push := func(body string) string {
		return `{"platform":"shoplazza","kind":"push","app":{"client_secret":["newer","hush"]},"request":{"method":"POST","url":"https://hub.example/push","headers":{"X-Shoplazza-Topic":"app/uninstalled","x-shoplazza-shop-domain":"demo-7.myshoplaza.com","X-Shoplazza-Hmac-Sha256":"AYr93K98XT5+8yHuqjoUYXNrkHbu4dowuMyfgi939C8="},` + body + `}}`
	}
	for _, c := range []answerCase{
		{"a callback", "verify", `{"platform":"shoplazza","kind":"callback",` + genuine + `}`, map[string]any{"ok": true, "why": nil}},
		{"its state", "verify", `{"platform":"shoplazza","kind":"callback","state":"9f2c",` + genuine + `}`, map[string]any{"ok": true}},
		{"another state", "verify", `{"platform":"shoplazza","kind":"callback","state":"9f2d",` + genuine + `}`, map[string]any{"ok": false, "why": "~state"}},
		{"another secret", "verify", `{"platform":"shoplazza","kind":"callback",` + strings.Replace(genuine, `"hush"`, `"hash"`, 1) + `}`, map[string]any{"ok": false, "why": "~hmac"}},
		{"a refusal without a proof", "verify", `{"platform":"shoplazza","kind":"callback","app":{"client_secret":"hush"},"request":{"url":"/cb?error=access_denied&state=x"}}`, map[string]any{"ok": false, "why": "~proof"}},
		{"a callback as an entry", "verify", `{"platform":"shoplazza","kind":"install",` + genuine + `}`, map[string]any{"ok": true}},
		{"a push", "verify", push(`"body":"{\"id\":\"2286999\"}"`), map[string]any{"ok": true, "event.kind": "revoked", "event.subjects.0.kind": "shop",
			"event.subjects.0.id": "2286999", "event.at": "2026-11-20T08:00:00Z", "answer.status": 200.0}},
		{"a push in base64", "verify", push(`"body_base64":"` + base64.StdEncoding.EncodeToString([]byte(`{"id":"2286999"}`)) + `"`), map[string]any{"ok": true}},
		{"a push with another body", "verify", push(`"body":"{\"id\":\"2287000\"}"`), map[string]any{"ok": false, "why": "~raw body", "event": nil}},
		{"a call", "verify", `{"platform":"shoplazza","kind":"call","request":{"url":"https://demo-7.myshoplaza.com/openapi/2022-01/shop","headers":{"Authorization":"Bearer x"}}}`,
			map[string]any{"ok": false, "why": "~Access-Token"}},
		{"another kind", "verify", `{"platform":"shoplazza","kind":"wish"}`, map[string]any{"error": "~callback, install, push, call"}},
	} {
		check(t, c)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []answerCase{
		{"a pair", "parse", `{"platform":"shoplazza","stage":"token","status":200,"asked":"2026-11-20T07:59:59Z","body":"{\"access_token\":\"At_2\",\"refresh_token\":\"Rt_2\",\"expires_in\":3600,\"scope\":\"read_shop\",\"store_id\":\"2286999\",\"store_name\":\"demo-7\"}"}`,
			map[string]any{"issued.0.subject.id": "2286999", "issued.0.access": "At_2", "issued.0.refresh": "***", "issued.0.expires_at": "2026-11-20T08:59:59Z",
				"issued.0.refresh_token_expires_at": nil, "issued.0.scopes.0": "read_shop", "issued.0.facts.store_name": "demo-7"}},
		{"an answer given as JSON", "parse", `{"platform":"shoplazza","stage":"refresh","received":1795161600,"body":{"access_token":"At_2","expires_in":60},"subject":{"kind":"shop","id":7}}`,
			map[string]any{"issued.0.subject.id": "7", "issued.0.refresh": "", "issued.0.expires_at": "2026-11-20T08:01:00Z"}},
		{"another subject", "parse", `{"platform":"shoplazza","stage":"token","status":200,"subject":{"kind":"shop","id":"1"},"body":"{\"access_token\":\"At_2\",\"store_id\":\"2286999\"}"}`,
			map[string]any{"issued": nil, "fault.code": "subject_mismatch", "fault.known": true, "fault.cause.en": "~expected store"}},
		{"a refusal", "parse", `{"platform":"shoplazza","stage":"refresh","status":401,"body":"{\"error\":\"invalid_grant\",\"error_description\":\"The grant is invalid, expired, revoked\"}"}`,
			map[string]any{"fault.code": "invalid_grant", "fault.terminal": true, "fault.action": "reauthorize", "fault.whose_move": "merchant"}},
		{"a refusal that our request explains", "parse", `{"platform":"shoplazza","stage":"refresh","status":401,"sent":{"grant_type":"refresh_token","redirect_uri":""},"body":"{\"error\":\"invalid_grant\",\"error_description\":\"The grant is invalid, expired, revoked\"}"}`,
			map[string]any{"fault.code": "invalid_grant", "fault.terminal": false, "fault.action": "fix_request"}},
		{"a 503", "parse", `{"platform":"shoplazza","stage":"token","status":503,"body":"<html>"}`, map[string]any{"unknown": true, "why": "~503", "fault": nil}},
		{"a success", "parse", `{"platform":"shoplazza","stage":"call","status":200,"body":"{}"}`, map[string]any{"ok": true}},
		{"a limit", "parse", `{"platform":"shoplazza","stage":"call","status":429,"headers":{"retry-after":"3"},"body":"{\"errors\":[\"Too Many Requests\"]}"}`,
			map[string]any{"fault.action": "backoff", "fault.retry_after": "3s", "fault.whose_move": "us"}},
		{"another stage", "parse", `{"platform":"shoplazza","stage":"push","status":200}`, map[string]any{"error": "~token, refresh, call"}},
	} {
		check(t, c)
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []answerCase{
		{"a code", "explain", `{"platform":"shoplazza","stage":"refresh","code":"invalid_grant"}`, map[string]any{"fault.terminal": true, "fault.known": true, "fault.report": "~invalid_grant"}},
		{"a code without a stage never buries a grant", "explain", `{"platform":"shoplazza","code":"invalid_grant"}`, map[string]any{"fault.terminal": false, "fault.known": true}},
		{"a text", "explain", `{"platform":"shoplazza","message":"chargetype configuration in the plan does not match"}`, map[string]any{"fault.code": "http:422:chargetype", "fault.stage": "call"}},
		{"a status", "explain", `{"platform":"shoplazza","stage":"refresh","status":502}`, map[string]any{"fault.action": "retry", "fault.known": true}},
		{"a body", "explain", `{"platform":"shoplazza","status":422,"body":{"errors":{"topic":["can't be blank"]}}}`, map[string]any{"fault.known": true, "fault.message": "topic can't be blank"}},
		{"a callback address", "explain", `{"platform":"shoplazza","body":"https://hub.example/cb?error=access_denied&error_description=The+resource+owner+denied+the+request&state=x"}`,
			map[string]any{"fault.code": "access_denied", "fault.stage": "authorize", "fault.known": true}},
		{"an error of our API", "explain", `{"platform":"shoplazza","body":{"type":"/problems/needs-authorization","fault":{"stage":"refresh","code":"invalid_grant"}}}`, map[string]any{"fault.terminal": true}},
		{"the header Grantkeep-Fault", "explain", `{"platform":"shoplazza","body":{"platform":"shoplazza","stage":"call","code":"http:429","action":"backoff"}}`, map[string]any{"fault.action": "backoff", "fault.known": true}},
		{"what another client says", "explain", `{"platform":"shoplazza","message":"HMAC validation failed"}`, map[string]any{"fault.code": "local:hmac_mismatch", "fault.known": true}},
		{"nothing known", "explain", `{"platform":"shoplazza","message":"who knows"}`, map[string]any{"fault.known": false, "fault.action": "fix_request", "fault.terminal": false}},
		{"nothing known, 503", "explain", `{"platform":"shoplazza","stage":"call","status":503,"message":"who knows"}`, map[string]any{"fault.known": false, "fault.action": "retry"}},
		{"a broken connection", "explain", `{"platform":"shoplazza","message":"read tcp: connection reset by peer"}`, map[string]any{"fault.action": "retry", "fault.terminal": false}},
		{"words joined by hyphens", "explain", `{"platform":"shoplazza","message":"isv.w2-security-authorize-invalid"}`, map[string]any{"fault.message": "isv.w2-security-authorize-invalid"}},
		{"a token in the text", "explain", `{"platform":"shoplazza","message":"token At9x8y7z6w5v4u3t2s1r0qAAA is odd"}`, map[string]any{"fault.message": "token *** is odd"}},
		{"what was sent", "explain", `{"platform":"shoplazza","message":"who knows","sent":{"page":2,"client_secret":"hush","code":"c0de"}}`,
			map[string]any{"fault.report": "~client_secret=*** code=*** page=2"}},
	} {
		check(t, c)
	}
}

func TestAsk(t *testing.T) {
	for _, c := range []struct {
		args []string
		row  string
	}{
		{[]string{"shoplazza", "Record not found"}, "call/http:404"},
		{[]string{"shoplazza", "invalid_client", "Client authentication failed"}, "token/invalid_client"},
		{[]string{"shoplazza", "refresh", "invalid_grant"}, "refresh/invalid_grant"},
		{[]string{"shoplazza", `{"errors":["Record not found"]}`}, "call/http:404"},
		{[]string{"shoplazza", "https://hub.example/cb?code=c&shop=demo-7.myshoplaza.com&state=s"}, "authorize/local:hmac_missing"},
	} {
		d, q, err := explain.Ask(drivers, c.args)
		if err != nil {
			t.Errorf("Ask(%q): %v", c.args, err)
			continue
		}
		if got := explain.Explain(d, d.Spec().Open(platform.App{Now: now}), q).Row; got != c.row {
			t.Errorf("Ask(%q) finds %q, want %q", c.args, got, c.row)
		}
	}
	for _, args := range [][]string{nil, {"shoplazza"}, {"nowhere", "text"}} {
		if _, _, err := explain.Ask(drivers, args); err == nil {
			t.Errorf("Ask(%q): no error", args)
		}
	}
}

func TestRunKeepsOrderAndGoesOnAfterAnError(t *testing.T) {
	lines := []string{
		`{"platform":"shoplazza","stage":"call","status":200}`,
		`nonsense`,
		``,
		`{"platform":"shoplazza","stage":"call","status":200,"body":"` + strings.Repeat("x", 3<<20) + `"}`,
		`{"platform":"shoplazza","stage":7}`,
		`{"platform":"shoplazza","stage":"call","status":404}`,
	}
	var out strings.Builder
	failed, err := offline.Run(drivers, "parse", false, strings.NewReader(strings.Join(lines, "\n")), &out)
	if err != nil || !failed {
		t.Errorf("Run = %v, %v, want failed and no error of the streams", failed, err)
	}
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	want := []string{`{"ok":true}`, `{"error":"not JSON`, `{"error":"the line is longer`, `{"error":"stage has the wrong type`, `{"fault":{"platform":"shoplazza"`}
	if len(got) != len(want) {
		t.Fatalf("%d lines come back, want %d: %.300s", len(got), len(want), out.String())
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("line %d = %.100s, want %s…", i, got[i], want[i])
		}
	}
}

func TestSecretsAreMaskedUnlessRevealed(t *testing.T) {
	line := `{"platform":"shoplazza","do":"refresh",` + app + `,"subject":{"host":"demo-7.myshoplaza.com"},"token":{"refresh":"Rt_\"1"}}`
	hidden := at(run(t, "request", false, line), "body").(string)
	for _, secret := range []string{"App&Secret_1", "Secret_1", "Rt_", `"1"`} {
		if strings.Contains(hidden, secret) {
			t.Errorf("without --reveal the body holds %q: %s", secret, hidden)
		}
	}
	shown := at(run(t, "request", true, line), "body").(string)
	if !strings.Contains(shown, "App&Secret_1") || !strings.Contains(shown, `Rt_\"1`) {
		t.Errorf("with --reveal the body is %s, want both secrets", shown)
	}
	answer := `{"platform":"shoplazza","stage":"token","body":{"access_token":"At_2","refresh_token":"Rt_2"}}`
	if got := at(run(t, "parse", true, answer), "issued.0.refresh"); got != "Rt_2" {
		t.Errorf("with --reveal parse shows %v, want Rt_2", got)
	}
}

// FuzzLine looks for a line that makes a command panic, print its secret, or answer with something else than one line of JSON.
func FuzzLine(f *testing.F) {
	f.Add("request", `{"platform":"shoplazza","do":"refresh",`+app+`,"subject":{"host":"demo-7.myshoplaza.com"},"token":{"refresh":"Rt_1"}}`)
	f.Add("verify", `{"platform":"shoplazza","kind":"callback",`+genuine+`}`)
	f.Add("parse", `{"platform":"shoplazza","stage":"call","status":422,"body":{"errors":{"a":["b"]}}}`)
	f.Add("explain", `{"platform":"shoplazza","code":7,"message":"x","sent":{"a":[1,true,null]}}`)
	commands := offline.Commands{Drivers: drivers, Now: func() time.Time { return now }}
	f.Fuzz(func(t *testing.T, do, line string) {
		answer, err := commands.Line(do, []byte(line))
		if err != nil {
			return
		}
		if !json.Valid(answer) || strings.ContainsRune(string(answer), '\n') {
			t.Errorf("answered by %q", answer)
		}
		if do == "request" && strings.Contains(string(answer), "App&Secret_1") {
			t.Errorf("the secret is printed: %s", answer)
		}
	})
}
