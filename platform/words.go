package platform

import (
	"strings"
	"unicode"
)

// longestWords is how much of a name that a platform tells is kept.
const longestWords = 500

// Words returns a text of a platform that people read (a name, a scope, a reason) as a database, a log and a page can
// hold it: valid UTF-8 without control characters, not without end. One NUL in a shop's name would otherwise keep
// PostgreSQL from storing the pair that came with it.
func Words(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
	return cut(text, longestWords)
}
