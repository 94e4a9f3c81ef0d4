package problem

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// OfModel turns what huma found wrong with a request into a problem: each mistake by its field, with what the field takes
// according to the document, and without the value that was sent.
func OfModel(m *huma.ErrorModel, op *huma.Operation, known huma.Registry) *Problem {
	name := InvalidInput
	switch m.Status {
	case http.StatusRequestEntityTooLarge:
		name = TooLarge
	case http.StatusUnsupportedMediaType:
		name = UnsupportedMedia
	case http.StatusRequestTimeout:
		name = TooSlow
	case http.StatusInternalServerError:
		name = InternalError
	}
	p := New(name, m.Detail)
	p.Status = m.Status
	if m.Status >= http.StatusInternalServerError {
		p.Detail = ""
		return p
	}
	f := forms{op: op, known: known}
	if m.Detail == "request body is required" {
		m.Errors = append(m.Errors, &huma.ErrorDetail{Location: "body", Message: "is missing"})
	}
	for _, d := range m.Errors {
		if d != nil {
			p.Errors = append(p.Errors, f.wrong(name, d.Location, d.Message))
		}
	}
	if len(p.Errors) > 0 {
		p.Detail = p.Errors[0].Field + " " + p.Errors[0].Message
	}
	return p
}

// forms says what the members and parameters of an operation take.
type forms struct {
	op    *huma.Operation // nil: none is known
	known huma.Registry
}

// wrong words one mistake. huma's own words name a missing or unknown member inside their text, and what is taken only
// where it is a matter of a number or a list.
func (f forms) wrong(kind Name, location, message string) Wrong {
	schema, about := f.find(location)
	field := fieldOf(location)
	if missing, ok := cutAround(message, "expected required property ", " to be present"); ok {
		s := f.resolved(f.property(schema, missing))
		return Wrong{under(field, missing), "is missing; it takes " + f.form(s) + because(s)}
	}
	if field == "body" { // a form of ours, which was found wrong behind huma's look at the body
		name, rest, _ := strings.Cut(strings.TrimPrefix(message, "member "), " ")
		if s := f.resolved(f.property(schema, name)); s != nil && rest == "has the wrong type" {
			return Wrong{name, "must be " + f.form(s)}
		} else if s != nil {
			return Wrong{name, rest}
		}
	}
	takes := "must be " + f.form(schema)
	switch {
	case kind == UnsupportedMedia:
		return Wrong{field, "has a media type that is not taken; send Content-Type: application/json with " + f.form(schema)}
	case field == "body" && begins(message, "is missing", "not ", "something ", "a name "):
		if strings.HasPrefix(message, "not ") {
			message = "is " + message
		}
		return Wrong{field, message + "; send " + f.form(schema)}
	case strings.HasPrefix(message, "required "): // a parameter
		return Wrong{field, "is missing; it takes " + f.form(schema) + about}
	case message == "unexpected property":
		parent, _ := f.find(before(location))
		return Wrong{field, "is no member here; " + f.form(parent) + " is taken"}
	case message == "unknown query parameter":
		return Wrong{field, "is no parameter of this route; " + f.parameters()}
	case begins(message, "invalid value: is ", "is "):
		return Wrong{field, strings.TrimPrefix(message, "invalid value: ")} // a form of ours, which says what it takes
	case schema == nil:
		return Wrong{field, message}
	case strings.HasPrefix(message, "expected value to be one of "):
		return Wrong{field, "is none of " + enumerated(schema)}
	case begins(message, "expected number ", "expected length ", "expected array "):
		return Wrong{field, takes + ": " + message}
	}
	return Wrong{field, takes}
}

// begins reports whether a message begins in one of several ways.
func begins(message string, ways ...string) bool {
	return slices.ContainsFunc(ways, func(way string) bool { return strings.HasPrefix(message, way) })
}

