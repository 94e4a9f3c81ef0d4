package grantkeep

import "time"

// Attempt is a claim of a grant by one process, for a while. Its end is a lease: an attempt that outlives it has an
// unknown outcome.
type Attempt struct {
	AttemptID, AttemptBy    string
	AttemptAt, AttemptUntil time.Time
}

// Refreshed is a pair, and what was spent for it.
type Refreshed struct {
	Grant, Attempt string
	Spent          int64         // the generation whose refresh token bought this pair
	AskedAt        time.Time     // when the request left
	At             time.Time     // now
	RepeatFor      time.Duration // how long the facts allow a repeat of the spent token: 0 for once, a century for repeat
	Pair                         // bound to Spent+1; where the answer had no refresh token, the keeper seals the old one again
	Renewable      bool
	Held           bool // only while Attempt still holds the grant and nothing was told of it: what was owes an event that SaveRefresh does not write

	Facts, FactsWere map[string]string // what the answer made of the grant's facts, if they are FactsWere; none: they stay as they are

	Due time.Time
}
