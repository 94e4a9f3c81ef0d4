package sqlite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
)

// TestWhatIsDeletedIsNotInTheFile deletes a word and looks for its bytes in the files of the database.
func TestWhatIsDeletedIsNotInTheFile(t *testing.T) {
	dir := sqlitetest.Dir(t)
	s, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	hold, err := sqlite.HoldDir(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	const name = "the shop of somebody who asked to be forgotten"
	for _, value := range []string{name, ""} {
		if err := hold.SetMeta(t.Context(), "name", value); err != nil {
			t.Fatal(err)
		}
		found := 0
		files, err := filepath.Glob(filepath.Join(dir, "grantkeep.db*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found += bytes.Count(data, []byte(name))
		}
		if (found > 0) != (value != "") {
			t.Errorf("with %q stored its bytes are in the files %d times", value, found)
		}
	}
	if err := hold.Close(); err != nil {
		t.Fatal(err)
	}
}
