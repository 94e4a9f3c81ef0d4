package shoplazza

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// refused separates a refusal (*gk.Fault) from what cannot be read (*platform.Garbled); nil leaves an object to read.
// After a 5xx, an HTML page or a cut text nobody knows whether the platform acted.
func (d driver) refused(app platform.App, asked platform.Asked, reply platform.Reply) error {
	said := readBody(reply.Body)
	switch {
	case reply.Status >= 500:
		return &platform.Garbled{Why: "status " + strconv.Itoa(reply.Status), Fault: d.fault(app, asked, reply, said)}
	case reply.Truncated:
		return &platform.Garbled{Why: "the answer is too long"}
	case !said.object && d.spec.Catalogue.EdgeRefusal(asked.Stage, reply) != nil:
		f := d.spec.Catalogue.EdgeRefusal(asked.Stage, reply)
		f.RetryAfter, f.At = retryAfter(reply), gk.At(reply.Received)
		return f
	case !said.object && (!said.brief || reply.Status < 300):
		g := &platform.Garbled{Why: "the body is not the JSON object that it should be"}
		if reply.Status >= 300 {
			g.Fault = d.fault(app, asked, reply, said)
		}
		return g
	case reply.Status >= 300 || said.refuses || reply.Status == 0 && len(said.texts) > 0:
		return d.fault(app, asked, reply, said)
	}
	return nil
}

// denied returns the fault of a token answer that says no, nil if it does not. Of an answer that is no object, only words
// that the catalogue knows are the platform's; all other pages and plain words are somebody's in front of it.
func (d driver) denied(app platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	said := readBody(reply.Body)
	no := said.object && platform.JSONObject(reply.Body) != nil &&
		(reply.Status >= 300 || said.refuses || reply.Status == 0 && len(said.texts) > 0)
	if reply.Status >= 500 || no {
		return d.fault(app, asked, reply, said)
	}
	words := platform.Query{Stage: asked.Stage, Texts: said.texts, Sent: asked.Sent}
	if said.brief && len(said.texts) > 0 && d.spec.Catalogue.Find(words) != nil {
		return d.fault(app, asked, reply, said)
	}
	return nil
}

// Diagnose says what the answer to a call means. From 2025-06 on a successful answer has code and message too, so a 2xx
// has succeeded unless its envelope is the error's.
func (d driver) Diagnose(app platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	said := readBody(reply.Body)
	if f := d.spec.Catalogue.PageInstead(asked.Stage, reply); f != nil && !said.failed() {
		return f
	}
	if reply.Status >= 200 && reply.Status < 300 && !said.failed() {
		return nil
	}
	if reply.Status == 0 && said.code == "" && len(said.texts) == 0 {
		return nil
	}
	return d.fault(app, asked, reply, said)
}

// fault looks a refusal up. An OAuth error names itself; elsewhere the status is the code, and a row of a kind of that
// status (http:422:chargetype) goes before the plain one. Where no text is known to the catalogue, the status still is.
func (d driver) fault(app platform.App, asked platform.Asked, reply platform.Reply, said said) *gk.Fault {
	q := platform.Query{Stage: asked.Stage, Texts: said.texts, Sent: asked.Sent}
	code := said.code
	if said.oauth {
		q.Codes = []string{said.code}
	} else if reply.Status != 0 && !(reply.Status < 300 && said.failed()) {
		code = "http:" + strconv.Itoa(reply.Status)
		q.Codes = []string{code + ":*", code}
		if reply.Status >= 500 {
			q.Codes = append(q.Codes, "http:5xx")
		}
	}
	f := d.spec.Catalogue.Fault(q, code, reply.Status)
	if !f.Known && !said.oauth && reply.Status != 0 {
		message := f.Message
		q.Texts = nil
		f = d.spec.Catalogue.Fault(q, code, reply.Status)
		f.Message = message
	}
	if !f.Known && reply.Status >= 300 && reply.Status < 400 {
		f.Action = gk.FixConfig // a token request or a call never moves: an address in front of the platform is wrong
	}
	if row := d.spec.Catalogue.Row(f.Row); row != nil && strings.HasPrefix(row.Code, code+":") {
		f.Code = row.Code
	}
	if d.lacksRedirect(asked, f) {
		r := d.spec.Catalogue.Local(platform.StageRefresh, "local:missing_redirect_uri")
		f.Known, f.Row, f.Action, f.Terminal = true, r.Row, r.Action, r.Terminal
	}
	f.RequestID, f.RetryAfter, f.At = said.request, retryAfter(reply), gk.At(reply.Received)
	if reply.Received.IsZero() {
		f.At = gk.At(app.Now)
	}
	return f
}

// lacksRedirect reports whether a refresh was refused that we know to have gone without redirect_uri. What the platform
// says to that is not published, so any refusal of the grant or the request counts.
func (d driver) lacksRedirect(asked platform.Asked, f *gk.Fault) bool {
	return asked.Stage == platform.StageRefresh && asked.Sent != nil && asked.Sent.Get("redirect_uri") == "" &&
		asked.Sent.Get("grant_type") != "client_credentials" && (f.Action == gk.Reauthorize || f.Action == gk.FixRequest)
}

// longestPause bounds Retry-After: a day is more than any bucket of this platform needs to drain.
const longestPause = 24 * time.Hour

func retryAfter(reply platform.Reply) time.Duration {
	value := reply.Header.Get("Retry-After")
	if n, err := strconv.Atoi(value); err == nil {
		return min(max(time.Duration(min(n, 1<<20))*time.Second, 0), longestPause)
	}
	if at, err := http.ParseTime(value); err == nil && !reply.Received.IsZero() {
		return min(max(at.Sub(reply.Received), 0), longestPause)
	}
	return 0
}
