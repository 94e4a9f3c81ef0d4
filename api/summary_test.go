package api_test

import (
	"net/http"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
)

// TestGrantsAreTaggedFoundAndSummedUp plays it over HTTP: a vendor's own tags, the lists that they narrow, and the counts.
func TestGrantsAreTaggedFoundAndSummedUp(t *testing.T) {
	h := newHouse(t)
	h.addKey("ann", []gk.Scope{gk.ScopeRead}, []string{"ann"}, nil)
	ann := h.addGrant(h.app, "4711", "ann", nil)
	h.addGrant(h.app, "4712", "bob", func(g *gk.Grant) { g.State, g.Ceiling = gk.Expired, g.Expires })
	if a := h.do("all", http.MethodPatch, "/v1/grants/"+ann.ID, `{"tags":{"tier":"gold","区域":"华东"}}`); a.status != http.StatusOK || !strings.Contains(a.body, `"tier":"gold"`) {
		t.Fatalf("PATCH tags = %d %s", a.status, a.body)
	}
	if a := h.do("all", http.MethodPatch, "/v1/grants/"+ann.ID, `{"tags":{"tier":"a:b"},"name":"Tea"}`); a.status != http.StatusOK || strings.Contains(a.body, "华东") {
		t.Errorf("PATCH with other tags = %d %s; want them in place of the former", a.status, a.body)
	}
	for path, want := range map[string]int{
		"?tag=tier:a:b": 1, "?tag=tier:a": 0, "?tag=tier:gold": 0, "?whose_move=merchant": 1, "?whose_move=merchant&owner=ann": 0, "?whose_move=us": 0,
	} {
		a := h.do("all", http.MethodGet, "/v1/grants"+path, "")
		if got := strings.Count(a.body, `"subject":`); a.status != http.StatusOK || got != want {
			t.Errorf("GET /v1/grants%s = %d with %d grants, want %d", path, a.status, got, want)
		}
	}
	many := ""
	for n := range 17 {
		many += `,"t` + string(rune('a'+n)) + `":"1"`
	}
	for body, field := range map[string]string{
		`{"tags":{` + many[1:] + `}}`: "tags", `{"tags":{"a:b":"1"}}`: "tags", `{"tags":{"":"1"}}`: "tags", `{"tags":{"a":""}}`: "tags.a",
		`{"tags":{"a":"` + strings.Repeat("x", 201) + `"}}`: "tags.a", `{"tags":{"a":1}}`: "tags",
	} {
		if a := h.do("all", http.MethodPatch, "/v1/grants/"+ann.ID, body); a.status/100 != 4 || !strings.Contains(a.body, field) {
			t.Errorf("PATCH %.60s = %d %s; want a refusal that names %s", body, a.status, a.body, field)
		}
	}
	for path, field := range map[string]string{"?tag=gold": "tag", "?tag=:x": "tag", "?whose_move=mine": "whose_move"} {
		if a := h.do("all", http.MethodGet, "/v1/grants"+path, ""); a.status/100 != 4 || !strings.Contains(a.body, field) {
			t.Errorf("GET /v1/grants%s = %d %s; want a refusal that names %s", path, a.status, a.body, field)
		}
	}
	a := h.do("all", http.MethodGet, "/v1/summary", "")
	if a.status != http.StatusOK {
		t.Fatalf("GET /v1/summary = %d %s", a.status, a.body)
	}
	for _, part := range []string{`"total":2`, `"shoplazza":2`, `"active":1`, `"expired":1`, `"held":0`, `"merchant":1`, `"us":0`, `"7":`, `"30":`, `"90":`} {
		if !strings.Contains(a.body, part) {
			t.Errorf("the summary lacks %s: %s", part, a.body)
		}
	}
	if a := h.do("ann", http.MethodGet, "/v1/summary", ""); a.status != http.StatusOK || !strings.Contains(a.body, `"total":1`) || strings.Contains(a.body, `"expired":1`) {
		t.Errorf("the summary for ann's key = %d %s; want ann's grant only", a.status, a.body)
	}
	if a := h.do("all", http.MethodDelete, "/v1/grants/"+ann.ID+"?erase=true", ""); a.status != http.StatusNoContent {
		t.Errorf("DELETE with erase = %d %s", a.status, a.body)
	}
	if a := h.do("all", http.MethodGet, "/v1/grants?tag=tier:a:b", ""); strings.Contains(a.body, ann.ID) {
		t.Errorf("an erased grant is still found by its tag: %s", a.body)
	}
	h.expectNoSecrets()
}
