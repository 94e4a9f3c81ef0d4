package eleme_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/eleme"
)

const (
	demoSecret = "5d41402abc4b2a76b9719d911017c592aa10bb20"
	demoToken  = "3f9a0c7714e2b6d58a1c9e0f7b2d4c66"
)

var (
	driver = eleme.New()
	now    = time.Unix(1720000000, 0).UTC()
)

// demoApp returns an open app; set adds or replaces settings, and the profile and environment under those names.
func demoApp(set map[string]string) platform.App {
	app := platform.App{
		Settings: map[string]string{"app_key": "hUb2Demo01", "redirect_uri": "https://hub.example.test/callback/eleme"},
		Secrets:  map[string][]gk.Secret{"app_secret": {gk.NewSecret(demoSecret)}},
		Now:      now, Nonce: "9a1c0d5be27a4963a0d2b7c4e61f3af2",
	}
	maps.Copy(app.Settings, set)
	app.Profile, app.Environment = app.Settings["profile"], app.Settings["environment"]
	return driver.Spec().Open(app)
}

func credential() platform.Credential {
	return platform.Credential{
		Subject: gk.Subject{Kind: gk.KindAccount, ID: "600700800900100200"},
		Token:   gk.Token{Access: gk.NewSecret(demoToken), Refresh: gk.NewSecret("b7e0c1d2f3a4958671625344afbecd10")},
	}
}

func reply(status int, body string) platform.Reply {
	return platform.Reply{Status: status, Body: []byte(body), Received: now}
}

func TestLinkEncodesEveryValue(t *testing.T) {
	app := demoApp(map[string]string{"redirect_uri": "https://hub.example.test/cb?a=1&b=2+3"})
	link, err := driver.Link(app, platform.Want{State: "s-1_A"})
	if err != nil {
		t.Fatal(err)
	}
	want := "https://open-api.shop.ele.me/authorize?response_type=code&client_id=hUb2Demo01" +
		"&redirect_uri=https%3A%2F%2Fhub.example.test%2Fcb%3Fa%3D1%26b%3D2%2B3&state=s-1_A&scope=all"
	if link.URL != want {
		t.Errorf("Link = %s, want %s", link.URL, want)
	}
	cancel, err := driver.Link(app, platform.Want{State: "s-1_A", Cancel: true})
	if err != nil || cancel.URL != want {
		t.Errorf("Link to cancel = %s, %v, want the same page", cancel.URL, err)
	}
}

func TestLinkRefuses(t *testing.T) {
	tests := map[string]struct {
		set  map[string]string
		want platform.Want
	}{
		"without state":       {nil, platform.Want{}},
		"without app key":     {map[string]string{"app_key": " "}, platform.Want{State: "s"}},
		"without callback":    {map[string]string{"redirect_uri": ""}, platform.Want{State: "s"}},
		"for a personal app":  {map[string]string{"profile": "personal"}, platform.Want{State: "s"}},
		"unknown environment": {map[string]string{"environment": "moon"}, platform.Want{State: "s"}},
	}
	for name, tt := range tests {
		if link, err := driver.Link(demoApp(tt.set), tt.want); err == nil {
			t.Errorf("Link %s = %s, want an error", name, link.URL)
		}
	}
}

func TestSandboxHasItsOwnHosts(t *testing.T) {
	app := demoApp(map[string]string{"environment": "sandbox", "profile": "personal", "sand_box_chain_id": "987"})
	req, err := driver.(platform.Refresher).RefreshRequest(app, platform.Credential{})
	if err != nil {
		t.Fatal(err)
	}
	if req.URL != "https://open-api-sandbox.shop.ele.me/token" {
		t.Errorf("sandbox token address = %s", req.URL)
	}
	if got, want := string(req.Body), "grant_type=client_credentials&sand_box_chain_id=987"; got != want {
		t.Errorf("body = %s, want %s", got, want)
	}
	if got := req.Header.Get("sand_box_chain_id"); got != "987" {
		t.Errorf("header sand_box_chain_id = %q, want 987", got)
	}
}

func TestRefreshSendsNoSecretInSent(t *testing.T) {
	req, err := driver.(platform.Refresher).RefreshRequest(demoApp(nil), credential())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(req.Body), "grant_type=refresh_token&refresh_token=b7e0c1d2f3a4958671625344afbecd10&scope=all"; got != want {
		t.Errorf("body = %s, want %s", got, want)
	}
	if want := (url.Values{"grant_type": {"refresh_token"}, "scope": {"all"}}); !cmp.Equal(req.Sent, want) {
		t.Errorf("Sent = %v, want %v", req.Sent, want)
	}
}

