package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// scenario is one request and all that must be true after it. In path and body, ids stand as {app}, {grant} and so on.
type scenario struct {
	name    string
	key     string // "all" if empty; "none": without a key
	call    string // METHOD /path
	body    string
	headers []string
	status  int
	problem string   // name of the problem expected
	want    []string // parts of the body
	not     []string // what the body must not hold
	events  []string // kinds that it added
	shows   bool     // the answer may hold the access token
}

func TestScenarios(t *testing.T) {
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			h := newHouse(t)
			ids := furnish(h)
			before := kinds(h)
			key := sc.key
			switch key {
			case "":
				key = "all"
			case "none":
				key = ""
			}
			method, path, _ := strings.Cut(ids.Replace(sc.call), " ")
			a := h.do(key, method, path, ids.Replace(sc.body), sc.headers...)
			if a.status != sc.status {
				t.Errorf("%s = %d, want %d\n%s", sc.call, a.status, sc.status, a.body)
			}
			if sc.problem != "" {
				if got := a.member(t, "type"); got != "/problems/"+sc.problem {
					t.Errorf("type = %v, want /problems/%s\n%s", got, sc.problem, a.body)
				}
				if got := a.header.Get("Content-Type"); got != "application/problem+json" {
					t.Errorf("Content-Type = %q, want that of problems", got)
				}
			}
			for _, part := range sc.want {
				if part = ids.Replace(part); !strings.Contains(a.body, part) {
					t.Errorf("the body lacks %s\n%s", part, a.body)
				}
			}
			for _, part := range sc.not {
				if part = ids.Replace(part); strings.Contains(a.body, part) {
					t.Errorf("the body holds %s\n%s", part, a.body)
				}
			}
			if added := kinds(h)[len(before):]; !slices.Equal(added, sc.events) {
				t.Errorf("events added = %v, want %v", added, sc.events)
			}
			for _, secret := range secretsIn(a.body) {
				if !sc.shows || secret != accessToken {
					t.Errorf("the body holds %q", secret)
				}
			}
			h.expectNoSecrets()
		})
	}
}

// furnish adds what the scenarios speak of: two owners with a grant each, grants in every state, keys of several kinds.
func furnish(h *house) *strings.Replacer {
	h.addKey("reader", scopesOf("read"), nil, nil)
	h.addKey("ann", scopesOf("read", "token", "link", "manage", "admin"), []string{"ann"}, nil)
	h.addKey("other-app", gk.Scopes(), nil, []string{"app_other"})
	h.addKey("revoked", gk.Scopes(), nil, nil)
	if err := h.store.RevokeKey(h.t.Context(), "key_revoked", h.now); err != nil {
		h.t.Fatal(err)
	}
	second := h.addApp("second")
	fault := &gk.Fault{Platform: "shoplazza", Stage: "refresh", Code: "invalid_grant", Action: gk.Reauthorize, Terminal: true}
	grants := map[string]gk.Grant{
		"ann":  h.addGrant(h.app, "100", "ann", nil),
		"bob":  h.addGrant(h.app, "200", "bob", nil),
		"held": h.addGrant(h.app, "300", "ann", func(g *gk.Grant) { g.State = gk.Held }),
		"free": h.addGrant(h.app, "400", "", nil),
		"revoked": h.addGrant(h.app, "500", "ann", func(g *gk.Grant) {
			g.State, g.Renewable, g.Access, g.Refresh, g.KeyID, g.DueAt = gk.Revoked, false, nil, nil, 0, time.Time{}
		}),
		"expired": h.addGrant(h.app, "600", "ann", func(g *gk.Grant) {
			g.State, g.Renewable, g.Expires, g.DueAt, g.Fault = gk.Expired, false, h.now.Add(-time.Hour), time.Time{}, fault
		}),
	}
	pairs := []string{"{app}", h.app.ID, "{second}", second.ID}
	for name, g := range grants {
		pairs = append(pairs, "{"+name+"}", g.ID)
	}
	return strings.NewReplacer(pairs...)
}

