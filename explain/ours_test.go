package explain_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform"
)

// TestEveryStateOfOursHasWords reads the program for texts that begin with local: and looks for a row of each: a person
// must never read that the catalogue does not know what we say ourselves.
func TestEveryStateOfOursHasWords(t *testing.T) {
	known := map[string]bool{}
	for _, o := range explain.Ours() {
		known[o.Code] = true
	}
	for _, d := range drivers {
		for _, row := range d.Spec().Catalogue.Rows() {
			known[row.Code] = true
		}
	}
	found := 0
	for _, code := range localCodes(t, filepath.Join("..")) {
		found++
		if !known[code] {
			t.Errorf("%s has no row, neither in explain/ours.csv nor in a faults.csv", code)
		}
	}
	if found < 8 {
		t.Errorf("only %d codes were found; the test no longer reads the program", found)
	}
}

func localCodes(t *testing.T, root string) []string {
	t.Helper()
	var codes []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2 || d.Name() == "testdata" || d.Name() == "tools"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && len(text) > len("local:") && strings.HasPrefix(text, "local:") {
					codes = append(codes, text)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

// TestOurStatesAreKnown describes each of our own states on each platform.
func TestOurStatesAreKnown(t *testing.T) {
	for _, d := range drivers {
		app := d.Spec().Open(platform.App{})
		for _, o := range explain.Ours() {
			f := explain.Describe(d, app, &gk.Fault{Platform: d.Spec().Code, Stage: platform.StageRefresh, Code: o.Code, Action: o.Action})
			if !f.Known || strings.Contains(f.Cause.En, "does not know") || f.Cause.ZhCN == f.Cause.ZhTW || f.Remedy.En == "" {
				t.Errorf("%s: %s: %+v", d.Spec().Code, o.Code, f)
			}
			asked := ask(t, d.Spec().Code, explain.Question{Code: o.Code})
			if asked.Action != o.Action || !asked.Known {
				t.Errorf("%s: explain %s: %s, known %v, want %s", d.Spec().Code, o.Code, asked.Action, asked.Known, o.Action)
			}
		}
	}
}
