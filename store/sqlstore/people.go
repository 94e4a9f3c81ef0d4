package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/grantkeep/grantkeep/store"
)

const personColumns = `id, name, role, password, language, theme, zone, no_shortcuts, created_at, updated_at, searches, code, code_step, subject`

func scanPerson(r Row) (store.Person, error) {
	var p store.Person
	err := r.Scan(&p.ID, &p.Name, &p.Role, &p.Password, &p.Language, &p.Theme, &p.Zone, flag(&p.NoShortcuts), at(&p.CreatedAt), at(&p.UpdatedAt),
		&p.Searches, &p.Code, &p.CodeStep, &p.Subject)
	return p, err
}

func personValues(p store.Person) []any {
	return []any{p.ID, p.Name, p.Role, p.Password, p.Language, p.Theme, p.Zone, bit(p.NoShortcuts), ms(p.CreatedAt), ms(p.UpdatedAt), p.Searches, p.Code, p.CodeStep,
		p.Subject}
}

// CreatePerson implements [store.People].
func (s *Store) CreatePerson(ctx context.Context, p store.Person) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		return insert(ctx, q, `INSERT INTO people (`+personColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, personValues(p)...)
	})
}

// Person implements [store.People].
func (s *Store) Person(ctx context.Context, id string) (store.Person, error) {
	return one(ctx, s.db, scanPerson, `SELECT `+personColumns+` FROM people WHERE id = $1`, id)
}

// PersonByName implements [store.People].
func (s *Store) PersonByName(ctx context.Context, name string) (store.Person, error) {
	return one(ctx, s.db, scanPerson, `SELECT `+personColumns+` FROM people WHERE name = $1`, name)
}

// People implements [store.People].
func (s *Store) People(ctx context.Context) ([]store.Person, error) {
	return all(ctx, s.db, shownPerson, `SELECT `+personColumns+` FROM people ORDER BY id`)
}

// UpdatePerson implements [store.People]. Every row is locked, so that of two administrators who demote each other one
// stays.
func (s *Store) UpdatePerson(ctx context.Context, id string, at time.Time, change func(*store.Person) error) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		everybody, err := all(ctx, q, shownPerson, `SELECT `+personColumns+` FROM people ORDER BY id`+s.lock.Wait)
		if err != nil {
			return err
		}
		var found *store.Person
		before, after := 0, 0
		for i := range everybody {
			p := &everybody[i]
			before += administrator(*p)
			if p.ID == id {
				found = p
				if p.Role == "" { // it cannot be read, and is not written back
					return &store.DamagedError{IDs: []string{id}, Why: []error{errors.New("a column of the row cannot be read")}}
				}
				if err := change(p); err != nil {
					return err
				}
				p.ID, p.UpdatedAt = id, at
			}
			after += administrator(*p)
		}
		switch {
		case found == nil:
			return store.ErrNotFound
		case before > 0 && after == 0:
			return store.ErrInUse
		}
		_, err = exec(ctx, q, `UPDATE people SET (`+personColumns+`) = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) WHERE id = $1`, personValues(*found)...)
		return err
	})
}

func administrator(p store.Person) int {
	if p.Role == store.RoleAdministrator {
		return 1
	}
	return 0
}

// RemovePerson implements [store.People].
func (s *Store) RemovePerson(ctx context.Context, id string) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		everybody, err := all(ctx, q, shownPerson, `SELECT `+personColumns+` FROM people ORDER BY id`+s.lock.Wait)
		if err != nil {
			return err
		}
		found, left := false, 0
		for _, p := range everybody {
			if p.ID == id {
				found = true
				left += 1 - administrator(p) // whoever is no administrator may go
			} else {
				left += administrator(p)
			}
		}
		switch {
		case !found:
			return store.ErrNotFound
		case left == 0:
			return store.ErrInUse
		}
		_, err = exec(ctx, q, `DELETE FROM people WHERE id = $1`, id)
		return err
	})
}

const loginColumns = `hash, person_id, address, agent, proved_at, seen_at, ends_at, created_at`

