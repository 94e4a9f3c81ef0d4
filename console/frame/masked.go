package frame

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// secretValue matches the values in a pasted text that may be codes, tokens, secrets or signatures, by their names.
var secretValue = regexp.MustCompile(`(?i)((?:[a-z_]*token|[a-z_]*secret|[a-z_]*code|[a-z_]*sign|[a-z_]*session|hmac|authorization|password|[a-z_]*_key|ticket)["']?\s*(?:=>|[=:])\s*["']?)([^"'&\s,;}]{6,})`)

// longRun matches what may be a token wherever it stands.
var longRun = regexp.MustCompile(`[A-Za-z0-9_+/=-]{24,}`)

// Masked hides in a text what may open something, before it is shown again. Error codes keep their words.
func Masked(text string) string {
	text = secretValue.ReplaceAllStringFunc(text, func(s string) string {
		m := secretValue.FindStringSubmatch(s)
		name := strings.ToLower(m[1])
		if strings.Contains(name, "code") && (wordsOnly(m[2]) || strings.Contains(name, "error")) {
			return s
		}
		return m[1] + hidden
	})
	text = longRun.ReplaceAllStringFunc(text, func(s string) string {
		if wordsOnly(s) {
			return s
		}
		return hidden
	})
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	return text
}

// hidden stands for a value that is not shown.
const hidden = "••••••••"

// wordsOnly reports whether a text is words without figures, as error codes are.
func wordsOnly(s string) bool { return !strings.ContainsAny(s, "0123456789") }
