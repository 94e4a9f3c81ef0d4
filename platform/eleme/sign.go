package eleme

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// canonical writes a valid JSON value as the platform encodes it when it checks a signature: no blanks, characters as
// themselves, only quote, backslash and control characters escaped. Order of keys and text of numbers stay as they are.
// A text that cannot be decoded (half a surrogate pair) is an error.
func canonical(raw []byte) (string, error) {
	var b strings.Builder
	for i := 0; i < len(raw); {
		switch c := raw[i]; c {
		case ' ', '\t', '\r', '\n':
			i++
		case '"':
			end := stringEnd(raw, i)
			var text string
			if err := json.Unmarshal(raw[i:end], &text); err != nil || strings.ContainsRune(text, utf8.RuneError) {
				return "", errors.New("a text holds a broken character")
			}
			quote(&b, text)
			i = end
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String(), nil
}

// stringEnd returns the index behind the closing quote of the string that begins at i.
func stringEnd(raw []byte, i int) int {
	for i++; i < len(raw); i++ {
		if raw[i] == '\\' {
			i++
			continue
		}
		if raw[i] == '"' {
			return i + 1
		}
	}
	return len(raw)
}

// quote writes a JSON string. encoding/json is no use here: it escapes U+2028 and U+2029 whatever it is told.
func quote(b *strings.Builder, text string) {
	b.WriteByte('"')
	for i := range len(text) {
		switch c := text[i]; c {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case '\b':
			b.WriteString(`\b`)
		case '\f':
			b.WriteString(`\f`)
		default:
			if c < ' ' {
				fmt.Fprintf(b, `\u%04x`, c)
				continue
			}
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
}

func quoted(text string) string {
	var b strings.Builder
	quote(&b, text)
	return b.String()
}

// value is one signed member: its name, and the JSON of its value.
type value struct{ name, text string }

// sortedPairs joins the members of metas and params as name=value in byte order of the whole pairs.
func sortedPairs(values []value) string {
	pairs := make([]string, len(values))
	for i, v := range values {
		pairs[i] = v.name + "=" + v.text
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "")
}

// sortedNames joins them in byte order of the names alone, as the PHP and Java SDKs do; it differs from sortedPairs only
// where one name begins with another.
func sortedNames(values []value) string {
	values = slices.Clone(values)
	slices.SortStableFunc(values, func(a, b value) int { return strings.Compare(a.name, b.name) })
	var b bytes.Buffer
	for _, v := range values {
		b.WriteString(v.name + "=" + v.text)
	}
	return b.String()
}

// digest is the upper-case hex MD5 that calls and pushes are signed with.
func digest(text string) string {
	sum := md5.Sum([]byte(text))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
