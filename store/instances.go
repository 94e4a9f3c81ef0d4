package store

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// Instances know which processes work on the database, so that the attempts of one that is dead need not wait for the
// ends of their leases.
type Instances interface {
	// Announce makes this process known under an identity, which outlives the process, and returns the name for its
	// attempts (Attempt.By): the identity and which of its processes this is. ErrInUse if another process that lives has
	// the identity. A process that never announced itself is never taken for dead; neither is one whose connections are
	// not its own (a pooler between), which only the lease ends.
	Announce(ctx context.Context, identity, version string) (by string, err error)

	// Seen tells that the process that announced itself lives; call it every second or so. ErrInUse if another process has
	// taken its identity.
	Seen(ctx context.Context) error

	// Dead returns who made attempts that are under way and is proved dead: an earlier process of this one's identity, and
	// any whose identity's lock is free and that was not seen for DeadAfter. An earlier process of another identity that
	// lives is left to its successor, which may find pairs that it bought in its spill file. A frozen process keeps its
	// lock. Where only one process at a time can open the database, all others are dead. Nobody is before Announce.
	Dead(ctx context.Context) ([]Gone, error)

	// Processes returns the processes that announced themselves and were seen within DeadAfter, this one too, ordered by name.
	Processes(ctx context.Context) ([]Process, error)

	// EndAttempts turns the attempts of somebody dead into doubts, as a claim does with one that outlived its lease
	// (doubts+1, doubt_since = the attempt's start if it was zero), clears them and makes their grants due at at. Those of
	// the spared apps stay, and wait for their leases. It returns the ids of the grants.
	EndAttempts(ctx context.Context, by string, spared []string, at time.Time) ([]string, error)

	// ReleaseAttempts clears attempts of somebody who sent nothing under them, and makes their grants due at at. What is in
	// doubt stays so. It returns the ids of the grants.
	ReleaseAttempts(ctx context.Context, by string, attempts []string, at time.Time) ([]string, error)
}

// Gone is a process that is proved dead, by whose name attempts are under way.
type Gone struct {
	By string
	// Sure says that the proof leaves nothing open: the process was this one's predecessor. Otherwise it may be a process
	// that lives and has lost the database for DeadAfter.
	Sure bool
}

// Process is one that works on the database.
type Process struct {
	By      string
	Version string // of the program
}

// DeadAfter is for how long a process whose lock is free must not have been seen to be taken for dead.
const DeadAfter = 15 * time.Second

// ByOf returns the name under which a process makes attempts.
func ByOf(identity string, incarnation int64) string {
	return identity + "/" + strconv.FormatInt(incarnation, 10)
}

// IdentityOf returns the identity and the incarnation in a name that ByOf made; ok is false for any other.
func IdentityOf(by string) (identity string, incarnation int64, ok bool) {
	identity, text, found := strings.Cut(by, "/")
	n, err := strconv.ParseInt(text, 10, 64)
	return identity, n, found && err == nil && identity != ""
}
