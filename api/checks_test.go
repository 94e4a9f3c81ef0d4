package api_test

import (
	"encoding/json"
	"net/http"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
)

func TestChecksTellWhatConcernsEverybody(t *testing.T) {
	h := newHouse(t)
	h.addKey("ann", []gk.Scope{gk.ScopeManage}, []string{"ann"}, nil)
	h.addKey("one", []gk.Scope{gk.ScopeManage}, nil, []string{h.app.ID})
	for _, limited := range []string{"ann", "one"} {
		if a := h.do(limited, http.MethodGet, "/v1/checks", ""); a.status != http.StatusForbidden {
			t.Errorf("a key limited to %s = %d %s; want 403", limited, a.status, a.body)
		}
	}
	var found struct {
		Items []client.Check `json:"items"`
	}
	a := h.do("all", http.MethodGet, "/v1/checks", "")
	if err := json.Unmarshal([]byte(a.body), &found); err != nil || a.status != http.StatusOK {
		t.Fatalf("GET /v1/checks = %d %s, %v", a.status, a.body, err)
	}
	states := map[string]string{}
	for _, c := range found.Items {
		states[c.Name] = c.State + ": " + c.Detail
	}
	for _, name := range []string{"database", "clock", "keys", "instances", "backlog", "news", "spill", "disk"} {
		if states[name] == "" {
			t.Errorf("there is no check %q in %v", name, states)
		}
	}
}
