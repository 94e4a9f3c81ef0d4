package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// Member is one member of a JSON object; Value is its text as it came, so that no number passes through a float.
type Member struct {
	Name  string
	Value json.RawMessage
}

// deepest is how many levels of JSON Members follows.
const deepest = 32

// Members reads a JSON object strictly and in order: valid UTF-8, one value and nothing behind it, at most 32 levels,
// and no name twice in an object, at any level. Its errors hold no part of the text.
func Members(data []byte) ([]Member, error) {
	if members, ok := quickMembers(data); ok {
		return members, nil
	}
	return slowMembers(data)
}

// slowMembers defines Members, and says what is wrong.
func slowMembers(data []byte) ([]Member, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	var members []Member
	seen := make(map[string]bool)
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, errors.New("not JSON")
		}
		if seen[name] {
			return nil, errors.New("a name stands twice in one object")
		}
		seen[name] = true
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, errors.New("not JSON")
		}
		if err := uniqueNames(raw); err != nil {
			return nil, err
		}
		members = append(members, Member{Name: name, Value: raw})
	}
	if _, err := dec.Token(); err != nil {
		return nil, errors.New("not JSON")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object")
	}
	return members, nil
}

// uniqueNames walks a valid JSON value and refuses a name that stands twice in an object, or too many levels.
func uniqueNames(raw json.RawMessage) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	type level struct {
		names   map[string]bool // nil: a list
		atValue bool
	}
	var open []level
	for {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errors.New("not JSON")
		}
		if t == json.Delim('}') || t == json.Delim(']') {
			open = open[:len(open)-1]
			continue
		}
		if len(open) > 0 {
			top := &open[len(open)-1]
			if top.names != nil && !top.atValue {
				name, _ := t.(string)
				if top.names[name] {
					return errors.New("a name stands twice in one object")
				}
				top.names[name], top.atValue = true, true
				continue
			}
			top.atValue = false
		}
		if t == json.Delim('{') {
			open = append(open, level{names: make(map[string]bool)})
		}
		if t == json.Delim('[') {
			open = append(open, level{})
		}
		if len(open) >= deepest {
			return errors.New("more than 32 levels of JSON")
		}
	}
}

// JSONText returns a JSON string decoded, a number as it is written, and nothing for all else.
func JSONText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}

// Unmarked returns an answer without the byte order mark in front of it, which RFC 8259 (8.1) lets a reader ignore: a good
// pair is not lost for three bytes.
func Unmarked(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\ufeff")) }

// Readable returns an answer as a driver reads it: unmarked, with a replacement character for each run of bytes that is no
// UTF-8. A name that a platform cut within a character costs no pair; no token and no id may hold such a character.
func Readable(body []byte) []byte {
	if body = Unmarked(body); utf8.Valid(body) {
		return body
	}
	return bytes.ToValidUTF8(body, []byte("\ufffd"))
}

// JSONObject reads a JSON object as strictly as [Members]; nil if it is none.
func JSONObject(data []byte) map[string]json.RawMessage {
	members, err := Members(data)
	if err != nil {
		return nil
	}
	obj := make(map[string]json.RawMessage, len(members))
	for _, m := range members {
		obj[m.Name] = m.Value
	}
	return obj
}
