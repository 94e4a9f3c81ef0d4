package store

import (
	"context"
	"time"
)

// Roles of a person, each of which may what the one before it may.
const (
	RoleSupport       = "support"
	RoleOperator      = "operator"
	RoleAdministrator = "administrator"
)

// Person is somebody who may log in to the console.
type Person struct {
	ID, Name, Role        string
	Password              string // its hash, as the console writes it; empty: no password opens this account
	Subject               string // by whom an identity provider knows the person, as the console writes it; empty: none does
	Language, Theme, Zone string // as the person chose; empty: as the browser asks
	NoShortcuts           bool   // keys of the keyboard do nothing of their own
	Searches              string // lists that the person keeps under a name, as the console writes them
	Code                  string // the sealed secret of the codes of a second step, in base64; empty: there is none
	CodeStep              int64  // time step of the last code that was used; it and those before it are good no more
	CreatedAt, UpdatedAt  time.Time
}

// Login is a browser in which a person is logged in.
type Login struct {
	Hash           []byte // SHA-256 of what the browser keeps
	Person         string
	Address, Agent string    // where it was begun, for people
	ProvedAt       time.Time // when the person last gave a password, or opened a link
	SeenAt         time.Time
	EndsAt         time.Time // whatever is done with it
	CreatedAt      time.Time
}

// Invitation is a link that logs a person in without a password.
type Invitation struct {
	Hash      []byte // SHA-256 of what stands in the link
	Person    string
	Many      bool // may be opened more than once
	ExpiresAt time.Time
}

// People are those who use the console, where they are logged in, and the links that let them in.
type People interface {
	// CreatePerson stores a person; ErrExists if the id, the name or the subject is taken.
	CreatePerson(ctx context.Context, p Person) error
	Person(ctx context.Context, id string) (Person, error)
	PersonByName(ctx context.Context, name string) (Person, error)
	// People lists everybody, ordered by id.
	People(ctx context.Context) ([]Person, error)
	// UpdatePerson is UpdateGrant for a person. ErrInUse if no administrator would be left.
	UpdatePerson(ctx context.Context, id string, at time.Time, change func(*Person) error) error
	// RemovePerson removes a person with all logins and invitations; ErrInUse for the last administrator.
	RemovePerson(ctx context.Context, id string) error

	// CreateLogin stores a login; ErrNotFound if there is no such person. Logins and invitations that ended before its
	// beginning are removed with it: they live by the clock on the wall, which the engine's own time may be ahead of.
	CreateLogin(ctx context.Context, l Login) error
	Login(ctx context.Context, hash []byte) (Login, error)
	// Logins lists the logins of a person, the latest first.
	Logins(ctx context.Context, person string) ([]Login, error)
	// TouchLogin sets when a login was last used; proved also sets ProvedAt. ErrNotFound if it has been ended.
	TouchLogin(ctx context.Context, hash []byte, at time.Time, proved bool) error
	// EndLogin ends a login; ending again is harmless.
	EndLogin(ctx context.Context, hash []byte) error
	// EndLogins ends every login of a person but one (nil: every one).
	EndLogins(ctx context.Context, person string, but []byte) error

	// CreateInvitation stores an invitation; ErrNotFound if there is no such person.
	CreateInvitation(ctx context.Context, i Invitation) error
	// SpendInvitation returns an invitation and removes it, unless it may be opened more than once. ErrNotFound if it is
	// unknown, spent or past its end.
	SpendInvitation(ctx context.Context, hash []byte, now time.Time) (Invitation, error)
}
