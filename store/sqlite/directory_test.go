package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite"
)

func TestSecondProcessIsKeptOut(t *testing.T) {
	dir := t.TempDir()
	first, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Open(t.Context(), dir)
	if !errors.Is(err, sqlite.ErrLocked) {
		t.Fatalf("a second Open = %v, want ErrLocked", err)
	}
	for _, word := range []string{dir, "--data", "--database"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error %q does not name %s", err, word)
		}
	}
	if err := first.Ping(t.Context()); err != nil {
		t.Errorf("the first after the attempt of a second: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	for _, umask := range []int{0, 0o777} {
		old := syscall.Umask(umask)
		dir := filepath.Join(t.TempDir(), "data")
		s, err := sqlite.Open(t.Context(), dir)
		syscall.Umask(old)
		if err != nil {
			t.Fatalf("Open with umask %o = %v", umask, err)
		}
		checkModes(t, dir)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWiderModesAreNarrowed(t *testing.T) {
	dir := t.TempDir() // empty, and open to others
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"grantkeep.db", "grantkeep.lock"} {
		if err := os.Chmod(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	open(t, dir)
	checkModes(t, dir)
}

// checkModes fails the test unless a directory is 0700 and all files in it are 0600.
func checkModes(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestDirectoryWithOthersFilesKeepsItsMode(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the directory's mode is %v, %v, want it left at 0755", info.Mode(), err)
	}
}

func TestLinksAreNotFollowed(t *testing.T) {
	for _, name := range []string{"grantkeep.lock", "grantkeep.db"} {
		dir, target := t.TempDir(), filepath.Join(t.TempDir(), "target")
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.Open(t.Context(), dir); err == nil {
			t.Errorf("Open followed a symbolic link in place of %s", name)
		}
		if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the target of the link in place of %s was made: %v", name, err)
		}
	}
}

func TestForeignFileIsLeftAlone(t *testing.T) {
	made := func(dir string) {
		db, err := sql.Open("sqlite", filepath.Join(dir, "grantkeep.db"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), `CREATE TABLE customers (name TEXT); INSERT INTO customers VALUES ('x')`); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	written := func(text string) func(dir string) {
		return func(dir string) {
			if err := os.WriteFile(filepath.Join(dir, "grantkeep.db"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, make := range map[string]func(dir string){
		"a database of another program": made, "a text": written(strings.Repeat("not a database ", 20)), "a few bytes": written("x"),
	} {
		dir := t.TempDir()
		make(dir)
		path := filepath.Join(dir, "grantkeep.db")
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = sqlite.Open(t.Context(), dir)
		if !errors.Is(err, store.ErrForeign) || !strings.Contains(err.Error(), path) {
			t.Errorf("Open on %s = %v, want ErrForeign that names the file", name, err)
		}
		after, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s was changed, %v", name, err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 2 {
			t.Errorf("beside %s there are %v, %v, want the lock alone", name, entries, err)
		}
	}
}

func TestNewerSchemaIsForeign(t *testing.T) {
	dir := t.TempDir()
	s, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "grantkeep.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `INSERT INTO grantkeep_schema (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Open(t.Context(), dir)
	if !errors.Is(err, store.ErrForeign) || !strings.Contains(err.Error(), "schema 9999") {
		t.Errorf("Open of a newer schema = %v, want ErrForeign that names it", err)
	}
}

func TestDirectoryWithStrangeName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c#d%41&é=1")
	s := open(t, dir)
	if err := s.CreateApp(t.Context(), gk.App{ID: "app"}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "grantkeep.db")); err != nil {
		t.Error(err)
	}
}

func TestOpenAfterItsTime(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if _, err := sqlite.Open(ctx, dir); err == nil {
		t.Error("Open with a context that is over succeeded")
	}
	open(t, dir) // nothing is left locked
}
