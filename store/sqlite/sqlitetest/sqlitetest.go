// Package sqlitetest gives tests databases that have their tables already.
package sqlitetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/grantkeep/grantkeep/store/sqlite"
)

// file is the name of the database in its directory.
const file = "grantkeep.db"

// Dir returns a directory of the test's own with an empty database, which is migrated: making the tables takes ten times
// as long as opening a file that has them, so that a process makes them once and copies them.
func Dir(t testing.TB) string {
	t.Helper()
	database, err := migrated()
	if err != nil {
		t.Fatalf("make a database to copy: %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, file), database, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Open opens the database of such a directory. The caller closes it.
func Open(t testing.TB) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), Dir(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// migrated returns what is in the file of an empty database.
var migrated = sync.OnceValues(func() (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "grantkeep-empty")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := sqlite.Open(context.Background(), dir)
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil { // which leaves nothing in the write-ahead log
		return nil, err
	}
	if info, err := os.Stat(filepath.Join(dir, file+"-wal")); err == nil {
		return nil, fmt.Errorf("closing the database left %d bytes in its write-ahead log", info.Size())
	}
	return os.ReadFile(filepath.Join(dir, file))
})
