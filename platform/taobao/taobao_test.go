package taobao_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/taobao"
)

const (
	demoSecret = "helloworldsecret0123456789abcdef"
	demoToken  = "6102demo000000000000000000000001000000042"
)

var (
	driver = taobao.New()
	now    = time.Date(2026, 1, 15, 2, 30, 0, 0, time.UTC)
)

// demoApp returns an open app; set adds or replaces settings, and the profile and environment under those names.
func demoApp(set map[string]string) platform.App {
	app := platform.App{
		Settings: map[string]string{"app_key": "12345678", "redirect_uri": "https://hub.example.com/cb/taobao"},
		Secrets:  map[string][]gk.Secret{"app_secret": {gk.NewSecret(demoSecret)}},
		Now:      now, Nonce: strings.Repeat("a", 32),
	}
	maps.Copy(app.Settings, set)
	app.Profile, app.Environment = app.Settings["profile"], app.Settings["environment"]
	return driver.Spec().Open(app)
}

func credential() platform.Credential {
	return platform.Credential{
		Subject: gk.Subject{Kind: gk.KindAccount, ID: "2206000000042"},
		Token:   gk.Token{Access: gk.NewSecret(demoToken), Refresh: gk.NewSecret("6101demo42")},
		Facts:   map[string]string{"nick": "某某旗舰店"},
	}
}

func reply(status int, body string) platform.Reply {
	return platform.Reply{Status: status, Body: []byte(body), Received: now}
}

