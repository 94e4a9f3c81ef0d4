package platform

import (
	"fmt"
	"strings"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// Refresh styles.
const (
	Rotate        = "rotate"          // each refresh brings a new pair, the old refresh token is spent
	SameUntilNear = "same_until_near" // an early refresh returns the pair that was sent
	Extend        = "extend"          // the same token lives longer
	Keep          = "keep"            // a new access token, the refresh token stays
	Reask         = "reask"           // no refresh token: client credentials, self grants
	NoRefresh     = "none"
)

// FromAccess is the one way beside a refresh token to begin: with the access token alone.
const FromAccess = "access"

// WhenUse is the one way beside a lead to decide when a token is refreshed: when it is read.
const WhenUse = "use"

// Trade is the rule for the answer to the trade of an access token that never arrived.
type Trade struct {
	AfterLostAnswer string   `toml:"after_lost_answer" json:"after_lost_answer"`
	RepeatFor       Duration `toml:"repeat_for" json:"repeat_for"`
}

// Trading returns the facts as they hold for a grant whose access token has yet to be traded for a pair.
func (r Refresh) Trading() Refresh {
	if r.Trade != nil {
		r.AfterLostAnswer, r.RepeatFor = r.Trade.AfterLostAnswer, r.Trade.RepeatFor
	}
	return r
}

// Asks reports whether a token is enough to ask for the next one with.
func (r Refresh) Asks(t gk.Token) bool {
	switch {
	case r.Style == NoRefresh:
		return false
	case r.Style == Reask || !t.Refresh.Empty():
		return true
	}
	return r.From == FromAccess && !t.Access.Empty()
}

// What to do after a lost answer.
const (
	RepeatAny = "repeat"     // any time
	RepeatFor = "repeat_for" // at once and again until repeat_for has passed, then as once
	Once      = "once"       // one repeat, late
)

// Refresh is how tokens are kept alive.
type Refresh struct {
	Style           string   `toml:"style" json:"style"`
	AfterLostAnswer string   `toml:"after_lost_answer" json:"after_lost_answer"`
	RepeatFor       Duration `toml:"repeat_for" json:"repeat_for"`
	ReuseKills      bool     `toml:"reuse_kills" json:"reuse_kills"`                   // a second use of a refresh token ends the access token too
	ReconsentKills  bool     `toml:"reconsent_kills" json:"reconsent_kills,omitempty"` // another consent ends the pair of before: none is refreshed while its code is exchanged
	OldAccess       Duration `toml:"old_access" json:"old_access"`                     // how long the former access token lives; 0: unknown
	AccessLife      Duration `toml:"access_life" json:"access_life"`                   // used where an answer does not say
	RefreshLife     Duration `toml:"refresh_life" json:"refresh_life"`
	Ceiling         Duration `toml:"ceiling" json:"ceiling"`     // longest life of the authorization; 0: none known
	Lead            Duration `toml:"lead" json:"lead"`           // refresh this long before the end
	LeadPart        float64  `toml:"lead_part" json:"lead_part"` // or this part of the life before it
	Window          string   `toml:"window" json:"window"`       // HH:MM-HH:MM, only for leads over a day
	Zone            string   `toml:"zone" json:"zone"`           // of the window and of daily limits
	// From is FromAccess where an access token that came without a refresh token can be traded for a pair.
	From string `toml:"from" json:"from,omitempty"`

	// Trade is what differs for that trade: a lost answer may be asked for again by another rule than a refresh's.
	Trade *Trade `toml:"trade" json:"trade,omitempty"`

	// PinnedTo is the secret setting with which tokens die that it minted: after another one was entered, each grant is
	// refreshed within a day.
	PinnedTo string `toml:"pinned_to" json:"pinned_to,omitempty"`

	// When is WhenUse where a token is refreshed when somebody reads it. A grant that nobody reads is refreshed KeepAlive
	// before its refresh token ends, and its access token may have ended meanwhile.
	When      string   `toml:"when" json:"when,omitempty"`
	KeepAlive Duration `toml:"keep_alive" json:"keep_alive,omitempty"`

	// UsefulIn is how long before the access token's end a refresh brings another pair; an earlier one brings the same.
	UsefulIn Duration `toml:"useful_in" json:"useful_in,omitempty"`
}

// zones are the zones of the facts by name. Loading one reads files, and every refresh needs its own.
var zones sync.Map

// Location returns the zone, UTC if none is named.
func (r Refresh) Location() *time.Location {
	if known, ok := zones.Load(r.Zone); ok {
		if loc, ok := known.(*time.Location); ok {
			return loc
		}
	}
	loc, err := time.LoadLocation(r.Zone)
	if err != nil {
		return time.UTC
	}
	zones.Store(r.Zone, loc)
	return loc
}

// Deadline is the hard end of one refresh request: 60 s where a repeat is safe, 300 s where it is not, since cutting
// off a one-time refresh early can only lose.
func (r Refresh) Deadline() time.Duration {
	if r.AfterLostAnswer == Once {
		return 300 * time.Second
	}
	return 60 * time.Second
}

// RepeatSpan is how long after a first request the same refresh token may be sent again: a century where any time,
// zero where once.
func (r Refresh) RepeatSpan() time.Duration {
	switch r.AfterLostAnswer {
	case RepeatAny:
		return 100 * 365 * 24 * time.Hour
	case RepeatFor:
		return time.Duration(r.RepeatFor)
	}
	return 0
}

// WindowSpan returns the window's start within a day and its length.
func (r Refresh) WindowSpan() (start, length time.Duration, err error) {
	from, to, ok := strings.Cut(r.Window, "-")
	a, errA := time.Parse("15:04", from)
	b, errB := time.Parse("15:04", to)
	if !ok || errA != nil || errB != nil || !b.After(a) {
		return 0, 0, fmt.Errorf("%q is not HH:MM-HH:MM within one day", r.Window)
	}
	midnight := time.Date(a.Year(), a.Month(), a.Day(), 0, 0, 0, 0, time.UTC)
	return a.Sub(midnight), b.Sub(a), nil
}

// Variant is what differs for a profile; testing for its testing stage. A table that stands here replaces the general
// one whole.
type Variant struct {
	Refresh *Refresh `toml:"renew" json:"renew,omitempty"`
	Testing *Testing `toml:"testing" json:"testing,omitempty"`
}

// Testing is what differs for an app in its testing stage.
type Testing struct {
	Refresh *Refresh `toml:"renew" json:"renew,omitempty"`
}

// RefreshOf returns the refresh facts of a profile and stage.
func (f *Facts) RefreshOf(profile, stage string) Refresh {
	v := f.Profile[profile]
	for _, t := range []*Testing{v.Testing, f.Testing} {
		if stage == "testing" && t != nil && t.Refresh != nil && (t == v.Testing || v.Refresh == nil) {
			return *t.Refresh
		}
	}
	if v.Refresh != nil {
		return *v.Refresh
	}
	return f.Refresh
}
