package api_test

import (
	"net/http"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
)

func TestPeopleAreLetInChangedAndRemoved(t *testing.T) {
	h := newHouse(t)
	h.addKey("chief", gk.Scopes(), nil, nil)
	for _, step := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/v1/users", `{"name":"Lin","role":"administrator","password":"seven calm herons"}`, 201, `"name":"lin"`},
		{"POST", "/v1/users", `{"name":"lin","role":"support","password":"seven calm herons"}`, 409, "conflict"},
		{"GET", "/v1/users", "", 200, `"password":true`},
		{"POST", "/v1/users/lin/password", `{"password":"eight loud geese"}`, 204, ""},
		{"DELETE", "/v1/users/lin", "", 409, "last administrator"},
		{"POST", "/v1/users", `{"name":"wei","role":"administrator","password":"seven calm herons"}`, 201, `"role":"administrator"`},
		{"DELETE", "/v1/users/lin", "", 204, ""},
	} {
		got := h.do("chief", step.method, step.path, step.body)
		if got.status != step.status || !strings.Contains(got.body, step.want) {
			t.Errorf("%s %s = %d %s, want %d with %q", step.method, step.path, got.status, got.body, step.status, step.want)
		}
		if strings.Contains(got.body, "herons") || strings.Contains(got.body, "argon2") {
			t.Errorf("%s %s shows a password", step.method, step.path)
		}
	}
}

func TestKeysMakeNobodyBeyondThemselves(t *testing.T) {
	h := newHouse(t)
	h.addKey("reader", []gk.Scope{gk.ScopeAdmin, gk.ScopeRead, gk.ScopeLink}, nil, nil)
	h.addKey("limited", gk.Scopes(), []string{"ann"}, nil)
	h.addKey("whole", gk.Scopes(), nil, nil)
	let := func(key, name, role string) int {
		return h.do(key, http.MethodPost, "/v1/users", `{"name":"`+name+`","role":"`+role+`","password":"seven calm herons"}`).status
	}
	for _, c := range []struct {
		key, name, role string
		want            int
	}{
		{"reader", "a", "support", 201}, {"reader", "b", "operator", 403}, {"reader", "c", "administrator", 403},
		{"limited", "d", "support", 403}, {"whole", "e", "administrator", 201},
	} {
		if got := let(c.key, c.name, c.role); got != c.want {
			t.Errorf("the key %s makes somebody %s = %d, want %d", c.key, c.role, got, c.want)
		}
	}
	if got := h.do("reader", http.MethodPost, "/v1/users/e/password", `{"password":"eight loud geese"}`).status; got != http.StatusForbidden {
		t.Errorf("the password of an administrator by a lesser key = %d, want 403", got)
	}
}
