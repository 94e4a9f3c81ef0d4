package store

import "context"

// Mark tells a database from one that was put back to an earlier state, or copied. It says nothing by itself: who keeps
// the number beside the database sees that it has become lower.
type Mark struct {
	N     int64  // never goes down, but in a database that was put back
	Place string // where the database is: the file's inode, the server's identifier, its timeline and the database; empty: not known
	Noted string // where it was when it was last marked; empty: nothing is noted
}

// Moved reports whether the database is somewhere else than where it was marked.
func (m Mark) Moved() bool { return m.Place != "" && m.Noted != "" && m.Place != m.Noted }

// Marks are for whoever wants to notice that a database was put back.
type Marks interface {
	// Marked returns the mark as it stands.
	Marked(ctx context.Context) (Mark, error)
	// Mark raises the number, to more than least, notes the place, and returns the mark after that.
	Mark(ctx context.Context, least int64) (Mark, error)
}
