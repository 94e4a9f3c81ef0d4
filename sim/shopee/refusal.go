package shopee

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// refusal is an answer that says no: the platform's code and message, and for the log why.
type refusal struct{ code, message, why string }

func no(code, message, why string) *refusal { return &refusal{code, message, why} }

const (
	textBanned     = "The shop account has been banned. Permissions for shop authorization and API calls have been suspended until the shop account is restored."
	textRestricted = "App developer’s permissions for authorizations have been restricted. If you’re a seller, contact the developer for more information. If you’re the developer, refer to the Open Platform Console for details."
	textDomain     = "The domain of redirect_uri is not consistent with the Redirect URL Domain declared in console."
	textOffline    = "Permission denied. This API is currently offline or the request path is incorrect."
	textOvertime   = "operation overtime"
)

func paramInvalid(why string) *refusal { return no("error_param", "parameter invalid", why) }

// refuse answers a request with an error, in the shape of the place where it happens.
func (s *simulator) refuse(w http.ResponseWriter, r *http.Request, f *refusal) {
	s.kit.Call(r).Refuse("%s", f.why)
	if f.code == "source_ip_undeclared" && s.options.ipRefusal() == "html" {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, "<html><head><title>403 Forbidden</title></head><body></body></html>") // the kit keeps it: no error
		return
	}
	code := s.prefixed(r, f.code)
	status := http.StatusOK
	if s.options.errorStatus() == "403" && rejects(f.code) {
		status = http.StatusForbidden
	}
	if f.message == textDomain || !strings.HasPrefix(r.URL.Path, "/api/") {
		writeJSON(w, status, map[string]any{"code": 1, "error": code, "msg": f.message, "debug_message": ""})
		return
	}
	writeJSON(w, status, map[string]any{"request_id": requestID(), "error": code, "message": f.message})
}

// rejects reports whether a code is about a token or a signature: those come with another HTTP status than the rest.
func rejects(code string) bool {
	switch strings.TrimPrefix(code, "common.") {
	case "error_auth", "error_sign", "invalid_acceess_token", "invalid_access_token", "refresh_token_expired":
		return true
	}
	return strings.HasSuffix(code, "_refresh_token")
}

func (s *simulator) prefixed(r *http.Request, code string) string {
	prefix := s.options.errorPrefix()
	if prefix == "none" || strings.Contains(code, ".") || code == "" {
		return code
	}
	if prefix == "module" {
		prefix, _, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/v2/"), "/")
	}
	return prefix + "." + code
}

// fields are the members of an answer.
type fields map[string]any

func (s *simulator) answer(w http.ResponseWriter, body fields) {
	body["request_id"], body["error"], body["message"] = requestID(), "", ""
	writeJSON(w, http.StatusOK, body)
}

func writeJSON(w http.ResponseWriter, status int, body map[string]any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic("sim: shopee: " + err.Error()) // every answer is made of texts, numbers, lists and objects
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(text) // the kit keeps what is written: no error
}

func requestID() string { return sim.Hex(32) }

// Say answers a request with a row of the catalogue. The row of a push sends that push, and the request goes its way.
func (s *simulator) Say(w http.ResponseWriter, r *http.Request, row sim.Row) {
	switch {
	case strings.HasPrefix(row.Code, "push:"):
		s.pushRow(row.Code)
		s.ServeHTTP(w, r)
	case row.Code == textOvertime:
		s.overtime(w, r)
	default:
		code := strings.Replace(row.Code, "*", "exceed_api", 1)
		s.refuse(w, r, no(code, row.Example, "fault on demand: "+code))
	}
}
