package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/store/storetest"
)

// open opens the store in a directory and closes it with the test.
func open(t *testing.T, dir string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	})
	return s
}

func TestSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, sqlitetest.Dir(t)) })
}

func TestRawSuite(t *testing.T) {
	storetest.RunRaw(t, func(t *testing.T) storetest.Raw {
		dir := sqlitetest.Dir(t)
		s, err := sqlite.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite", filepath.Join(dir, "grantkeep.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() }) // the database is removed with its directory
		return storetest.Raw{
			Store: s,
			Run: func(statement string, args ...any) {
				if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			},
			Plan: func(statement string, args ...any) string { return plan(t, db, statement, args) },
		}
	})
}

// plan returns what SQLite says of a statement's steps.
func plan(t *testing.T, db *sql.DB, statement string, args []any) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var steps strings.Builder
	for rows.Next() {
		var id, parent, unused int64
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps.WriteString(step + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps.String()
}

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, func(b *testing.B) store.Store {
		s, err := sqlite.Open(b.Context(), b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = s.Close() }) // what it says is the tests' concern
		return s
	})
}
