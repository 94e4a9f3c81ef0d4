// Package sqlite keeps the store in one SQLite file in a data directory, for one process.
//
// A lock file keeps a second process out. One goroutine owns the one connection that writes: it begins a transaction,
// gives each change that is waiting a SAVEPOINT of its own, commits them together and only then answers their callers, so
// that a disk's one fsync serves many and a change that fails harms no other. There is no timer: what waits while a commit
// runs is the next commit. Reads have connections of their own and wait for no writer (WAL).
package sqlite
