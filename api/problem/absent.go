package problem

import "strings"

// nouns are what the routes below an address name by an id, and where those are listed.
var nouns = []struct{ prefix, noun, list string }{
	{"/v1/alarms/", "alarm", "/v1/alarms"},
	{"/v1/apps/", "app", "/v1/apps"},
	{"/v1/authorizations/", "authorization", "/v1/authorizations"},
	{"/v1/grants/", "grant", "/v1/grants"},
	{"/proxy/", "grant", "/v1/grants"},
	{"/v1/keys/", "key", "/v1/keys"},
	{"/v1/users/", "user", "/v1/users"},
	{"/v1/webhooks/", "webhook", "/v1/webhooks"},
}

// Absent says that a field names nothing that the key may see, and where what it may see is listed. Whether somebody else
// has such a thing is nobody's business.
func Absent(field, noun, list string) *Problem {
	p := New(NotFound, "")
	why := "names no " + noun + " that this key may see; GET " + list + " lists them"
	p.Detail, p.Errors = field+" "+why, []Wrong{{Field: field, Message: why}}
	return p
}

// absent words a problem for which nothing more is known than the address that was asked.
func absent(path string) *Problem {
	if path == "/v1/token" {
		p := New(NotFound, "subject names no grant of this app that this key may see; GET /v1/grants lists them, a subject is KIND:ID, such as shop:2356978")
		p.Errors = []Wrong{{Field: "subject", Message: strings.TrimPrefix(p.Detail, "subject ")}}
		return p
	}
	for _, n := range nouns {
		if rest, ok := strings.CutPrefix(path, n.prefix); ok && rest != "" {
			return Absent("id", n.noun, n.list)
		}
	}
	return New(NotFound, "no route has this address; /docs shows them, GET /openapi.json lists them")
}
