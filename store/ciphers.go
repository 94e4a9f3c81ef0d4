package store

import (
	"context"

	gk "github.com/grantkeep/grantkeep"
)

// Ciphertext is what stands sealed in one column of one row, and by which names it is bound to that.
type Ciphertext struct {
	Table, Row, Field string
	Sealed            gk.Sealed
}

// Ciphertexts are what is sealed beside the tokens of grants and the secrets of apps: answers of platforms and of ours that
// are kept for a while, the addresses of webhooks and alarms, people's second steps, the check value.
type Ciphertexts interface {
	// CiphertextsBeside returns up to limit of them that do not begin as those of a key do.
	CiphertextsBeside(ctx context.Context, beginning []byte, limit int) ([]Ciphertext, error)
	// ReplaceCiphertext puts another, by a key, in the place of one that still stands there; otherwise nothing is written.
	ReplaceCiphertext(ctx context.Context, old Ciphertext, with gk.Sealed, key int64) error

	// NoteKeyset notes of the process that announced itself under a name that whatever it holds outside the database is sealed
	// by the key of a key set, or of a newer one.
	NoteKeyset(ctx context.Context, by string, set int64) error
	// BehindKeyset returns the identities, of processes that live or not, of which that was not noted for this key set.
	BehindKeyset(ctx context.Context, set int64) ([]string, error)
}
