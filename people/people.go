// Package people is who may log in to the console: their names, roles and passwords. Passwords are kept as argon2id; nothing here
// logs anybody in.
package people

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// LinkLife is how long a login link is good.
const LinkLife = 24 * time.Hour

// personName is what a name may be: it stands in commands, logs and pages.
var personName = regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{0,63}$`)

// Name brings a name into the form in which it is kept; false if it is none.
func Name(name string) (string, bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	return name, personName.MatchString(name)
}

// Add stores somebody who may log in. An empty hash of a password needs a link for the first login.
func Add(ctx context.Context, st store.People, name, role, hash string, now time.Time) (store.Person, error) {
	p := store.Person{ID: gk.NewID("usr", now), Name: name, Role: role, Password: hash, CreatedAt: now, UpdatedAt: now}
	return p, st.CreatePerson(ctx, p)
}

// AddKnown stores somebody whom an identity provider knows, who has no password here.
func AddKnown(ctx context.Context, st store.People, name, subject, role string, now time.Time) (store.Person, error) {
	p := store.Person{ID: gk.NewID("usr", now), Name: name, Subject: subject, Role: role, CreatedAt: now, UpdatedAt: now}
	return p, st.CreatePerson(ctx, p)
}

// Digest is what is kept of the secret of a login or of a link to log in.
func Digest(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// Roles lists the roles in the order of what they may.
func Roles() []string {
	return []string{store.RoleSupport, store.RoleOperator, store.RoleAdministrator}
}

// May reports whether somebody with a role may do what wants another.
func May(role, wanted string) bool {
	has := slices.Index(Roles(), role)
	return has >= 0 && has >= slices.Index(Roles(), wanted)
}

// Scopes is what somebody of a role may do by the engine's own measure; an administrator can make a key with any scope.
func Scopes(role string) []gk.Scope {
	switch role {
	case store.RoleSupport:
		return []gk.Scope{gk.ScopeRead, gk.ScopeLink}
	case store.RoleOperator:
		return []gk.Scope{gk.ScopeRead, gk.ScopeLink, gk.ScopeToken, gk.ScopeManage}
	case store.RoleAdministrator:
		return gk.Scopes()
	}
	return nil
}

// ValidRole reports whether a text is a role.
func ValidRole(role string) bool { return slices.Contains(Roles(), role) }

// Invite makes a link that logs a person in without a password. Its secret is shown to the caller only.
func Invite(ctx context.Context, st store.People, consoleURL, person string, many bool, until time.Time) (string, error) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand stops the program instead
	secret := base64.RawURLEncoding.EncodeToString(b[:])
	err := st.CreateInvitation(ctx, store.Invitation{Hash: Digest(secret), Person: person, Many: many, ExpiresAt: until})
	return consoleURL + "/login/" + secret, err
}

// firstName is the name of the administrator whom an empty database gets.
const firstName = "administrator"

// First returns the administrator who has to be let in by a link: nobody in this database has a password, and no
// administrator is known to an identity provider. ErrExists says that somebody can log in.
func First(ctx context.Context, st store.People, now time.Time) (store.Person, error) {
	everybody, err := st.People(ctx)
	if err != nil {
		return store.Person{}, err
	}
	var first *store.Person
	for _, p := range everybody {
		if p.Password != "" || p.Subject != "" && p.Role == store.RoleAdministrator {
			return store.Person{}, store.ErrExists
		}
		if p.Role == store.RoleAdministrator && first == nil {
			first = &p
		}
	}
	if first != nil {
		return *first, nil
	}
	p, err := Add(ctx, st, firstName, store.RoleAdministrator, "", now)
	if errors.Is(err, store.ErrExists) { // another instance was first
		return st.PersonByName(ctx, firstName)
	}
	return p, err
}
