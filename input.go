package grantkeep

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Invalid is bad input: the field by its name in the contract, what is wrong with its shape, and what to do. It never
// holds a secret.
type Invalid struct{ Field, Why string }

// Error returns field and reason.
func (i *Invalid) Error() string { return i.Field + ": " + i.Why }

// BadInput makes an [Invalid].
func BadInput(field, why string) error { return &Invalid{field, why} }

// NoneOf is a value outside a list that is known. An empty list is no choice at all.
func NoneOf(field string, names []string) error {
	if len(names) == 0 {
		return &Invalid{field, "is no matter of choice here; leave it out"}
	}
	return &Invalid{field, "is none of " + strings.Join(names, ", ")}
}

// CheckOwner refuses the name of an owner that is no text: too long, with control characters, or with what a reader of
// JSON puts in place of half a character. Two such names would become one.
func CheckOwner(field, owner string) error {
	if strings.ContainsRune(owner, utf8.RuneError) {
		return &Invalid{field, "is no valid text: a character of it is broken (half of a surrogate pair, or bytes that are not UTF-8)"}
	}
	return CheckText(field, owner)
}

// CheckText refuses what no name holds.
func CheckText(field, text string) error {
	if len(text) > longestText || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return &Invalid{field, "is longer than 200 bytes or holds control characters"}
	}
	return nil
}

// CheckTags refuses tags of a grant that are too many, nameless or no short texts. A name holds no colon, which parts it from
// the value in a filter.
func CheckTags(field string, tags map[string]string) error {
	if len(tags) > mostTags {
		return &Invalid{field, fmt.Sprintf("are %d; a grant has at most %d", len(tags), mostTags)}
	}
	for name, value := range tags {
		if name == "" || len(name) > longestTagName || strings.Contains(name, ":") || CheckText(field, name) != nil {
			return &Invalid{field, fmt.Sprintf("has a name that is no short text: 1 to %d bytes without colon and control characters", longestTagName)}
		}
		if value == "" {
			return &Invalid{field + "." + name, "is empty; leave a tag out to take it away"}
		}
		if err := CheckOwner(field+"."+name, value); err != nil {
			return err
		}
	}
	return nil
}

// Limits of tags.
const (
	mostTags       = 16
	longestTagName = 64 // bytes
)

// longestText is how many bytes an id, a name or an owner may have.
const longestText = 200
