package douyin

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// recipes are the ways to sign a call, by their names in sign_method. A call without that name is signed with md5.
var recipes = map[string]signing.Recipe{"hmac-sha256": signing.HMACAround, "md5": signing.MD5AroundLower}

// defaultMethod is how we sign.
const defaultMethod = "hmac-sha256"

// signedText is the text of a call, without the secret around it. Neither the token nor the method of signing is part of
// it.
func signedText(key, operation, params, timestamp string) string {
	return "app_key" + key + "method" + operation + "param_json" + params + "timestamp" + timestamp + "v2"
}

// object is a flat JSON object of texts.
type object map[string]string

// text writes the object as calls are signed: sorted and compact.
func (o object) text() string {
	parts := make([]string, 0, len(o))
	for _, name := range slices.Sorted(maps.Keys(o)) {
		parts = append(parts, quoted(name, "")+":"+quoted(o[name], ""))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// canonical writes a JSON object with the names of every object in byte order and without blanks. Lists keep their
// order, numbers their text, null and empty values stay. The characters of escaped are written as \uXXXX, as some of the
// platform's own SDKs do; ours are not.
func canonical(raw json.RawMessage, escaped string) (string, error) {
	switch raw[0] {
	case '{':
		members, err := platform.Members(raw)
		if err != nil {
			return "", err
		}
		slices.SortFunc(members, func(a, b platform.Member) int { return strings.Compare(a.Name, b.Name) })
		parts := make([]string, len(members))
		for i, m := range members {
			value, err := canonical(m.Value, escaped)
			if err != nil {
				return "", err
			}
			parts[i] = quoted(m.Name, escaped) + ":" + value
		}
		return "{" + strings.Join(parts, ",") + "}", nil
	case '[':
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return "", errors.New("not JSON")
		}
		parts := make([]string, len(list))
		for i, item := range list {
			value, err := canonical(item, escaped)
			if err != nil {
				return "", err
			}
			parts[i] = value
		}
		return "[" + strings.Join(parts, ",") + "]", nil
	case '"':
		var text string
		if err := json.Unmarshal(raw, &text); err != nil || strings.ContainsRune(text, utf8.RuneError) {
			return "", errors.New("a text holds a broken character")
		}
		return quoted(text, escaped), nil
	}
	return string(raw), nil
}

// short are the escapes that JSON has a letter for.
var short = map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}

// quoted writes a JSON text. Characters stand for themselves but for quote, backslash, controls and those of escaped.
func quoted(text, escaped string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch letter, ok := short[r]; {
		case ok:
			b.WriteString(letter)
		case r < ' ', strings.ContainsRune(escaped, r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
