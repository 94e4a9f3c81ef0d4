package signing

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Pair is one parameter, decoded.
type Pair struct{ Name, Value string }

// Pairs is the parameters of a request in the order in which they are sent. No method changes the receiver but Set.
type Pairs []Pair

// Of returns the parameters of a query or form in byte order of their names, those of one name in the order in which
// they came.
func Of(values url.Values) Pairs {
	var p Pairs
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			p = append(p, Pair{name, value})
		}
	}
	return p
}

// Encode writes a query or form in this order, a blank as %20, which both allow.
func (p Pairs) Encode() string {
	parts := make([]string, len(p))
	for i, pair := range p {
		parts[i] = Escape(pair.Name) + "=" + Escape(pair.Value)
	}
	return strings.Join(parts, "&")
}

// Escape percent-encodes a name or a value, a blank as %20.
func Escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// Joined is names and values one after the other: equals stands between a name and its value, between stands between
// two pairs. Most gateways sign with neither.
func (p Pairs) Joined(equals, between string) string {
	parts := make([]string, len(p))
	for i, pair := range p {
		parts[i] = pair.Name + equals + pair.Value
	}
	return strings.Join(parts, between)
}

// Sorted returns the pairs in byte order of their names: capitals, underscore, small letters.
func (p Pairs) Sorted() Pairs {
	p = slices.Clone(p)
	slices.SortStableFunc(p, func(a, b Pair) int { return strings.Compare(a.Name, b.Name) })
	return p
}

// SortedWhole returns the pairs in byte order of name, equals and value as one text. It differs from Sorted only where
// one name begins with another.
func (p Pairs) SortedWhole(equals string) Pairs {
	p = slices.Clone(p)
	slices.SortStableFunc(p, func(a, b Pair) int { return strings.Compare(a.Name+equals+a.Value, b.Name+equals+b.Value) })
	return p
}

// Filled returns the pairs whose values are not blank.
func (p Pairs) Filled() Pairs {
	return slices.DeleteFunc(slices.Clone(p), func(pair Pair) bool { return strings.TrimSpace(pair.Value) == "" })
}

// Without returns the pairs but for those of the given names.
func (p Pairs) Without(names ...string) Pairs {
	return slices.DeleteFunc(slices.Clone(p), func(pair Pair) bool { return slices.Contains(names, pair.Name) })
}

// Values returns the pairs as a query.
func (p Pairs) Values() url.Values {
	v := make(url.Values, len(p))
	for _, pair := range p {
		v.Add(pair.Name, pair.Value)
	}
	return v
}

// Get returns the first value of a name; empty if there is none.
func (p Pairs) Get(name string) string {
	for _, pair := range p {
		if pair.Name == name {
			return pair.Value
		}
	}
	return ""
}

// Set replaces the first value of a name, or appends the pair.
func (p *Pairs) Set(name, value string) {
	for i := range *p {
		if (*p)[i].Name == name {
			(*p)[i].Value = value
			return
		}
	}
	*p = append(*p, Pair{name, value})
}
