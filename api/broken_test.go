package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

func TestAppThatCannotBeOpenedIsShownWithItsFault(t *testing.T) {
	h := newHouse(t)
	damaged := h.app
	damaged.ID, damaged.Secrets = "app_0", append(gk.Sealed("no ciphertext"), h.app.Secrets...)
	foreign := h.app
	foreign.ID, foreign.Platform = "app_1", "elsewhere"
	for _, a := range []gk.App{damaged, foreign} {
		a.CreatedAt = time.Now()
		if err := h.store.CreateApp(context.Background(), a); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string][]string{
		"/v1/apps":       {`"app_0"`, `"app_1"`, h.app.ID, "local:app_secrets", "local:no_driver"},
		"/v1/apps/app_0": {"local:app_secrets", `"whose_move":"vendor"`},
		"/v1/apps/app_1": {"local:no_driver", `"whose_move":"vendor"`, "Run a build that has the platform"},
	} {
		a := h.do("all", http.MethodGet, path, "")
		if a.status != http.StatusOK {
			t.Errorf("GET %s = %d, want 200\n%s", path, a.status, a.body)
		}
		for _, part := range want {
			if !strings.Contains(a.body, part) {
				t.Errorf("GET %s lacks %s\n%s", path, part, a.body)
			}
		}
	}
	for _, id := range []string{"app_0", "app_1"} {
		a := h.do("all", http.MethodPost, "/v1/apps/"+id+"/check", "")
		if a.status != http.StatusOK || !strings.Contains(a.body, `"failed"`) {
			t.Errorf("the check of %s = %d, want 200 with one that failed\n%s", id, a.status, a.body)
		}
	}
	if a := h.do("all", http.MethodPatch, "/v1/apps/app_0", `{"name":"new"}`); a.status >= 500 {
		t.Errorf("a change of an app whose secrets do not open = %d, want the field that is missing\n%s", a.status, a.body)
	}
	if a := h.do("all", http.MethodPatch, "/v1/apps/app_1", `{"name":"new"}`); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "elsewhere") {
		t.Errorf("a change of an app of an unknown platform = %d, want 422 that names the platform\n%s", a.status, a.body)
	}
}
