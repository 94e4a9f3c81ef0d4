package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/store"
)

// TestForeignIsAbsent lets one owner name the ids of another on every route that takes one. The answer must be, word for
// word, the one for an id that nobody has.
func TestForeignIsAbsent(t *testing.T) {
	h := newHouse(t)
	second := h.addApp("second")
	h.addKey("ann", gk.Scopes(), []string{"ann"}, []string{h.app.ID})
	bobKey := h.addKey("bob", gk.Scopes(), []string{"bob"}, nil)
	h.addGrant(h.app, "100", "ann", nil)
	bobGrant := h.addGrant(h.app, "200", "bob", nil)
	elsewhere := h.addGrant(second, "300", "ann", nil)
	begun, _, err := h.flow.Begin(t.Context(), gk.Engine(), consent.BeginInput{App: h.app.ID, Owner: "bob"})
	if err != nil {
		t.Fatal(err)
	}
	hook, _, err := h.news.CreateWebhook(t.Context(), gk.Engine(), "https://hooks.example/bob", store.Rule{Kinds: []string{"*"}, Owners: []string{"bob"}})
	if err != nil {
		t.Fatal(err)
	}
	bell, err := h.news.CreateAlarm(t.Context(), gk.Engine(), map[string]string{"url": "https://robot.example/bob"}, store.Rule{Channel: "wecom", Owners: []string{"bob"}})
	if err != nil {
		t.Fatal(err)
	}
	chief := store.Person{ID: "usr_chief", Name: "chief", Role: store.RoleAdministrator}
	if err := h.store.CreatePerson(t.Context(), chief); err != nil {
		t.Fatal(err)
	}
	foreign := map[string][]string{
		"/v1/alarms/":         {bell.ID},
		"/v1/webhooks/":       {hook.ID},
		"/v1/apps/":           {second.ID},
		"/v1/grants/":         {bobGrant.ID, elsewhere.ID},
		"/v1/authorizations/": {begun.ID},
		"/v1/keys/":           {bobKey.ID, "key_all"},
		"/v1/users/":          {chief.ID},
	}
	bodies := map[string]string{
		"PATCH /v1/alarms/{id}":                `{"enabled":false}`,
		"PATCH /v1/webhooks/{id}":              `{"description":"mine"}`,
		"POST /v1/webhooks/{id}/replay":        `{"after":0}`,
		"PATCH /v1/apps/{id}":                  `{"name":"mine"}`,
		"POST /v1/apps/{id}/grants":            `{"token":{"access":"pasted"}}`,
		"POST /v1/apps/{id}/recover":           `{"codes":{"resend_code":"x"}}`,
		"PATCH /v1/grants/{id}":                `{"owner":"ann"}`,
		"POST /v1/grants/{id}/confirm":         `{"owner":"ann"}`,
		"POST /v1/grants/{id}/sign":            `{"call":{"method":"GET","path":"/openapi/2022-01/shop"}}`,
		"POST /v1/apps/{id}/call":              `{"call":{"method":"GET","path":"/openapi/2022-01/shop"}}`,
		"POST /v1/grants/{id}/call":            `{"call":{"method":"GET","path":"/openapi/2022-01/shop"}}`,
		"POST /v1/authorizations/{id}/confirm": `{"code":"x"}`,
		"POST /v1/authorizations/{id}/place":   `{}`,
		"POST /v1/users/{id}/password":         `{"password":"seven calm herons"}`,
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal([]byte(h.do("", http.MethodGet, "/openapi.json", "").body), &doc); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for path, methods := range doc.Paths {
		prefix, rest, ok := strings.Cut(path, "{id}")
		if !ok {
			continue
		}
		if len(foreign[prefix]) == 0 {
			t.Errorf("%s takes an id, but this test knows no foreign one", path)
		}
		for lower := range methods {
			method := strings.ToUpper(lower)
			for _, id := range foreign[prefix] {
				tried++
				body := bodies[method+" "+path]
				got := h.do("ann", method, prefix+id+rest, body)
				want := h.do("ann", method, prefix+"none"+rest, body)
				if got.status != http.StatusNotFound || got.body != want.body {
					t.Errorf("%s %s with a foreign id = %d %s\nwith an id of nobody = %d %s", method, path, got.status, got.body, want.status, want.body)
				}
			}
		}
	}
	if tried < 20 {
		t.Errorf("only %d calls were tried", tried)
	}
	for _, path := range []string{"/v1/apps", "/v1/grants", "/v1/grants?q=200", "/v1/grants?owner=bob", "/v1/authorizations", "/v1/authorizations?owner=bob", "/v1/events", "/v1/keys"} {
		a := h.do("ann", http.MethodGet, path, "")
		if a.status != http.StatusOK {
			t.Errorf("GET %s = %d", path, a.status)
		}
		for _, id := range []string{second.ID, bobGrant.ID, elsewhere.ID, begun.ID, bobKey.ID, "key_all", `"bob"`} {
			if strings.Contains(a.body, id) {
				t.Errorf("GET %s shows %s to ann\n%s", path, id, a.body)
			}
		}
	}
	for _, subject := range []string{"shop:200", "shop:999"} {
		if a := h.do("ann", http.MethodGet, "/v1/token?app="+h.app.ID+"&subject="+subject, ""); a.status != http.StatusNotFound {
			t.Errorf("the token of %s = %d, want 404", subject, a.status)
		}
	}
	if g, err := h.store.Grant(t.Context(), gk.Engine(), bobGrant.ID); err != nil || g.Owner != "bob" || g.State != gk.Active {
		t.Errorf("bob's grant is now %s of %q (%v)", g.State, g.Owner, err)
	}
	h.expectNoSecrets()
}

func TestCursorsWalkAListAndFitNoOther(t *testing.T) {
	h := newHouse(t)
	h.addKey("twin", gk.Scopes(), nil, nil)
	for _, shop := range []string{"1", "2", "3", "4", "5"} {
		h.addGrant(h.app, shop, "", nil)
	}
	var all []string
	cursor := ""
	for range 10 {
		a := h.do("all", http.MethodGet, "/v1/grants?limit=2&cursor="+cursor, "")
		items, ok := a.member(t, "items").([]any)
		if !ok {
			t.Fatalf("no items: %s", a.body)
		}
		for _, i := range items {
			all = append(all, i.(map[string]any)["subject"].(map[string]any)["id"].(string)) //nolint:forcetypeassert // a wrong shape fails the test
		}
		next, more := a.member(t, "next").(string)
		if !more {
			break
		}
		cursor = next
		for key, path := range map[string]string{"twin": "/v1/grants?limit=2&cursor=", "all": "/v1/grants?state=active&cursor="} {
			if a := h.do(key, http.MethodGet, path+cursor, ""); a.status != http.StatusUnprocessableEntity {
				t.Errorf("%s with the cursor of another key or filter = %d, want 422", path, a.status)
			}
		}
	}
	if len(all) != 5 {
		t.Errorf("the pages hold %v, want each of five once", all)
	}
}

func TestRevokedKeyStopsAtOnceHere(t *testing.T) {
	h := newHouse(t)
	h.addKey("short", scopesOf("read"), nil, nil)
	if a := h.do("short", http.MethodGet, "/v1/grants", ""); a.status != http.StatusOK {
		t.Fatalf("before = %d", a.status)
	}
	if a := h.do("all", http.MethodDelete, "/v1/keys/key_short", ""); a.status != http.StatusNoContent {
		t.Fatalf("DELETE = %d %s", a.status, a.body)
	}
	if a := h.do("short", http.MethodGet, "/v1/grants", ""); a.status != http.StatusUnauthorized {
		t.Errorf("after = %d, want 401", a.status)
	}
}

func TestMadeKeyWorksAndIsShownOnce(t *testing.T) {
	h := newHouse(t)
	a := h.do("all", http.MethodPost, "/v1/keys", `{"name":"erp","scopes":["read"],"expires_at":"2026-03-01T13:00:00Z"}`)
	text, ok := a.member(t, "key").(string)
	if !ok || !door.MadeKey(gk.NewSecret(text)) {
		t.Fatalf("POST /v1/keys = %d without a well-formed key", a.status)
	}
	h.keys["made"] = gk.NewSecret(text)
	if a := h.do("made", http.MethodGet, "/v1/grants", ""); a.status != http.StatusOK {
		t.Errorf("with the key = %d %s", a.status, a.body)
	}
	if a := h.do("all", http.MethodGet, "/v1/keys", ""); strings.Contains(a.body, text) {
		t.Error("the list of keys shows the key")
	}
	h.now = h.now.Add(2 * 3600e9)
	if a := h.do("made", http.MethodGet, "/v1/grants", ""); a.status != http.StatusUnauthorized {
		t.Errorf("past its end = %d, want 401", a.status)
	}
	h.expectNoSecrets()
}
