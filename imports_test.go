package grantkeep_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/grantkeep/grantkeep"

// floors is the house: a room may import rooms of lower floors, and none of its own. The test reads the source files
// themselves, so that it runs again whenever one of them changes.
var floors = []struct {
	floor int
	rooms []string
}{
	{0, []string{"."}},
	{1, []string{"platform", "sim", "store", "store/together", "store/sqlstore/terms", "store/sqlstore/clause", "store/sqlstore/column", "vault", "outbound", "client", "bench"}},
	{2, []string{"lifecycle", "explain", "people", "store/sqlstore", "store/sqlstore/schema", "platform/shoplazza", "platform/shopee", "platform/shopeev1", "platform/eleme", "platform/taobao",
		"platform/shopify", "platform/tiktokshop", "platform/lazada", "platform/douyin"}},
	{3, []string{"apps", "offline", "store/sqlite", "store/postgres", "platform/all"}},
	{4, []string{"keeper/cache", "keeper/clock", "keeper/gates", "keeper/spill", "keeper/seal", "keeper/saver", "keeper/traces", "store/move"}},
	{5, []string{"keeper/keyset", "keeper/checkup", "keeper/rounds", "keeper/claims", "keeper/takeover"}},
	{6, []string{"keeper"}},
	{7, []string{"consent", "gateway", "pushes", "notify", "transfer"}},
	{8, []string{"api/wire", "console/frame"}},
	{9, []string{"api/problem", "console/picture", "console/session", "console/provider", "console/trace"}},
	{10, []string{"api/door", "console/desk"}},
	{11, []string{"api/news", "api/use", "api/staff", "console/demo", "console/entry", "console/live", "console/outlets", "console/settings", "console/tools", "console/upkeep"}},
	{12, []string{"api", "connect", "console"}},
	{13, []string{"cmd/grantkeep/shell", "docs/generate", "docs/receiver", "bench/run", "e2e/summary"}},
	{14, []string{"cmd/grantkeep/doctor", "cmd/grantkeep/operate", "cmd/grantkeep/serve", "cmd/grantkeep/simulate"}},
	{15, []string{"cmd/grantkeep/demo", "cmd/grantkeep/try"}},
	{16, []string{"cmd/grantkeep/program"}},
	{17, []string{"cmd/grantkeep"}},
	{18, []string{"promise", "e2e"}},
}

var drivers = []string{"platform/shoplazza", "platform/shopee", "platform/shopeev1", "platform/eleme", "platform/taobao", "platform/shopify", "platform/tiktokshop", "platform/lazada", "platform/douyin"}

// families are what drivers share: rooms of the seam's own, which know the nouns and the seam, and never each other.
var families = []string{"platform/signing", "platform/answer", "platform/shopeecore"}

// suites may use what they test, and are used by tests only.
var suites = map[string][]string{
	"store/storetest":           {".", "store", "lifecycle", "store/sqlstore/terms", "store/storetest/given", "store/storetest/consents", "store/storetest/overviews", "store/storetest/refreshes", "store/storetest/staff"},
	"store/storetest/given":     {".", "store"},
	"store/storetest/consents":  {".", "store", "store/storetest/given"},
	"store/storetest/overviews": {".", "store", "store/storetest/given"},
	"store/storetest/staff":     {".", "store", "store/storetest/given"},
	"store/storetest/refreshes": {".", "store", "lifecycle", "store/storetest/given"},
	"store/storefault":          {".", "store"},
	"store/postgres/pgtest":     {},
	"store/sqlite/sqlitetest":   {"store/sqlite"},
	"platform/platformtest":     {".", "platform"},
	"sim/simtest":               {"sim"},
	"notify/schematest":         {".", "store", "keeper", "notify"},
}

