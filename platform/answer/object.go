package answer

import (
	"encoding/json"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Object is the members of a JSON object, none of them twice at any level. Names count by their exact spelling: of
// access_token and Access_Token only the first is what the platform documents.
type Object map[string]json.RawMessage

// Read reads a body as one JSON object. Its error is a *platform.Garbled that holds no part of the body.
func Read(body []byte) (Object, error) {
	members, err := platform.Members(body)
	if err != nil {
		return nil, garbled("the answer is " + err.Error())
	}
	o := make(Object, len(members))
	for _, m := range members {
		o[m.Name] = m.Value
	}
	return o, nil
}

// Has reports whether a member is there and not null.
func (o Object) Has(name string) bool {
	raw, ok := o[name]
	return ok && string(raw) != "null"
}

// Object returns a member that is an object itself; nil if it is none.
func (o Object) Object(name string) Object { return Object(platform.JSONObject(o[name])) }

// Words returns a text that people read, or a number as written: a name, a scope. It is no credential, so what a page, a
// log or a database could stumble over is taken out instead of refused.
func (o Object) Words(name string) string { return platform.Words(platform.JSONText(o[name])) }

// Fields returns a member of blank-separated words; nil where it is missing.
func (o Object) Fields(name string) []string {
	fields := strings.Fields(o.Words(name))
	if len(fields) == 0 {
		return nil
	}
	return fields
}

// longestToken is the longest token that is taken. The longest that a platform documents is below 2,000 characters, and
// a header of more than 8,000 is refused by most servers.
const longestToken = 4096

// Token reads a token: a JSON text of 1 to 4096 visible ASCII characters (RFC 6749, appendix A), with no blank at
// either end. A member that is missing, null or empty is an empty secret and no error.
func (o Object) Token(name string) (gk.Secret, error) {
	if !o.Has(name) {
		return gk.Secret{}, nil
	}
	var text string
	if err := json.Unmarshal(o[name], &text); err != nil {
		return gk.Secret{}, garbled(name + " is no text")
	}
	return token(name, text)
}

func token(name, text string) (gk.Secret, error) {
	switch {
	case len(text) > longestToken:
		return gk.Secret{}, garbled(name + " is longer than a token can be")
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }):
		return gk.Secret{}, garbled(name + " holds a character that no token has")
	case strings.TrimSpace(text) != text:
		return gk.Secret{}, garbled(name + " begins or ends with a blank")
	}
	return gk.NewSecret(text), nil
}

// Pair reads an access token, which must be there, and a refresh token, which may be missing.
func (o Object) Pair(access, refresh string) (gk.Token, error) {
	a, err := o.Token(access)
	if err != nil {
		return gk.Token{}, err
	}
	if a.Empty() {
		return gk.Token{}, garbled("neither a token nor a refusal")
	}
	r, err := o.Token(refresh)
	if err != nil {
		return gk.Token{}, err
	}
	return gk.Token{Access: a, Refresh: r}, nil
}

func garbled(why string) *platform.Garbled { return &platform.Garbled{Why: why} }
