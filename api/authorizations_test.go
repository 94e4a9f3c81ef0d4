package api_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
)

func TestAuthorizationsAreListedByState(t *testing.T) {
	h := newHouse(t)
	begin := func(life time.Duration, stage gk.Stage) string {
		t.Helper()
		a, _, err := h.flow.Begin(t.Context(), gk.Engine(), consent.BeginInput{App: h.app.ID, Owner: "ann", Life: life})
		if err == nil {
			err = h.store.UpdateAuthorization(t.Context(), gk.Engine(), a.ID, h.now, func(a *gk.Authorization) ([]gk.Event, error) {
				a.Stage = stage
				return nil, nil
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		return a.ID
	}
	want := map[string][]string{
		"pending": {begin(48*time.Hour, gk.Begun)}, "expired": {begin(time.Hour, gk.Begun)},
		"completed": {begin(time.Hour, gk.Done)}, "failed": {begin(48*time.Hour, gk.Failed)},
	}
	h.now = h.now.Add(24 * time.Hour)
	for state, ids := range want {
		a := h.do("all", http.MethodGet, "/v1/authorizations?state="+state, "")
		var page struct{ Items []struct{ ID, State string } }
		if err := json.Unmarshal([]byte(a.body), &page); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, item := range page.Items {
			got = append(got, item.ID)
			if item.State != state {
				t.Errorf("the list of %s has one that is %s", state, item.State)
			}
		}
		if diff := cmp.Diff(ids, got); diff != "" {
			t.Errorf("the list of %s (-want +got):\n%s", state, diff)
		}
	}
	if a := h.do("all", http.MethodGet, "/v1/authorizations?state=begun", ""); a.status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown state = %d, want 422", a.status)
	}
}

func TestReturnKey(t *testing.T) {
	h := newHouse(t)
	h.addKey("ann", gk.Scopes(), []string{"ann"}, nil)
	path := "/v1/apps/" + h.app.ID + "/return-key"
	if a := h.do("ann", http.MethodPost, path, ""); a.status != http.StatusForbidden {
		t.Errorf("a key limited to owners = %d, want 403", a.status)
	}
	first, second := h.do("all", http.MethodPost, path, ""), h.do("all", http.MethodPost, path, "")
	if first.status != http.StatusCreated || len(first.body) < 40 || first.body == second.body {
		t.Errorf("two keys are %d %s and %s", first.status, first.body, second.body)
	}
	app, err := h.store.App(t.Context(), gk.Engine(), h.app.ID)
	if err != nil {
		t.Fatal(err)
	}
	open, err := h.keeper.Apps().Open(app)
	if err != nil || len(open.Open.Secrets) != 1 {
		t.Errorf("a driver gets %d secrets, %v; want the platform's alone", len(open.Open.Secrets), err)
	}
	h.expectNoSecrets()
}
