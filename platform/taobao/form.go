package taobao

import (
	"net/url"
	"slices"
	"strings"
)

type field struct{ name, value string }

// form is the parameters of a request in the order in which they are sent.
type form []field

// encode writes the form, a blank as %20, which both query and body allow.
func (f form) encode() string {
	parts := make([]string, len(f))
	for i, p := range f {
		parts[i] = escape(p.name) + "=" + escape(p.value)
	}
	return strings.Join(parts, "&")
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// secretFields are left out of what is remembered of a request.
var secretFields = []string{"code", "refresh_token", "client_secret", "session", "sign"}

// public returns what may be remembered of the form.
func (f form) public() url.Values {
	v := make(url.Values)
	for _, p := range f {
		if !slices.Contains(secretFields, p.name) {
			v.Add(p.name, p.value)
		}
	}
	return v
}

// set replaces the value of a field or appends it.
func (f *form) set(name, value string) {
	for i := range *f {
		if (*f)[i].name == name {
			(*f)[i].value = value
			return
		}
	}
	*f = append(*f, field{name, value})
}

// get returns the value of a field, empty if there is none.
func (f form) get(name string) string {
	for _, p := range f {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// filled returns the fields whose values are not blank: blank ones are never sent.
func (f form) filled() form {
	return slices.DeleteFunc(slices.Clone(f), func(p field) bool { return strings.TrimSpace(p.value) == "" })
}

// sorted returns the fields in byte order of their names.
func (f form) sorted() form {
	f = slices.Clone(f)
	slices.SortStableFunc(f, func(a, b field) int { return strings.Compare(a.name, b.name) })
	return f
}

// joined is names and values one after the other, without separators.
func (f form) joined() string {
	var b strings.Builder
	for _, p := range f {
		b.WriteString(p.name)
		b.WriteString(p.value)
	}
	return b.String()
}
