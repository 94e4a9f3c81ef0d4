package taobao

import (
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/grantkeep/grantkeep/sim"
)

// mostForm is how much of a multipart form is kept in memory; more than a call ever has.
const mostForm = 16 << 20

// nearEnough is how far the timestamp of a call may be off.
const nearEnough = 10 * time.Minute

// operation is one call of the gateway that has been found genuine.
type operation struct {
	app     *sim.App
	pair    *sim.Pair // nil for methods that need no grant
	account *sim.Shop // who the pair belongs to
	params  map[string]string
	caller  string // the address it came from
}

// callParams merges the text parameters of a call from query, form and multipart form; where one name comes twice the
// first counts. It returns a body that is none of these, which is signed whole.
func callParams(r *http.Request) (params map[string]string, body string, err error) {
	params = map[string]string{}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return params, "", err
	}
	merge(params, query)
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Method != http.MethodPost || err != nil && r.ContentLength == 0:
		return params, "", nil
	case kind == "multipart/form-data":
		if err := r.ParseMultipartForm(mostForm); err != nil {
			return params, "", err
		}
		merge(params, r.MultipartForm.Value)
		return params, "", nil
	case kind == "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return params, "", err
		}
		merge(params, r.PostForm)
		return params, "", nil
	}
	text, err := io.ReadAll(r.Body)
	return params, string(text), err
}

func merge(into map[string]string, values url.Values) {
	for name := range values {
		if _, known := into[name]; !known {
			into[name] = values.Get(name)
		}
	}
}

var errNotUTF8 = errors.New("a parameter is not UTF-8")

func checkUTF8(params map[string]string) error {
	for name, value := range params {
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return errNotUTF8
		}
	}
	return nil
}

// gateway is /router/rest.
func (s *simulator) gateway(w http.ResponseWriter, r *http.Request) {
	params, body, err := callParams(r)
	if err == nil {
		err = checkUTF8(params)
	}
	if err != nil {
		s.refuse(w, r, params, plain(47))
		s.kit.Call(r).Refuse("47 %v", err)
		return
	}
	op := &operation{params: params, caller: callerOf(r)}
	if e := s.admit(r, op, body); e != nil {
		s.refuse(w, r, params, e)
		return
	}
	method := s.methods[params["method"]]
	for _, name := range method.needs {
		if params[name] == "" {
			s.refuse(w, r, params, &topError{code: 40, msg: messages[40] + ":" + name})
			return
		}
	}
	o, e := method.do(op)
	if e != nil {
		s.refuse(w, r, params, e)
		return
	}
	s.kit.Call(r).Accept("%s", params["method"])
	s.answer(w, params, o)
}

// admit checks a call in this order: its form, app key, timestamp, version, signature, method, how often, permission,
// grant.
func (s *simulator) admit(r *http.Request, op *operation, body string) *topError {
	p := op.params
	op.app = s.kit.Apps.Find(p["app_key"])
	method, known := s.methods[p["method"]]
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		return plain(9)
	case p["method"] == "":
		return plain(21)
	case p["format"] != "" && p["format"] != "json" && p["format"] != "xml":
		return plain(23)
	case p["access_token"] != "" && p["sign"] == "":
		return plain(44) // the unsigned mode of old
	case p["app_key"] == "":
		return plain(28)
	case op.app == nil:
		return plain(29)
	case p["timestamp"] == "":
		return plain(30)
	case !s.inTime(p["timestamp"]):
		return plain(31)
	case p["v"] == "":
		return plain(32)
	case strings.Trim(p["v"], "0123456789.") != "":
		return plain(33)
	case p["v"] != "2.0":
		return plain(34)
	case p["sign"] == "":
		return plain(24)
	case !slices.Contains(signatures(op.app.Text("app_secret"), p, body), p["sign"]):
		return plain(25)
	case !known:
		return plain(22)
	}
	s.kit.Call(r).About(op.app.ID, s.kit.Call(r).Subject)
	if e := s.throttle(op); e != nil {
		return e
	}
	if e := mayCall(op); e != nil {
		return e
	}
	if method.level == "" {
		return nil
	}
	if e := s.checkSession(op, method.level); e != nil {
		return e
	}
	s.kit.Call(r).About(op.app.ID, op.pair.Subject.ID)
	s.kit.Ledger.Use(op.pair)
	return nil
}

// inTime reports whether a timestamp, text in GMT+8 or epoch milliseconds, is near the platform's time.
func (s *simulator) inTime(text string) bool {
	if at, err := time.ParseInLocation(time.DateTime, text, gmt8); err == nil {
		return s.kit.Near(at, nearEnough)
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	return err == nil && s.kit.Near(time.UnixMilli(ms), nearEnough)
}

// mayCall checks what the app itself may do.
func mayCall(op *operation) *topError {
	if listed := strings.Fields(op.app.Text("apis")); len(listed) > 0 && !slices.Contains(listed, op.params["method"]) {
		return &topError{11, messages[11], "isv.permission-api-package-limit", ""}
	}
	if listed := strings.Fields(op.app.Text("ip_whitelist")); len(listed) > 0 && !slices.Contains(listed, op.caller) {
		return &topError{11, messages[11], "isv.permission-ip-whitelist-limit", "caller ip is " + op.caller}
	}
	return nil
}

func callerOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