// kinds lists the kinds of all events so far.
func kinds(h *house) []string {
	h.t.Helper()
	if _, err := h.store.Publish(h.t.Context(), 1000); err != nil {
		h.t.Fatal(err)
	}
	events, err := h.store.EventsAfter(h.t.Context(), gk.Engine(), 0, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for _, e := range events {
		out = append(out, e.Kind)
	}
	return out
}

const anApp = `{"platform":"shoplazza","name":"New","settings":{"client_id":"c1","client_secret":"` + appSecret + `"}}`

var scenarios = []scenario{
	// Who may come in.
	{name: "no key", key: "none", call: "GET /v1/grants", status: 401, problem: "unauthorized"},
	{name: "revoked key", key: "revoked", call: "GET /v1/grants", status: 401, problem: "unauthorized"},
	{name: "unknown key", key: "none", call: "GET /v1/grants", headers: []string{"Authorization", "Bearer gk_" + strings.Repeat("x", 49)}, status: 401, problem: "unauthorized"},
	{name: "another scheme", key: "none", call: "GET /v1/grants", headers: []string{"Authorization", "Basic Z2tfOg=="}, status: 401, problem: "unauthorized"},
	{name: "scope missing", key: "reader", call: "GET /v1/grants/{ann}/token", status: 403, problem: "forbidden", want: []string{"scope token"}},
	{name: "another host", call: "GET /v1/grants", headers: []string{"Host", "evil.example"}, status: 421, problem: "misdirected", not: []string{"evil"}},
	{name: "probe by address", key: "none", call: "GET /healthz", headers: []string{"Host", "10.0.0.7:8080"}, status: 200, want: []string{"ok\n"}},
	{name: "api by address", call: "GET /v1/grants", headers: []string{"Host", "10.0.0.7:8080"}, status: 421, problem: "misdirected"},
	{name: "default port named", call: "GET /v1/platforms", headers: []string{"Host", "API.example:443"}, status: 200},
	{name: "no such address", call: "GET /v1/nothing", status: 404, problem: "not-found"},
	{name: "no such method", call: "PUT /v1/grants/{ann}", body: "{}", status: 405, problem: "method-not-allowed"},
	{name: "no preflight", key: "none", call: "OPTIONS /v1/grants", headers: []string{"Origin", "https://evil.example"}, status: 405, problem: "method-not-allowed"},

	// The shape of requests.
	{name: "unknown member", call: "POST /v1/apps", body: `{"platform":"shoplazza","settings":{},"colour":"red"}`, status: 422, problem: "invalid-input", want: []string{`"field":"colour"`}},
	{name: "unknown parameter", call: "GET /v1/grants?stat=active", status: 422, problem: "invalid-input", want: []string{`"field":"stat"`}},
	{name: "parameter twice", call: "GET /v1/grants?app=a&app=b", status: 422, problem: "invalid-input", want: []string{`"field":"app"`}},
	{name: "member twice", call: "PATCH /v1/grants/{ann}", body: `{"name":"a","name":"b"}`, status: 400, problem: "invalid-input"},
	{name: "too deep", call: "POST /v1/explain", body: `{"platform":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, status: 400, problem: "invalid-input"},
	{name: "too large", call: "POST /v1/explain", body: `{"platform":"shoplazza","body":"` + strings.Repeat("x", 1<<20) + `"}`, status: 413, problem: "too-large"},
	{name: "compressed", call: "POST /v1/explain", body: `{}`, headers: []string{"Content-Encoding", "gzip"}, status: 415, problem: "unsupported-media-type"},
	{name: "a form", call: "POST /v1/explain", body: `platform=x`, headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415, problem: "unsupported-media-type"},
	{name: "a wrong body is not repeated", call: "POST /v1/apps", body: `{"platform":"shoplazza","settings":"` + appSecret + `"}`, status: 422, problem: "invalid-input", want: []string{`"field":"settings"`}},
	{name: "broken JSON is not repeated", call: "POST /v1/apps", body: `{"settings":{"client_secret":"` + appSecret + `"`, status: 400, problem: "invalid-input"},
	{name: "limit too high", call: "GET /v1/grants?limit=1001", status: 422, problem: "invalid-input", want: []string{`"field":"limit"`}},

	// Apps.
	{name: "create an app", call: "POST /v1/apps", body: anApp, status: 201, want: []string{`"callback":"https://connect.example/callback/app_`, `"push":"https://connect.example/push/app_`, `"install":"https://connect.example/install/app_`, `"secrets_set":{"client_secret":"2026-03-01T12:00:00Z"}`}, events: []string{"app.changed"}},
	{name: "create an app without a secret", call: "POST /v1/apps", body: `{"platform":"shoplazza","settings":{"client_id":"c1"}}`, status: 422, problem: "invalid-input", want: []string{"settings.client_secret"}},
	{name: "a number as a setting", call: "POST /v1/apps", body: `{"platform":"shoplazza","settings":{"client_id":12345678901234567890,"client_secret":"s3"}}`, status: 201, want: []string{`"client_id":"12345678901234567890"`}, events: []string{"app.changed"}},
	{name: "no such platform", call: "POST /v1/apps", body: `{"platform":"nowhere","settings":{}}`, status: 422, problem: "invalid-input", want: []string{`"field":"platform"`}},
	{name: "endpoint not named at start", call: "PATCH /v1/apps/{app}", body: `{"endpoints":{"api":"https://evil.example"},"settings":{"client_secret":"x"}}`, status: 422, problem: "invalid-input", want: []string{"endpoints.api"}},
	{name: "client id changed without the secret", call: "PATCH /v1/apps/{app}", body: `{"settings":{"client_id":"other"}}`, status: 422, problem: "invalid-input", want: []string{"settings.client_secret"}},
	{name: "rename an app", call: "PATCH /v1/apps/{app}", body: `{"name":"Renamed"}`, status: 200, want: []string{`"name":"Renamed"`, `"client_id":"client-first"`}, events: []string{"app.changed"}},
	{name: "an owner cannot change an app", key: "ann", call: "PATCH /v1/apps/{app}", body: `{"name":"Mine"}`, status: 403, problem: "forbidden"},
	{name: "an owner cannot add an app", key: "ann", call: "POST /v1/apps", body: anApp, status: 403, problem: "forbidden"},
	{name: "delete an app in use", call: "DELETE /v1/apps/{app}", status: 409, problem: "app-in-use"},
	{name: "delete an app", call: "DELETE /v1/apps/{second}", status: 204, events: []string{"app.changed"}},
	{name: "list apps", call: "GET /v1/apps?limit=1", status: 200, want: []string{`"items":[{"id":"app_`, `"next":"`}},
	{name: "an app outside the key", key: "other-app", call: "GET /v1/apps/{app}", status: 404, problem: "not-found"},
	{name: "check an app", call: "POST /v1/apps/{app}/check", status: 200, want: []string{`"items":[{"name":`}},

	{name: "a grant for nothing", call: "POST /v1/apps/{app}/grants", body: `{}`, status: 422, problem: "invalid-input", want: []string{`"field":"token"`}},
	{name: "a grant for another owner", key: "ann", call: "POST /v1/apps/{app}/grants", body: `{"owner":"bob","token":{"access":"x"}}`, status: 422, problem: "invalid-input", want: []string{`"field":"owner"`}},
	{name: "a grant with a platform that nobody reaches", call: "POST /v1/apps/{app}/grants", body: `{"subject":{"kind":"shop","id":"7","host":"seven.myshoplaza.com"},"token":{"access":"` + accessToken + `"}}`, status: 502, problem: "platform-unreachable"},

	// Authorizations.
	{name: "begin", call: "POST /v1/authorizations", body: `{"app":"{app}","owner":"ann","shop":"demo","return_to":"https://erp.example/done"}`, status: 201, want: []string{`"id":"aut_`, `"url":"https://connect.example/connect/`, `"expires_at":"2026-03-08T12:00:00Z"`}},
	{name: "begin with a short life", call: "POST /v1/authorizations", body: `{"app":"{app}","expires_in":"1h"}`, status: 201, want: []string{`"expires_at":"2026-03-01T13:00:00Z"`}},
	{name: "return to a foreign origin", call: "POST /v1/authorizations", body: `{"app":"{app}","return_to":"https://evil.example/"}`, status: 422, problem: "invalid-input", want: []string{"return_to"}},
	{name: "return to an origin in disguise", call: "POST /v1/authorizations", body: `{"app":"{app}","return_to":"https://erp.example@evil.example/"}`, status: 422, problem: "invalid-input"},
	{name: "begin for another owner", key: "ann", call: "POST /v1/authorizations", body: `{"app":"{app}","owner":"bob"}`, status: 422, problem: "invalid-input", want: []string{"owner"}},
	{name: "reconnect another owner's grant", key: "ann", call: "POST /v1/authorizations", body: `{"app":"{app}","grant":"{bob}"}`, status: 404, problem: "not-found"},
	{name: "no such authorization", call: "GET /v1/authorizations/aut_none", status: 404, problem: "not-found"},
	{name: "confirm what is not there", call: "POST /v1/authorizations/aut_none/confirm", body: `{"code":"x"}`, status: 404, problem: "not-found"},

	// Grants.
	{name: "show a grant", call: "GET /v1/grants/{ann}", status: 200, want: []string{`"subject":{"kind":"shop","id":"100"`, `"state":"active"`, `"environment":"production"`, `"expires_at":"2026-03-02T12:00:00Z"`, `"authorization_expires_at":null`, `"windows":{}`, `"renewable":true`, `"in_doubt":false`, `"generation":1`}},
	{name: "a held grant in full", call: "GET /v1/grants/{held}", status: 200, want: []string{`"state":"held"`, `"id":"300"`, `"whose_move":"vendor"`}},
	{name: "a held grant to its owner", key: "ann", call: "GET /v1/grants/{held}", status: 200, want: []string{`"state":"held"`, `"owner":"ann"`}, not: []string{"300", "subject", "expires_at"}},
	{name: "a held grant is not found by a detail", key: "ann", call: "GET /v1/grants?q=300", status: 200, want: []string{`{"items":[]}`}},
	{name: "a held grant's history", key: "ann", call: "GET /v1/grants/{held}/history", status: 200, want: []string{`{"items":[]}`}},
	{name: "an expired grant", call: "GET /v1/grants/{expired}", status: 200, want: []string{`"whose_move":"merchant"`, `"code":"invalid_grant"`, `"action":"reauthorize"`, `"cause":{"zh-CN":`}},
	{name: "grants of one state", call: "GET /v1/grants?state=revoked", status: 200, want: []string{"{revoked}"}, not: []string{"{ann}", "{held}"}},
	{name: "grants of an owner", key: "ann", call: "GET /v1/grants", status: 200, want: []string{"{ann}", "{held}"}, not: []string{"{bob}", "{free}"}},
	{name: "grants by unix seconds", call: "GET /v1/grants?expires_before=1772366400", status: 200, not: []string{"{ann}"}},
	{name: "a time that is none", call: "GET /v1/grants?expires_before=tomorrow", status: 422, problem: "invalid-input", want: []string{`"field":"expires_before"`}},
	{name: "another key's cursor", call: "GET /v1/grants?cursor=AAAAAAAAAAAAAAAAAAAAAGdydF8x", status: 422, problem: "invalid-input", want: []string{`"field":"cursor"`}},
	{name: "rename a grant", key: "ann", call: "PATCH /v1/grants/{ann}", body: `{"name":"Flagship"}`, status: 200, want: []string{`"name":"Flagship"`}},
	{name: "move a grant", call: "PATCH /v1/grants/{ann}", body: `{"owner":"bob"}`, status: 200, want: []string{`"owner":"bob"`}, events: []string{"grant.moved", "grant.moved"}},
	{name: "an owner cannot move a grant", key: "ann", call: "PATCH /v1/grants/{ann}", body: `{"owner":"ann2"}`, status: 403, problem: "forbidden"},
	{name: "confirm a held grant", call: "POST /v1/grants/{held}/confirm", body: `{"owner":"ann"}`, status: 200, want: []string{`"state":"active"`}, events: []string{"grant.confirmed"}},
	{name: "the claimant cannot confirm", key: "ann", call: "POST /v1/grants/{held}/confirm", body: `{"owner":"ann"}`, status: 403, problem: "forbidden"},
	{name: "confirm an ownerless grant", call: "POST /v1/grants/{free}/confirm", body: `{"owner":"ann"}`, status: 200, want: []string{`"owner":"ann"`}, events: []string{"grant.confirmed"}},
	{name: "confirm without an owner", call: "POST /v1/grants/{free}/confirm", body: `{"owner":""}`, status: 422, problem: "invalid-input", want: []string{`"field":"owner"`}},
	{name: "history", call: "GET /v1/grants/{ann}/history", status: 200, want: []string{`"kind":"grant.created"`, `"actor":"merchant"`}},
	{name: "refresh what cannot be renewed", call: "POST /v1/grants/{expired}/refresh", status: 422, problem: "not-renewable"},
	{name: "refresh with a wrong body", call: "POST /v1/grants/{ann}/refresh", body: `{"force":"yes"}`, status: 422, problem: "invalid-input", want: []string{`"field":"force"`}},

	// Tokens.
	{name: "a token", call: "GET /v1/grants/{ann}/token", status: 200, shows: true, want: []string{`"access_token":"` + accessToken + `"`, `"expires_in":86400`, `"grant":"{ann}"`, `"generation":1`, `"subject":{"kind":"shop","id":"100"`, `"shops":[{"id":"100"`}, not: []string{"stale", "fault", "windows"}},
	{name: "a token by subject", call: "GET /v1/token?app={app}&subject=shop:100", status: 200, shows: true, want: []string{accessToken, `"grant":"{ann}"`}},
	{name: "HEAD of a token", call: "HEAD /v1/grants/{ann}/token", status: 200, shows: true},
	{name: "a token in spans", call: "GET /v1/grants/{ann}/token?min_valid=90s&wait=0", status: 200, shows: true, want: []string{accessToken}},
	{name: "a wrong span", call: "GET /v1/grants/{ann}/token?min_valid=soon", status: 422, problem: "invalid-input", want: []string{`"field":"min_valid"`}},
	{name: "the same generation again", call: "GET /v1/grants/{ann}/token", headers: []string{"If-None-Match", `"1"`}, status: 304},
	{name: "a subject without kind", call: "GET /v1/token?app={app}&subject=100", status: 422, problem: "invalid-input", want: []string{`"field":"subject"`}},
	{name: "a token without app", call: "GET /v1/token?subject=shop:100", status: 422, problem: "invalid-input", want: []string{`"field":"app"`}},
	{name: "an unknown subject", call: "GET /v1/token?app={app}&subject=shop:999", status: 404, problem: "not-found"},
	{name: "a token of another owner", key: "ann", call: "GET /v1/grants/{bob}/token", status: 404, problem: "not-found"},
	{name: "a token of another owner by subject", key: "ann", call: "GET /v1/token?app={app}&subject=shop:200", status: 404, problem: "not-found"},
	{name: "a held token", call: "GET /v1/grants/{held}/token", status: 409, problem: "held"},
	{name: "a held token by subject", key: "ann", call: "GET /v1/token?app={app}&subject=shop:300", status: 404, problem: "not-found"},
	{name: "a revoked token", call: "GET /v1/grants/{revoked}/token", status: 410, problem: "revoked"},
	{name: "an expired token", call: "GET /v1/grants/{expired}/token", status: 409, problem: "needs-authorization", want: []string{`"fault":{`, `"whose_move":"merchant"`}},

	// Events, keys, knowledge.
	{name: "events", call: "GET /v1/events?limit=2", status: 200, want: []string{`"position":1`, `"position":2`, `"next":"2"`}, not: []string{`"position":3`}},
	{name: "events of an owner", key: "ann", call: "GET /v1/events", status: 200, want: []string{"{ann}"}, not: []string{"{bob}", "app.changed"}},
	{name: "let somebody in", call: "POST /v1/users", body: `{"name":"Lin","role":"operator","password":"a sentence for the test"}`, status: 201, want: []string{`"name":"lin"`, `"role":"operator"`}},
	{name: "let somebody in with a short password", call: "POST /v1/users", body: `{"name":"wei","role":"support","password":"short"}`, status: 422, problem: "invalid-input", want: []string{"12 characters"}},
	{name: "let somebody in with a limited key", key: "ann", call: "POST /v1/users", body: `{"name":"wei","role":"support","password":"a sentence for the test"}`, status: 403, problem: "forbidden"},
	{name: "remove nobody", call: "DELETE /v1/users/lin", status: 404, problem: "not-found"},

	{name: "make a key", call: "POST /v1/keys", body: `{"name":"erp","scopes":["read","token"],"owners":["ann"]}`, status: 201, want: []string{`"key":"gk_`, `"owners":["ann"]`}},
	{name: "make a key with a word that is no scope", call: "POST /v1/keys", body: `{"name":"erp","scopes":["root"]}`, status: 422, problem: "invalid-input", want: []string{"scopes", "at place 1; there are read, token"}},
	{name: "make a key beyond one's scopes", key: "ann", call: "POST /v1/keys", body: `{"name":"x","scopes":["export"],"owners":["ann"]}`, status: 403, problem: "forbidden", want: []string{`"field":"scopes"`}},
	{name: "make a key beyond one's owners", key: "ann", call: "POST /v1/keys", body: `{"name":"x","scopes":["read"]}`, status: 403, problem: "forbidden", want: []string{`"field":"owners"`}},
	{name: "list keys", call: "GET /v1/keys", status: 200, want: []string{`"id":"key_ann"`, `"id":"key_all"`}, not: []string{"gk_", "hash"}},
	{name: "list keys within one's limits", key: "ann", call: "GET /v1/keys", status: 200, want: []string{`"id":"key_ann"`}, not: []string{"key_all", "key_reader"}},
	{name: "revoke a key", call: "DELETE /v1/keys/key_reader", status: 204},
	{name: "revoke a key beyond one's limits", key: "ann", call: "DELETE /v1/keys/key_all", status: 404, problem: "not-found"},
	{name: "revoke the last key", call: "DELETE /v1/keys/key_all", status: 409, problem: "conflict"},
	{name: "platforms", call: "GET /v1/platforms", status: 200, want: []string{`"code":"shoplazza"`, `"powers":["renew"`, `"client_secret"`}},
	{name: "explain", call: "GET /v1/explain?platform=shoplazza&stage=refresh&code=invalid_grant", status: 200, want: []string{`"fault":{"platform":"shoplazza"`, `"remedy":{"zh-CN":`}},
	{name: "explain a raw answer", call: "POST /v1/explain", body: `{"platform":"shoplazza","stage":"token","status":400,"body":"{\"error\":\"invalid_client\"}"}`, status: 200, want: []string{`"known":`}},
	{name: "explain for no platform", call: "GET /v1/explain?platform=nowhere", status: 422, problem: "invalid-input"},
	{name: "ready", key: "none", call: "GET /readyz", status: 200, want: []string{"ready\n"}},
	{name: "metrics need a key", key: "none", call: "GET /metrics", status: 401, problem: "unauthorized"},
	{name: "metrics", call: "GET /metrics", status: 200, want: []string{"grantkeep_ready 1", "grantkeep_spilled_pairs 0", "grantkeep_broken_apps 0", `grantkeep_app_due_age_seconds{app="app_`}, not: []string{"ann", "grt_"}},
	{name: "a problem's page", key: "none", call: "GET /problems/needs-authorization", status: 200, want: []string{"需要商家重新授权", "需要商家重新授權", "The merchant has to authorize again"}},
	{name: "no such problem", key: "none", call: "GET /problems/none", status: 404, problem: "not-found"},
}

func TestRefusedReadersAreToldWhenToComeBack(t *testing.T) {
	h := newHouse(t)
	open := func(g *gk.Grant) {
		g.State, g.Expires, g.DueAt = gk.Suspended, h.now.Add(-time.Minute), h.now.Add(time.Minute)
		g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = "att_1", "another", h.now, h.now.Add(90*time.Second)
	}
	g := h.addGrant(h.app, "1", "", open)
	a := h.do("all", http.MethodGet, "/v1/grants/"+g.ID+"/token?wait=0", "")
	if a.status != http.StatusServiceUnavailable || a.member(t, "type") != "/problems/refreshing" {
		t.Fatalf("a token whose renewal is under way = %d\n%s", a.status, a.body)
	}
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	a = h.do("all", http.MethodPost, "/v1/grants/"+g.ID+"/refresh", "{}")
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("a refresh while one is under way = %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
}

func TestAuthorizationAsItIsSeen(t *testing.T) {
	h := newHouse(t)
	a := h.do("all", http.MethodPost, "/v1/authorizations", `{"app":"`+h.app.ID+`","owner":"ann","expires_in":3600}`)
	id, _ := a.member(t, "id").(string)
	link, _ := a.member(t, "url").(string)
	_, secret, found := strings.Cut(link, "/connect/")
	if a.status != http.StatusCreated || !found || len(secret) != 43 {
		t.Fatalf("POST /v1/authorizations = %d\n%s", a.status, a.body)
	}
	for _, step := range []struct {
		after time.Duration
		state string
	}{{0, "pending"}, {2 * time.Hour, "expired"}} {
		h.now = h.now.Add(step.after)
		one := h.do("all", http.MethodGet, "/v1/authorizations/"+id, "")
		if got := one.member(t, "state"); got != step.state {
			t.Errorf("after %v its state is %v, want %s", step.after, got, step.state)
		}
		for _, path := range []string{"/v1/authorizations/" + id, "/v1/authorizations", "/v1/events"} {
			if body := h.do("all", http.MethodGet, path, "").body; strings.Contains(body, secret) {
				t.Errorf("GET %s shows the link's secret", path)
			}
		}
	}
	if strings.Contains(h.log.String(), secret) {
		t.Error("the log holds the link's secret")
	}
}
