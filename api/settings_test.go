package api_test

import (
	"encoding/json"
	"testing"

	gk "github.com/grantkeep/grantkeep"
)

// TestSettingsHaveTheirOwnJSONTypes gives settings as other JSON types than they have: refused by the field's name, and the
// app stays as it was.
func TestSettingsHaveTheirOwnJSONTypes(t *testing.T) {
	h := newHouse(t)
	for value, status := range map[string]int{
		`{"client_id":true}`:                422,
		`{"client_id":["a","b"]}`:           422,
		`{"client_id":{"a":1}}`:             422,
		`{"client_id":1.5}`:                 422,
		`{"client_secret":123}`:             422,
		`{"client_secret":"a\nb"}`:          422,
		`{"client_secret":["a"]}`:           422,
		`{"redirect_uri":["https://a.se"]}`: 422,
		`{"push_url":false}`:                422,
		`{"scopes":5}`:                      422,
		`{"scopes":[1]}`:                    422,
		`{"scopes":["read_order",""]}`:      422,
		`{"scopes":{"read_order":true}}`:    422,
		`{"scopes":["read_order"]}`:         200,
		`{"scopes":"read_order"}`:           200,
		`{"scopes":null}`:                   200,
	} {
		a := h.do("all", "PATCH", "/v1/apps/"+h.app.ID, `{"settings":`+value+`}`)
		if a.status != status {
			t.Errorf("PATCH with %s = %d, want %d\n%s", value, a.status, status, a.body)
		}
		var name map[string]json.RawMessage
		if err := json.Unmarshal([]byte(value), &name); err != nil {
			t.Fatal(err)
		}
		for field := range name {
			if status == 422 && fieldsOf(t, a)["settings."+field] == "" {
				t.Errorf("PATCH with %s names no field\n%s", value, a.body)
			}
		}
		created := h.do("all", "POST", "/v1/apps", `{"platform":"shoplazza","settings":`+value+`}`)
		if created.status != 422 { // those of a right type lack the rest
			t.Errorf("POST with %s = %d, want 422", value, created.status)
		}
	}
	after, err := h.store.App(t.Context(), gk.Engine(), h.app.ID)
	if err != nil {
		t.Fatal(err)
	}
	if after.Settings["client_id"] != h.app.Settings["client_id"] || after.Settings["redirect_uri"] != "" {
		t.Errorf("the settings became %v", after.Settings)
	}
}

// fieldsOf returns the messages of a problem by their fields.
func fieldsOf(t *testing.T, a answer) map[string]string {
	t.Helper()
	var p struct {
		Errors []struct{ Field, Message string }
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for _, e := range p.Errors {
		fields[e.Field] = e.Message
	}
	return fields
}
