package shoplazza

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/grantkeep/grantkeep/platform/answer"
)

// said is what the body of an error says.
type said struct {
	object  bool     // a JSON object
	brief   bool     // nothing, or a few plain words, as a gateway answers that refuses early
	refuses bool     // has error or errors, which no success has
	oauth   bool     // code is an OAuth error rather than a number or a word of the Open API
	code    string   // the platform's own, if it has one
	texts   []string // what it says in words
	request string   // id of the request, if the platform tells it
}

// longestWords is how long a body in plain words may be; a longer one is a page of somebody else.
const longestWords = 200

// readBody reads the five forms of an error: OAuth {"error","error_description"}, list {"errors":["…"]}, map
// {"errors":{"field":["…"]}} (field and text), gRPC {"code":5,"message"} and envelope {"code":"Error","message"}; {} says
// nothing. A successful answer from 2025-06 on looks like the envelope, with data.
func readBody(body []byte) said {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return said{brief: true}
	}
	if !bytes.ContainsAny(body[:1], "{[<") && len(body) <= longestWords {
		return said{brief: true, texts: []string{string(body)}}
	}
	var form struct {
		Error       json.RawMessage `json:"error"`
		Description text            `json:"error_description"`
		Errors      json.RawMessage `json:"errors"`
		Code        text            `json:"code"`
		Message     text            `json:"message"`
		Data        json.RawMessage `json:"data"`
		Request     text            `json:"request_id"`
	}
	if body[0] != '{' || json.Unmarshal(body, &form) != nil {
		return said{}
	}
	s := said{object: true, request: string(form.Request)}
	var word string
	switch {
	case json.Unmarshal(form.Error, &word) == nil && word != "":
		s.refuses, s.oauth, s.code, s.texts = true, true, word, answer.NonEmpty(string(form.Description))
	case len(form.Errors) > 0:
		s.texts = answer.ErrorTexts(form.Errors)
		s.refuses = len(s.texts) > 0
	case len(form.Data) == 0:
		s.code, s.texts = string(form.Code), answer.NonEmpty(string(form.Message))
	}
	return s
}

// failed reports whether a body is the envelope of an error, {"code":"Error","message"} without data, whatever its status.
func (s said) failed() bool { return !s.oauth && s.code == "Error" }

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
