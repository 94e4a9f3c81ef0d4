package eleme

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// credentials are the key and secret that a Basic header carries.
type credentials struct{ key, secret string }

// readBasic returns the credentials as sent and, since one SDK encodes them, URL-decoded; or what is wrong with the header.
func readBasic(r *http.Request) (read []credentials, wrong string) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return nil, `The http requested header "Authorization" is required`
	}
	scheme, value, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") || value == "" {
		return nil, "Invalid Basic"
	}
	if strings.ContainsAny(value, " \t") {
		return nil, "Invalid Authorization header"
	}
	text, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return nil, "Invalid Basic"
	}
	if strings.ContainsAny(string(text), " \t\r\n") {
		return nil, "Invalid Authorization header"
	}
	key, secret, ok := strings.Cut(string(text), ":")
	if !ok {
		return nil, "The basic syntax errors"
	}
	read = append(read, credentials{key, secret})
	plainKey, keyErr := url.QueryUnescape(key)
	plainSecret, secretErr := url.QueryUnescape(secret)
	if keyErr == nil && secretErr == nil {
		read = append(read, credentials{plainKey, plainSecret})
	}
	return read, ""
}

// client returns the app that a token request proves to come from.
func (s *simulator) client(r *http.Request) (*sim.App, failure) {
	read, wrong := readBasic(r)
	if wrong != "" {
		return nil, failure{"invalid_request", wrong}
	}
	for _, c := range read {
		if app := s.kit.Apps.Find(c.key); app != nil && app.Text("app_secret") == c.secret {
			return app, failure{}
		}
	}
	return nil, failure{"unauthorized_client", "Unauthorized client"}
}

// readForm reads the parameters in a request's body: nothing unless it says that it is a form, with a charset or without.
// A Content-Encoding is ignored: one SDK names gzip over a plain body.
func readForm(r *http.Request) url.Values {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil // the kit has read the body: it cannot fail
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil
	}
	return values
}
