package api_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestHostsAreReadAsStrictlyAsThePlatformsEntry gives shops as people write them, which only the merchant's form takes.
func TestHostsAreReadAsStrictlyAsThePlatformsEntry(t *testing.T) {
	h := newHouse(t)
	for shop, ok := range map[string]bool{
		"demo-1.myshoplaza.com":                true,
		"DEMO-1.myshoplaza.com":                true,
		"https://demo-1.myshoplaza.com/admin":  false,
		"https://demo-1.myshoplaza.com?x=y#z":  false,
		"http://demo-1.myshoplaza.com":         false,
		"demo-1.myshoplaza.com/":               false,
		" demo-1.myshoplaza.com\n":             false,
		"demo-1":                               true,
		" demo-1":                              false,
		"demo-1/":                              false,
		"partners.shoplazza.com":               false,
		"demo-1.myshoplaza.com:443":            false,
		"demo-1.myshoplaza.com.":               false,
		"user@demo-1.myshoplaza.com":           false,
		"https://u:p@demo-1.myshoplaza.com/\\": false,
	} {
		text, err := json.Marshal(shop)
		if err != nil {
			t.Fatal(err)
		}
		want := 422
		if ok {
			want = 201
		}
		if a := h.do("all", "POST", "/v1/authorizations", `{"app":"`+h.app.ID+`","shop":`+string(text)+`}`); a.status != want {
			t.Errorf("authorizations with %s = %d, want %d\n%s", text, a.status, want, a.body)
		}
		row := `{"app":"` + h.app.ID + `","subject":{"kind":"shop","id":"77","host":` + string(text) + `},"access":"x","refresh":"y","expires_at":"2030-01-01T00:00:00Z"}`
		a := h.do("all", "POST", "/v1/grants/import?replace=true", row)
		if took := strings.Contains(a.body, `"imported":1`); took != ok {
			t.Errorf("import of %s: %s", text, a.body)
		}
	}
}

// TestPortsOfASchemeAreNoDifference writes one origin in several ways.
func TestPortsOfASchemeAreNoDifference(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		origin, address string
		status          int
	}{
		{"https://erp.example", "https://erp.example:443/done?x=1", 201},
		{"https://erp.example:443", "https://erp.example/done", 201},
		{"https://erp.example", "https://ERP.example/done", 201},
		{"https://erp.example", "https://erp.example:8443/done", 422},
		{"https://erp.example:8443", "https://erp.example:8443/done", 201},
		{"https://erp.example", "http://erp.example:443/done", 422},
		{"http://127.0.0.1:80", "http://127.0.0.1/done", 201},
		{"http://127.0.0.1", "http://127.0.0.1:443/done", 422},
	} {
		if a := h.do("all", "PATCH", "/v1/apps/"+h.app.ID, `{"return_origins":["`+c.origin+`"]}`); a.status != 200 {
			t.Fatalf("PATCH with %s = %d\n%s", c.origin, a.status, a.body)
		}
		a := h.do("all", "POST", "/v1/authorizations", `{"app":"`+h.app.ID+`","return_to":"`+c.address+`"}`)
		if a.status != c.status {
			t.Errorf("%s under %s = %d, want %d\n%s", c.address, c.origin, a.status, c.status, a.body)
		}
	}
}
