package grantkeep

import "time"

// State is what a grant is good for at this moment.
type State string

// The five states.
const (
	Active    State = "active"    // its access token is good, or is brought when somebody reads it, whatever its refreshes did
	Held      State = "held"      // kept alive, served to nobody until confirmed
	Suspended State = "suspended" // the access token has ended, refreshing may yet work without the merchant
	Expired   State = "expired"   // nothing usable is left; only the merchant can revive it
	Revoked   State = "revoked"   // ended on purpose; tokens erased
)

// Grant is one subject's standing permission for one app, unique by (app, subject kind, subject id). Times have
// millisecond precision and are zero where nothing is known.
type Grant struct {
	ID, App   string
	Platform  string // of the app; read with the row, never written
	Subject   Subject
	Owner     string // the vendor's own customer, opaque to us; empty: nobody's
	State     State
	Renewable bool   // false: needs the merchant before ExpiresAt
	Fault     *Fault // the last one that has not been overcome

	Pair
	Generation int64 // pairs stored so far; it also rises when the grant is revoked or authorized again
	Version    int64 // rises with any change of the row

	Ceiling time.Time
	Scopes  []string
	Facts   map[string]string
	Tags    map[string]string // the vendor's own
	Shops   []Shop            // not read by the engine's own verbs

	AuthorizedAt time.Time // the merchant's last consent: older revocation pushes are ignored
	Origin

	Pacing
	Attempt // the refresh under way
	Doubt
	Quota

	CreatedAt, UpdatedAt time.Time
}

// Pacing is when a grant is dealt with next.
type Pacing struct {
	DueAt    time.Time // the next thing to do, whatever it is; zero: nothing, ever
	RetryAt  time.Time // not to be refreshed automatically before this
	Failures int64     // answered failures in a row
	Warned   int64     // days of the last warning about the present end; 0: none yet
}

// Doubt is what is not known of a grant's present generation.
type Doubt struct {
	Doubts     int64 // unknown outcomes
	DoubtSince time.Time
}

// Quota is what a grant has used of its platform's patience.
type Quota struct {
	QuotaDay, QuotaUsed int64 // token calls counted on a day of the platform's zone
	AskedAt             time.Time
}

// InDoubt reports whether a request that spent the present refresh token may have been answered without our hearing it.
func (g *Grant) InDoubt() bool { return g.Doubts > 0 }

// Attempting reports whether a refresh is under way whose lease still runs. A lease further away than any lease of
// ours can be was written by a clock that is off, and does not count.
func (g *Grant) Attempting(now time.Time) bool {
	return g.AttemptID != "" && g.AttemptUntil.After(now) && !g.AttemptUntil.After(now.Add(LongestLease))
}

// LongestLease is longer than any lease an attempt is given (300 s and 30 s); a row that claims more is not believed.
const LongestLease = 400 * time.Second

// Usable reports whether the access token can be served at the given moment.
func (g *Grant) Usable(now time.Time) bool {
	if len(g.Access) == 0 || g.State == Revoked || g.State == Held {
		return false
	}
	return g.Expires.IsZero() || g.Expires.After(now)
}

// WhoseMove says who has to do something about the grant: us, vendor, merchant or platform; empty: nobody.
func (g *Grant) WhoseMove() string {
	switch {
	case g.State == Held:
		return MoveVendor
	case g.State == Expired:
		return MoveMerchant
	case g.State == Revoked:
		return ""
	case g.Fault != nil:
		return g.Fault.Action.Move()
	case !g.Renewable && !g.Expires.IsZero():
		return MoveMerchant
	}
	return ""
}

// Life returns how long the present access token lives in all; zero when its end is unknown.
func (g *Grant) Life() time.Duration {
	if g.Expires.IsZero() || g.PairAskedAt.IsZero() {
		return 0
	}
	return g.Expires.Sub(g.PairAskedAt)
}
