package shoplazza

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// Doorkeeper's standard texts, by error code.
var texts = map[string]string{
	"invalid_request":           "The request is missing a required parameter, includes an unsupported parameter value, or is otherwise malformed.",
	"invalid_client":            "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.",
	"invalid_grant":             "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.",
	"invalid_scope":             "The requested scope is invalid, unknown, or malformed.",
	"invalid_redirect_uri":      "The requested redirect uri is malformed or doesn't match client redirect URI.",
	"access_denied":             "The resource owner or authorization server denied the request.",
	"unsupported_response_type": "The authorization server does not support this response type.",
	"unsupported_grant_type":    "The authorization grant type is not supported by the authorization server.",
	"unauthorized_client":       "The client is not authorized to perform this request using this method.",
}

// Say answers with a row of the catalogue.
func (s *simulator) Say(w http.ResponseWriter, r *http.Request, row sim.Row) {
	call := s.kit.Call(r)
	switch {
	case row.Code == "app/uninstalled":
		if call.Subject != "" {
			s.uninstall(call.App, call.Subject)
		}
		s.openAPIError(w, r, s.options.noTokenStatus(), "Unauthorized")
	case strings.HasPrefix(row.Code, "http:"):
		s.sayStatus(w, r, row)
	case call.Stage == "authorize":
		s.authorizeError(w, r, row.Code, row.Example)
	case call.Stage == "call":
		writeJSON(w, http.StatusBadRequest, map[string]string{"code": row.Code, "message": row.Example})
	default:
		s.tokenError(w, r, row.Code, row.Example)
	}
}

// sayStatus says a row whose code is an HTTP status: http:404, http:5xx, http:422:webhook.
func (s *simulator) sayStatus(w http.ResponseWriter, r *http.Request, row sim.Row) {
	number, kind, _ := strings.Cut(strings.TrimPrefix(row.Code, "http:"), ":")
	status, err := strconv.Atoi(strings.Replace(number, "xx", "00", 1))
	if err != nil || status < 300 || status > 599 {
		status = http.StatusInternalServerError
	}
	if status == http.StatusTooManyRequests {
		s.tooMany(w, r, s.options.appBucket(), s.options.appBucket(), 2)
		return
	}
	// In the map form a text is a field and what is wrong with it: "title can't be blank".
	field, wrong, two := strings.Cut(row.Example, " ")
	if status == http.StatusUnprocessableEntity && two && kind != "chargetype" {
		s.kit.Call(r).Refuse("%s", row.Example)
		writeJSON(w, status, map[string]any{"errors": map[string][]string{field: {wrong}}})
		return
	}
	s.openAPIError(w, r, status, row.Example)
}

// openAPIError answers in the form of the version called: a list, from 2025-06 an envelope, without a text an empty object.
func (s *simulator) openAPIError(w http.ResponseWriter, r *http.Request, status int, text string) {
	s.kit.Call(r).Refuse("%d %s", status, text)
	switch {
	case text == "":
		writeJSON(w, status, struct{}{})
	case enveloped(r):
		writeJSON(w, status, map[string]string{"code": "Error", "message": text})
	default:
		writeJSON(w, status, errorList(text))
	}
}

func (s *simulator) tooMany(w http.ResponseWriter, r *http.Request, used, size, wait int) {
	w.Header().Set("X-Shoplazza-Shop-Api-Call-Limit", fmt.Sprintf("%d/%d", used, size))
	w.Header().Set("Retry-After", strconv.Itoa(wait))
	s.openAPIError(w, r, http.StatusTooManyRequests, "Too Many Requests")
}

// enveloped reports whether the version in a request's path answers inside {"code","message","data"}.
func enveloped(r *http.Request) bool {
	version, ok := strings.CutPrefix(r.URL.Path, "/openapi/")
	return ok && version >= "2025-06"
}

func errorList(text string) any { return map[string][]string{"errors": {text}} }

// writeJSON writes a value as the platform does: nothing escaped for HTML, nothing to be cached.
func writeJSON(w http.ResponseWriter, status int, value any) {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // only values of this package are written
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(bytes.TrimSuffix(body.Bytes(), []byte("\n"))) // the kit keeps it: this cannot fail
}