func scanLogin(r Row) (store.Login, error) {
	var l store.Login
	err := r.Scan(&l.Hash, &l.Person, &l.Address, &l.Agent, at(&l.ProvedAt), at(&l.SeenAt), at(&l.EndsAt), at(&l.CreatedAt))
	return l, err
}

// CreateLogin implements [store.People].
func (s *Store) CreateLogin(ctx context.Context, l store.Login) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		if _, err := exec(ctx, q, `DELETE FROM logins WHERE ends_at < $1`, ms(l.CreatedAt)); err != nil {
			return err
		}
		if _, err := exec(ctx, q, `DELETE FROM invitations WHERE expires_at < $1`, ms(l.CreatedAt)); err != nil {
			return err
		}
		return insert(ctx, q, `INSERT INTO logins (`+loginColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			blob(l.Hash), l.Person, l.Address, l.Agent, ms(l.ProvedAt), ms(l.SeenAt), ms(l.EndsAt), ms(l.CreatedAt))
	})
}

// Login implements [store.People].
func (s *Store) Login(ctx context.Context, hash []byte) (store.Login, error) {
	return one(ctx, s.db, scanLogin, `SELECT `+loginColumns+` FROM logins WHERE hash = $1`, blob(hash))
}

// Logins implements [store.People].
func (s *Store) Logins(ctx context.Context, person string) ([]store.Login, error) {
	return all(ctx, s.db, scanLogin, `SELECT `+loginColumns+` FROM logins WHERE person_id = $1 ORDER BY seen_at DESC, hash`, person)
}

// TouchLogin implements [store.People].
func (s *Store) TouchLogin(ctx context.Context, hash []byte, at time.Time, proved bool) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		n, err := exec(ctx, q, `UPDATE logins SET seen_at = $2, proved_at = CASE WHEN $3 = 1 THEN $2 ELSE proved_at END WHERE hash = $1`,
			blob(hash), ms(at), bit(proved))
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		return err
	})
}

// EndLogin implements [store.People].
func (s *Store) EndLogin(ctx context.Context, hash []byte) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		_, err := exec(ctx, q, `DELETE FROM logins WHERE hash = $1`, blob(hash))
		return err
	})
}

// EndLogins implements [store.People].
func (s *Store) EndLogins(ctx context.Context, person string, but []byte) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		if len(but) == 0 {
			_, err := exec(ctx, q, `DELETE FROM logins WHERE person_id = $1`, person)
			return err
		}
		_, err := exec(ctx, q, `DELETE FROM logins WHERE person_id = $1 AND (hash < $2 OR hash > $2)`, person, blob(but))
		return err
	})
}

// CreateInvitation implements [store.People].
func (s *Store) CreateInvitation(ctx context.Context, i store.Invitation) error {
	return s.change(ctx, func(ctx context.Context, q Querier) error {
		return insert(ctx, q, `INSERT INTO invitations (hash, person_id, many, expires_at) VALUES ($1, $2, $3, $4)`,
			blob(i.Hash), i.Person, bit(i.Many), ms(i.ExpiresAt))
	})
}

// SpendInvitation implements [store.People]. The deletion decides who was first.
func (s *Store) SpendInvitation(ctx context.Context, hash []byte, now time.Time) (found store.Invitation, err error) {
	err = s.change(ctx, func(ctx context.Context, q Querier) error {
		found, err = one(ctx, q, func(r Row) (i store.Invitation, err error) {
			return i, r.Scan(&i.Hash, &i.Person, flag(&i.Many), at(&i.ExpiresAt))
		}, `SELECT hash, person_id, many, expires_at FROM invitations WHERE hash = $1 AND expires_at > $2`, blob(hash), ms(now))
		if err != nil || found.Many {
			return err
		}
		n, err := exec(ctx, q, `DELETE FROM invitations WHERE hash = $1`, blob(hash))
		if err == nil && n == 0 {
			err = store.ErrNotFound
		}
		return err
	})
	if err != nil {
		return store.Invitation{}, err
	}
	return found, nil
}
