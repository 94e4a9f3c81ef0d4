package grantkeep

import (
	"strconv"
	"strings"
	"time"
)

// Token is one issued pair. The zero Token is legal: on Shopee v1 the app's key and the shop's id are the credential.
type Token struct {
	Access, Refresh         Secret
	Expires, RefreshExpires time.Time            // zero: not stated
	Windows                 map[string]time.Time // ends of partial permissions by name (Taobao r1 r2 w1 w2)
}

// Time is a moment as the API writes it: RFC 3339 in UTC, null when zero; it also reads unix seconds.
type Time struct{ time.Time }

// At wraps a moment.
func At(t time.Time) Time { return Time{t} }

// MarshalJSON writes RFC 3339 in UTC, or null for the zero moment.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + t.UTC().Format(time.RFC3339Nano) + `"`), nil
}

// UnmarshalJSON reads RFC 3339, unix seconds (also as text), or null.
func (t *Time) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "" || text == "null" {
		*t = Time{}
		return nil
	}
	parsed, err := ParseTime(text)
	if err != nil {
		return err
	}
	*t = Time{parsed}
	return nil
}

// ParseTime reads RFC 3339 or unix seconds, the two forms that every input of ours takes.
func ParseTime(text string) (time.Time, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(n, 0).UTC(), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	return at.UTC(), err
}
