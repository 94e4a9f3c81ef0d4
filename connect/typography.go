package connect

import (
	"strings"
	"unicode"
)

// spaced puts a blank between a Han character and a Latin letter or a digit that touch, as Chinese text is set. The
// texts themselves cannot: names of vendors and shops stand in them.
func spaced(text string) string {
	var b strings.Builder
	var before rune
	for _, r := range text {
		if unicode.Is(unicode.Han, before) && isLatin(r) || isLatin(before) && unicode.Is(unicode.Han, r) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		before = r
	}
	return b.String()
}

func isLatin(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}