func TestRefreshWithoutRefreshTokenIsRefused(t *testing.T) {
	if req, err := driver.(platform.Refresher).RefreshRequest(demoApp(nil), platform.Credential{}); err == nil {
		t.Errorf("RefreshRequest = %s %s, want an error", req.URL, req.Body)
	}
}

func TestCallbackPollution(t *testing.T) {
	const at = "https://hub.example.test/callback/eleme?"
	tests := map[string]struct {
		in    platform.Incoming
		check func(platform.Callback) bool
		bad   bool
	}{
		"code and state": {in: platform.Incoming{Method: "GET", URL: at + "code=c0d3&state=s1"},
			check: func(c platform.Callback) bool { return c.Code.Reveal() == "c0d3" && c.State == "s1" && !c.Empty }},
		"merely opened":    {in: platform.Incoming{Method: "GET", URL: strings.TrimSuffix(at, "?")}, check: func(c platform.Callback) bool { return c.Empty }},
		"code twice":       {in: platform.Incoming{Method: "GET", URL: at + "code=a&code=b&state=s1"}, bad: true},
		"state twice":      {in: platform.Incoming{Method: "GET", URL: at + "code=a&state=s1&state=s1"}, bad: true},
		"error twice":      {in: platform.Incoming{Method: "GET", URL: at + "error=a&error=b&state=s1"}, bad: true},
		"code and error":   {in: platform.Incoming{Method: "GET", URL: at + "code=a&error=access_denied&state=s1"}, bad: true},
		"blank in code":    {in: platform.Incoming{Method: "GET", URL: at + "code=a%20b&state=s1"}, bad: true},
		"newline in state": {in: platform.Incoming{Method: "GET", URL: at + "code=a&state=s%0A1"}, bad: true},
		"endless code":     {in: platform.Incoming{Method: "GET", URL: at + "code=" + strings.Repeat("a", 600)}, bad: true},
		"broken escape":    {in: platform.Incoming{Method: "GET", URL: at + "code=%zz&state=s1"}, bad: true},
		"semicolon":        {in: platform.Incoming{Method: "GET", URL: at + "code=a;state=s1"}, bad: true},
		"body of a GET":    {in: platform.Incoming{Method: "GET", URL: at + "state=s1", Body: []byte("code=evil")}, check: func(c platform.Callback) bool { return c.Code.Empty() && c.Empty }},
		"query of a POST":  {in: platform.Incoming{Method: "POST", URL: at + "code=evil", Body: []byte("state=s1")}, check: func(c platform.Callback) bool { return c.Code.Empty() }},
		"cancelled in 2018": {in: platform.Incoming{Method: "GET", URL: at + "error=unauthorized_client&state=s1"}, check: func(c platform.Callback) bool {
			return c.Fault != nil && c.Fault.Action == gk.Reauthorize && !c.Fault.Terminal
		}},
		"escaped twice": {in: platform.Incoming{Method: "GET", URL: at + "error=access_denied&error_description=Authorization%2520is%2520cancelled&state=s1"},
			check: func(c platform.Callback) bool { return c.Fault != nil && c.Fault.Known }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cb, err := driver.ReadCallback(demoApp(nil), tt.in)
			var bad *platform.BadCallback
			if tt.bad {
				if !errors.As(err, &bad) || bad.Fault == nil {
					t.Errorf("ReadCallback = %+v, %v, want a BadCallback with its row", cb, err)
				}
				return
			}
			if err != nil || !tt.check(cb) {
				t.Errorf("ReadCallback = %+v, %v", cb, err)
			}
			if cb.Params.Has("code") {
				t.Error("the code stands in Params, where it would be printed")
			}
		})
	}
}

// TestEveryRow sends each row's text as the platform would and looks for the row that is found.
func TestEveryRow(t *testing.T) {
	for _, row := range driver.Spec().Catalogue.Rows() {
		t.Run(row.ID, func(t *testing.T) {
			if row.Local() {
				return // TestCallbackPollution meets it
			}
			var sent url.Values
			if strings.HasPrefix(row.When, "sent:") {
				sent = url.Values{strings.TrimPrefix(row.When, "sent:"): {"x"}}
			}
			for _, fault := range faultsOf(t, row, sent) {
				if fault == nil {
					t.Fatal("no fault")
				}
				if fault.Row != row.ID || fault.Action != row.Action || fault.Terminal != row.Terminal || !fault.Known {
					t.Errorf("fault = %+v, want row %s (%s, terminal %v)", fault, row.ID, row.Action, row.Terminal)
				}
			}
		})
	}
}

