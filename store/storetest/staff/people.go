// Package staff holds the cases about those who run the installation: people, log-ins, the audit, what is counted for them.
package staff

import (
	"errors"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// MakePerson stores a person with a role and a name like the id.
func MakePerson(t *testing.T, s store.Store, id, role string) store.Person {
	t.Helper()
	p := store.Person{
		ID: id, Name: "name of " + id, Role: role, Password: "hash", Language: "zh-TW", Theme: "dark", Zone: "Asia/Taipei", NoShortcuts: true,
		Searches: "[]", Code: "c2VhbGVk", CodeStep: 57_000_000, Subject: "https://login.example.com " + id,
		CreatedAt: given.Epoch, UpdatedAt: given.Epoch.Add(time.Second),
	}
	if err := s.CreatePerson(t.Context(), p); err != nil {
		t.Fatalf("CreatePerson(%s) = %v", id, err)
	}
	return p
}

// People makes, changes and removes people.
func People(t *testing.T, s store.Store) {
	ctx := t.Context()
	want := MakePerson(t, s, "one", store.RoleSupport)
	got, err := s.Person(ctx, "one")
	if err != nil {
		t.Fatal(err)
	}
	given.Same(t, "a person", got, want)
	if got, err = s.PersonByName(ctx, want.Name); err != nil || got.ID != "one" {
		t.Errorf("PersonByName = %s, %v; want the one of this name", got.ID, err)
	}
	twin := want
	twin.ID = "two"
	if err := s.CreatePerson(ctx, twin); !errors.Is(err, store.ErrExists) {
		t.Errorf("a second person of a name: %v, want ErrExists", err)
	}
	twin.Name = "another"
	if err := s.CreatePerson(ctx, twin); !errors.Is(err, store.ErrExists) {
		t.Errorf("a second person of a subject: %v, want ErrExists", err)
	}
	for _, id := range []string{"three", "four"} {
		twin.ID, twin.Name, twin.Subject = id, id, ""
		if err := s.CreatePerson(ctx, twin); err != nil {
			t.Errorf("a person whom no provider knows: %v", err)
		}
		if err := s.RemovePerson(ctx, id); err != nil {
			t.Error(err)
		}
	}
	err = s.UpdatePerson(ctx, "one", given.Epoch.Add(time.Hour), func(p *store.Person) error { p.Role = store.RoleOperator; return nil })
	if err != nil {
		t.Fatal(err)
	}
	want.Role, want.UpdatedAt = store.RoleOperator, given.Epoch.Add(time.Hour)
	if got, _ = s.Person(ctx, "one"); got != want {
		t.Errorf("after the change: %v, want %v", got, want)
	}
	if everybody, err := s.People(ctx); err != nil || len(everybody) != 1 {
		t.Errorf("People = %d, %v; want one", len(everybody), err)
	}
	if err := s.RemovePerson(ctx, "one"); err != nil {
		t.Errorf("RemovePerson = %v; nobody is an administrator here", err)
	}
	for what, err := range map[string]error{
		"Person": second(s.Person(ctx, "one")), "RemovePerson": s.RemovePerson(ctx, "one"),
		"UpdatePerson": s.UpdatePerson(ctx, "one", given.Epoch, func(*store.Person) error { return nil }),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s of somebody who is gone: %v, want ErrNotFound", what, err)
		}
	}
}

// second returns the error of a call that returns two values.
func second[T any](_ T, err error) error { return err }

// LastAdministrator holds that one stays.
func LastAdministrator(t *testing.T, s store.Store) {
	ctx := t.Context()
	MakePerson(t, s, "chief", store.RoleAdministrator)
	MakePerson(t, s, "help", store.RoleSupport)
	demote := func(p *store.Person) error { p.Role = store.RoleSupport; return nil }
	if err := s.RemovePerson(ctx, "chief"); !errors.Is(err, store.ErrInUse) {
		t.Errorf("removing the last administrator: %v, want ErrInUse", err)
	}
	if err := s.UpdatePerson(ctx, "chief", given.Epoch, demote); !errors.Is(err, store.ErrInUse) {
		t.Errorf("demoting the last administrator: %v, want ErrInUse", err)
	}
	MakePerson(t, s, "other", store.RoleAdministrator)
	if err := s.UpdatePerson(ctx, "chief", given.Epoch, demote); err != nil {
		t.Errorf("demoting one of two: %v", err)
	}
	if err := s.RemovePerson(ctx, "help"); err != nil {
		t.Errorf("removing who is no administrator: %v", err)
	}
	if err := s.RemovePerson(ctx, "other"); !errors.Is(err, store.ErrInUse) {
		t.Errorf("removing the one who is left: %v, want ErrInUse", err)
	}
}

