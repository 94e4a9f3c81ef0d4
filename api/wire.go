package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// moment is a time in an answer: RFC 3339 in UTC, null when there is none.
type moment struct{ gk.Time }

func at(t time.Time) moment { return moment{gk.At(t)} }

// Schema describes the form for the OpenAPI document.
func (moment) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
}

// givenTime is a time in a request: RFC 3339 or unix seconds.
type givenTime struct{ time.Time }

// UnmarshalJSON reads either form; null is no time.
func (g *givenTime) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "null" {
		return nil
	}
	return g.UnmarshalText([]byte(text))
}

// UnmarshalText reads either form.
func (g *givenTime) UnmarshalText(b []byte) error {
	t, err := gk.ParseTime(string(b))
	if err != nil {
		return errors.New("is neither RFC 3339 nor unix seconds")
	}
	g.Time = t
	return nil
}

// Schema describes both forms.
func (givenTime) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "RFC 3339 or unix seconds",
		AnyOf:       []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeInteger}},
	}
}

// span is a length of time in a request: seconds, or Go's form (90s, 1h30m).
type span struct {
	time.Duration
	given bool
}

// UnmarshalJSON reads a number of seconds or a text.
func (s *span) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "null" {
		return nil
	}
	return s.UnmarshalText([]byte(text))
}

// UnmarshalText reads either form. A length is never negative, nor longer than a century.
func (s *span) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	if seconds, serr := strconv.ParseFloat(string(b), 64); serr == nil && seconds >= 0 && seconds < 1e10 {
		d, err = time.Duration(seconds*float64(time.Second)), nil
	}
	if err != nil || d < 0 {
		return errors.New("is neither a number of seconds nor a duration such as 90s or 1h30m")
	}
	s.Duration, s.given = d, true
	return nil
}

// value returns nil where nothing was given.
func (s span) value() *time.Duration {
	if !s.given {
		return nil
	}
	return new(s.Duration)
}

// Schema describes both forms.
func (span) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "seconds, or a duration such as 90s or 1h30m",
		AnyOf:       []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeNumber}},
	}
}

// setting is the value of an app's setting in a request. Platforms write some as numbers and some as lists; all are
// kept as text, a list joined by commas.
type setting string

// UnmarshalJSON reads a text, a number, a truth value or a list of texts. It keeps a number's digits as they stand.
func (s *setting) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) == 0:
		return errors.New("is empty")
	case b[0] == '"':
		return json.Unmarshal(b, (*string)(s))
	case b[0] == '[':
		var list []string
		if err := json.Unmarshal(b, &list); err != nil {
			return errors.New("is a list of something else than texts")
		}
		*s = setting(strings.Join(list, ","))
		return nil
	case b[0] == '{':
		return errors.New("is an object")
	}
	if string(b) != "null" {
		*s = setting(b)
	}
	return nil
}

// Schema describes the four forms.
func (setting) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{
		{Type: huma.TypeString, Nullable: true},
		{Type: huma.TypeNumber},
		{Type: huma.TypeBoolean},
		{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}},
	}}
}

// readJSON decodes a request's JSON object, strictly: at most 32 levels, no name twice, nothing behind it. Its errors hold
// no part of the body, which may carry secrets.
func readJSON(data []byte, v any) error {
	if _, err := platform.Members(data); err != nil {
		return err
	}
	err := json.Unmarshal(data, v)
	var shape *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &shape):
		return fmt.Errorf("member %s has the wrong type", shape.Field)
	}
	return errors.New("a member's form is wrong")
}

// strings and maps that are nil would be written as null; lists and objects of ours are never null.

func texts(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func pairs(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func moments(m map[string]time.Time) map[string]moment {
	out := make(map[string]moment, len(m))
	for name, t := range m {
		out[name] = at(t)
	}
	return out
}
