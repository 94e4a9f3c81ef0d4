package store

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// KeepAudit is how long a line of the audit is kept.
const KeepAudit = 400 * 24 * time.Hour

// AuditEntry is one line of the audit: who did what, from where, to what. It never holds a secret.
type AuditEntry struct {
	Position int64     // in the order of the commits, without gaps
	At       time.Time // of uses that are counted together: the first
	Until    time.Time // of uses that are counted together: the last; else none
	Actor    string    // id of the API key
	Action   string    // as in grant.revoke
	App      string    // empty: none is named
	Grant    string    // empty: none is named
	Object   string    // what else is named: an authorization, a key
	Address  string    // IP address from which the request came; empty: not known
	Count    int64     // how many uses are counted together
	Status   int       // of the answer, where the line is of a refusal; else 0
}

// AuditFilter narrows the audit. Zero fields do not narrow.
type AuditFilter struct {
	After                int64
	Newest               bool  // the latest first
	Before               int64 // with Newest: position of the last row of the page before; 0: from the latest
	Actor, Action, Grant string
	Limit                int
}

// Use is a line of uses that are counted together, with the network from which they came.
type Use struct {
	AuditEntry
	Network string
}

// KeyUse is what uses that are noted mean for their key.
type KeyUse struct {
	Key           string
	Before, After int64    // uses on that day, without and with those that are noted
	Usual         int64    // the average of those of the 14 days before on which the key was used; 0: there are none
	Networks      []string // those that are new to the key, the one that was used first in front
	Known         int      // how many networks the key had before
}

// MostNetworks is how many networks are remembered of a key. Whoever has a key and a whole IPv6 network cannot fill the
// database with them.
const MostNetworks = 100

// Audit is append-only: no line is ever changed, and none is deleted before KeepAudit.
type Audit interface {
	// Record appends lines.
	Record(ctx context.Context, entries ...AuditEntry) error
	// NoteUses appends lines of uses, adds them to what their keys have used on a day, remembers their networks, and stores
	// the events that judge makes of it, all in one change, which may run judge again.
	NoteUses(ctx context.Context, uses []Use, day time.Time, judge func([]KeyUse) []gk.Event) error
	// AuditAfter lists the audit in its order, or the latest first.
	AuditAfter(ctx context.Context, f AuditFilter) ([]AuditEntry, error)
	// LastUses tells of some grants when a token of theirs was last used; those that never were are left out.
	LastUses(ctx context.Context, grants []string) (map[string]time.Time, error)
}
