package api_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/store"
)

// shape is what the test reads of a schema in the document.
type shape struct {
	Ref         string `json:"$ref"`
	Type        any    // a name, or names
	Format      string
	Description string
	Enum        []any
	AnyOf       []shape `json:"anyOf"`
	Properties  map[string]shape
	Required    []string
}

func (s shape) kind() string {
	if names, ok := s.Type.([]any); ok && len(names) > 0 {
		return fmt.Sprint(names[0])
	}
	return fmt.Sprint(s.Type)
}

// route is what the test reads of an operation in the document.
type route struct {
	Parameters []struct {
		Name, In string
		Required bool
		Schema   shape
	}
	RequestBody *struct {
		Required bool
		Content  map[string]struct{ Schema shape }
	} `json:"requestBody"`
}

// canaryInput stands wherever the test sends something wrong: no error may repeat it.
const canaryInput = "canary-wrong-5d0c"

// whatItTakes finds in an error what would be right instead, or what to do.
var whatItTakes = regexp.MustCompile(`takes|must be|none of|neither .* nor|such as|; send |; leave |write |lists them|is needed|has no|whole number|may have|is taken|as in|is not of the form|it has `)

// TestEveryRouteNamesAMistake sends each route of the document wrong ids, parameters and bodies, one mistake at a time. Whoever
// made it must be told the field and what the field takes, and never what was sent.
func TestEveryRouteNamesAMistake(t *testing.T) {
	h := newHouse(t)
	grant := h.addGrant(h.app, "100", "ann", nil)
	hook := h.do("all", http.MethodPost, "/v1/webhooks", `{"url":"https://hooks.example/all","kinds":["*"]}`).member(t, "id").(string)                //nolint:forcetypeassert // a wrong shape fails the test
	bell := h.do("all", http.MethodPost, "/v1/alarms", `{"channel":"wecom","settings":{"url":"https://robot.example/all"}}`).member(t, "id").(string) //nolint:forcetypeassert // the same
	link := h.do("all", http.MethodPost, "/v1/authorizations", `{"app":"`+h.app.ID+`","shop":"shop-100.myshoplaza.com"}`).member(t, "id").(string)    //nolint:forcetypeassert // the same
	if err := h.store.CreatePerson(t.Context(), store.Person{ID: "usr_chief", Name: "chief", Role: store.RoleAdministrator}); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{
		"/v1/grants/": grant.ID, "/v1/webhooks/": hook, "/v1/alarms/": bell, "/v1/authorizations/": link, "/v1/apps/": h.app.ID, "/v1/keys/": "key_all",
		"/v1/users/": "usr_chief", "/proxy/": grant.ID,
	}
	var doc struct {
		Paths      map[string]map[string]route
		Components struct{ Schemas map[string]shape }
	}
	if err := json.Unmarshal([]byte(h.do("", http.MethodGet, "/openapi.json", "").body), &doc); err != nil {
		t.Fatal(err)
	}
	resolve := func(s shape) shape {
		for s.Ref != "" {
			s = doc.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
		}
		return s
	}
	m := mistakes{h: h}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for lower, r := range doc.Paths[path] {
			method := strings.ToUpper(lower)
			empty := ""
			if r.RequestBody != nil {
				empty = "{}"
			}
			at := path
			for prefix, id := range ids {
				if strings.HasPrefix(path, prefix) && strings.Contains(path, "{") {
					at = strings.NewReplacer("{id}", id, "{grant}", id, "{event}", "none", "{rest}", "none").Replace(path)
					nobody := strings.NewReplacer("{id}", canaryInput, "{grant}", canaryInput, "{event}", "none", "{rest}", "none").Replace(path)
					m.expect(method, nobody, m.filled(r, resolve), "")
				}
			}
			if strings.HasPrefix(path, "/proxy/") || strings.HasSuffix(path, "/import") {
				continue // the platform's own words; lines of a file
			}
			for _, p := range r.Parameters {
				if p.In == "query" {
					if wrong := wrongText(resolve(p.Schema)); wrong != "" {
						m.expect(method, at+"?"+url.Values{p.Name: {wrong}}.Encode(), empty, p.Name)
					}
				}
			}
			if strings.HasPrefix(path, "/v1/") && !strings.HasSuffix(path, "/stream") && !strings.HasSuffix(path, "/export") && !strings.HasSuffix(path, "/call") {
				m.expect(method, at+"?nonesuch="+canaryInput, empty, "nonesuch")
			}
			if r.RequestBody == nil {
				continue
			}
			body := resolve(r.RequestBody.Content["application/json"].Schema)
			for _, wrong := range []string{"[", `["` + canaryInput + `"]`, `{"` + canaryInput} {
				m.expect(method, at, wrong, "body")
			}
			if r.RequestBody.Required {
				m.expect(method, at, "", "body")
			}
			m.expect(method, at, `{"nonesuch":"`+canaryInput+`"}`, cmp.Or(first(body.Required), "nonesuch"))
			for _, name := range body.Required {
				m.expect(method, at, `{}`, name)
			}
			for name, s := range body.Properties {
				if wrong := wrongJSON(resolve(s)); wrong != "" {
					m.expect(method, at, m.filledWith(r, resolve, name, wrong), name)
				}
			}
		}
	}
	if m.tried < 200 {
		t.Errorf("only %d mistakes were made", m.tried)
	}
	h.expectNoSecrets()
}