// sent reads the parameters of one of our own requests.
func sent(t *testing.T, req *platform.Request) url.Values {
	t.Helper()
	v, err := url.ParseQuery(string(req.Body))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestLink(t *testing.T) {
	const page = "/authorize?response_type=code&client_id=12345678&redirect_uri=https%3A%2F%2Fhub.example.com%2Fcb%2Ftaobao"
	tests := map[string]struct {
		set  map[string]string
		want platform.Want
		url  string
	}{
		"plain":               {nil, platform.Want{State: "a1B2c3D4"}, "https://oauth.taobao.com" + page + "&state=a1B2c3D4"},
		"without state":       {nil, platform.Want{}, "https://oauth.taobao.com" + page},
		"as the page has it":  {nil, platform.Want{State: "a1B2c3D4", Form: "web"}, "https://oauth.taobao.com" + page + "&state=a1B2c3D4&view=web"},
		"Tmall's look":        {nil, platform.Want{State: "s", Extra: url.Values{"view": {"tmall"}}}, "https://oauth.taobao.com" + page + "&state=s&view=tmall"},
		"mobile":              {nil, platform.Want{State: "s", Form: "wap"}, "https://oauth.m.taobao.com" + page + "&state=s&view=wap"},
		"mobile in a sandbox": {map[string]string{"environment": "sandbox"}, platform.Want{State: "s", Form: "wap"}, "https://oauth.tbsandbox.com" + page + "&state=s&view=wap"},
		"scopes":              {map[string]string{"scopes": "item promotion"}, platform.Want{State: "s"}, "https://oauth.taobao.com" + page + "&state=s&scope=item%2Cpromotion"},
	}
	for name, tt := range tests {
		link, err := driver.Link(demoApp(tt.set), tt.want)
		if err != nil || link.URL != tt.url {
			t.Errorf("%s: Link = %s, %v\nwant %s", name, link.URL, err, tt.url)
		}
	}

	app := demoApp(nil)
	app.Endpoints = map[string]string{"authorize": "http://127.0.0.1:7705"}
	if link, err := driver.Link(app, platform.Want{State: "s", Form: "wap"}); err != nil || !strings.HasPrefix(link.URL, "http://127.0.0.1:7705/authorize?") {
		t.Errorf("mobile link with an override = %s, %v", link.URL, err)
	}
}

func TestLinkRefuses(t *testing.T) {
	tests := map[string]struct {
		set  map[string]string
		want platform.Want
	}{
		"quotes in state":  {nil, platform.Want{State: `a'b`}},
		"an unknown view":  {nil, platform.Want{State: "s", Form: "tv"}},
		"without callback": {map[string]string{"redirect_uri": ""}, platform.Want{State: "s"}},
		"without app key":  {map[string]string{"app_key": ""}, platform.Want{State: "s"}},
		"to cancel":        {nil, platform.Want{State: "s", Cancel: true}},
	}
	for name, tt := range tests {
		if link, err := driver.Link(demoApp(tt.set), tt.want); err == nil {
			t.Errorf("Link %s = %s, want an error", name, link.URL)
		}
	}
}

func TestCallbackPollution(t *testing.T) {
	const at = "https://hub.example.com/cb/taobao?"
	tests := map[string]struct {
		in    platform.Incoming
		check func(platform.Callback) bool
		bad   bool
	}{
		"code and state": {in: platform.Incoming{Method: "GET", URL: at + "code=Zk3xT9vLz0aPpR7dYw2hKc8J550123&state=s1"},
			check: func(c platform.Callback) bool {
				return c.Code.Reveal() == "Zk3xT9vLz0aPpR7dYw2hKc8J550123" && c.State == "s1"
			}},
		"the marketplace":    {in: platform.Incoming{Method: "GET", URL: at + "code=abc"}, check: func(c platform.Callback) bool { return c.State == "" && !c.Code.Empty() && !c.Proven }},
		"cancelled":          {in: platform.Incoming{Method: "GET", URL: at + "error=access_denied&error_description=authorize%20reject"}, check: func(c platform.Callback) bool { return c.Fault.Row == "authorize/access_denied" }},
		"nothing":            {in: platform.Incoming{Method: "GET", URL: at}, check: func(c platform.Callback) bool { return c.Empty }},
		"code twice":         {in: platform.Incoming{Method: "GET", URL: at + "code=a&code=b&state=s"}, bad: true},
		"state twice":        {in: platform.Incoming{Method: "GET", URL: at + "code=a&state=s&state=s"}, bad: true},
		"error twice":        {in: platform.Incoming{Method: "GET", URL: at + "error=a&error=b"}, bad: true},
		"code and error":     {in: platform.Incoming{Method: "GET", URL: at + "code=a&error=access_denied"}, bad: true},
		"token in the query": {in: platform.Incoming{Method: "GET", URL: at + "access_token=6102demo&state=s"}, bad: true},
		"legacy container":   {in: platform.Incoming{Method: "GET", URL: at + "top_session=6102demo&top_sign=x"}, bad: true},
		"control in code":    {in: platform.Incoming{Method: "GET", URL: at + "code=a%00b"}, bad: true},
		"blank in state":     {in: platform.Incoming{Method: "GET", URL: at + "code=a&state=s%20t"}, check: func(c platform.Callback) bool { return c.State == "s t" }},
		"control in state":   {in: platform.Incoming{Method: "GET", URL: at + "code=a&state=s%00t"}, bad: true},
		"broken escape":      {in: platform.Incoming{Method: "GET", URL: at + "code=%"}, bad: true},
		"body of a GET":      {in: platform.Incoming{Method: "GET", URL: at + "state=s", Body: []byte("code=evil")}, check: func(c platform.Callback) bool { return c.Code.Empty() }},
		"query of a POST":    {in: platform.Incoming{Method: "POST", URL: at + "code=evil", Body: []byte("state=s")}, check: func(c platform.Callback) bool { return c.Code.Empty() }},
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
			if err != nil || !tt.check(cb) || cb.Params.Has("code") {
				t.Errorf("ReadCallback = %+v, %v", cb, err)
			}
		})
	}
}

