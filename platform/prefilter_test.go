package platform

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestNeededWords(t *testing.T) {
	for pattern, want := range map[string][]string{
		`invalid (access )?token`:      {"invalid "},
		`(?i)Invalid Session`:          {"invalid session"},
		`connection (reset|refused)`:   {"connection "},
		`reset|(?:closed|aborted) by`:  {"reset", "closed", "aborted"},
		`a*`:                           nil,
		`(timeout)?`:                   nil,
		`(timeout)+`:                   {"timeout"},
		`[0-9]{3} errors`:              {" errors"},
		`x{2,3}`:                       {"x"},
		`(?i)straße`:                   nil,
		`令牌.*过期`:                       {"令牌"},
		`.*`:                           nil,
		`^$`:                           nil,
		`reset|.*`:                     nil,
		`(?i)econn(reset|refused)|eof`: {"conn", "of"},
		`\bno such host\b`:             {"no such host"},
		`(`:                            nil,
		`(?i)ſk`:                       {"sk"},
		`(?i:k)elvin`:                  {"elvin"},
	} {
		if got := neededWords(pattern); !slices.Equal(got, want) {
			t.Errorf("neededWords(%s) = %q, want %q", pattern, got, want)
		}
	}
}

// FuzzNeededWords looks for a text that a pattern matches although the words say that it cannot.
func FuzzNeededWords(f *testing.F) {
	f.Add(`(?i)session[-_]?key|token`, "SEſſION-KEY")
	f.Add(`(?i)K`, "\u212a")
	f.Add(`a(b|c)+d{2}`, "abcbdd")
	f.Add(`(?i)İ`, "i")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, err := regexp.Compile(pattern)
		if err != nil || len(text) > 1000 {
			return
		}
		if words := neededWords(pattern); re.MatchString(text) && !holdsOne(foldedCase(text), words) {
			t.Errorf("%q matches %q, which holds none of %q", pattern, text, words)
		}
	})
}

// TestLongTextsAreAskedAboutByTheirWordsFirst gives every pattern a text without any of its words: none of them reads it.
func TestLongTextsAreAskedAboutByTheirWordsFirst(t *testing.T) {
	p := MustPattern(`(?i)connection (was )?reset|broken pipe`)
	if p.MatchString(strings.Repeat("a", 64<<10)) || !p.MatchString(strings.Repeat("a", 64<<10)+" CONNECTION was reset") {
		t.Error("the words do not say what the pattern says")
	}
}
