package shopee_test

import (
	"net/http"
	"strings"
	"testing"
)

// What the platform says of an app, its key or its caller's address it says at the token addresses too: they are signed
// calls like all others.
func TestFaultsOfTheAppAreSaidAtTokenAddresses(t *testing.T) {
	w := start(t)
	for path, body := range map[string]map[string]any{
		"/api/v2/auth/token/get":                           {"code": "c", "partner_id": 1, "shop_id": 1},
		"/api/v2/auth/access_token/get":                    {"refresh_token": "r", "partner_id": 1, "shop_id": 1},
		"/api/v2/public/get_token_by_resend_code":          {"resend_code": "c"},
		"/api/v2/push/set_app_push_config":                 {"callback_url": "https://hub.example.org/push"},
		"/api/v2/public/get_refresh_token_by_upgrade_code": {"upgrade_code": "c", "shop_id_list": []int{1}},
	} {
		for _, fault := range []string{
			"source_ip_undeclared", "error_partner_key_expired", "error_rate_limit", "error_limit", "system_busy", "partner_frozen", "invalid_partner_id",
		} {
			w.Do(http.MethodPost, "/shopee/faults", map[string]any{"fault": fault, "match": map[string]string{"path": path}})
			if got := w.post(path, body).code(); !strings.HasPrefix(got, fault+" ") {
				t.Errorf("%s at %s: the platform says %q", fault, path, got)
			}
		}
	}
	if left := w.Do(http.MethodGet, "/shopee/faults", nil); len(left["faults"].([]any)) != 0 {
		t.Errorf("faults that never fired: %v", left)
	}
}
