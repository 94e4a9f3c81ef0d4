package api_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A row of each kind is damaged past the server; what lists it answers all the same.
func TestRowsThatCannotBeReadBreakNoList(t *testing.T) {
	h := newHouse(t)
	for _, id := range []string{"app_0", "app_1", "zzz"} {
		a := h.app
		a.ID, a.CreatedAt = id, time.Now()
		if err := h.store.CreateApp(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	made := h.do("all", http.MethodPost, "/v1/authorizations", `{"app":"`+h.app.ID+`","shop":"tea.myshoplaza.com"}`)
	if made.status != http.StatusCreated {
		t.Fatalf("an authorization = %d\n%s", made.status, made.body)
	}
	for _, damage := range []string{
		`apps SET settings = '[rotten' WHERE id IN ('app_0', 'app_1')`, `authorizations SET scopes = 'rotten'`,
		`grants SET facts = '{rotten'`, `shops SET facts = '{rotten'`, `events SET data = '{rotten'`,
	} {
		h.damage(damage)
	}
	for _, path := range []string{"/v1/apps", "/v1/grants", "/v1/authorizations", "/v1/events", "/v1/keys", "/v1/webhooks", "/v1/alarms"} {
		if a := h.do("all", http.MethodGet, path, ""); a.status != http.StatusOK {
			t.Errorf("GET %s = %d, want 200\n%s", path, a.status, a.body)
		}
	}
	for _, path := range []string{"/v1/apps/app_0", "/v1/apps"} {
		if a := h.do("all", http.MethodGet, path, ""); a.status != http.StatusOK || !strings.Contains(a.body, "local:unreadable") {
			t.Errorf("GET %s = %d, want 200 and what is wrong with the app\n%s", path, a.status, a.body)
		}
	}
	if a := h.do("all", http.MethodPatch, "/v1/apps/app_0", `{"name":"mended"}`); a.status != http.StatusInternalServerError || !strings.Contains(a.body, "bring the row back from a backup") {
		t.Errorf("changing an app that cannot be read = %d, want 500 and the way out\n%s", a.status, a.body)
	}
	a := h.do("all", http.MethodGet, "/v1/apps?limit=1", "")
	if !strings.Contains(a.body, `"next"`) {
		t.Errorf("the page of one app names no next one\n%s", a.body)
	}
}

// A webhook and an alarm whose address does not open, and one whose limits cannot be read, hide no other and can be removed.
func TestOutletsThatCannotBeReadHideNoOther(t *testing.T) {
	h := newHouse(t)
	ids := map[string]string{}
	for _, name := range []string{"sound", "sealed", "limits"} {
		a := h.do("all", http.MethodPost, "/v1/webhooks", `{"url":"https://hooks.example/`+name+`","kinds":["*"]}`)
		var made struct{ ID string }
		if err := json.Unmarshal([]byte(a.body), &made); err != nil || a.status != http.StatusCreated {
			t.Fatalf("a webhook = %d, %v\n%s", a.status, err, a.body)
		}
		ids[name] = made.ID
	}
	h.damage(`outlets SET sealed = x'00ff' WHERE id = '` + ids["sealed"] + `'`)
	h.damage(`outlets SET rule = '[rotten' WHERE id = '` + ids["limits"] + `'`)
	list := func(unreadable int) {
		t.Helper()
		a := h.do("all", http.MethodGet, "/v1/webhooks", "")
		if a.status != http.StatusOK || strings.Count(a.body, "local:unreadable") != unreadable || !strings.Contains(a.body, "hooks.example/sound") {
			t.Errorf("GET /v1/webhooks = %d, want 200 with the sound one and %d that cannot be read\n%s", a.status, unreadable, a.body)
		}
	}
	list(2)
	for _, name := range []string{"sealed", "limits"} {
		if a := h.do("all", http.MethodGet, "/v1/webhooks/"+ids[name], ""); a.status != http.StatusOK || !strings.Contains(a.body, "local:unreadable") {
			t.Errorf("the webhook damaged in its %s = %d, want 200 and what is wrong with it\n%s", name, a.status, a.body)
		}
		if a := h.do("all", http.MethodDelete, "/v1/webhooks/"+ids[name], ""); a.status != http.StatusNoContent {
			t.Errorf("removing the webhook damaged in its %s = %d, want 204\n%s", name, a.status, a.body)
		}
	}
	list(0)

	const secret = "made-up-secret-of-an-alarm"
	a := h.do("all", http.MethodPost, "/v1/alarms", `{"channel":"feishu","settings":{"url":"https://hooks.example/alarm","secret":"`+secret+`"},"kinds":["*"]}`)
	if a.status != http.StatusCreated {
		t.Fatalf("an alarm = %d\n%s", a.status, a.body)
	}
	h.damage(`outlets SET rule = '[rotten'`)
	if a := h.do("all", http.MethodGet, "/v1/alarms", ""); a.status != http.StatusOK || !strings.Contains(a.body, "local:unreadable") || strings.Contains(a.body, secret) {
		t.Errorf("GET /v1/alarms = %d, want 200, what is wrong with it, and no secret\n%s", a.status, a.body)
	}
}

// damage changes rows past the server.
func (h *house) damage(change string) {
	h.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(h.dir, "grantkeep.db"))
	if err != nil {
		h.t.Fatal(err)
	}
	_, err = db.ExecContext(h.t.Context(), `UPDATE `+change)
	if err := errors.Join(err, db.Close()); err != nil {
		h.t.Fatal(err)
	}
}
