package tiktokshop

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// statuses are the HTTP statuses of refused calls, as far as developers told. The token endpoints answer 200.
var statuses = map[string]int{
	"105001": 401, "105002": 401, "105005": 401, "101000": 401, "106001": 401, "36009043": 401, "36009044": 401,
	"36009002": 429, "36009037": 429, "36009003": 500, "36009007": 504, "36009009": 404, "36009010": 405, "36009014": 404,
	"36009033": 403, "106013": 400, "36009004": 400, "36009021": 400, "36009022": 400, "36009023": 400, "98001004": 400,
}

// Say answers a request with a row of the catalogue.
func (s *simulator) Say(w http.ResponseWriter, r *http.Request, row sim.Row) {
	call := s.kit.Call(r)
	kind, number, _ := strings.Cut(row.Code, ":")
	app := s.kit.Apps.Find(call.App)
	switch {
	case kind == "push":
		s.sayPush(w, r, number)
	case kind == "http":
		s.sayStatus(w, r, number, row.Example)
	case call.Stage == "authorize" && strings.HasSuffix(row.Code, "_denied") && app != nil:
		s.declined(w, r, app, row.Code)
	case call.Stage == "authorize":
		s.pageError(w, r, row.Code+": "+row.Example)
	default:
		s.refuse(w, r, row.Code, row.Example, "fault on demand")
	}
}

// sayPush sends a push about the account that a call names, and then does as the platform would.
func (s *simulator) sayPush(w http.ResponseWriter, r *http.Request, number string) {
	call := s.kit.Call(r)
	if g := s.grants[holder{call.App, call.Subject}]; g != nil && !g.over {
		switch shops := s.shops(g); {
		case number == "6":
			s.end(g)
		case number == "7" && len(shops) > 0:
			s.pushExpiring(g, shops[0])
		case number == "20":
			s.pushCreator(g)
		case number == "35":
			s.pushTokopedia(g)
		}
	}
	s.ServeHTTP(w, r)
}

func (s *simulator) sayStatus(w http.ResponseWriter, r *http.Request, number, text string) {
	status, err := strconv.Atoi(strings.Replace(number, "xx", "00", 1))
	if err != nil || status < 300 || status > 599 {
		status = http.StatusInternalServerError
	}
	s.kit.Call(r).Refuse("HTTP %d", status)
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	http.Error(w, cmp.Or(text, http.StatusText(status)), status)
}

// notFoundText is what a path answers that is none.
func (s *simulator) notFoundText(w http.ResponseWriter, r *http.Request, why string) {
	http.Error(w, "404 page not found", http.StatusNotFound)
	s.kit.Call(r).Refuse("%s", why)
}

// older are texts that were in use before those of 2026.
var older = map[string]string{"105002": "access token is expired, please refresh it", "106001": "signature is invalid"}

// refuse answers with a code and a text, in which names stand between apostrophes. The log has the true reason.
func (s *simulator) refuse(w http.ResponseWriter, r *http.Request, code, text, why string) {
	status := http.StatusOK
	if s.kit.Call(r).Stage == "call" && s.options.httpStatus() == "as_seen" {
		status = cmp.Or(statuses[code], status)
		if strings.Contains(text, "access-token") || strings.Contains(text, "access_token") || strings.Contains(text, "signature") {
			status = http.StatusUnauthorized
		}
	}
	if s.options.messageStyle() == "older" {
		text = cmp.Or(older[code], text)
	}
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	s.kit.Call(r).Refuse("%s: %s", code, cmp.Or(why, text))
	write(w, status, envelope{Code: number(code), Message: strings.ReplaceAll(text, "`", "'"), RequestID: requestID()})
}

// success answers with code 0.
func (s *simulator) success(w http.ResponseWriter, data any) {
	write(w, http.StatusOK, envelope{Code: 0, Data: data, Message: "Success", RequestID: requestID()})
}

// envelope is around every answer.
type envelope struct {
	Code      any    `json:"code"`
	Data      any    `json:"data"`
	Message   string `json:"message"`
	RequestID string `json:"request_id"`
}

// number is a code as the platform writes it. One that somebody made up may be a text.
func number(code string) any {
	if n, err := strconv.Atoi(code); err == nil {
		return n
	}
	return code
}

func requestID() string { return "2026" + sim.Digits(14) + strings.ToUpper(sim.Hex(16)) }

func write(w http.ResponseWriter, status int, value any) {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // only values of this package are written
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(bytes.TrimSuffix(body.Bytes(), []byte("\n"))) // the kit keeps it: this cannot fail
}
