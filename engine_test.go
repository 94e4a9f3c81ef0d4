package grantkeep_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform/all"
)

// engine is the rooms that know a platform by its facts and its driver alone.
var engine = []string{
	"keeper", "consent", "lifecycle", "apps", "gateway", "pushes", "notify", "transfer", "api", "console", "connect", "explain",
}

// ofTheHouse are settings that mean the same on every platform, and members of a call, so that the engine may name them.
var ofTheHouse = []string{"redirect_uri", "push_url", "scopes", "region", "sign_method"}

// carried are names that appear in the engine for what files and people bring, not for what a platform does.
var carried = map[string]string{
	"transfer/csv.go": "the headings of other programs' tables are read as they come",
}

// TestTheEngineKnowsNoPlatform looks for codes of platforms, and for names of settings, callback parameters and partial
// permissions that only some platforms have, in the texts of the engine's code. What the engine has to know of them is a fact.
func TestTheEngineKnowsNoPlatform(t *testing.T) {
	words := namesOfPlatforms()
	for _, room := range engine {
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no files: %v", room, err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") || carried[path] != "" {
				continue
			}
			tree, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(tree, func(n ast.Node) bool {
				if imp, ok := n.(*ast.ImportSpec); ok {
					return imp == nil
				}
				if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
					if word := words.FindString(text.Value); word != "" {
						t.Errorf("%s names %q in %s: what the engine has to know of a platform is a fact", path, word, text.Value)
					}
				}
				return true
			})
		}
	}
}

// namesOfPlatforms matches, as a whole word, each name that belongs to some platform alone.
func namesOfPlatforms() *regexp.Regexp {
	var names []string
	for _, p := range all.Platforms() {
		f := p.Driver.Spec().Facts
		names = append(names, f.Code)
		names = append(names, f.Windows...)
		names = append(names, f.Recovery.Codes...)
		names = append(names, f.Recovery.With...)
		for _, name := range f.Callback.Names {
			names = append(names, name)
		}
		for name := range f.Settings {
			if !slices.Contains(ofTheHouse, name) {
				names = append(names, name)
			}
		}
	}
	for i, name := range names {
		names[i] = regexp.QuoteMeta(name)
	}
	slices.Sort(names)
	return regexp.MustCompile(`(?i)\b(` + strings.Join(slices.Compact(names), "|") + `)\b`)
}