// TestEveryRow sends each row's text as the platform would and looks for the row that is found.
func TestEveryRow(t *testing.T) {
	for _, row := range driver.Spec().Catalogue.Rows() {
		if row.Local() {
			continue // the tests of callbacks, subjects and pushes meet them
		}
		t.Run(row.ID, func(t *testing.T) {
			for _, fault := range faultsOf(t, row) {
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

func faultsOf(t *testing.T, row *platform.Row) []*gk.Fault {
	t.Helper()
	codes := []string{row.Code}
	if row.Code == "" || strings.HasPrefix(row.Code, "invalid") || strings.HasPrefix(row.Code, "access") {
		codes = []string{"invalid_client", "access_denied", "never_published"} // the description decides
	}
	var faults []*gk.Fault
	for _, code := range codes {
		body, _ := json.Marshal(map[string]string{"error": code, "error_description": row.Example})
		switch row.Stage {
		case platform.StageAuthorize:
			q := url.Values{"error": {code}, "error_description": {row.Example}, "state": {"s1"}}
			cb, err := driver.ReadCallback(demoApp(nil), platform.Incoming{Method: "GET", URL: "https://hub.example.com/cb?" + q.Encode()})
			if err != nil {
				t.Fatal(err)
			}
			faults = append(faults, cb.Fault, driver.Diagnose(demoApp(nil), platform.Asked{Stage: row.Stage}, reply(400, string(body))))
		case platform.StageToken, platform.StageRefresh:
			bodies := []string{string(body)}
			if row.Code == "" { // the same text through the gateway, whose codes for it are not published
				gateway, _ := json.Marshal(map[string]any{"error_response": map[string]any{"code": 9999, "msg": "whatever", "sub_msg": row.Example}})
				bodies = append(bodies, string(gateway))
			}
			for _, body := range bodies {
				for _, status := range []int{400, 200} {
					_, err := driver.ReadIssues(demoApp(nil), platform.Asked{Stage: row.Stage, At: now}, reply(status, body))
					var fault *gk.Fault
					if !errors.As(err, &fault) {
						t.Fatalf("ReadIssues(%d %s) = %v, want a fault", status, body, err)
					}
					faults = append(faults, fault)
				}
			}
		case platform.StageCall:
			return callFaults(t, row)
		default:
			t.Fatalf("stage %q", row.Stage)
		}
	}
	return faults
}

// callFaults says a call row's error in JSON and XML: the text as msg, and where there is a sub-code also as sub_msg
// below the usual msg of the code.
func callFaults(t *testing.T, row *platform.Row) []*gk.Fault {
	t.Helper()
	type errorResponse struct {
		XMLName xml.Name `xml:"error_response" json:"-"`
		Code    int      `xml:"code" json:"code"`
		Msg     string   `xml:"msg" json:"msg"`
		SubCode string   `xml:"sub_code,omitempty" json:"sub_code,omitempty"`
		SubMsg  string   `xml:"sub_msg,omitempty" json:"sub_msg,omitempty"`
	}
	text, sub, _ := strings.Cut(row.Code, ":")
	code, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	said := errorResponse{Code: code, Msg: row.Example, SubCode: strings.Replace(sub, "*", "remote-service-error", 1)}
	all := []errorResponse{said}
	if sub != "" {
		if usual := driver.Spec().Catalogue.Row("call/" + text); usual != nil {
			said.Msg = usual.Example
		}
		said.SubMsg = row.Example
		all = append(all, said)
	}
	var faults []*gk.Fault
	for _, e := range all {
		asJSON, _ := json.Marshal(map[string]any{"error_response": e})
		asXML, _ := xml.Marshal(e)
		for _, body := range []string{string(asJSON), string(asXML)} {
			faults = append(faults, driver.Diagnose(demoApp(nil), platform.Asked{Stage: platform.StageCall}, reply(200, body)))
		}
	}
	return faults
}

func TestSeedRowsAreAllThere(t *testing.T) {
	seen := make(map[string]bool)
	for _, row := range driver.Spec().Catalogue.Rows() {
		if row.Source == "seed" {
			seen[row.PatternText] = true
		}
	}
	if len(seen) != 41 {
		t.Errorf("%d texts of the platform's own table, want its 40 and the page error 1001", len(seen))
	}
}

func TestThrottlingNamesItsWait(t *testing.T) {
	body := `{"error_response":{"code":7,"msg":"App Call Limited","sub_code":"accesscontrol.limited-by-app-access-count","sub_msg":"This ban will last for 31062 more seconds","request_id":"r1"}}`
	got := driver.Diagnose(demoApp(nil), platform.Asked{Stage: platform.StageCall}, reply(200, body))
	want := &gk.Fault{
		Platform: "taobao", Stage: "call", Code: "7:accesscontrol.limited-by-app-access-count", Action: gk.Backoff, Known: true,
		Row: "call/7:accesscontrol.limited-by-app-access-count", RetryAfter: 31062 * time.Second, RequestID: "r1",
		Message: "App Call Limited: This ban will last for 31062 more seconds",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fault (-want +got):\n%s", diff)
	}
	_, err := driver.ReadIssues(demoApp(nil), platform.Asked{Stage: platform.StageRefresh}, reply(400, `{"error":"x","error_description":"refresh times limit exceed"}`))
	var fault *gk.Fault
	if !errors.As(err, &fault) || fault.RetryAfter != 13*time.Hour+30*time.Minute {
		t.Errorf("daily limit of refreshes = %+v, want a wait until midnight in China", err)
	}
}

func TestDeadSessionIsToldFromTheCallersBug(t *testing.T) {
	tests := []struct {
		body     string
		terminal bool
		refused  bool
		action   gk.Action
	}{
		{`{"error_response":{"code":27,"msg":"Invalid session"}}`, true, true, gk.Reauthorize},
		{`{"error_response":{"code":"27","msg":"Invalid session","sub_code":"brand-new"}}`, true, true, gk.Reauthorize},
		{`{"error_response":{"code":27,"msg":"Invalid session","sub_code":"sessionkey-not-generated-by-server","sub_msg":"RealSession don&apos;t create by top ! appKey is : 12345678"}}`, true, true, gk.Reauthorize},
		{`{"error_response":{"code":27,"msg":"Invalid session","sub_code":"session-is-blank","sub_msg":"session-is-blank"}}`, false, false, gk.FixRequest},
		{`{"error_response":{"code":53,"msg":"x","sub_code":"isv.w2-security-authorize-invalid"}}`, false, false, gk.Reauthorize},
		{`{"error_response":{"code":45,"msg":"Invalid session"}}`, false, false, gk.FixRequest},
		{`{"error_response":{"code":16,"msg":"never heard of"}}`, false, false, gk.FixRequest},
	}
	for _, tt := range tests {
		fault := driver.Diagnose(demoApp(nil), platform.Asked{Stage: platform.StageCall}, reply(200, tt.body))
		if fault == nil || fault.Terminal != tt.terminal || fault.Action != tt.action || driver.Spec().TokenRefused(fault) != tt.refused {
			t.Errorf("Diagnose(%s) = %+v, want terminal %v, %s, token refused %v", tt.body, fault, tt.terminal, tt.action, tt.refused)
		}
	}
}

func TestFaultsQuoteNoToken(t *testing.T) {
	for _, body := range []string{
		`{"error":"invalid_client","error_description":"authorize code Zk3xT9vLz0aPpR7dYw2hKc8J550123 invalidate,please authorize again."}`,
		`{"error_response":{"code":27,"msg":"Invalid session","sub_code":"INVALID_PARAMS","sub_msg":"INVALID_PARAMS:invalid AccessToken : ` + demoToken + `"}}`,
		`{"error_response":{"code":27,"msg":"INVALID_PARAMS:invalid AccessToken : ` + demoToken + `"}}`,
	} {
		fault := driver.Diagnose(demoApp(nil), platform.Asked{Stage: platform.StageToken}, reply(200, body))
		if text := fault.Message + fault.Code; strings.Contains(text, demoToken) || strings.Contains(text, "Zk3x") {
			t.Errorf("fault quotes a secret: %s", text)
		}
	}
}

func TestReadIssuesLeavesDoubt(t *testing.T) {
	tests := map[string]platform.Reply{
		"5xx with a pair":      reply(502, `{"access_token":"a","expires_in":1}`),
		"5xx with an error":    reply(500, `{"error":"x","error_description":"OAUTH SERVER ERROR:busy"}`),
		"HTML":                 reply(200, "<html>busy</html>"),
		"nothing":              reply(200, ""),
		"truncated":            {Status: 200, Body: []byte(`{"access_token":"a"}`), Truncated: true},
		"cut":                  reply(200, `{"access_token":"a"`),
		"no token":             reply(200, `{"expires_in":1}`),
		"token twice":          reply(200, `{"access_token":"a","access_token":"b"}`),
		"negative life":        reply(200, `{"access_token":"a","expires_in":-1}`),
		"no life":              reply(200, `{"access_token":"a","expires_in":0}`),
		"endless life":         reply(200, `{"access_token":"a","expires_in":1000000000000000000}`),
		"a fraction":           reply(200, `{"access_token":"a","expires_in":1.5}`),
		"absurd window":        reply(200, `{"access_token":"a","expires_in":60,"w2_expires_in":"-1"}`),
		"absurd end":           reply(200, `{"access_token":"a","expire_time":1799974200}`),
		"absurd refresh end":   reply(200, `{"access_token":"a","re_expires_in":9223372036854775807}`),
		"404":                  reply(404, `{"access_token":"a"}`),
		"gateway without text": reply(200, `{"top_auth_token_create_response":{"token_result":7}}`),
		"gateway cut inside":   reply(200, `{"top_auth_token_create_response":{"token_result":"{\"access_token\""}}`),
	}
	for name, r := range tests {
		issues, err := driver.ReadIssues(demoApp(nil), platform.Asked{Stage: platform.StageRefresh, At: now}, r)
		if !errors.Is(err, platform.ErrGarbage) {
			t.Errorf("%s: ReadIssues = %+v, %v, want ErrGarbage", name, issues, err)
		}
	}
	var fault *gk.Fault
	if _, err := driver.ReadIssues(demoApp(nil), platform.Asked{Stage: platform.StageToken}, reply(307, "")); !errors.As(err, &fault) || fault.Action != gk.FixConfig {
		t.Errorf("a redirect = %v, want fix_config", err)
	}
}

func TestSubjects(t *testing.T) {
	tests := map[string]struct {
		body string
		want gk.Subject
	}{
		"main account": {`{"access_token":"a","taobao_user_id":"42","taobao_user_nick":"a%252Bb"}`, gk.Subject{Kind: "account", ID: "42", Name: "a%2Bb"}},
		"sub-account": {`{"access_token":"a","taobao_user_id":"42","taobao_user_nick":"x","sub_taobao_user_id":"7","sub_taobao_user_nick":"x%3Ay"}`,
			gk.Subject{Kind: "account", ID: "42:7", Parent: "42", Name: "x:y"}},
		"open id":     {`{"access_token":"a","taobao_user_id":"-1","open_uid":"AAHx"}`, gk.Subject{Kind: "account", ID: "AAHx"}},
		"newer name":  {`{"access_token":"a","taobao_open_uid":"AAHy"}`, gk.Subject{Kind: "account", ID: "AAHy"}},
		"not told":    {`{"access_token":"a"}`, gk.Subject{}},
		"big integer": {`{"access_token":"a","taobao_user_id":9223372036854775809}`, gk.Subject{Kind: "account", ID: "9223372036854775809"}},
	}
	for name, tt := range tests {
		issues, err := driver.ReadIssues(demoApp(nil), platform.Asked{Stage: platform.StageToken, At: now}, reply(200, tt.body))
		if err != nil || issues[0].Subject != tt.want {
			t.Errorf("%s: subject = %+v, %v, want %+v", name, issues, err, tt.want)
		}
	}
	asked := platform.Asked{Stage: platform.StageRefresh, Subject: gk.Subject{Kind: "account", ID: "42"}, At: now}
	issues, err := driver.ReadIssues(demoApp(nil), asked, reply(200, `{"access_token":"a"}`))
	if err != nil || issues[0].Subject != asked.Subject {
		t.Errorf("renewal without a subject = %+v, %v, want the one asked for", issues, err)
	}
	for _, stage := range []string{platform.StageToken, platform.StageRefresh} {
		asked.Stage = stage
		_, err = driver.ReadIssues(demoApp(nil), asked, reply(200, `{"access_token":"a","taobao_user_id":"43"}`))
		var fault *gk.Fault
		if !errors.As(err, &fault) || fault.Code != "subject_mismatch" || fault.Stage != stage || fault.Terminal {
			t.Errorf("answer for another account at %s = %+v, want subject_mismatch", stage, err)
		}
	}
}

func TestInspection(t *testing.T) {
	app, inspector := demoApp(nil), driver.(platform.Inspector)
	req, err := inspector.InspectRequest(app, credential(), "")
	if err != nil || sent(t, req).Get("method") != "taobao.user.seller.get" || sent(t, req).Get("session") != demoToken {
		t.Fatalf("InspectRequest = %v, %v", req, err)
	}
	alive := true
	in, _, err := inspector.ReadInspection(app, platform.Credential{}, reply(200, `{"user_seller_get_response":{"user":{"user_id":2206000000042,"nick":"某某旗舰店"},"request_id":"abc123def456"}}`))
	want := platform.Inspection{Subject: gk.Subject{Kind: "account", ID: "2206000000042", Name: "某某旗舰店"}, Alive: &alive, Facts: map[string]string{"nick": "某某旗舰店"}}
	if diff := cmp.Diff(want, in); diff != "" || err != nil {
		t.Errorf("inspection, %v (-want +got):\n%s", err, diff)
	}

	sub := credential()
	sub.Subject = gk.Subject{Kind: "account", ID: "2206000000042:7", Parent: "2206000000042"}
	in, _, err = inspector.ReadInspection(app, sub, reply(200, `{"user_seller_get_response":{"user":{"user_id":2206000000042,"nick":"x"}}}`))
	if err != nil || in.Subject != sub.Subject || !*in.Alive {
		t.Errorf("inspection of a sub-account = %+v, %v, want its own subject", in, err)
	}
	in, _, err = inspector.ReadInspection(app, credential(), reply(200, `{"error_response":{"code":27,"msg":"Invalid session","sub_code":"invalid-sessionkey","sub_msg":"SessionKey非法"}}`))
	if err != nil || in.Alive == nil || *in.Alive || in.Fault == nil {
		t.Errorf("inspection of a dead session = %+v, %v, want Alive false", in, err)
	}
	var fault *gk.Fault
	if _, _, err = inspector.ReadInspection(app, credential(), reply(200, `{"error_response":{"code":7,"msg":"App Call Limited"}}`)); !errors.As(err, &fault) || fault.Action != gk.Backoff {
		t.Errorf("throttled inspection = %v, want its fault", err)
	}
	if _, _, err = inspector.ReadInspection(app, credential(), reply(200, `{"other_response":{}}`)); !errors.Is(err, platform.ErrGarbage) {
		t.Errorf("another answer = %v, want ErrGarbage", err)
	}
}

func TestInspectionByNickWhereTheSessionCannotRead(t *testing.T) {
	app, inspector, cred := demoApp(nil), driver.(platform.Inspector), credential()
	cred.Token.Windows = map[string]time.Time{"r1": now.Add(-time.Second)}
	req, err := inspector.InspectRequest(app, cred, "")
	if err != nil || sent(t, req).Get("method") != "taobao.tmc.user.get" || sent(t, req).Get("nick") != "某某旗舰店" || sent(t, req).Has("session") {
		t.Fatalf("InspectRequest = %v, %v, want a question by nick without the session", req, err)
	}
	for body, want := range map[string]string{
		`{"tmc_user_get_response":{"tmc_user":{"is_valid":true}}}`:    "true",
		`{"tmc_user_get_response":{"tmc_user":{"is_valid":"false"}}}`: "false",
		`{"tmc_user_get_response":{"request_id":"x"}}`:                "not said",
	} {
		in, _, err := inspector.ReadInspection(app, cred, reply(200, body))
		got := "not said"
		if in.Alive != nil {
			got = strconv.FormatBool(*in.Alive)
		}
		if err != nil || got != want || in.Subject != cred.Subject {
			t.Errorf("ReadInspection(%s) = %s, %v, want %s", body, got, err, want)
		}
	}
}

func TestFacts(t *testing.T) {
	facts := driver.Spec().Facts
	for op, want := range map[string]string{
		"taobao.user.seller.get": "grant", "tmall.item.get": "grant", "alibaba.x.y": "app", "taobao.time.get": "app", "taobao.tmc.messages.consume": "app",
		"taobao.tmc.user.permit": "grant", "taobao.top.auth.token.create": "never", "taobao.top.auth.token.refresh": "never", "taobao.vas.subscribe.get": "app", "eleme.user.getUser": "app",
	} {
		if got := facts.Permit(op); got != want {
			t.Errorf("Permit(%s) = %s, want %s", op, got, want)
		}
	}
	if got, want := facts.Limits.TokenCalls, (platform.TokenCalls{Day: 60, Reserve: 12}); got != want {
		t.Errorf("token calls = %+v, want %+v", got, want)
	}
	for _, profile := range facts.Profiles {
		online, testing := facts.RefreshOf(profile, "online"), facts.RefreshOf(profile, "testing")
		if (online.Style == platform.Rotate) != (profile == "subscription") || testing.Style != platform.NoRefresh || testing.AccessLife != platform.Duration(24*time.Hour) {
			t.Errorf("%s: online %s, testing %s for %v", profile, online.Style, testing.Style, time.Duration(testing.AccessLife))
		}
	}
	if !facts.Callback.Unsolicited {
		t.Error("the marketplace's entry comes without our state")
	}
}
