package sim

import (
	"cmp"
	"slices"
	"time"
)

// Ledger is the truth about who holds which token. The kit guards it: it is used by handlers and control calls only.
type Ledger struct {
	clock     *Clock
	histories map[holder][]*Pair // oldest first
	access    map[string]*Pair
	refresh   map[string]*Pair
	codes     map[string]*Code
	order     int
}

type holder struct {
	app     string
	subject Subject
}

// Pair is an access token and, mostly, a refresh token, that one app got for one subject.
type Pair struct {
	App        string
	Subject    Subject
	Access     string
	Refresh    string // empty: the platform gave none
	Generation int    // 1 for the first pair of an app and a subject
	IssuedAt   time.Time
	// Ends; zero: never. The authorization's end is what the merchant chose, where a platform has that.
	ExpiresAt, RefreshExpiresAt, AuthorizationExpiresAt time.Time

	Scopes []string
	Facts  Settings // what else the control call "grants" shows
	Data   any      // what the simulator keeps beside

	UsedAt       time.Time // first call with the access token
	SupersededAt time.Time // a later pair was issued
	RelievedAt   time.Time // the access token of a later pair was first used
	RevokedAt    time.Time

	order int
}

// State is what becomes of a token that somebody presents.
type State int

// The states of a token.
const (
	Unknown State = iota // never issued
	Alive
	Expired
	Spent   // replaced by a later pair
	Revoked // ended by the merchant or the platform
)

// Rotation says what a refresh does to the pair before.
type Rotation struct {
	Grace    time.Duration // how long a used refresh token still works; negative: until its own end
	FirstUse bool          // a used refresh token works until the later access token is first used
	Overlap  time.Duration // how long a replaced access token still works; negative: until its own end
}

// Keep is a Grace or Overlap without end but the token's own.
const Keep time.Duration = -1

func newLedger(clock *Clock) *Ledger {
	return &Ledger{clock: clock, histories: map[holder][]*Pair{}, access: map[string]*Pair{}, refresh: map[string]*Pair{}, codes: map[string]*Code{}}
}

// Issue stores a pair. It sets Generation and IssuedAt, and marks the pairs before it as superseded.
func (l *Ledger) Issue(p Pair) *Pair {
	now := l.clock.Now()
	key := holder{p.App, p.Subject}
	history := l.histories[key]
	for _, old := range history {
		if old.SupersededAt.IsZero() {
			old.SupersededAt = now
		}
	}
	l.order++
	p.IssuedAt, p.Generation, p.order = now, len(history)+1, l.order
	l.histories[key] = append(history, &p)
	l.access[p.Access] = &p
	if p.Refresh != "" {
		l.refresh[p.Refresh] = &p
	}
	return &p
}

// ByAccess returns the pair of an access token, nil if it was never issued. A token that several pairs share (some
// platforms give the same one again) belongs to the last of them.
func (l *Ledger) ByAccess(token string) *Pair { return l.access[token] }

// ByRefresh returns the pair of a refresh token, nil if it was never issued.
func (l *Ledger) ByRefresh(token string) *Pair { return l.refresh[token] }

// Latest returns the newest pair of an app and a subject, nil if there is none.
func (l *Ledger) Latest(app string, subject Subject) *Pair {
	history := l.histories[holder{app, subject}]
	if len(history) == 0 {
		return nil
	}
	return history[len(history)-1]
}

// Holders returns the newest pair of every app and subject, in the order of their issue.
func (l *Ledger) Holders() []*Pair {
	var pairs []*Pair
	for _, history := range l.histories {
		pairs = append(pairs, history[len(history)-1])
	}
	slices.SortFunc(pairs, func(a, b *Pair) int { return cmp.Compare(a.order, b.order) })
	return pairs
}

// Use notes a call with an access token: the first use of a pair relieves the pairs before it.
func (l *Ledger) Use(p *Pair) {
	if !p.UsedAt.IsZero() {
		return
	}
	p.UsedAt = l.clock.Now()
	for _, old := range l.histories[holder{p.App, p.Subject}] {
		if old.Generation < p.Generation && old.RelievedAt.IsZero() {
			old.RelievedAt = p.UsedAt
		}
	}
}

// Revoke ends every pair of an app and a subject. Revoking twice keeps the first moment.
func (l *Ledger) Revoke(app string, subject Subject) {
	for _, p := range l.histories[holder{app, subject}] {
		if p.RevokedAt.IsZero() {
			p.RevokedAt = l.clock.Now()
		}
	}
}

// AccessState tells whether the access token of a pair (nil: unknown) still works.
func (l *Ledger) AccessState(p *Pair, r Rotation) State {
	if p == nil {
		return Unknown
	}
	now := l.clock.Now()
	switch {
	case !p.RevokedAt.IsZero():
		return Revoked
	case !p.SupersededAt.IsZero() && r.Overlap >= 0 && !now.Before(p.SupersededAt.Add(r.Overlap)):
		return Spent
	case over(p.ExpiresAt, now) || over(p.AuthorizationExpiresAt, now):
		return Expired
	}
	return Alive
}

// RefreshState tells whether the refresh token of a pair (nil: unknown) still works.
func (l *Ledger) RefreshState(p *Pair, r Rotation) State {
	if p == nil {
		return Unknown
	}
	now := l.clock.Now()
	switch {
	case !p.RevokedAt.IsZero():
		return Revoked
	case !p.SupersededAt.IsZero() && l.refreshSpent(p, r, now):
		return Spent
	case over(p.RefreshExpiresAt, now) || over(p.AuthorizationExpiresAt, now):
		return Expired
	}
	return Alive
}

func (l *Ledger) refreshSpent(p *Pair, r Rotation, now time.Time) bool {
	if l.refresh[p.Refresh] != p {
		return false // the platform gave the same refresh token again
	}
	if r.FirstUse {
		return !p.RelievedAt.IsZero()
	}
	return r.Grace >= 0 && !now.Before(p.SupersededAt.Add(r.Grace))
}

func over(end, now time.Time) bool { return !end.IsZero() && !now.Before(end) }
