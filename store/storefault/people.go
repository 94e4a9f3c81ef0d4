package storefault

import (
	"context"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

// CreatePerson implements [store.People].
func (s *Store) CreatePerson(ctx context.Context, p store.Person) error {
	return run(ctx, s, "CreatePerson", func() error { return s.inner.CreatePerson(ctx, p) })
}

// Person implements [store.People].
func (s *Store) Person(ctx context.Context, id string) (store.Person, error) {
	return call(ctx, s, "Person", func() (store.Person, error) { return s.inner.Person(ctx, id) })
}

// PersonByName implements [store.People].
func (s *Store) PersonByName(ctx context.Context, name string) (store.Person, error) {
	return call(ctx, s, "PersonByName", func() (store.Person, error) { return s.inner.PersonByName(ctx, name) })
}

// People implements [store.People].
func (s *Store) People(ctx context.Context) ([]store.Person, error) {
	return call(ctx, s, "People", func() ([]store.Person, error) { return s.inner.People(ctx) })
}

// UpdatePerson implements [store.People].
func (s *Store) UpdatePerson(ctx context.Context, id string, at time.Time, change func(*store.Person) error) error {
	return run(ctx, s, "UpdatePerson", func() error { return s.inner.UpdatePerson(ctx, id, at, change) })
}

// RemovePerson implements [store.People].
func (s *Store) RemovePerson(ctx context.Context, id string) error {
	return run(ctx, s, "RemovePerson", func() error { return s.inner.RemovePerson(ctx, id) })
}

// CreateLogin implements [store.People].
func (s *Store) CreateLogin(ctx context.Context, l store.Login) error {
	return run(ctx, s, "CreateLogin", func() error { return s.inner.CreateLogin(ctx, l) })
}

// Login implements [store.People].
func (s *Store) Login(ctx context.Context, hash []byte) (store.Login, error) {
	return call(ctx, s, "Login", func() (store.Login, error) { return s.inner.Login(ctx, hash) })
}

// Logins implements [store.People].
func (s *Store) Logins(ctx context.Context, person string) ([]store.Login, error) {
	return call(ctx, s, "Logins", func() ([]store.Login, error) { return s.inner.Logins(ctx, person) })
}

// TouchLogin implements [store.People].
func (s *Store) TouchLogin(ctx context.Context, hash []byte, at time.Time, proved bool) error {
	return run(ctx, s, "TouchLogin", func() error { return s.inner.TouchLogin(ctx, hash, at, proved) })
}

// EndLogin implements [store.People].
func (s *Store) EndLogin(ctx context.Context, hash []byte) error {
	return run(ctx, s, "EndLogin", func() error { return s.inner.EndLogin(ctx, hash) })
}

// EndLogins implements [store.People].
func (s *Store) EndLogins(ctx context.Context, person string, but []byte) error {
	return run(ctx, s, "EndLogins", func() error { return s.inner.EndLogins(ctx, person, but) })
}

// CreateInvitation implements [store.People].
func (s *Store) CreateInvitation(ctx context.Context, i store.Invitation) error {
	return run(ctx, s, "CreateInvitation", func() error { return s.inner.CreateInvitation(ctx, i) })
}

// SpendInvitation implements [store.People].
func (s *Store) SpendInvitation(ctx context.Context, hash []byte, now time.Time) (store.Invitation, error) {
	return call(ctx, s, "SpendInvitation", func() (store.Invitation, error) { return s.inner.SpendInvitation(ctx, hash, now) })
}
