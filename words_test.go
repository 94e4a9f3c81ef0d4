package grantkeep_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dropped are words that docs/words.md has replaced, in lower case.
var dropped = []string{"reask", "keyring", "renew"}

// onTheWire are the names in Go that stand for names on the wire, or are public.
var onTheWire = []string{"Reask", "RotateKeyring"}

// otherwise are words that hold a dropped one and mean something else: the column and member renewable, a certificate that
// is renewed, an order that a merchant renews.
var otherwise = regexp.MustCompile(`(?i)renewable|renewedorder|renew it at the platform`)

func TestDroppedWordsStayAway(t *testing.T) {
	walk(t, func(file string) {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok || slices.Contains(onTheWire, id.Name) || strings.HasPrefix(id.Name, "Test") {
				return true
			}
			for _, word := range dropped {
				if strings.Contains(strings.ToLower(otherwise.ReplaceAllString(id.Name, "")), word) {
					t.Errorf("%s: the name %s has the word %q; docs/words.md says which one is meant", file, id.Name, word)
				}
			}
			return true
		})
	})
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	asWritten := regexp.MustCompile("(?s)```.*?```|`[^`\n]*`|\\]\\([^)]*\\)")
	for _, page := range append(pages, "README.md", "CONTRIBUTING.md", "SECURITY.md") {
		if slices.Contains([]string{"words.md", "platforms.md", "faults.md"}, filepath.Base(page)) {
			continue // these list the words of the facts, or of this test
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		prose := strings.ToLower(otherwise.ReplaceAllString(asWritten.ReplaceAllString(string(text), ""), ""))
		for _, word := range dropped {
			if regexp.MustCompile(`\b` + word + `(s|ed|ing|als?)?\b`).MatchString(prose) {
				t.Errorf("%s says %q; docs/words.md says which word is meant", page, word)
			}
		}
	}
}
