// Package move puts a whole installation from SQLite into an empty PostgreSQL.
//
// It makes the target equal to an image of the source, row by row: whatever an earlier run has brought stays, what has
// changed since is written, what is gone is deleted. So a run that died is gone on with by the next, and a first run may
// be made while the server is at work, so that the last one, for which it stands still, has little to do.
//
// Two marks keep either from being served at the wrong time. The target is marked as moving before its first row and
// until everything was compared; the source is marked as moved before the target's mark goes. A process that dies in
// between leaves two databases of which none is served, and the next run finishes.
package move
