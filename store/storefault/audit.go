package storefault

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// Record implements [store.Audit].
func (s *Store) Record(ctx context.Context, entries ...store.AuditEntry) error {
	return run(ctx, s, "Record", func() error { return s.inner.Record(ctx, entries...) })
}

// NoteUses implements [store.Audit].
func (s *Store) NoteUses(ctx context.Context, uses []store.Use, day time.Time, judge func([]store.KeyUse) []gk.Event) error {
	return run(ctx, s, "NoteUses", func() error { return s.inner.NoteUses(ctx, uses, day, judge) })
}

// LastUses implements [store.Audit].
func (s *Store) LastUses(ctx context.Context, grants []string) (map[string]time.Time, error) {
	return call(ctx, s, "LastUses", func() (map[string]time.Time, error) { return s.inner.LastUses(ctx, grants) })
}

// AuditAfter implements [store.Audit].
func (s *Store) AuditAfter(ctx context.Context, f store.AuditFilter) ([]store.AuditEntry, error) {
	return call(ctx, s, "AuditAfter", func() ([]store.AuditEntry, error) { return s.inner.AuditAfter(ctx, f) })
}
