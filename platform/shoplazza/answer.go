package shoplazza

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// answer is a reply of which the refusals are taken out.
type answer struct{ body []byte }

// read separates an answer from a refusal (*gk.Fault) and from what cannot be read (*platform.Garbled). After a 5xx, an
// HTML page or a cut text nobody knows whether the platform acted.
func (d driver) read(app platform.App, asked platform.Asked, reply platform.Reply) (answer, error) {
	said := readBody(reply.Body)
	switch {
	case reply.Status >= 500:
		return answer{}, &platform.Garbled{Why: "status " + strconv.Itoa(reply.Status), Fault: d.fault(app, asked, reply, said)}
	case reply.Truncated:
		return answer{}, &platform.Garbled{Why: "the answer is too long"}
	case said.kind == unreadable && !refusedInText(reply):
		return answer{}, &platform.Garbled{Why: "the body is not the JSON object that it should be", Fault: d.garbledFault(app, asked, reply, said)}
	case reply.Status >= 300 || said.code != "" && said.oauth || len(said.texts) > 0:
		return answer{}, d.fault(app, asked, reply, said)
	}
	return answer{body: reply.Body}, nil
}

// refusedInText reports whether a 4xx came without a body or in plain words, as from a gateway that refuses early.
func refusedInText(reply platform.Reply) bool {
	if reply.Status < 300 {
		return false
	}
	body := bytes.TrimSpace(reply.Body)
	return len(body) == 0 || body[0] != '<' && body[0] != '{' && body[0] != '[' && len(body) <= 200
}

func (d driver) garbledFault(app platform.App, asked platform.Asked, reply platform.Reply, said said) *gk.Fault {
	if reply.Status < 300 {
		return nil
	}
	return d.fault(app, asked, reply, said)
}

// Diagnose says what the answer to a call means. A 2xx has succeeded whatever its envelope says: from 2025-06 on a
// successful answer has code and message too.
func (d driver) Diagnose(app platform.App, asked platform.Asked, reply platform.Reply) *gk.Fault {
	if reply.Status >= 200 && reply.Status < 300 {
		return nil
	}
	said := readBody(reply.Body)
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
	} else if reply.Status != 0 {
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
	f.RetryAfter, f.At = retryAfter(reply), gk.At(reply.Received)
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

// said is what a body of an error says.
type said struct {
	kind  bodyKind
	oauth bool   // code is an OAuth error rather than a number or a word of the Open API
	code  string // the platform's own, if it has one
	texts []string
}

type bodyKind int

const (
	unreadable bodyKind = iota // no JSON object; texts holds a short plain text, if that is what it is
	object
)

// readBody reads the five forms of an error: OAuth {"error","error_description"}, list {"errors":["…"]}, map
// {"errors":{"field":["…"]}} (field and text), gRPC {"code":5,"message"} and envelope {"code":"Error","message"}; {} says
// nothing. A successful answer from 2025-06 on looks like the envelope, with data.
func readBody(body []byte) said {
	body = bytes.TrimSpace(body)
	var form struct {
		Error       json.RawMessage `json:"error"`
		Description text            `json:"error_description"`
		Errors      json.RawMessage `json:"errors"`
		Code        text            `json:"code"`
		Message     text            `json:"message"`
		Data        json.RawMessage `json:"data"`
	}
	if len(body) == 0 || body[0] != '{' || json.Unmarshal(body, &form) != nil {
		if len(body) > 0 && len(body) <= 200 && body[0] != '<' && body[0] != '{' && body[0] != '[' {
			return said{texts: []string{string(body)}}
		}
		return said{}
	}
	s := said{kind: object}
	var word string
	switch {
	case json.Unmarshal(form.Error, &word) == nil && word != "":
		s.oauth, s.code = true, word
		s.texts = nonEmpty(string(form.Description))
	case len(form.Errors) > 0:
		s.texts = errorTexts(form.Errors)
	case len(form.Data) == 0:
		s.code, s.texts = string(form.Code), nonEmpty(string(form.Message))
	}
	return s
}

// errorTexts flattens the member errors: a text, a list of texts, or a map from a field to its texts.
func errorTexts(raw json.RawMessage) []string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return nil
	}
	switch v := v.(type) {
	case string:
		return nonEmpty(v)
	case []any:
		return nonEmpty(plain(v)...)
	case map[string]any:
		var texts []string
		for _, field := range slices.Sorted(maps.Keys(v)) {
			list, ok := v[field].([]any)
			if !ok {
				list = []any{v[field]}
			}
			for _, t := range nonEmpty(plain(list)...) {
				texts = append(texts, field+" "+t)
			}
		}
		return texts
	}
	return nil
}

func plain(list []any) []string {
	texts := make([]string, 0, len(list))
	for _, v := range list {
		if s, ok := v.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

func nonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(s string) bool { return strings.TrimSpace(s) == "" })
}

// text is a string that may be written as a number: store_id is one in the token answer and a number in GET /shop, the
// error code of newer 404 answers is a number.
type text string

// UnmarshalJSON reads a string, a number or null.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = text(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return errors.New("neither text nor number")
	}
	*t = text(n.String())
	return nil
}

// number is a whole number that may be written as a string, as some OAuth servers do with lifetimes.
type number int64

// UnmarshalJSON reads a whole number or a string that holds one.
func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseInt(strings.Trim(string(b), `"`), 10, 64)
	if err != nil {
		return fmt.Errorf("not a whole number: %w", errors.Unwrap(err))
	}
	*n = number(v)
	return nil
}
