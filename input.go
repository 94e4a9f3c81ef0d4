package grantkeep

import (
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

// longestText is how many bytes an id, a name or an owner may have.
const longestText = 200
