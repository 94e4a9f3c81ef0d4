package grantkeep

import (
	"strings"
	"time"
)

// Kinds of an Authorization.
const (
	KindAuthorize = "authorize"
	KindCancel    = "cancel"
	KindInstall   = "install" // began on the platform's side
)

// Stage is how far an authorization or one of its clicks has come.
type Stage string

// Stages in their order. An authorization knows begun, done and failed only: how its latest click stands.
const (
	Begun      Stage = "begun"
	Exchanging Stage = "exchanging" // its state is spent and the platform is being asked
	Issued     Stage = "issued"     // the sealed answer is stored; everything after it can be resumed
	Done       Stage = "done"
	Failed     Stage = "failed"
)

// Reasons why an authorization failed, beside a platform's fault.
const (
	ReasonDenied        = "denied"         // the merchant refused
	ReasonOtherSubject  = "other_subject"  // another shop than the one asked for agreed
	ReasonOwnerConflict = "owner_conflict" // the shop belongs to another owner
	ReasonLostAnswer    = "lost_answer"    // the answer to the exchange never arrived
	ReasonUnconfirmed   = "unconfirmed"    // the platform does not confirm what the callback said
	ReasonRefused       = "refused"        // the platform refused; the fault tells why
	ReasonUnplaced      = "unplaced"       // the platform's answer could not be made a grant; it is kept for an operator
	ReasonExpired       = "expired"
)

// Authorization is one attempt by a merchant: begun with a link of ours, ended by a callback, or never.
type Authorization struct {
	ID, App, Kind        string
	LinkHash             []byte // SHA-256 of the link's secret, which is never stored
	Owner                string
	Shop                 string // the host where a platform needs one, elsewhere the id expected; empty: any
	Grant                string // reconnect: only this grant's subject may answer
	ReturnTo             string
	Form                 string // variant of the platform's link
	Scopes               []string
	Confirm              bool // grants stay held until the code on ReturnTo is spent
	ConfirmHash          []byte
	Stage                Stage
	Reason               string
	Fault                *Fault
	Grants               []string
	ExpiresAt            time.Time
	CreatedAt, UpdatedAt time.Time
}

// Click is one press of a connect page's button: it has its own state, its own browser and its own answer.
// An entry from the platform's side is a click without state and browser.
type Click struct {
	ID, Authorization, App string
	StateHash, BrowserHash []byte // SHA-256; nil for an entry
	CodeHash               []byte // SHA-256 of the platform's code once it is spent; nil where there was none, or it never left
	Stage                  Stage
	Hint                   Subject // what the link was made for; of a click that ended by another subject: that one
	Held                   bool    // the callback came in another browser than the one that clicked
	Answer                 Sealed  // the issues, from Issued until the grants stand
	AnswerKey              int64
	Reason                 string
	Fault                  *Fault
	ExpiresAt, SpentAt     time.Time
	CreatedAt, UpdatedAt   time.Time
}

// Stranded reports whether a click has ended without a grant and keeps the platform's answer, which an operator can place.
func (c *Click) Stranded() bool { return c.Stage == Issued && c.Reason != "" }

// Ended reports whether nothing happens to a click by itself any more.
func (c *Click) Ended() bool { return c.Stage == Done || c.Stage == Failed || c.Stranded() }

// numberPrefix begins the number of an authorization.
const numberPrefix = "AUT-"

// numberLength is how many characters of an id, the last ones, are its number: they are all chance.
const numberLength = 6

// Number returns the short number of an authorization, which a merchant can read to the vendor's support.
func (a *Authorization) Number() string {
	return numberPrefix + strings.ToUpper(a.ID[max(len(a.ID)-numberLength, 0):])
}

// IDEnd returns the end of the id of the authorization that a number names; false for a text that is no number.
func IDEnd(number string) (end string, ok bool) {
	if len(number) != len(numberPrefix)+numberLength || !strings.EqualFold(number[:len(numberPrefix)], numberPrefix) {
		return "", false
	}
	return strings.ToLower(number[len(numberPrefix):]), true
}