// faultsOf brings a row's text through each reader that can meet it.
func faultsOf(t *testing.T, row *platform.Row, sent url.Values) []*gk.Fault {
	t.Helper()
	oauth, _ := json.Marshal(map[string]string{"error": row.Code, "error_description": row.Example})
	switch row.Stage {
	case platform.StageAuthorize:
		asked := platform.Asked{Stage: platform.StageAuthorize, Sent: sent}
		faults := []*gk.Fault{driver.Diagnose(demoApp(nil), asked, reply(400, string(oauth)))}
		if row.When != "!sent:redirect_uri" { // our link always sends it
			q := url.Values{"error": {row.Code}, "state": {"s1"}}
			if row.Example != "" {
				q.Set("error_description", row.Example)
			}
			cb, err := driver.ReadCallback(demoApp(nil), platform.Incoming{Method: "GET", URL: "https://hub.example.test/cb?" + q.Encode()})
			if err != nil {
				t.Fatal(err)
			}
			faults = append(faults, cb.Fault)
		}
		return faults
	case platform.StageToken, platform.StageRefresh:
		var faults []*gk.Fault
		for _, status := range []int{400, 200, 401} {
			_, err := driver.ReadIssues(demoApp(nil), platform.Asked{Stage: row.Stage, Sent: sent, At: now}, reply(status, string(oauth)))
			var fault *gk.Fault
			if !errors.As(err, &fault) {
				t.Fatalf("ReadIssues with status %d = %v, want a fault", status, err)
			}
			faults = append(faults, fault)
		}
		return faults
	case platform.StageCall:
		code := strings.Replace(row.Code, "BIZ_*", "BIZ_ORDER_CLOSED", 1)
		codes := []string{code}
		if code == "*" {
			codes = []string{"VALIDATION_FAILED", "UNAUTHORIZED", "NEVER_HEARD_OF"}
		}
		var faults []*gk.Fault
		for _, code := range codes {
			body, _ := json.Marshal(map[string]any{"id": "X|1", "nop": "1.0.0", "result": nil, "error": map[string]string{"code": code, "message": row.Example}})
			faults = append(faults, driver.Diagnose(demoApp(nil), platform.Asked{Stage: platform.StageCall}, reply(200, string(body))))
		}
		return faults
	case platform.StagePush:
		found := driver.Spec().Catalogue.Find(platform.Query{Stage: platform.StagePush, Codes: []string{row.Code}})
		if found == nil {
			return nil
		}
		return []*gk.Fault{{Row: found.ID, Action: found.Action, Terminal: found.Terminal, Known: true}}
	}
	t.Fatalf("stage %q", row.Stage)
	return nil
}

func TestSeedRowsAreAllThere(t *testing.T) {
	seed := 0
	for _, row := range driver.Spec().Catalogue.Rows() {
		if row.Source == "seed" {
			seed++
		}
	}
	if seed != 34 {
		t.Errorf("%d rows of the platform's own table, want 34", seed)
	}
}

func TestRateLimitInDisguiseKeepsTheGrant(t *testing.T) {
	body := `{"error":"Unauthorized client","error_description":"redis distributed lock error,create person token error","trace_id":"tr-1"}`
	_, err := driver.ReadIssues(demoApp(nil), platform.Asked{Stage: platform.StageRefresh}, reply(400, body))
	want := &gk.Fault{
		Platform: "eleme", Stage: "refresh", Code: "Unauthorized client", Message: "redis distributed lock error,create person token error",
		Action: gk.Backoff, Known: true, Row: "refresh/Unauthorized client#2", RetryAfter: 1500 * time.Millisecond, RequestID: "tr-1",
	}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Errorf("fault (-want +got):\n%s", diff)
	}
}

func TestUnknownTextIsNeverTerminal(t *testing.T) {
	for _, body := range []string{`{"error":"invalid_grant","error_description":"something else"}`, `{"error":"Unauthorized client","error_description":"xyz"}`} {
		_, err := driver.ReadIssues(demoApp(nil), platform.Asked{Stage: platform.StageRefresh}, reply(400, body))
		var fault *gk.Fault
		if !errors.As(err, &fault) || fault.Terminal {
			t.Errorf("ReadIssues(%s) = %+v, want a fault that is not terminal", body, err)
		}
	}
}

