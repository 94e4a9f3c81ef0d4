package terms

import (
	"slices"
	"strings"
	"testing"
)

// TestTextInANameIsFoundByEachOfItsTerms holds the promise of InName against the terms that a name has.
func TestTextInANameIsFoundByEachOfItsTerms(t *testing.T) {
	name := Fold("杭州市西湖区幸福小店 Éclair & Tea House number 1123456")
	of := Of(MarkName + name)
	characters := []rune(name)
	for from := range characters {
		for to := from + 2; to <= len(characters); to++ {
			for _, term := range InName(string(characters[from:to])) {
				found := slices.ContainsFunc(keys(of), func(has string) bool { return strings.HasPrefix(has, term) })
				if !found {
					t.Fatalf("%q is not found by %q", string(characters[from:to]), term)
				}
			}
		}
	}
	if got := InName(Fold("store 1123456")); len(got) != 3 || got[1] != Name(Fold(" 1123456")) {
		t.Errorf("the terms are %q, want the beginning, the end and the middle", got)
	}
	if got := InName("短い"); len(got) != 1 {
		t.Errorf("the terms of a short text are %q, want one", got)
	}
}

func keys(of map[string]bool) []string {
	var found []string
	for term := range of {
		found = append(found, term)
	}
	return found
}
