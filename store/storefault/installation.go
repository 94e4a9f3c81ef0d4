package storefault

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// Meta implements [store.Installation].
func (s *Store) Meta(ctx context.Context, name string) (string, error) {
	return call(ctx, s, "Meta", func() (string, error) { return s.inner.Meta(ctx, name) })
}

// SetMetaOnce implements [store.Installation].
func (s *Store) SetMetaOnce(ctx context.Context, name, value string) (string, error) {
	return call(ctx, s, "SetMetaOnce", func() (string, error) { return s.inner.SetMetaOnce(ctx, name, value) })
}

// Keyset implements [store.Installation].
func (s *Store) Keyset(ctx context.Context) (store.Keyset, error) {
	return call(ctx, s, "Keyset", func() (store.Keyset, error) { return s.inner.Keyset(ctx) })
}

// AddKeyset implements [store.Installation].
func (s *Store) AddKeyset(ctx context.Context, k store.Keyset) error {
	return run(ctx, s, "AddKeyset", func() error { return s.inner.AddKeyset(ctx, k) })
}

// Sealed implements [store.Installation].
func (s *Store) Sealed(ctx context.Context) (bool, error) {
	return call(ctx, s, "Sealed", func() (bool, error) { return s.inner.Sealed(ctx) })
}

// Incarnation implements [store.Installation].
func (s *Store) Incarnation(ctx context.Context) (string, error) {
	return call(ctx, s, "Incarnation", func() (string, error) { return s.inner.Incarnation(ctx) })
}

// Marked implements [store.Marks].
func (s *Store) Marked(ctx context.Context) (store.Mark, error) {
	return call(ctx, s, "Marked", func() (store.Mark, error) { return s.inner.Marked(ctx) })
}

// Mark implements [store.Marks].
func (s *Store) Mark(ctx context.Context, least int64) (store.Mark, error) {
	return call(ctx, s, "Mark", func() (store.Mark, error) { return s.inner.Mark(ctx, least) })
}

// Clock implements [store.Installation].
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	return call(ctx, s, "Clock", func() (time.Time, error) { return s.inner.Clock(ctx) })
}

// Announce implements [store.Instances].
func (s *Store) Announce(ctx context.Context, identity, version string) (string, error) {
	return call(ctx, s, "Announce", func() (string, error) { return s.inner.Announce(ctx, identity, version) })
}

// Processes implements [store.Instances].
func (s *Store) Processes(ctx context.Context) ([]store.Process, error) {
	return call(ctx, s, "Processes", func() ([]store.Process, error) { return s.inner.Processes(ctx) })
}

// Seen implements [store.Instances].
func (s *Store) Seen(ctx context.Context) error {
	return run(ctx, s, "Seen", func() error { return s.inner.Seen(ctx) })
}

// Dead implements [store.Instances].
func (s *Store) Dead(ctx context.Context) ([]store.Gone, error) {
	return call(ctx, s, "Dead", func() ([]store.Gone, error) { return s.inner.Dead(ctx) })
}

// EndAttempts implements [store.Instances].
func (s *Store) EndAttempts(ctx context.Context, by string, spared []string, at time.Time) ([]string, error) {
	return call(ctx, s, "EndAttempts", func() ([]string, error) { return s.inner.EndAttempts(ctx, by, spared, at) })
}

// ReleaseAttempts implements [store.Instances].
func (s *Store) ReleaseAttempts(ctx context.Context, by string, attempts []string, at time.Time) ([]string, error) {
	return call(ctx, s, "ReleaseAttempts", func() ([]string, error) { return s.inner.ReleaseAttempts(ctx, by, attempts, at) })
}

// Ping implements [store.Store].
func (s *Store) Ping(ctx context.Context) error {
	return run(ctx, s, "Ping", func() error { return s.inner.Ping(ctx) })
}

// Sweep implements [store.Store].
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	return call(ctx, s, "Sweep", func() (int, error) { return s.inner.Sweep(ctx, now, limit) })
}

// Close implements [store.Store].
func (s *Store) Close() error {
	return run(context.Background(), s, "Close", func() error { return s.inner.Close() })
}

// Name implements [store.Store]; it never fails.
func (s *Store) Name() string { return s.inner.Name() }

// CiphertextsBeside implements [store.Ciphertexts].
func (s *Store) CiphertextsBeside(ctx context.Context, beginning []byte, limit int) ([]store.Ciphertext, error) {
	return call(ctx, s, "CiphertextsBeside", func() ([]store.Ciphertext, error) { return s.inner.CiphertextsBeside(ctx, beginning, limit) })
}

// ReplaceCiphertext implements [store.Ciphertexts].
func (s *Store) ReplaceCiphertext(ctx context.Context, old store.Ciphertext, with gk.Sealed, key int64) error {
	return run(ctx, s, "ReplaceCiphertext", func() error { return s.inner.ReplaceCiphertext(ctx, old, with, key) })
}

// NoteKeyset implements [store.Ciphertexts].
func (s *Store) NoteKeyset(ctx context.Context, by string, set int64) error {
	return run(ctx, s, "NoteKeyset", func() error { return s.inner.NoteKeyset(ctx, by, set) })
}

// BehindKeyset implements [store.Ciphertexts].
func (s *Store) BehindKeyset(ctx context.Context, set int64) ([]string, error) {
	return call(ctx, s, "BehindKeyset", func() ([]string, error) { return s.inner.BehindKeyset(ctx, set) })
}