func TestReadIssuesLeavesDoubt(t *testing.T) {
	const pair = `{"access_token":"a","refresh_token":"r","expires_in":2592000}`
	tests := map[string]platform.Reply{
		"5xx with a pair":     reply(502, pair),
		"5xx with an error":   reply(500, `{"error":"server_error","error_description":"Unknown system error"}`),
		"HTML":                reply(200, "<html>busy</html>"),
		"nothing":             reply(200, ""),
		"cut":                 reply(200, pair[:40]),
		"truncated":           {Status: 200, Body: []byte(pair), Truncated: true},
		"no token":            reply(200, `{"expires_in":2592000}`),
		"empty token":         reply(200, `{"access_token":"","expires_in":2592000}`),
		"token is a list":     reply(200, `{"access_token":["a"]}`),
		"token twice":         reply(200, `{"access_token":"a","access_token":"b"}`),
		"negative life":       reply(200, `{"access_token":"a","expires_in":-1}`),
		"no life":             reply(200, `{"access_token":"a","expires_in":0}`),
		"endless life":        reply(200, `{"access_token":"a","expires_in":1000000000000000000}`),
		"life with fractions": reply(200, `{"access_token":"a","expires_in":1.5}`),
		"404 without error":   reply(404, pair),
	}
	for name, r := range tests {
		issues, err := driver.ReadIssues(demoApp(nil), platform.Asked{Stage: platform.StageRefresh, At: now}, r)
		if !errors.Is(err, platform.ErrGarbage) {
			t.Errorf("%s: ReadIssues = %v, %v, want ErrGarbage", name, issues, err)
		}
	}
}

func TestRedirectOfTokenAddressIsAFault(t *testing.T) {
	_, err := driver.ReadIssues(demoApp(nil), platform.Asked{Stage: platform.StageRefresh}, reply(302, ""))
	var fault *gk.Fault
	if !errors.As(err, &fault) || fault.Action != gk.FixConfig || fault.Stage != platform.StageRefresh {
		t.Errorf("ReadIssues of a redirect = %+v, want fix_config", err)
	}
}

func TestRefreshKeepsTheSubjectAskedFor(t *testing.T) {
	asked := platform.Asked{Stage: platform.StageRefresh, Subject: credential().Subject, At: now}
	issues, err := driver.ReadIssues(demoApp(nil), asked, reply(200, `{"access_token":"a","refresh_token":"r","expires_in":"86400","trace_id":"t"}`))
	if err != nil || len(issues) != 1 || issues[0].Subject != asked.Subject || issues[0].Facts != nil {
		t.Fatalf("ReadIssues = %+v, %v", issues, err)
	}
	if want := now.Add(24 * time.Hour); !issues[0].Token.Expires.Equal(want) {
		t.Errorf("end = %s, want %s", issues[0].Token.Expires, want)
	}
	asked.Stage = platform.StageToken
	issues, err = driver.ReadIssues(demoApp(nil), asked, reply(200, `{"access_token":"a","refresh_token":"r"}`))
	if err != nil || issues[0].Subject.Kind != "" {
		t.Errorf("a code exchange claims the subject %s, which no answer names (%v)", issues[0].Subject, err)
	}
}

func TestInspection(t *testing.T) {
	app, inspector := demoApp(nil), driver.(platform.Inspector)
	body := `{"id":"x","nop":"1.0.0","result":{"userId":600700800900100201,"userName":"连锁","authorizedShops":[{"id":7001234,"name":"一号"},{"id":"9223372036854775809","name":"二号","leaf":1}]},"error":null}`
	in, page, err := inspector.ReadInspection(app, credential(), reply(200, body))
	if err != nil || page != "" {
		t.Fatal(page, err)
	}
	alive := true
	want := platform.Inspection{
		Subject: gk.Subject{Kind: "account", ID: "600700800900100201", Name: "连锁"}, Alive: &alive,
		Shops: []gk.Shop{{ID: "7001234", Name: "一号"}, {ID: "9223372036854775809", Name: "二号"}},
	}
	if diff := cmp.Diff(want, in); diff != "" {
		t.Errorf("inspection (-want +got):\n%s", diff)
	}

	in, _, err = inspector.ReadInspection(app, credential(), reply(200, `{"result":null,"error":{"code":"UNAUTHORIZED","message":"token认证失败,请重新申请token"}}`))
	if err != nil || in.Alive == nil || *in.Alive || in.Fault == nil {
		t.Errorf("inspection of a refused token = %+v, %v, want Alive false with the fault", in, err)
	}
	_, _, err = inspector.ReadInspection(app, credential(), reply(200, `{"result":null,"error":{"code":"SERVER_ERROR","message":"服务异常，请重试"}}`))
	var fault *gk.Fault
	if !errors.As(err, &fault) || fault.Action != gk.Retry {
		t.Errorf("inspection while the platform is broken = %v, want its fault", err)
	}
	for _, broken := range []string{`{"result":{"userId":1.5e3}}`, `{"result":{"userId":"-1"}}`, `{"result":{"userId":1,"authorizedShops":7}}`, `{"result":[]}`} {
		if in, _, err := inspector.ReadInspection(app, credential(), reply(200, broken)); !errors.Is(err, platform.ErrGarbage) {
			t.Errorf("ReadInspection(%s) = %+v, %v, want ErrGarbage", broken, in, err)
		}
	}
}

