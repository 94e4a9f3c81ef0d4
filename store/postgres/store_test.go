package postgres_test

import (
	"testing"

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

func TestSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, pgtest.URL(t)) })
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
