package platform

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRowsAreLookedForByWordsThatTheirTextsHold reads every catalogue: a text that a row's expression matches holds one of
// the words by which the row is looked for first.
func TestRowsAreLookedForByWordsThatTheirTextsHold(t *testing.T) {
	files, err := filepath.Glob("*/faults.csv")
	if err != nil || len(files) < 5 {
		t.Fatalf("the catalogues are %v, %v", files, err)
	}
	known := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := ReadCatalogue(filepath.Base(filepath.Dir(file)), Lookup{}, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range c.rows {
			if r.pattern == nil || !r.pattern.MatchString(r.Example) {
				continue
			}
			if r.needs != nil {
				known++
			}
			if !r.mayMatch(strings.ToLower(r.Example)) {
				t.Errorf("%s, row %s: %q matches, and holds none of %q", file, r.ID, r.Example, r.needs)
			}
		}
	}
	if known < 100 {
		t.Errorf("words are known of %d rows, want most", known)
	}
}
