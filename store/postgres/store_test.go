package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
	"github.com/grantkeep/grantkeep/store/storetest"
)

// open opens the store of a URL and closes it with the test.
func open(t *testing.T, url string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	t.Cleanup(func() { _ = s.Close() }) // it returns no error
	return s
}

// migrated is an empty database with the tables of this program.
var migrated = pgtest.Template{Prepare: func(url string) error {
	s, err := postgres.Open(context.Background(), url)
	if err != nil {
		return err
	}
	return s.Close()
}}

func TestSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, migrated.URL(t)) })
}

func TestRawSuite(t *testing.T) {
	storetest.RunRaw(t, func(t *testing.T) storetest.Raw {
		url := migrated.URL(t)
		s, err := postgres.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		conn := connect(t, url)
		return storetest.Raw{
			Store: s,
			Run: func(statement string, args ...any) {
				if _, err := conn.Exec(t.Context(), statement, args...); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			},
			Plan: func(statement string, args ...any) string {
				rows, err := conn.Query(t.Context(), "EXPLAIN "+statement, args...)
				if err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
				steps, err := pgx.CollectRows(rows, pgx.RowTo[string])
				if err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
				return strings.Join(steps, "\n")
			},
		}
	})
}

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, func(b *testing.B) store.Store {
		s, err := postgres.Open(b.Context(), pgtest.URL(b))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = s.Close() }) // it returns no error
		return s
	})
}
