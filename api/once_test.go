package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

func TestARequestWithANameIsDoneOnce(t *testing.T) {
	h := newHouse(t)
	h.addKey("other", gk.Scopes(), nil, nil)
	body := `{"app":"` + h.app.ID + `","owner":"ann"}`
	links := func() int {
		t.Helper()
		all, err := h.store.Authorizations(t.Context(), gk.Engine(), store.AuthorizationFilter{})
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	post := func(key, name, body string) answer {
		return h.do(key, http.MethodPost, "/v1/authorizations", body, "Idempotency-Key", name)
	}
	first := post("all", "one", body)
	if first.status != http.StatusCreated {
		t.Fatalf("the first = %d\n%s", first.status, first.body)
	}
	again := post("all", "one", body)
	if again.status != first.status || again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" || again.header.Get("Content-Type") != first.header.Get("Content-Type") {
		t.Errorf("a repeat = %d %v\n%s\nwant the first answer\n%s", again.status, again.header, again.body, first.body)
	}
	if n := links(); n != 1 {
		t.Errorf("%d authorizations after a repeat, want 1", n)
	}
	for _, c := range []struct{ name, key, text, path, body string }{
		{"another body", "all", "one", "/v1/authorizations", `{"app":"` + h.app.ID + `","owner":"bob"}`},
		{"another query", "all", "one", "/v1/authorizations?x=y", body},
	} {
		if a := h.do(c.key, http.MethodPost, c.path, c.body, "Idempotency-Key", c.text); a.status != http.StatusConflict || a.member(t, "type") != "/problems/idempotency-key" {
			t.Errorf("%s = %d, want 409\n%s", c.name, a.status, a.body)
		}
	}
	if a := post("other", "one", body); a.status != http.StatusCreated || a.body == first.body {
		t.Errorf("the same name by another key = %d, want its own answer\n%s", a.status, a.body)
	}
	if a := h.do("all", http.MethodPost, "/v1/apps/"+h.app.ID+"/check", "", "Idempotency-Key", "one"); a.status != http.StatusOK {
		t.Errorf("the same name on another route = %d\n%s", a.status, a.body)
	}
	for _, name := range []string{strings.Repeat("x", 256), "a\tb", "é"} {
		if a := post("all", name, body); a.status != http.StatusUnprocessableEntity {
			t.Errorf("the name %q = %d, want 422", name, a.status)
		}
	}
	h.now = h.now.Add(25 * time.Hour)
	if a := post("all", "one", body); a.status != http.StatusCreated || a.body == first.body {
		t.Errorf("the same name after a day = %d, want it done again\n%s", a.status, a.body)
	}
	h.expectNoSecrets()
}

func TestRepeatsAtTheSameTime(t *testing.T) {
	h := newHouse(t)
	var together sync.WaitGroup
	answers := make([]answer, 8)
	for i := range answers {
		together.Go(func() {
			answers[i] = h.do("all", http.MethodPost, "/v1/keys", `{"name":"made","scopes":["read"]}`, "Idempotency-Key", "one")
		})
	}
	together.Wait()
	made := map[string]bool{}
	for _, a := range answers {
		switch a.status {
		case http.StatusCreated:
			made[a.body] = true
		case http.StatusConflict:
		default:
			t.Errorf("%d\n%s", a.status, a.body)
		}
	}
	keys, err := h.store.Keys(t.Context())
	if err != nil || len(keys) != 2 || len(made) != 1 { // the house's own is the other
		t.Errorf("%d keys and %d answers, %v; want one made", len(keys), len(made), err)
	}
}

func TestWhatFailedIsTriedAgain(t *testing.T) {
	h := newHouse(t)
	g := h.addGrant(h.app, "1", "ann", nil)
	path := "/v1/grants/" + g.ID + "/refresh"
	for i := range 2 { // no network: the platform cannot be asked
		a := h.do("all", http.MethodPost, path, "{}", "Idempotency-Key", "one")
		if a.status == http.StatusConflict {
			t.Errorf("try %d = 409\n%s", i, a.body)
		}
	}
	if a := h.do("all", http.MethodPost, "/v1/grants/import", h.imported("7", nil), "Idempotency-Key", "one"); a.status != http.StatusOK || fmt.Sprint(a.member(t, "imported")) != "1" {
		t.Errorf("an import with a name = %d, want it passed over\n%s", a.status, a.body)
	}
}
