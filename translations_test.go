package grantkeep_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTranslationsHaveWhatTheEnglishPageHas compares the pages that stand in three languages: the levels of their headings,
// what is between fences, and in tables and lines the code and the links. The README's map is for those who change the
// program, and stands in English alone.
func TestTranslationsHaveWhatTheEnglishPageHas(t *testing.T) {
	for page, others := range map[string][]string{
		"README.md":            {"README.zh-CN.md", "README.zh-TW.md"},
		"docs/five-minutes.md": {"docs/five-minutes.zh-CN.md", "docs/five-minutes.zh-TW.md"},
		"docs/operate.md":      {"docs/operate.zh-CN.md", "docs/operate.zh-TW.md"},
	} {
		want := skeleton(withoutSection(text(t, page), "## The map of the house"))
		if len(want) < 10 {
			t.Fatalf("%s has only %d parts", page, len(want))
		}
		for _, other := range others {
			if diff := cmp.Diff(want, skeleton(text(t, other))); diff != "" {
				t.Errorf("%s differs from %s (-English +translation):\n%s", other, page, diff)
			}
		}
	}
}

// withoutSection leaves a section out, up to the next heading of its level.
func withoutSection(page, heading string) string {
	begin, rest, found := strings.Cut(page, heading)
	if !found {
		return page
	}
	if n := strings.Index(rest, "\n## "); n >= 0 {
		return begin + rest[n:]
	}
	return begin
}

// skeleton is what of a page is the same in each language.
func skeleton(page string) []string {
	var parts []string
	for n, block := range strings.Split(page, "```") {
		if n%2 == 1 {
			parts = append(parts, block)
			continue
		}
		for line := range strings.Lines(block) {
			switch {
			case strings.HasPrefix(line, "#"):
				level, _, _ := strings.Cut(line, " ")
				parts = append(parts, level)
			case strings.HasPrefix(line, "|"), strings.HasPrefix(line, "- ["):
				code := regexp.MustCompile("`[^`]*`|\\]\\([^)]*\\)").FindAllString(line, -1)
				code = slices.DeleteFunc(code, func(c string) bool { return strings.Contains(c, "five-minutes.zh-") })
				parts = append(parts, strings.Join(append(code, strings.Repeat("|", strings.Count(line, "|"))), " "))
			}
		}
	}
	return parts
}
