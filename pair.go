package grantkeep

import "time"

// Pair is a sealed token pair with the ends that the platform stated. It has this shape from the request that bought it
// to the row that keeps it.
type Pair struct {
	Access, Refresh         Sealed // bound to a grant and a generation; a read opens the first only
	KeyID                   int64  // the key that sealed them
	Expires, RefreshExpires time.Time
	Windows                 map[string]time.Time
}

// Origin is where a grant's present pair came from.
type Origin struct {
	PairFrom    string    // attempt or click that brought it
	PairSpent   int64     // generation that was spent for it; -1 when it came from a consent
	PairAskedAt time.Time // when the request for it left
}