func TestTokenStatusIsAskedWhereAllowed(t *testing.T) {
	inspector := driver.(platform.Inspector)
	app := demoApp(map[string]string{"token_status": "true"})
	req, err := inspector.InspectRequest(app, credential(), "")
	if err != nil || req.Signature != "77017A552434702966649AC417993C4E" {
		t.Fatalf("first question = %+v, %v, want eleme.user.getTokenStatus with the empty token", req, err)
	}
	answer := func(body string) platform.Reply {
		r := reply(200, body)
		r.Sent = req.Sent
		return r
	}
	refused := answer(`{"result":null,"error":{"code":"PERMISSION_DENIED","message":"权限不足"}}`)
	if in, page, err := inspector.ReadInspection(app, credential(), refused); err != nil || page == "" || in.Alive != nil {
		t.Errorf("status that may not be asked = %+v, %q, %v, want the next page", in, page, err)
	}
	ended := answer(`{"result":{"expireTime":"2024-07-03T17:46:39"},"error":null}`)
	_, page, err := inspector.ReadInspection(app, credential(), answer(`{"result":{"status":1,"expireTime":1720086400000},"error":null}`))
	if err != nil || page == "" {
		t.Fatalf("after a living status: page %q, %v, want another page", page, err)
	}
	req, err = inspector.InspectRequest(app, credential(), page)
	if err != nil || req.Sent.Get("action") != "eleme.user.getUser" {
		t.Errorf("second question = %v, %v, want eleme.user.getUser", req.Sent, err)
	}
	in, page, err := inspector.ReadInspection(app, credential(), ended)
	if err != nil || page != "" || in.Alive == nil || *in.Alive {
		t.Errorf("status of an ended token = %+v, %q, %v, want Alive false", in, page, err)
	}

	for name, set := range map[string]map[string]string{
		"not permitted": nil, "sandbox": {"token_status": "true", "environment": "sandbox"},
	} {
		req, err := inspector.InspectRequest(demoApp(set), credential(), "")
		if err != nil || req.Sent.Get("action") != "eleme.user.getUser" {
			t.Errorf("%s: first question = %v, %v, want eleme.user.getUser", name, req, err)
		}
	}
}

func TestFactsPermitOperations(t *testing.T) {
	for op, want := range map[string]string{
		"eleme.user.getUser": "grant", "eleme.order.getOrder": "grant", "eleme.user.getTokenStatus": "app", "eleme.msgNew.confirmPullMsg": "app",
		"eleme.user.authDelOperate": "never", "eleme.user.authRecoverOperate": "never", "eleme.message.getNonReachedOMessages": "never",
		"eleme.something.new": "app", "other.thing": "app",
	} {
		if got := driver.Spec().Facts.Permit(op); got != want {
			t.Errorf("Permit(%s) = %s, want %s", op, got, want)
		}
	}
	personal := driver.Spec().Facts.RefreshOf("personal", "online")
	if personal.Style != platform.Reask || driver.Spec().Facts.RefreshOf("enterprise", "online").RepeatSpan() != 30*time.Minute {
		t.Error("renewal facts: personal must reask, enterprise may repeat for 30 minutes")
	}
	if got, want := driver.Spec().Facts.Limits.TokenCalls, (platform.TokenCalls{Gap: platform.Duration(1500 * time.Millisecond), Day: 120, Reserve: 20}); got != want {
		t.Errorf("token calls = %+v, want %+v", got, want)
	}
}
