package shopeev1

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// call is one request to an API whose signature is right.
type call struct {
	app  *sim.App
	shop *sim.Shop // nil in calls of the app itself
	link *link
	body body
}

// sum is the platform's signature: the key's own bytes, although they look like hexadecimal digits.
func sum(key, base string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(base))
	return hex.EncodeToString(mac.Sum(nil))
}

func (s *simulator) serveAPI(w http.ResponseWriter, r *http.Request) {
	if s.options.suspended() {
		s.refuse(w, r, no("api_suspended", "The API is offline. Please call v2 API instead.", "version 1 is shut down"))
		return
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		s.refuse(w, r, no("error_inner_error", "An inner error has occurred", "the body cannot be read"))
		return
	}
	serve, known := s.calls[r.URL.Path]
	if !known || r.Method != http.MethodPost {
		s.refuse(w, r, no("error_not_support", "Not support action", "no such endpoint"))
		return
	}
	c, f := s.admit(r, text)
	var out fields
	if f == nil {
		out, f = serve(c)
	}
	if f != nil {
		s.refuse(w, r, f)
		return
	}
	out["request_id"] = requestID()
	writeJSON(w, http.StatusOK, out)
}

// admit checks who calls: the app by its signature over address and exact bytes, then the time.
func (s *simulator) admit(r *http.Request, text []byte) (*call, *refusal) {
	b, ok := parse(text)
	if !ok {
		return nil, s.badParam(textParam, "the body is no JSON object")
	}
	id, sent := b.integer("partner_id")
	switch {
	case !sent:
		return nil, s.badParam("no partner_id", "no partner_id in the body")
	case id == "":
		return nil, s.badParam(textParam, "partner_id is no integer")
	}
	app := s.app(id)
	if app == nil {
		return nil, unauthentic("no app of this host has this partner_id")
	}
	if f := s.authentic(r, app, text); f != nil {
		return nil, f
	}
	if f := s.throttle(app); f != nil {
		return nil, f
	}
	at, _ := b.integer("timestamp")
	seconds, err := strconv.ParseUint(at, 10, 32)
	if err != nil || !s.kit.Near(time.Unix(int64(seconds), 0), s.options.tolerance()) {
		return nil, s.badParam("Invalid timestamp", "timestamp is missing, no number of seconds, or too far off")
	}
	return &call{app: app, body: b}, nil
}

// authentic checks the signature over the address as the client has written it: a signature made for the other scheme is
// as wrong as any.
func (s *simulator) authentic(r *http.Request, app *sim.App, text []byte) *refusal {
	scheme, _, _ := strings.Cut(s.kit.Base(), "://")
	rest := "://" + r.Host + r.URL.RequestURI() + "|" + string(text)
	key, got := app.Text("partner_key"), []byte(r.Header.Get("Authorization"))
	if hmac.Equal(got, []byte(sum(key, scheme+rest))) {
		return nil
	}
	other := map[string]string{"http": "https", "https": "http"}[scheme]
	if hmac.Equal(got, []byte(sum(key, other+rest))) {
		return unauthentic("the signature was made for " + other)
	}
	return unauthentic("Authorization does not fit address and body")
}

// traffic counts an app's calls by the minute.
type traffic struct {
	minute time.Time
	count  int
	banned time.Time // until then
}

// throttle counts a call. One too many in a minute bans the app.
func (s *simulator) throttle(app *sim.App) *refusal {
	t := s.traffic[app.ID]
	if t == nil {
		t = &traffic{}
		s.traffic[app.ID] = t
	}
	now := s.kit.Now()
	if minute := now.Truncate(time.Minute); !minute.Equal(t.minute) {
		t.minute, t.count = minute, 0
	}
	t.count++
	if limit := s.options.rateLimit(); limit > 0 && t.count > limit && !now.Before(t.banned) {
		t.banned = now.Add(s.options.ban())
	}
	if now.Before(t.banned) {
		return no("error_too_many_request", "Too many request.Exceed 1000 request per min will be banned for an hour", "the app called too often and is banned")
	}
	return nil
}