func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// wrongText is a parameter's value that its schema does not take; nothing where it takes every text.
func wrongText(s shape) string {
	if len(s.Enum) > 0 || len(s.AnyOf) > 0 || s.kind() == "integer" || s.kind() == "boolean" {
		return canaryInput
	}
	return ""
}

// wrongJSON is the same of a member.
func wrongJSON(s shape) string {
	switch {
	case len(s.Enum) > 0, s.kind() == "integer", s.kind() == "boolean", s.kind() == "array", s.kind() == "object", len(s.AnyOf) > 0 && s.Description != "":
		return `"` + canaryInput + `"`
	case s.kind() == "string":
		return "[17]"
	}
	return ""
}

// mistakes makes requests that are wrong.
type mistakes struct {
	h     *house
	tried int
}

// filled is a body that has what a route needs, so that nothing but its id is wrong.
func (m *mistakes) filled(r route, resolve func(shape) shape) string {
	if r.RequestBody == nil {
		return ""
	}
	return m.filledWith(r, resolve, "", "")
}

// filledWith is filled with one member besides, or instead.
func (m *mistakes) filledWith(r route, resolve func(shape) shape, with, value string) string {
	body := map[string]any{}
	s := resolve(r.RequestBody.Content["application/json"].Schema)
	for _, name := range s.Required {
		member := resolve(s.Properties[name])
		switch member.kind() {
		case "array":
			body[name] = []string{"read"}
		case "object":
			body[name] = map[string]any{}
		case "integer":
			body[name] = 1
		default:
			body[name] = "seven calm herons"
			if len(member.Enum) > 0 {
				body[name] = member.Enum[0]
			}
		}
	}
	if with != "" {
		body[with] = json.RawMessage(value)
	}
	text, err := json.Marshal(body)
	if err != nil {
		m.h.t.Fatal(err)
	}
	return string(text)
}

// expect makes one request and wants an error that names a field, by any name where that is empty.
func (m *mistakes) expect(method, path, body, field string) {
	m.h.t.Helper()
	m.tried++
	a := m.h.do("all", method, path, body)
	what := method + " " + path + " " + body
	if a.status < 400 || a.status >= 500 {
		m.h.t.Errorf("%s = %d %s, want an error of the caller's", what, a.status, a.body)
		return
	}
	var p struct {
		Detail string
		Errors []struct{ Field, Message string }
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		m.h.t.Errorf("%s: %v: %s", what, err, a.body)
		return
	}
	named := false
	for _, e := range p.Errors {
		named = named || field == "" || e.Field == field
		if !whatItTakes.MatchString(e.Message) {
			m.h.t.Errorf("%s: the error of %s says neither what it takes nor what to do: %s", what, e.Field, e.Message)
		}
	}
	if !named {
		m.h.t.Errorf("%s: the error does not name %s: %s", what, cmp.Or(field, "the field"), a.body)
	}
	if strings.Contains(a.body, canaryInput) {
		m.h.t.Errorf("%s: the error repeats what was sent: %s", what, a.body)
	}
}

