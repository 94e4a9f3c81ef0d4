package all_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/sim"
)

// TestNoFaultIsAcceptedAndIgnored arms every row of every catalogue: alone, which works for all that a platform says; for
// each step where it is said; and for steps and addresses where it is not, which is refused with the list of those that are.
func TestNoFaultIsAcceptedAndIgnored(t *testing.T) {
	platforms, _ := all.Simulators()
	running, err := sim.Start(t.Context(), sim.Options{Platforms: platforms})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	line, err := json.Marshal(running)
	if err != nil {
		t.Fatal(err)
	}
	var ready struct{ Control string }
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	arm := func(platform, fault string, match map[string]string) (int, string) {
		body, err := json.Marshal(map[string]any{"fault": fault, "match": match})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.Post(ready.Control+"/"+platform+"/faults", "application/json", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
	for _, p := range platforms {
		for _, row := range p.Rows {
			if row.Local() {
				continue
			}
			name := strings.TrimSpace(row.Code + " " + row.Example)
			if status, said := arm(p.Name, name, nil); status != http.StatusOK {
				t.Errorf("%s: %s: %d %s", p.Name, name, status, said)
			}
			if status, said := arm(p.Name, name, map[string]string{"path": "no address"}); status != http.StatusBadRequest || !strings.Contains(said, "it is said in ") {
				t.Errorf("%s: %s at an address that is none: %d %s", p.Name, name, status, said)
			}
		}
	}
	for _, c := range []struct {
		platform, fault string
		match           map[string]string
		refused         string // a part of the reason; empty: accepted
	}{
		{"shopee", "source_ip_undeclared", map[string]string{"stage": "refresh"}, ""},
		{"shopee", "source_ip_undeclared", map[string]string{"path": "/api/v2/auth/"}, ""},
		{"shopee", "source_ip_undeclared", map[string]string{"stage": "authorize"}, "call at /api/"},
		{"shopee", "invalid_access_token", map[string]string{"path": "/api/v2/auth/token/get"}, "call at /api/"},
		{"shopee", "refresh_token_expired", map[string]string{"stage": "token"}, "refresh at /api/v2/auth/access_token/get"},
		{"shoplazza", "http:403", map[string]string{"path": "/admin/oauth/token"}, "call at /openapi/"},
		{"shoplazza", "invalid_grant", map[string]string{"path": "/admin/oauth/token", "stage": "refresh"}, ""},
		{"eleme", "EXCEED_LIMIT", map[string]string{"stage": "token"}, "call at /api/v1"},
		{"taobao", "29", map[string]string{"path": "/router/rest", "stage": "refresh"}, ""},
		{"taobao", "29", map[string]string{"path": "/token"}, "call at /router/rest"},
		{"shopify", "http:429", map[string]string{"path": "/admin/api/"}, ""},
		{"shopify", "http:429", map[string]string{"path": "/admin/oauth/authorize"}, "call at /admin/"},
		{"tiktokshop", "36009033", map[string]string{"path": "/order/202309/orders/search"}, ""},
		{"tiktokshop", "36009033", map[string]string{"path": "/open/authorize"}, "call at /"},
		{"lazada", "AppWhiteIpLimit", map[string]string{"path": "/rest/auth/token/refresh"}, ""},
		{"lazada", "AppWhiteIpLimit", map[string]string{"path": "/oauth/authorize"}, "call at /rest/"},
		{"douyin", "30002:isv.invalid_ip", map[string]string{"path": "/token/refresh"}, ""},
		{"douyin", "30002:isv.invalid_ip", map[string]string{"path": "/authorize"}, "refresh at /token/refresh"},
		{"taobao", "27:invalid-sessionkey", map[string]string{"stage": "refresh"}, "call at /router/rest"},
	} {
		status, said := arm(c.platform, c.fault, c.match)
		if c.refused == "" && status != http.StatusOK || c.refused != "" && (status != http.StatusBadRequest || !strings.Contains(said, c.refused)) {
			t.Errorf("%s: %s for %v: %d %s", c.platform, c.fault, c.match, status, said)
		}
	}
}
