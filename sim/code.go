package sim

import "time"

// Code is a one-time code that a merchant's consent gave, bound to what it was given for.
type Code struct {
	Code     string
	App      string
	Subject  Subject // what the code was given for; a simulator whose codes stand for more keeps it in Data
	Redirect string  // the redirect_uri of the authorization
	Scopes   []string
	Ends     time.Time // zero: never
	UsedAt   time.Time // zero: not yet
	Data     any
}

// AddCode stores a code.
func (l *Ledger) AddCode(c Code) *Code {
	l.codes[c.Code] = &c
	return &c
}

// Code returns a code as it was given, nil if it never was. Look at it before you [Ledger.Spend] it.
func (l *Ledger) Code(code string) *Code { return l.codes[code] }

// CodeState tells whether a code (nil: unknown) can be exchanged.
func (l *Ledger) CodeState(c *Code) State {
	switch {
	case c == nil:
		return Unknown
	case !c.UsedAt.IsZero():
		return Spent
	case over(c.Ends, l.clock.Now()):
		return Expired
	}
	return Alive
}

// Spend marks a code as used.
func (l *Ledger) Spend(c *Code) { c.UsedAt = l.clock.Now() }
