package shopify

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

// Beginnings of the codes of the catalogue: faults of a status, and faults inside an HTTP 200.
const (
	ofStatus  = "http:"
	ofGraphQL = "graphql:"
)

// denied returns the fault of a token answer that says no, nil if it does not. A page with the platform's error is a
// refusal with a 4xx only: with any other status nobody knows whether the platform acted.
func (d driver) denied(app platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	said := readBody(reply.Body)
	strict := platform.JSONObject(reply.Body) != nil
	switch {
	case reply.Status >= 500:
	case said.oauth && (strict || !said.object && reply.Status >= 400):
	case strict && reply.Status >= 400 && (len(said.texts) > 0 || len(said.graphql) > 0):
	default:
		return nil
	}
	f := d.fault(app, asked, reply, said)
	if !said.oauth && reply.Status < 500 && (f.Action == gk.Refresh || f.Action == gk.Reauthorize) {
		f.Action, f.Terminal = gk.Backoff, false // a row about calls: it says nothing of this grant's refresh token
	}
	return f
}

// Diagnose says what the answer to a call means. Errors of GraphQL come inside a 200; userErrors there are the business
// of whoever called.
func (d driver) Diagnose(app platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	said := readBody(reply.Body)
	failed := said.oauth || len(said.graphql) > 0 || len(said.texts) > 0
	if !failed {
		if f := d.spec.Catalogue.Foreign(asked.Stage, reply.Body, reply.Status); f != nil {
			return f
		}
		if f := d.spec.Catalogue.PageInstead(asked.Stage, reply); f != nil {
			return f
		}
	}
	if !failed && (reply.Status == 0 || reply.Status >= 200 && reply.Status < 300) {
		return nil
	}
	return d.fault(app, asked, reply, said)
}

// fault looks a refusal up: an OAuth error by its name, a GraphQL error by its code, else the status, of which a kind
// (http:403:scope) goes before the plain one.
func (d driver) fault(app platform.App, asked platform.Asked, reply platform.Reply, said said) *gk.Fault {
	var f *gk.Fault
	status := ofStatus + strconv.Itoa(reply.Status)
	switch {
	case said.oauth && reply.Status < 500:
		f = d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage, Codes: []string{said.code}, Texts: said.texts, Sent: asked.Sent}, said.code, reply.Status)
	case len(said.graphql) > 0 && reply.Status < 300:
		f = d.ofGraphQL(asked.Stage, said.graphql)
	case reply.Status == 0:
		f = d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage, Texts: said.texts}, "", 0)
	default:
		f = d.ofStatus(asked.Stage, status, reply.Status, said)
	}
	f.RetryAfter, f.RequestID = answer.RetryAfter(reply), platform.Words(reply.Header.Get("X-Request-Id"))
	if f.Action == gk.Backoff && said.wait > 0 {
		f.RetryAfter = said.wait
	}
	f.Message = masked(app, f.Message)
	f.At = gk.At(reply.Received)
	if reply.Received.IsZero() {
		f.At = gk.At(app.Now)
	}
	return f
}

// ofStatus looks a status up. Where the catalogue knows no such text, the status alone still says something.
func (d driver) ofStatus(stage, code string, status int, said said) *gk.Fault {
	texts := said.texts
	for _, p := range said.graphql {
		texts = append(texts, p.text)
	}
	codes := []string{code + ":*", code}
	if status >= 500 {
		codes = append(codes, ofStatus+"5xx")
	}
	f := d.spec.Catalogue.Fault(platform.Query{Stage: stage, Codes: codes, Texts: texts}, code, status)
	if !f.Known {
		message := f.Message
		f = d.spec.Catalogue.Fault(platform.Query{Stage: stage, Codes: slices.DeleteFunc(codes, kind)}, code, status)
		f.Message = message
	}
	if !f.Known && status >= 300 && status < 400 {
		f.Action = gk.FixConfig // neither a token request nor a call ever moves: an address in front of the platform is wrong
	}
	if row := d.spec.Catalogue.Row(f.Row); row != nil && strings.HasPrefix(row.Code, code+":") {
		f.Code = row.Code
	}
	return f
}

// kind reports whether a code stands for the kinds of a status, which only their words tell apart.
func kind(code string) bool { return strings.HasSuffix(code, ":*") }

// ofGraphQL reads the errors of one answer as one fault: the first that the catalogue knows by name.
func (d driver) ofGraphQL(stage string, all []problem) *gk.Fault {
	var first *gk.Fault
	for _, p := range all {
		f := d.problem(stage, p)
		if row := d.spec.Catalogue.Row(f.Row); row != nil && row.Code != ofGraphQL+"*" {
			return f
		}
		if first == nil {
			first = f
		}
	}
	return first
}

// problem looks one GraphQL error up. A row of a kind of a code (ACCESS_DENIED:protected) is found by its words, also
// where no code came; then the code decides whatever the words, and without one the words.
func (d driver) problem(stage string, p problem) *gk.Fault {
	code := ofGraphQL + p.code
	var found *platform.Row
	for _, row := range d.spec.Catalogue.Rows() {
		name, ours := strings.CutPrefix(row.Code, ofGraphQL)
		if !ours || name == "*" {
			continue
		}
		words := row.PatternText != "" && p.text != "" && row == d.spec.Catalogue.Find(
			platform.Query{Stage: row.Stage, Codes: []string{row.Code}, Texts: []string{p.text}})
		if strings.Contains(name, ":") && words {
			found = row
			break
		}
		if found == nil && (row.Code == code || p.code == "" && words) {
			found = row
		}
	}
	q := platform.Query{Stage: platform.StageCall, Codes: []string{ofGraphQL + "other"}}
	if found != nil {
		code = found.Code
		q = platform.Query{Stage: platform.StageCall, Codes: []string{found.Code}, Texts: []string{found.Example}}
	}
	f := d.spec.Catalogue.Fault(q, code, http.StatusOK)
	f.Stage, f.Message = stage, d.spec.Catalogue.Cut(platform.Words(p.text))
	return f
}

// longWord is what a refusal may repeat of a request: an id, a key or a token that somebody typed into the wrong field.
var longWord = regexp.MustCompile(`[A-Za-z0-9_\-]*[0-9][A-Za-z0-9_\-]{15,}|[A-Za-z0-9_\-]{15,}[0-9][A-Za-z0-9_\-]*`)

// masked hides what a text of the platform repeats of the app's secrets, and everything that looks like one.
func masked(app platform.App, text string) string {
	for _, secret := range app.Secrets["client_secret"] {
		if s := secret.Reveal(); s != "" {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return longWord.ReplaceAllString(text, "***")
}
