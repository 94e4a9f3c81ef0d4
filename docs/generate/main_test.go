package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/grantkeep/grantkeep/platform/all"
)

func TestTreeIsWhatTheSourcesMakeOfIt(t *testing.T) {
	texts, err := generated("../..", all.Drivers())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range texts {
		got, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s differs; run make generate (-generated +tree):\n%.2000s", name, diff)
		}
	}
}

func TestEveryDriverHasTheSameSections(t *testing.T) {
	for _, d := range all.Drivers() {
		data, err := os.ReadFile("../../platform/" + d.Spec().Code + "/README.md")
		if err != nil {
			t.Error(err)
			continue
		}
		var got []string
		for line := range strings.Lines(string(data)) {
			if heading, ok := strings.CutPrefix(line, "## "); ok {
				got = append(got, strings.TrimSpace(heading))
			}
		}
		var fixed []string
		for _, heading := range got {
			if heading != "Questions" { // answers of a platform's support that are no faults; few platforms have them
				fixed = append(fixed, heading)
			}
		}
		want := []string{"What it is", "Before you start", "Authorize", "Oddities", "Facts", "Faults"}
		if diff := cmp.Diff(want, fixed); diff != "" {
			t.Errorf("sections of %s (-want +got):\n%s", d.Spec().Code, diff)
		}
	}
}
