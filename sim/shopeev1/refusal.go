package shopeev1

import (
	"encoding/json"
	"net/http"

	"github.com/grantkeep/grantkeep/sim"
)

// refusal is an answer that says no: the platform's code and message, and for the log why.
type refusal struct{ code, message, why string }

func no(code, message, why string) *refusal { return &refusal{code, message, why} }

const textOvertime = "operation overtime"

// unauthentic tells of a signature that is wrong in any way, also of an app that nobody knows.
func unauthentic(why string) *refusal {
	return no("error_auth", "The request is not authenticated. Ex: signature is wrong", why)
}

func (s *simulator) badParam(message, why string) *refusal {
	code := "error_param"
	if s.options.plural() {
		code = "error_params"
	}
	return no(code, message, why)
}

const textParam = "There are errors in the input parameters"

func (s *simulator) refuse(w http.ResponseWriter, r *http.Request, f *refusal) {
	s.kit.Call(r).Refuse("%s", f.why)
	status := http.StatusOK
	if f.code == "error_auth" && s.options.errorStatus() == "403" {
		status = http.StatusForbidden
	}
	body := fields{"request_id": requestID(), "error": f.code, "msg": f.message}
	if s.options.silent() {
		delete(body, "msg")
	}
	writeJSON(w, status, body)
}

// fields are the members of an answer. A success has neither error nor msg.
type fields map[string]any

func writeJSON(w http.ResponseWriter, status int, body fields) {
	text, err := json.Marshal(body)
	if err != nil {
		panic("sim: shopeev1: " + err.Error()) // every answer is made of texts, numbers, lists and objects
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(text) // the kit keeps what is written: no error
}

func requestID() string { return sim.Hex(32) }

// Say answers a request with a row of the catalogue.
func (s *simulator) Say(w http.ResponseWriter, r *http.Request, row sim.Row) {
	if row.Code == textOvertime {
		s.overtime(w, r)
		return
	}
	s.refuse(w, r, no(row.Code, row.Example, "fault on demand: "+row.Code))
}
