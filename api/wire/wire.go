// Package wire has the forms that requests and answers of the API share: times, durations, lists and their cursors, strict JSON.
package wire

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
)

// Moment is a time in an answer: RFC 3339 in UTC, null when there is none.
type Moment struct{ gk.Time }

func At(t time.Time) Moment { return Moment{gk.At(t)} }

// Schema describes the form for the OpenAPI document.
func (Moment) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
}

// GivenTime is a time in a request: RFC 3339 or unix seconds.
type GivenTime struct{ time.Time }

// UnmarshalJSON reads either form; null is no time.
func (g *GivenTime) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "null" {
		return nil
	}
	return g.UnmarshalText([]byte(text))
}

// UnmarshalText reads either form.
func (g *GivenTime) UnmarshalText(b []byte) error {
	t, err := gk.ParseTime(string(b))
	if err != nil {
		return &misformed{"is neither RFC 3339 nor unix seconds"}
	}
	g.Time = t
	return nil
}

// Schema describes both forms.
func (GivenTime) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "RFC 3339 or unix seconds",
		AnyOf:       []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeInteger}},
	}
}

// Span is a length of time in a request: seconds, or Go's form (90s, 1h30m).
type Span struct {
	time.Duration
	given bool
}

// UnmarshalJSON reads a number of seconds or a text.
func (s *Span) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "null" {
		return nil
	}
	return s.UnmarshalText([]byte(text))
}

// UnmarshalText reads either form. A length is never negative, nor longer than a century.
func (s *Span) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	if seconds, serr := strconv.ParseFloat(string(b), 64); serr == nil && seconds >= 0 && seconds < 1e10 {
		d, err = time.Duration(seconds*float64(time.Second)), nil
	}
	if err != nil || d < 0 {
		return &misformed{"is neither a number of seconds nor a duration such as 90s or 1h30m"}
	}
	s.Duration, s.given = d, true
	return nil
}

// Value returns nil where nothing was given.
func (s Span) Value() *time.Duration {
	if !s.given {
		return nil
	}
	return new(s.Duration)
}

// Schema describes both forms.
func (Span) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "seconds, or a duration such as 90s or 1h30m",
		AnyOf:       []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeNumber}},
	}
}

// Setting is the value of an app's setting in a request. Platforms write some as numbers and some as lists; all are
// kept as text, a list joined by commas.
type Setting string

const settingTakes = "it takes a text, a number, true, false or a list of texts"

// UnmarshalJSON reads a text, a number, a truth value or a list of texts. It keeps a number's digits as they stand.
func (s *Setting) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) == 0:
		return &misformed{"is empty; " + settingTakes}
	case b[0] == '"':
		return json.Unmarshal(b, (*string)(s))
	case b[0] == '[':
		var list []string
		if err := json.Unmarshal(b, &list); err != nil {
			return &misformed{"is a list of something else than texts; " + settingTakes}
		}
		*s = Setting(strings.Join(list, ","))
		return nil
	case b[0] == '{':
		return &misformed{"is an object; " + settingTakes}
	}
	if string(b) != "null" {
		*s = Setting(b)
	}
	return nil
}

// Schema describes the four forms.
func (Setting) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{
		{Type: huma.TypeString, Nullable: true},
		{Type: huma.TypeNumber},
		{Type: huma.TypeBoolean},
		{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}},
	}}
}

// strings and maps that are nil would be written as null; lists and objects of ours are never null.

func Texts(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func Pairs(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func Moments(m map[string]time.Time) map[string]Moment {
	out := make(map[string]Moment, len(m))
	for name, t := range m {
		out[name] = At(t)
	}
	return out
}
