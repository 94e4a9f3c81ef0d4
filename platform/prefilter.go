package platform

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// A pattern of the catalogue reads a text letter by letter, and a question may bring 64 kB of text to a hundred patterns.
// Nearly all of them hold words without which they cannot match. To look for those first is a hundred times cheaper.

// Pattern is an expression that a long text is asked about.
type Pattern struct {
	expression *regexp.Regexp
	words      []string
}

// MustPattern compiles an expression that is written in the program; it panics on a mistake in it.
func MustPattern(expression string) *Pattern {
	return &Pattern{regexp.MustCompile(expression), neededWords(expression)}
}

// MatchString reports whether the expression matches a part of the text.
func (p *Pattern) MatchString(text string) bool {
	return holdsOne(foldedCase(text), p.words) && p.expression.MatchString(text)
}

// holdsOne reports whether a text in folded case holds one of the words; true where none are known.
func holdsOne(folded string, words []string) bool {
	return words == nil || slices.ContainsFunc(words, func(w string) bool { return strings.Contains(folded, w) })
}

// neededWords returns words, in the form of foldedCase, of which every text that a pattern matches holds at least one; nil
// where nothing is known.
func neededWords(pattern string) []string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil
	}
	return needed(re.Simplify())
}

func needed(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r > unicode.MaxASCII && unicode.SimpleFold(r) != r {
				return nil // letters with more than two cases
			}
		}
		return []string{foldedCase(string(re.Rune))}
	case syntax.OpCapture, syntax.OpPlus:
		return needed(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needed(re.Sub[0])
		}
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			words := needed(sub)
			if words == nil {
				return nil
			}
			all = append(all, words...)
		}
		return all
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if words := needed(sub); shortest(words) > shortest(best) {
				best = words
			}
		}
		return best
	}
	return nil
}

// shortest returns the length of the shortest word; 0 where there is none.
func shortest(words []string) int {
	least := 0
	for i, w := range words {
		if i == 0 || len(w) < least {
			least = len(w)
		}
	}
	return least
}

// foldedCase writes a text in lower case, as patterns without case compare letters: to them a long s is an s.
func foldedCase(text string) string {
	return strings.ReplaceAll(strings.ToLower(text), "ſ", "s")
}
