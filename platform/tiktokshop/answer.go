package tiktokshop

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

// success is the code of every answer that is none of an error.
const success = "0"

// envelope is what every answer has around its content.
type envelope struct {
	ok                     bool // an object with a code
	code, message, request string
}

func readEnvelope(body []byte) envelope {
	obj := platform.JSONObject(body)
	e := envelope{
		code: platform.JSONText(obj["code"]), message: platform.JSONText(obj["message"]), request: platform.JSONText(obj["request_id"]),
	}
	e.ok = e.code != ""
	if said, foreign := platform.ReadForeign(body); foreign && e.message == "" {
		e.message = strings.Join(said.Texts(), ": ") // an error of another platform has a code too, and other names for its words
	}
	return e
}

// texts reads a list of texts; nil if it is none.
func texts(raw json.RawMessage) []string {
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	for i := range list {
		list[i] = platform.Words(list[i])
	}
	return list
}

func lacks(wanted, granted []string) bool {
	return slices.ContainsFunc(wanted, func(scope string) bool { return !slices.Contains(granted, scope) })
}

// denied returns the fault of a token answer that says no, nil if it does not.
func (d driver) denied(app platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	e := readEnvelope(reply.Body)
	if e.ok && e.code != success || reply.Status >= 500 {
		return d.fault(app, asked, reply, e)
	}
	if reply.Status == http.StatusNotFound && answer.OfTheEdge(reply) && strings.Contains(string(reply.Body), "page not found") {
		return d.fault(app, asked, reply, envelope{message: strings.TrimSpace(string(reply.Body))})
	}
	return nil
}

// Diagnose says what the answer to a call means: the code decides, whatever the status.
func (d driver) Diagnose(app platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	e := readEnvelope(reply.Body)
	switch {
	case e.ok && e.code == success:
		return nil
	case e.ok:
		return d.fault(app, asked, reply, e)
	}
	if f := d.spec.Catalogue.Foreign(asked.Stage, reply.Body, reply.Status); f != nil {
		return f
	}
	if f := d.spec.Catalogue.PageInstead(asked.Stage, reply); f != nil {
		return f
	}
	if reply.Status == 0 || reply.Status >= 200 && reply.Status < 300 {
		return nil // a file is an answer too, and without a status nobody knows
	}
	return d.fault(app, asked, reply, e)
}

// fault looks a refusal up: the code, of which the message decides between several rows, else the status.
func (d driver) fault(app platform.App, asked platform.Asked, reply platform.Reply, e envelope) *gk.Fault {
	var f *gk.Fault
	if e.ok && e.code != success {
		f = d.ofCode(asked, reply, e)
	} else {
		code := "http:" + strconv.Itoa(reply.Status)
		codes := []string{code}
		if reply.Status >= 500 {
			codes = append(codes, "http:5xx")
		}
		f = d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage, Codes: codes, Sent: asked.Sent}, code, reply.Status)
		f.Message = d.spec.Catalogue.Cut(platform.Words(e.message))
		if !f.Known && reply.Status >= 300 && reply.Status < 400 {
			f.Action = gk.FixConfig // neither a token request nor a call ever moves
		}
	}
	f.RequestID, f.RetryAfter, f.At = platform.Words(e.request), answer.RetryAfter(reply), gk.At(reply.Received)
	if row := d.spec.Catalogue.Row(f.Row); row != nil && f.RetryAfter == 0 {
		f.RetryAfter = d.spec.Facts.PauseAfter(row.Code, f.At.Time)
	}
	if reply.Received.IsZero() {
		f.At = gk.At(app.Now)
	}
	return f
}

// ofCode looks a code up. One code can mean eleven things, which the message tells apart; a code with one meaning keeps it
// whatever the message says, but for the words that end a grant: those must be there.
func (d driver) ofCode(asked platform.Asked, reply platform.Reply, e envelope) *gk.Fault {
	said := e.message
	if said == "" {
		said = " " // no text: the row for any text
	}
	f := d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage, Codes: []string{e.code}, Texts: []string{said}, Sent: asked.Sent}, e.code, reply.Status)
	if !f.Known && d.meansOne(asked.Stage, e.code) {
		alone := d.spec.Catalogue.Fault(platform.Query{Stage: asked.Stage, Codes: []string{e.code}, Sent: asked.Sent}, e.code, reply.Status)
		if e.message == "" || !alone.Terminal {
			f = alone
		}
	}
	f.Message = d.spec.Catalogue.Cut(platform.Words(e.message))
	return f
}

// meansOne reports whether all rows of a code, as a stage reads it, ask for the same.
func (d driver) meansOne(stage, code string) bool {
	var first *platform.Row
	for _, r := range d.spec.Catalogue.Rows() {
		if r.Code != code || r.Stage != stage && r.Stage != platform.StageCall {
			continue
		}
		if first == nil {
			first = r
		}
		if r.Stage == first.Stage && (r.Action != first.Action || r.Terminal != first.Terminal) {
			return false
		}
	}
	return first != nil
}
