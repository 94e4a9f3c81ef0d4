// Package store is the second seam: what the engine keeps, and what changing it means.
//
// Three verbs change a grant. [Grants.UpdateGrant] is the definition of a change: lock, read, change, write grant and
// events, one transaction. [Grants.ClaimDue] is UpdateGrant for the many grants of one app that are due;
// [Grants.SaveRefresh] is UpdateGrant for the one hot case, in one statement. The suite in storetest proves that the
// latter two equal their UpdateGrant form under random interleavings. [Grants.SaveRefreshes] is SaveRefresh for many, whose
// commit they share.
//
// Duties of an implementation:
//   - no method takes or returns a clear token; what is secret arrives sealed or hashed;
//   - every read and write on somebody's behalf takes the [grantkeep.Viewer] who is asking; what they may not see does
//     not exist ([ErrNotFound]);
//   - every method is one transaction: all of it happened, or none, and its events with it;
//   - a change function does no I/O, keeps no argument and may run again;
//   - a write that has begun is finished whatever happens to its context; a context that is over before that is an error;
//   - times are kept to the millisecond, in UTC; the zero time stands for "none";
//   - texts may hold anything that a platform sent: NUL and broken UTF-8 come back as U+FFFD, and no error holds a value;
//   - an engine that cannot be reached is an error that wraps [ErrUnavailable].
package store
