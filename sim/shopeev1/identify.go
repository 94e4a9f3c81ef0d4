package shopeev1

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// Identify reads stage and app from path and query, or app and shop from the JSON body.
func (s *simulator) Identify(r *http.Request) sim.Identity {
	id := sim.Identity{Sent: map[string]bool{}}
	switch {
	case r.URL.Path == pathAuthorize || r.URL.Path == pathCancel || r.URL.Path == "/authorize":
		id.Stage = "authorize"
		id.App = r.URL.Query().Get("id")
	case strings.HasPrefix(r.URL.Path, "/api/"):
		id.Stage = "call"
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return id // the kit gives the body from memory
	}
	b, ok := parse(text)
	if !ok {
		return id // a form, or something that the endpoint itself will refuse
	}
	for name := range b {
		id.Sent[name] = b[name] != nil && b[name] != ""
	}
	if id.App == "" {
		id.App = b.text("partner_id")
	}
	id.Subject = b.text("shopid")
	return id
}

// body is a JSON object as the caller sent it.
type body map[string]any

func parse(text []byte) (body, bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var b body
	err := d.Decode(&b)
	return b, err == nil && b != nil
}

// text returns a member as text: numbers in decimal, anything else as nothing.
func (b body) text(name string) string {
	switch v := b[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// integer returns a member that is a whole number; sent tells whether there is any such member.
func (b body) integer(name string) (text string, sent bool) {
	n, ok := b[name].(json.Number)
	if !ok || !isID(n.String()) {
		return "", b[name] != nil
	}
	return n.String(), true
}
