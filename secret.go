package grantkeep

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// redacted is what a Secret prints as, everywhere.
const redacted = "REDACTED"

// Secret is a text that must not be seen: a token, an app secret, a code. It prints, logs and encodes as a mark.
// The text stands behind a pointer, since fmt ignores the methods of values in unexported fields and would print
// a plain string there. The zero Secret is empty.
type Secret struct{ text *string }

// NewSecret hides text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal returns the text. It is the only way in; every call is a place where a secret can leak, so pass the result
// straight to what needs it (a request, a signature, a cipher) and keep no copy.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty reports whether there is no text.
func (s Secret) Empty() bool { return s.text == nil }

// Equal compares two secrets in constant time.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String returns a mark, never the text.
func (s Secret) String() string { return redacted }

// GoString returns a mark, never the text.
func (s Secret) GoString() string { return redacted }

// Format writes a mark for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText returns a mark; a Secret does not travel in JSON, XML or a map key.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns a mark.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// Sealed is a ciphertext made by the vault. It is bound to its place (table, row, field, generation) and opens nowhere else.
type Sealed []byte

// String returns the length only; a ciphertext has no business in a log.
func (s Sealed) String() string { return fmt.Sprintf("sealed(%d bytes)", len(s)) }

// Format writes what String returns for every verb.
func (s Sealed) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText returns what String returns; a ciphertext leaves the store only to be opened.
func (s Sealed) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
