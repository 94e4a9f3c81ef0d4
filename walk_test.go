package grantkeep_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTheWalkIsTrue reads docs/walk.md: each step's files exist, and each name that stands before a file is declared
// in it, or in one of the step's other files.
func TestTheWalkIsTrue(t *testing.T) {
	text, err := os.ReadFile("docs/walk.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	isFile := regexp.MustCompile(`^[a-z0-9/]+\.go$`)
	isName := regexp.MustCompile(`^[A-Za-z]+$`)
	steps := regexp.MustCompile(`(?m)^\d+\. `).Split(string(text), -1)
	if len(steps) < 10 {
		t.Fatalf("the walk has %d steps, want ten", len(steps)-1)
	}
	for _, step := range steps[1:] {
		var source strings.Builder
		var names []string
		for _, m := range quoted.FindAllStringSubmatch(step, -1) {
			switch word := m[1]; {
			case isFile.MatchString(word):
				b, err := os.ReadFile(word)
				if err != nil {
					t.Errorf("the walk names %s, which does not exist", word)
					continue
				}
				source.Write(b)
			case isName.MatchString(word):
				names = append(names, word)
			}
		}
		for _, name := range names {
			declared := regexp.MustCompile(`func (\([^)]*\) )?` + name + `\(|type ` + name + ` |\.` + name + `\(`)
			if !declared.MatchString(source.String()) {
				t.Errorf("the walk names %s, which none of its step's files declares or calls:\n%.80s…", name, step)
			}
		}
	}
}
