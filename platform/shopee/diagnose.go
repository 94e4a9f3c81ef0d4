package shopee

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// envelope is what every answer has around its content. Link errors spell message as msg.
type envelope struct {
	Error     *string `json:"error"`
	Message   string  `json:"message"`
	Msg       string  `json:"msg"`
	RequestID string  `json:"request_id"`

	Code        json.RawMessage `json:"code"`              // of link errors only
	Debug       *string         `json:"debug_message"`     // of link errors only
	Description string          `json:"error_description"` // of other platforms
}

// described reports whether the error is OAuth's, which this platform does not speak.
func (e envelope) described() bool { return e.Description != "" && e.Message == "" && e.Msg == "" }

// ofV1 reports whether the answer has the form of API v1: its text is msg, and nothing is there that links have.
func (e envelope) ofV1() bool {
	return e.Msg != "" && e.Message == "" && e.Code == nil && e.Debug == nil
}

// readEnvelope reports whether a body is a JSON object with readable outer members.
func readEnvelope(body []byte) (envelope, bool) {
	var e envelope
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) || json.Unmarshal(body, &e) != nil {
		return envelope{}, false
	}
	return e, true
}

// Diagnose reads an answer. An empty error is success whatever the HTTP status, which the platform does not document.
func (d driver) Diagnose(app platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	if asked.Stage == platform.StagePush {
		return d.pushFault(app, asked, reply)
	}
	env, ok := readEnvelope(reply.Body)
	if env.Error == nil || env.described() {
		if f := d.spec.Catalogue.Foreign(asked.Stage, reply.Body, reply.Status); f != nil {
			return f
		}
	}
	if !ok {
		return d.notJSON(asked, reply)
	}
	if env.Error == nil && reply.Status >= 400 {
		return d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage}, "http:"+strconv.Itoa(reply.Status), reply.Status)
	}
	if env.Error == nil || *env.Error == "" {
		return nil
	}
	return d.refusal(app, asked, reply, env)
}

// notJSON diagnoses an answer that is no JSON object: files are such answers too, and succeed.
func (d driver) notJSON(asked platform.Asked, reply platform.Reply) *gk.Fault {
	text := string(bytes.TrimSpace(reply.Body))
	html := strings.HasPrefix(text, "<")
	switch {
	case reply.Status >= 500, reply.Status == http.StatusTooManyRequests:
		return d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage}, "http:"+strconv.Itoa(reply.Status), reply.Status)
	case html, reply.Status >= 300:
		return d.edgeRejected(asked.Stage)
	case reply.Status == 0 && text != "": // a text that a person pasted
		return d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage, Texts: []string{text}}, "", 0)
	}
	return nil
}

// edgeRejected is a refusal before the API: the address list of the console, or a wrong host.
func (d driver) edgeRejected(stage string) *gk.Fault {
	f := d.spec.Catalogue.Local(platform.StageCall, "hub_edge_rejected")
	f.Stage = stage
	return f
}

// refusal looks an error up: its code whole, then without one module prefix; the message decides between equal codes.
func (d driver) refusal(app platform.App, asked platform.Asked, reply platform.Reply, env envelope) *gk.Fault {
	code, text := *env.Error, env.Message
	for _, other := range []string{env.Msg, env.Description} {
		if text == "" {
			text = other
		}
	}
	q := platform.Query{Stage: asked.Stage, Codes: []string{code}, Texts: []string{text}, Sent: asked.Sent}
	if text == "" && d.ambiguous(code) {
		q.Codes = nil
	}
	f := d.spec.Catalogue.Fault(q, code, reply.Status)
	if !f.Known && env.ofV1() {
		v1 := d.spec.Catalogue.Local(platform.StageCall, "hub_answer_of_v1")
		f.Known, f.Row, f.Action, f.Terminal = true, v1.Row, v1.Action, v1.Terminal
	}
	f.RequestID = env.RequestID
	if row := d.spec.Catalogue.Row(f.Row); row != nil {
		at := reply.Received
		if at.IsZero() {
			at = app.Now
		}
		f.RetryAfter = d.spec.Facts.PauseAfter(row.Code, at)
	}
	return f
}

// ambiguous reports whether a code without its message could mean different things: then it means nothing, so that a
// bare error_auth never ends a grant.
func (d driver) ambiguous(code string) bool {
	_, bare, _ := strings.Cut(code, ".")
	var first *platform.Row
	for _, r := range d.spec.Catalogue.Rows() {
		if r.Code != code && r.Code != bare {
			continue
		}
		if first == nil {
			first = r
		}
		if r.Action != first.Action || r.Terminal != first.Terminal {
			return true
		}
	}
	return false
}
