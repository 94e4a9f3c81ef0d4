package sqlite

import (
	"context"
	"testing"

	"github.com/grantkeep/grantkeep/store/sqlstore"
)

// TestDatabaseRestsBesideAReader lets it rest while a connection is lent, and uses every connection afterwards.
func TestDatabaseRestsBesideAReader(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }() // as below
	if _, err := s.SetMetaOnce(t.Context(), "name", "value"); err != nil {
		t.Fatal(err)
	}
	err = s.engine.Snapshot(t.Context(), func(ctx context.Context, _ sqlstore.Querier) error { return s.Rest(ctx) })
	if err != nil {
		t.Errorf("Rest beside a reader = %v", err)
	}
	if got, want := len(s.engine.idle), s.engine.places; got != want {
		t.Errorf("%d connections are there afterwards, want %d", got, want)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping = %v", err)
	}
	if got, err := s.Meta(t.Context(), "name"); err != nil || got != "value" {
		t.Errorf("Meta = %v, %v", got, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Rest(t.Context()); err == nil {
		t.Error("a database that is closed rests")
	}
}

// TestWriterKeepsAsManyPagesAsItIsTold asks the connection itself.
func TestWriterKeepsAsManyPagesAsItIsTold(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }() // nothing of it is kept
	if err := s.Keep(t.Context(), 64<<20); err != nil {
		t.Fatal(err)
	}
	var kib int
	err = s.engine.Change(t.Context(), func(ctx context.Context, q sqlstore.Querier) error {
		return q.Query(ctx, func(r sqlstore.Row) error { return r.Scan(&kib) }, `PRAGMA cache_size`)
	})
	if err != nil || kib != -64<<10 {
		t.Errorf("it keeps %d, %v; want 65536 KiB", kib, err)
	}
}