// TestFilesAndCallsNameAMistake makes the mistakes that no schema describes: in the rows of an import, and in what is passed on to
// a platform.
func TestFilesAndCallsNameAMistake(t *testing.T) {
	h := newHouse(t)
	grant := h.addGrant(h.app, "100", "ann", nil)
	csv, callable := "text/csv", "may call what begins with /openapi/"
	for _, c := range []struct{ name, method, path, kind, body, want string }{
		{"no app", "POST", "/v1/grants/import", "", `{"subject":{"id":"7"},"access":"` + canaryInput + `"}`, "app: is missing; name it in each row, or once for all (--app APP, app=APP in the query)"},
		{"an unknown app", "POST", "/v1/grants/import?app=app_none", "", `{"subject":{"id":"7"},"access":"` + canaryInput + `"}`, "GET /v1/apps lists them"},
		{"GB18030", "POST", "/v1/grants/import", csv, "app,\xb1\xb8\xd7\xa2\n", "charset=gb18030"},
		{"a column", "POST", "/v1/grants/import", csv, "app,remark\n", "column 2 (remark) is none of app, kind"},
		{"another file", "POST", "/v1/grants/import", "application/pdf", "x", "send application/x-ndjson or text/csv"},
		{"a zone", "POST", "/v1/grants/import?zone=" + canaryInput, csv, "app\n", "zone is no time zone, such as Asia/Shanghai"},
		{"a map", "POST", "/v1/grants/import?map=" + canaryInput, csv, "app\n", "map is not COLUMN:FIELD pairs"},
		{"a path", "GET", "/proxy/" + grant.ID + "/" + canaryInput, "", "", callable},
		{"an address of tokens", "POST", "/proxy/" + grant.ID + "/admin/oauth/token", "", "{}", callable},
		{"a path of a call", "POST", "/v1/grants/" + grant.ID + "/call", "", `{"call":{"method":"GET","path":"/` + canaryInput + `"}}`, callable},
		{"an operation on REST", "POST", "/v1/grants/" + grant.ID + "/call", "", `{"call":{"operation":"` + canaryInput + `"}}`, `are {\"method\",\"path\"}`},
		{"no call", "POST", "/v1/grants/" + grant.ID + "/call", "", `{}`, "call"},
	} {
		var headers []string
		if c.kind != "" {
			headers = append(headers, "Content-Type", c.kind)
		}
		a := h.do("all", c.method, c.path, c.body, headers...)
		if a.status >= 500 || !strings.Contains(a.body, c.want) || strings.Contains(a.body, canaryInput) {
			t.Errorf("%s: %d %s, want %q without the value", c.name, a.status, a.body, c.want)
		}
	}
}

// TestAnAppGoesWithItsRevokedGrants: what the refusal tells to do must lead to the end.
func TestAnAppGoesWithItsRevokedGrants(t *testing.T) {
	h := newHouse(t)
	app := h.addApp("leaving")
	grant := h.addGrant(app, "100", "ann", nil)
	a := h.do("all", http.MethodDelete, "/v1/apps/"+app.ID, "")
	if want := "1 grants of " + app.ID + " are not revoked (1 active)"; a.status != http.StatusConflict || !strings.Contains(a.body, want) {
		t.Fatalf("an app with a grant: %d %s, want 409 with %q", a.status, a.body, want)
	}
	if a := h.do("all", http.MethodDelete, "/v1/grants/"+grant.ID, ""); a.status >= 300 {
		t.Fatalf("revoke: %d %s", a.status, a.body)
	}
	if a := h.do("all", http.MethodDelete, "/v1/apps/"+app.ID, ""); a.status != http.StatusNoContent {
		t.Fatalf("an app whose grants are revoked: %d %s, want 204", a.status, a.body)
	}
	if a := h.do("all", http.MethodGet, "/v1/grants/"+grant.ID, ""); a.status != http.StatusNotFound {
		t.Errorf("a grant of it: %d %s, want 404", a.status, a.body)
	}
}
