package sqlite_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestLibcIsTheOneOfSQLite holds go.mod to what the SQLite module says of itself: it works with exactly the version of
// modernc.org/libc that its own go.mod requires.
func TestLibcIsTheOneOfSQLite(t *testing.T) {
	ours := readFile(t, filepath.Join("..", "..", "go.mod"))
	theirs := readFile(t, filepath.Join(moduleDir(t, version(t, ours, "modernc.org/sqlite")), "go.mod"))
	got, want := version(t, ours, "modernc.org/libc"), version(t, theirs, "modernc.org/libc")
	if got != want {
		t.Errorf("go.mod requires modernc.org/libc %s, want %s as modernc.org/sqlite does", got, want)
	}
}

// version returns the version of a module that a go.mod requires.
func version(t *testing.T, gomod, module string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(module) + ` (v\S+)`).FindStringSubmatch(gomod)
	if m == nil {
		t.Fatalf("go.mod does not require %s", module)
	}
	return m[1]
}

// moduleDir returns where the SQLite module lies in the module cache.
func moduleDir(t *testing.T, version string) string {
	t.Helper()
	cache := os.Getenv("GOMODCACHE")
	if cache == "" {
		gopath := os.Getenv("GOPATH")
		if gopath == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				t.Fatal(err)
			}
			gopath = filepath.Join(home, "go")
		}
		cache = filepath.Join(filepath.SplitList(gopath)[0], "pkg", "mod")
	}
	dir := filepath.Join(cache, "modernc.org", "sqlite@"+version)
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("modernc.org/sqlite %s is not in the module cache: %v", version, err)
	}
	return dir
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