func TestRoomsImportOnlyLowerFloors(t *testing.T) {
	floor := map[string]int{}
	for _, f := range floors {
		for _, room := range f.rooms {
			floor[room] = f.floor
		}
	}
	for room, files := range goFiles(t, false) {
		for file, imports := range files {
			for _, imp := range imports {
				if imp != module && !strings.HasPrefix(imp, module+"/") {
					if room == "." && strings.Contains(imp, ".") {
						t.Errorf("%s imports %s: the nouns depend on the standard library only", file, imp)
					}
					continue
				}
				to := strings.TrimPrefix(strings.TrimPrefix(imp, module), "/")
				if to == "" {
					to = "."
				}
				if allowed, ok := suites[room]; ok {
					if !slices.Contains(allowed, to) {
						t.Errorf("%s imports %s: the suite %s may know %v only", file, to, room, allowed)
					}
					continue
				}
				if slices.Contains(families, room) {
					if to != "." && to != "platform" {
						t.Errorf("%s imports %s: a family of drivers knows the nouns and package platform", file, to)
					}
					continue
				}
				if slices.Contains(families, to) && slices.Contains(drivers, room) {
					continue
				}
				if strings.HasPrefix(room, "sim/") {
					if to != "sim" {
						t.Errorf("%s imports %s: a simulator imports sim alone", file, to)
					}
					continue
				}
				if strings.HasPrefix(to, "sim/") && room == "platform/all" {
					continue
				}
				from, known := floor[room]
				if !known {
					t.Fatalf("%s: the room %s has no floor; give it one here and in the README's map", file, room)
				}
				if below, ok := floor[to]; !ok || below >= from {
					t.Errorf("%s imports %s: floor %d may not know floor %d", file, to, from, below)
				}
			}
		}
	}
}

func TestDriversKnowOnlyTheirSeam(t *testing.T) {
	for _, driver := range drivers {
		for file, imports := range goFiles(t, false)[driver] {
			for _, imp := range imports {
				ours := strings.HasPrefix(imp, module+"/") && imp != module+"/platform" &&
					!slices.Contains(families, strings.TrimPrefix(imp, module+"/"))
				if ours || imp == "os" || imp == "net" || imp == "database/sql" || imp == "math/rand" || imp == "crypto/rand" {
					t.Errorf("%s imports %s: a driver is pure and knows the nouns, package platform and its families", file, imp)
				}
			}
		}
	}
}

func TestRulesAreAlone(t *testing.T) {
	for file, imports := range goFiles(t, false)["lifecycle"] {
		for _, imp := range imports {
			if strings.HasPrefix(imp, module+"/") && imp != module+"/platform" {
				t.Errorf("%s imports %s: the rules of a grant know the nouns and the facts", file, imp)
			}
			if slices.Contains([]string{"os", "net", "net/http", "io", "context", "sync", "log/slog", "math/rand", "crypto/rand"}, imp) {
				t.Errorf("%s imports %s: a rule asks nobody and waits for nobody", file, imp)
			}
		}
	}
}

func TestEveryPackageHasOneComment(t *testing.T) {
	comments := map[string][]string{}
	seen := map[string]bool{}
	walk(t, func(file string) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		room := path.Dir(filepath.ToSlash(file))
		seen[room] = true
		if f.Doc != nil && !strings.HasSuffix(file, "_templ.go") {
			comments[room] = append(comments[room], file)
		}
	})
	for room := range seen {
		if len(comments[room]) != 1 {
			t.Errorf("package %s has %d comments in %v, want one", room, len(comments[room]), comments[room])
		}
	}
}

func TestNamesSaySomething(t *testing.T) {
	empty := []string{"util", "utils", "common", "helper", "helpers", "base", "types", "misc", "models", "manager"}
	walk(t, func(file string) {
		for _, part := range strings.Split(strings.TrimSuffix(filepath.ToSlash(file), ".go"), "/") {
			if slices.Contains(empty, strings.TrimSuffix(part, "_test")) {
				t.Errorf("%s: the name %q says nothing", file, part)
			}
		}
	})
}

func TestDriversAndRulesHaveNoClock(t *testing.T) {
	walk(t, func(file string) {
		room := path.Dir(filepath.ToSlash(file))
		if strings.HasSuffix(file, "_test.go") || room != "lifecycle" && !slices.Contains(drivers, room) {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "time" && slices.Contains([]string{"Now", "Since", "Sleep"}, sel.Sel.Name) {
				t.Errorf("%s: time.%s; a driver has App.Now, a rule is given the moment", file, sel.Sel.Name)
			}
			return true
		})
	})
}

// goFiles returns the imports of every file, by room.
func goFiles(t *testing.T, tests bool) map[string]map[string][]string {
	t.Helper()
	rooms := map[string]map[string][]string{}
	walk(t, func(file string) {
		if strings.HasSuffix(file, "_test.go") != tests {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		room := path.Dir(filepath.ToSlash(file))
		if rooms[room] == nil {
			rooms[room] = map[string][]string{}
		}
		for _, imp := range f.Imports {
			rooms[room][file] = append(rooms[room][file], strings.Trim(imp.Path.Value, `"`))
		}
	})
	return rooms
}

func walk(t *testing.T, visit func(file string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && p != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "tools" || d.Name() == "bin") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(p, ".go") {
			visit(p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
