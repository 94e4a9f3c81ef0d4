package platform

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf8"
)

// quickMembers is what Members returns for an object that it accepts; ok is false for every other text. It costs a third
// of the decoder's words, and token answers and the rows of an import are read by it.
func quickMembers(data []byte) (members []Member, ok bool) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, false
	}
	s := &splitter{text: bytes.Clone(bytes.TrimSpace(data))} // members keep parts of it
	if s.text[0] != '{' {
		return nil, false
	}
	members = make([]Member, 0, 12)
	ok = s.object(0, func(name string, value []byte) { members = append(members, Member{Name: name, Value: value}) })
	return members, ok
}

// splitter walks a text that is known to be valid JSON.
type splitter struct {
	text []byte
	at   int
}

// space passes over blanks.
func (s *splitter) space() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\n' || s.text[s.at] == '\r' || s.text[s.at] == '\t') {
		s.at++
	}
}

// object passes over an object with so many levels around it, and gives its members; false for a name that stands twice
// in an object, or too many levels.
func (s *splitter) object(levels int, member func(name string, value []byte)) bool {
	if levels >= deepest {
		return false
	}
	var few [16]string
	names := few[:0]
	for s.at++; ; s.at++ { // behind the brace, then behind each comma
		s.space()
		if s.text[s.at] == '}' { // of an empty object
			s.at++
			return true
		}
		name := s.name()
		if slices.Contains(names, name) {
			return false
		}
		names = append(names, name)
		s.space()
		s.at++ // the colon
		s.space()
		from := s.at
		if !s.value(levels) {
			return false
		}
		if member != nil {
			member(name, s.text[from:s.at:s.at])
		}
		s.space()
		if s.text[s.at] == '}' {
			s.at++
			return true
		}
		if len(names) > 1000 {
			return false // the search for one that stands twice would take too long
		}
	}
}

// list passes over a list.
func (s *splitter) list(levels int) bool {
	if levels >= deepest {
		return false
	}
	for s.at++; ; s.at++ {
		s.space()
		if s.text[s.at] == ']' {
			s.at++
			return true
		}
		if !s.value(levels) {
			return false
		}
		s.space()
		if s.text[s.at] == ']' {
			s.at++
			return true
		}
	}
}

// value passes over a value with so many levels around it.
func (s *splitter) value(levels int) bool {
	switch s.text[s.at] {
	case '{':
		return s.object(levels+1, nil)
	case '[':
		return s.list(levels + 1)
	case '"':
		s.quoted()
	default:
		for s.at < len(s.text) && !bytes.ContainsRune([]byte(",]} \n\r\t"), rune(s.text[s.at])) {
			s.at++
		}
	}
	return true
}

// quoted passes over a string; escaped says that it holds an escape.
func (s *splitter) quoted() (escaped bool) {
	for s.at++; s.text[s.at] != '"'; s.at++ {
		if s.text[s.at] == '\\' {
			escaped = true
			s.at++
		}
	}
	s.at++
	return escaped
}

// name reads the name of a member.
func (s *splitter) name() (name string) {
	from := s.at
	if !s.quoted() {
		return string(s.text[from+1 : s.at-1])
	}
	_ = json.Unmarshal(s.text[from:s.at], &name) // it is valid
	return name
}