// Logins finds, touches and ends log-ins.
func Logins(t *testing.T, s store.Store) {
	ctx := t.Context()
	MakePerson(t, s, "one", store.RoleSupport)
	login := func(name string, seen time.Duration) store.Login {
		return store.Login{
			Hash: []byte(name), Person: "one", Address: "192.0.2.1", Agent: "a browser", ProvedAt: given.Epoch,
			SeenAt: given.Epoch.Add(seen), EndsAt: given.Epoch.Add(time.Hour), CreatedAt: given.Epoch,
		}
	}
	for i, name := range []string{"a", "b", "c"} {
		if err := s.CreateLogin(ctx, login(name, time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	stranger := login("d", 0)
	stranger.Person = "nobody"
	if err := s.CreateLogin(ctx, stranger); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a login of nobody: %v, want ErrNotFound", err)
	}
	if err := s.TouchLogin(ctx, []byte("a"), given.Epoch.Add(time.Minute), false); err != nil {
		t.Fatal(err)
	}
	if err := s.TouchLogin(ctx, []byte("b"), given.Epoch.Add(2*time.Minute), true); err != nil {
		t.Fatal(err)
	}
	all, err := s.Logins(ctx, "one")
	if err != nil || len(all) != 3 || string(all[0].Hash)+string(all[1].Hash)+string(all[2].Hash) != "bac" {
		t.Fatalf("Logins = %d, %v; want b, a, c, the last used first", len(all), err)
	}
	if !all[0].ProvedAt.Equal(given.Epoch.Add(2*time.Minute)) || !all[1].ProvedAt.Equal(given.Epoch) {
		t.Errorf("proved at %s and %s; want the second touched only", all[0].ProvedAt, all[1].ProvedAt)
	}
	if err := s.EndLogins(ctx, "one", []byte("b")); err != nil {
		t.Fatal(err)
	}
	if all, _ = s.Logins(ctx, "one"); len(all) != 1 || string(all[0].Hash) != "b" {
		t.Errorf("%d logins are left, want b alone", len(all))
	}
	if err := s.EndLogin(ctx, []byte("b")); err != nil {
		t.Fatal(err)
	}
	if err := s.TouchLogin(ctx, []byte("b"), given.Epoch, false); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("touching a login that is ended: %v, want ErrNotFound", err)
	}
	if err := s.CreateLogin(ctx, login("e", 0)); err != nil {
		t.Fatal(err)
	}
	late := login("f", 0)
	late.CreatedAt, late.EndsAt = given.Epoch.Add(time.Hour+time.Millisecond), given.Epoch.Add(2*time.Hour)
	if err := s.CreateLogin(ctx, late); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Login(ctx, []byte("e")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a login past its end is still there: %v", err)
	}
	if err := s.RemovePerson(ctx, "one"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Login(ctx, []byte("f")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a login outlives its person: %v", err)
	}
}

// Invitations spends them.
func Invitations(t *testing.T, s store.Store) {
	ctx := t.Context()
	MakePerson(t, s, "one", store.RoleSupport)
	for _, i := range []store.Invitation{
		{Hash: []byte("once"), Person: "one", ExpiresAt: given.Epoch.Add(time.Hour)},
		{Hash: []byte("many"), Person: "one", Many: true, ExpiresAt: given.Epoch.Add(time.Hour)},
	} {
		if err := s.CreateInvitation(ctx, i); err != nil {
			t.Fatal(err)
		}
	}
	spend := func(hash string, at time.Time) error { return second(s.SpendInvitation(ctx, []byte(hash), at)) }
	for _, c := range []struct {
		what, hash string
		at         time.Time
		want       error
	}{
		{"one past its end", "once", given.Epoch.Add(time.Hour), store.ErrNotFound},
		{"a fresh one", "once", given.Epoch, nil},
		{"a spent one", "once", given.Epoch, store.ErrNotFound},
		{"one for many times", "many", given.Epoch, nil},
		{"one for many times, again", "many", given.Epoch, nil},
		{"an unknown one", "else", given.Epoch, store.ErrNotFound},
	} {
		if err := spend(c.hash, c.at); !errors.Is(err, c.want) {
			t.Errorf("spending %s: %v, want %v", c.what, err, c.want)
		}
	}
}
