// Package postgres keeps the store in PostgreSQL 12 or later, for any number of processes.
//
// Every change is its own transaction and its own commit; rows are the only locks, and a claim takes those that nobody
// holds (FOR UPDATE SKIP LOCKED), so there is no leader and nothing to elect. The isolation is READ COMMITTED: what a
// change reads to decide by, it locks. A write that has begun does not end with its caller, but with its own limit of time.
package postgres
