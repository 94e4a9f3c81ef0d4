package shopee

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

const (
	pathAuthorize = "/api/v2/shop/auth_partner"
	pathCancel    = "/api/v2/shop/cancel_auth_partner"
	pathToken     = "/api/v2/auth/token/get"
	pathRefresh   = "/api/v2/auth/access_token/get"
	pathResend    = "/api/v2/public/get_token_by_resend_code"
	pathUpgrade   = "/api/v2/public/get_refresh_token_by_upgrade_code"
	pathSetPush   = "/api/v2/push/set_app_push_config"
)

// subjectNames are the parameters that can name whom a request is about.
var subjectNames = []string{"shop_id", "merchant_id", "main_account_id", "user_id", "supplier_id", "principal_id"}

// Identify reads stage, app and subject from path, query and JSON body.
func (s *simulator) Identify(r *http.Request) sim.Identity {
	id := sim.Identity{Stage: stage(r.URL.Path), Sent: map[string]bool{}}
	query := r.URL.Query()
	for name := range query {
		id.Sent[name] = query.Get(name) != ""
	}
	id.App = query.Get("partner_id")
	id.Subject = anyOf(query, nil)
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return id // the kit gives the body from memory
	}
	body := map[string]json.RawMessage{}
	if json.Unmarshal(text, &body) != nil {
		return id // a form, or something that the endpoint itself will refuse
	}
	for name, value := range body {
		id.Sent[name] = string(value) != `""` && string(value) != "null"
	}
	if id.Subject == "" {
		id.Subject = anyOf(nil, body)
	}
	return id
}

func anyOf(query url.Values, body map[string]json.RawMessage) string {
	for _, name := range subjectNames {
		if value := query.Get(name); value != "" {
			return value
		}
		if value := strings.Trim(string(body[name]), `"`); value != "" {
			return value
		}
	}
	return ""
}

func stage(path string) string {
	switch path {
	case "/auth", "/cancel_auth", "/authorize", pathAuthorize, pathCancel:
		return "authorize"
	case pathToken, pathResend, pathUpgrade:
		return "token"
	case pathRefresh:
		return "refresh"
	case pathSetPush:
		return "push"
	}
	if strings.HasPrefix(path, "/api/") {
		return "call"
	}
	return ""
}