// find returns what a location of huma's (body.rule.kinds[0], query.limit) takes, nil where nothing is known, and what the
// document says about a parameter.
func (f forms) find(location string) (found *huma.Schema, about string) {
	if f.op == nil {
		return nil, ""
	}
	in, path, _ := strings.Cut(location, ".")
	if in != "body" {
		for _, p := range f.op.Parameters {
			if p.In == in && p.Name == path {
				if p.Description != "" {
					about = ": " + p.Description
				}
				return f.resolved(p.Schema), about
			}
		}
		return nil, ""
	}
	if f.op.RequestBody == nil || f.op.RequestBody.Content["application/json"] == nil {
		return nil, ""
	}
	found = f.resolved(f.op.RequestBody.Content["application/json"].Schema)
	for path != "" && found != nil {
		var step string
		step, path, _ = strings.Cut(path, ".")
		name, index, listed := strings.Cut(step, "[")
		if name != "" {
			found = f.resolved(f.property(found, name))
		}
		if listed && index != "" && found != nil {
			found = f.resolved(found.Items)
		}
	}
	return found, ""
}

// property is what a member of an object takes.
func (f forms) property(object *huma.Schema, name string) *huma.Schema {
	if object == nil {
		return nil
	}
	if s := object.Properties[name]; s != nil {
		return s
	}
	s, _ := object.AdditionalProperties.(*huma.Schema)
	return s
}

func (f forms) resolved(s *huma.Schema) *huma.Schema {
	if s != nil && s.Ref != "" && f.known != nil {
		return f.known.SchemaFromRef(s.Ref)
	}
	return s
}

// form says in words what a schema takes.
func (f forms) form(s *huma.Schema) string {
	switch {
	case s == nil:
		return "another value"
	case len(s.Enum) > 0:
		return "one of " + enumerated(s)
	case len(s.AnyOf) > 0 && s.Description != "":
		return s.Description
	}
	switch s.Type {
	case huma.TypeString:
		if s.Format == "date-time" {
			return "a time in RFC 3339"
		}
		if s.MaxLength != nil {
			return fmt.Sprintf("a text of at most %d characters", *s.MaxLength)
		}
		return "a text"
	case huma.TypeInteger, huma.TypeNumber:
		text := "a whole number"
		if s.Type == huma.TypeNumber {
			text = "a number"
		}
		if s.Minimum != nil {
			text += " from " + strconv.FormatFloat(*s.Minimum, 'f', -1, 64)
		}
		if s.Maximum != nil {
			text += " to " + strconv.FormatFloat(*s.Maximum, 'f', -1, 64)
		}
		return text
	case huma.TypeBoolean:
		return "true or false"
	case huma.TypeArray:
		if item := f.resolved(s.Items); item != nil {
			return "a list, each " + f.form(item)
		}
		return "a list"
	case huma.TypeObject:
		return f.object(s)
	}
	return "another value"
}

// object names the members of an object, those that it needs first.
func (f forms) object(s *huma.Schema) string {
	var members []string
	for _, name := range s.Required {
		members = append(members, name+" (needed)")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if !slices.Contains(s.Required, name) && name != "$schema" {
			members = append(members, name)
		}
	}
	if len(members) == 0 {
		return "a JSON object"
	}
	return "a JSON object of " + strings.Join(members, ", ")
}

// parameters names the query parameters of the operation.
func (f forms) parameters() string {
	var names []string
	if f.op != nil {
		for _, p := range f.op.Parameters {
			if p.In == "query" {
				names = append(names, p.Name)
			}
		}
	}
	if len(names) == 0 {
		return "it takes none"
	}
	return "it takes " + strings.Join(names, ", ")
}

func enumerated(s *huma.Schema) string {
	texts := make([]string, 0, len(s.Enum))
	for _, v := range s.Enum {
		texts = append(texts, fmt.Sprint(v))
	}
	return strings.Join(texts, ", ")
}

func because(s *huma.Schema) string {
	if s == nil || s.Description == "" || len(s.AnyOf) > 0 {
		return ""
	}
	return ": " + s.Description
}

func cutAround(text, prefix, suffix string) (inner string, ok bool) {
	inner, ok = strings.CutPrefix(text, prefix)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(inner, suffix)
}

// before is the location that holds another one.
func before(location string) string {
	if i := strings.LastIndexByte(location, '.'); i > 0 {
		return location[:i]
	}
	return location
}

// under names a member of a field; those of the body go without it.
func under(field, member string) string {
	if field == "body" {
		return member
	}
	return field + "." + member
}

// fieldOf names a field as callers know it: without saying whether it stood in the body, the query or the path.
func fieldOf(location string) string {
	for _, prefix := range []string{"body.", "query.", "path.", "header."} {
		if name, ok := strings.CutPrefix(location, prefix); ok {
			return name
		}
	}
	return location
}
