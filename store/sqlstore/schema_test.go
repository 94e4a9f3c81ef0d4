package sqlstore_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBothEnginesHaveOneSchema compares the migrations of the engines, which have the same numbers and the same text
// but for the names of types, the collation, and what stands behind the last line of the other (settings of storage,
// what several writers need to hear of each other, and how they count).
func TestBothEnginesHaveOneSchema(t *testing.T) {
	lite, pg := migrations(t, "sqlite"), migrations(t, "postgres")
	for name := range pg {
		if _, there := lite[name]; !there {
			t.Errorf("migration %s exists for PostgreSQL only", name)
		}
	}
	for name, want := range lite {
		got := pg[name]
		storage := regexp.MustCompile(`(?s)-- Grants are written.*?;`)
		got = storage.ReplaceAllString(got, "")
		got, _, _ = strings.Cut(got, "-- Changes are told")
		want, _, _ := strings.Cut(want, "-- The terms are stored once")
		const own = "-- What follows is each engine's own."
		got, _, _ = strings.Cut(got, own)
		want, _, _ = strings.Cut(want, own)
		got = strings.NewReplacer(` COLLATE "C"`, "", "BYTEA", "BLOB").Replace(got)
		if diff := cmp.Diff(words(want), words(got)); diff != "" {
			t.Errorf("migration %s differs (-SQLite +PostgreSQL):\n%s", name, diff)
		}
	}
}

// TestEveryTextIsSortedByItsBytes holds PostgreSQL to the order of SQLite and Go.
func TestEveryTextIsSortedByItsBytes(t *testing.T) {
	for name, text := range migrations(t, "postgres") {
		for line := range strings.Lines(text) {
			if strings.Contains(line, " TEXT") && !strings.Contains(line, ` TEXT COLLATE "C"`) {
				t.Errorf("%s: %q has no COLLATE \"C\"", name, strings.TrimSpace(line))
			}
		}
	}
}

// migrations reads an engine's migrations by file name.
func migrations(t *testing.T, engine string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", engine, "migrations", "*.sql"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s has no migrations: %v", engine, err)
	}
	texts := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(path)] = string(text)
	}
	return texts
}

// words splits a text where layout may differ.
func words(text string) []string { return strings.Fields(text) }
