package eleme

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// failure is what the platform says when it refuses.
type failure struct{ code, text string }

// oauthError is the body of a refusal on the authorization and token endpoints.
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// Say answers with a row of the catalogue.
func (s *simulator) Say(w http.ResponseWriter, r *http.Request, row sim.Row) {
	call := s.kit.Call(r)
	said := failure{row.Code, row.Example}
	switch {
	case row.Stage == "push":
		s.sayPush(w, r, row)
	case call.Stage == "call" && row.Code == "*":
		s.refuseCall(w, r, failure{"VALIDATION_FAILED", row.Example})
	case call.Stage == "call":
		said.code = strings.Replace(row.Code, "*", "EXCEPTION", 1) // BIZ_* stands for every business error
		s.refuseCall(w, r, said)
	case call.Stage == "authorize":
		s.refuseLink(w, r, said)
	default:
		s.refuse(w, r, said)
	}
}

// sayPush does what a row about pushes describes: the merchant cancels, or a push comes with a wrong signature.
func (s *simulator) sayPush(w http.ResponseWriter, r *http.Request, row sim.Row) {
	h := holder{s.kit.Call(r).App, s.kit.Call(r).Subject}
	if app, c := s.kit.Apps.Find(h.app), s.consents[h]; app != nil && c != nil && len(c.shops) > 0 {
		if row.Code == "type=100" {
			s.cancel(app, h.account, s.shopsOf(h.account))
		} else {
			s.pushForged(app, h.account, c.shops[0])
		}
	}
	s.api(w, r)
}

// refuse answers an authorization or token request with an error.
func (s *simulator) refuse(w http.ResponseWriter, r *http.Request, f failure) {
	s.kit.Call(r).Refuse("%s: %s", f.code, f.text)
	status, err := strconv.Atoi(s.options.errorStatus())
	if err != nil {
		panic("sim: eleme: error_status: " + err.Error()) // the switch has numbers only
	}
	writeJSON(w, r, status, oauthError{f.code, f.text})
}

// writeJSON writes a value as the platform does: compact, nothing escaped for HTML, compressed when asked.
func writeJSON(w http.ResponseWriter, r *http.Request, status int, value any) {
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=UTF-8")
	h.Set("Cache-Control", "no-store")
	text := jsonText(value)
	if asksGzip(r) {
		h.Set("Content-Encoding", "gzip")
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write(text) // neither writing to a buffer nor closing over one can fail
		_ = z.Close()
		text = packed.Bytes()
	}
	w.WriteHeader(status)
	w.Write(text) // the kit keeps it: this cannot fail
}

func asksGzip(r *http.Request) bool {
	for _, coding := range strings.Split(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";")
		if strings.EqualFold(name, "gzip") && weight != "q=0" {
			return true
		}
	}
	return false
}

// jsonText encodes a value of this package.
func jsonText(value any) []byte {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic("sim: eleme: " + err.Error()) // texts, numbers and lists always encode
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}
