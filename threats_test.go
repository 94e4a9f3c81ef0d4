package grantkeep_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestThreatsAreAnswered reads docs/threats.md: each row names what stands against a threat by files that exist, and a
// test of each of its test files that is declared there.
func TestThreatsAreAnswered(t *testing.T) {
	text, err := os.ReadFile("docs/threats.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(line, "|\n "), "|")
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(cells[0], "---") || strings.TrimSpace(cells[0]) == "threat" {
			continue
		}
		rows++
		if len(cells) != 4 {
			t.Errorf("a row has %d cells, want four: %s", len(cells), line)
			continue
		}
		threat := strings.TrimSpace(cells[0])
		if len(quoted.FindAllString(cells[2], -1)) == 0 {
			t.Errorf("%s: no file stands against it", threat)
		}
		for _, m := range quoted.FindAllStringSubmatch(cells[2], -1) {
			if info, err := os.Stat(m[1]); err != nil || info.IsDir() || strings.HasSuffix(m[1], "_test.go") {
				t.Errorf("%s: %s is no file of the program", threat, m[1])
			}
		}
		source, tests := "", 0
		for _, m := range quoted.FindAllStringSubmatch(cells[3], -1) {
			if strings.HasSuffix(m[1], "_test.go") {
				b, err := os.ReadFile(m[1])
				if err != nil {
					t.Errorf("%s: %v", threat, err)
				}
				source, tests = string(b), tests+1
				continue
			}
			if !strings.Contains(source, "func "+m[1]+"(") {
				t.Errorf("%s: %s is not declared in the file before it", threat, m[1])
			}
		}
		if tests == 0 {
			t.Errorf("%s: nothing proves it", threat)
		}
	}
	if rows < 30 {
		t.Errorf("the page has %d rows, want thirty and more", rows)
	}
}
