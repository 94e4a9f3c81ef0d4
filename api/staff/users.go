package staff

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/people"
	"github.com/grantkeep/grantkeep/store"
)

// User is somebody who may log in to the console.
type User struct {
	ID        string      `json:"id"`
	Name      string      `json:"name"`
	Role      string      `json:"role" enum:"support,operator,administrator"`
	Password  bool        `json:"password" doc:"whether a password is set; without one a login link is needed"`
	CreatedAt wire.Moment `json:"created_at"`
}

func shownUser(p store.Person) User {
	return User{ID: p.ID, Name: p.Name, Role: p.Role, Password: p.Password != "", CreatedAt: wire.At(p.CreatedAt)}
}

// newUser is somebody to let in.
type newUser struct {
	Name     string `json:"name" minLength:"1" maxLength:"64" doc:"what the person logs in with: letters, digits and ._@+-"`
	Role     string `json:"role" enum:"support,operator,administrator"`
	Password string `json:"password" minLength:"1" maxLength:"512"`
}

// newPassword is a password to set.
type newPassword struct {
	Password string `json:"password" minLength:"1" maxLength:"512"`
}

// passwordFaults says what is wrong with a password.
var passwordFaults = map[string]string{
	people.TooShort: "must have at least 12 characters", people.TooLong: "may have 128 characters at most",
	people.HasName: "must not contain the name", people.Common: "is one that everybody tries first",
}

// reaches refuses keys that reach less far than people of a role: people have no limits of owners and apps, and a key
// must not make somebody who may do more than itself. The empty role is anybody.
func reaches(maker gk.Key, role string) error {
	if beyond(gk.Key{Scopes: people.Scopes(role)}, maker) != "" {
		return problem.New(problem.Forbidden, "people have no limits of owners and apps, and no end; a key cannot make somebody who reaches beyond itself")
	}
	return nil
}

func (s staffRoutes) routeUsers() {
	hashing := people.NewHashing()
	// People live by the clock on the wall, which their logins are measured by.
	now := time.Now

	door.Add(s.Door, huma.Operation{
		OperationID: "list-users", Method: http.MethodGet, Path: "/v1/users", Summary: "List who may log in to the console",
	}, func(ctx context.Context, maker gk.Key, _ *struct{}) (*wire.Output[wire.List[User]], error) {
		if err := reaches(maker, ""); err != nil {
			return nil, err
		}
		everybody, err := s.Store.People(ctx)
		if err != nil {
			return nil, err
		}
		shown := wire.List[User]{Items: make([]User, 0, len(everybody))}
		for _, p := range everybody {
			shown.Items = append(shown.Items, shownUser(p))
		}
		return wire.Answer(shown), nil
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "create-user", Method: http.MethodPost, Path: "/v1/users", DefaultStatus: http.StatusCreated, Summary: "Let somebody log in to the console",
	}, func(ctx context.Context, maker gk.Key, in *struct{ Body newUser }) (*wire.Output[User], error) {
		if err := reaches(maker, in.Body.Role); err != nil {
			return nil, err
		}
		name, ok := people.Name(in.Body.Name)
		if !ok {
			return nil, problem.Invalid("name", "has lower-case letters, digits and . _ @ + -, 64 at most")
		}
		hash, err := hashed(ctx, hashing, name, in.Body.Password)
		if err != nil {
			return nil, err
		}
		p, err := people.Add(ctx, s.Store, name, in.Body.Role, hash, now())
		if errors.Is(err, store.ErrExists) {
			return nil, problem.New(problem.Conflict, "there is somebody of this name")
		}
		if err != nil {
			return nil, err
		}
		s.Log.InfoContext(ctx, "user made", "user", p.ID, "role", p.Role, "by", maker.ID)
		return wire.Answer(shownUser(p)), nil
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "set-user-password", Method: http.MethodPost, Path: "/v1/users/{id}/password", DefaultStatus: http.StatusNoContent,
		Summary: "Set somebody's password", Description: "Ends all their logins. The id may be the name.",
	}, func(ctx context.Context, maker gk.Key, in *struct {
		wire.ByID
		Body newPassword
	}) (*struct{}, error) {
		p, err := s.userNamed(ctx, maker, in.ID)
		if err != nil {
			return nil, err
		}
		if err := reaches(maker, p.Role); err != nil {
			return nil, err
		}
		if p.Subject != "" {
			return nil, problem.New(problem.Conflict, "this person logs in by the identity provider; a password would let them in after it has put them out")
		}
		hash, err := hashed(ctx, hashing, p.Name, in.Body.Password)
		if err != nil {
			return nil, err
		}
		if err := s.Store.UpdatePerson(ctx, p.ID, now(), func(p *store.Person) error { p.Password = hash; return nil }); err != nil {
			return nil, err
		}
		s.Log.InfoContext(ctx, "password set", "user", p.ID, "by", maker.ID)
		return nil, s.Store.EndLogins(ctx, p.ID, nil)
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "remove-user", Method: http.MethodDelete, Path: "/v1/users/{id}", DefaultStatus: http.StatusNoContent,
		Summary: "Remove somebody from the console", Description: "Ends all their logins. The last administrator stays. The id may be the name.",
	}, func(ctx context.Context, maker gk.Key, in *wire.ByID) (*struct{}, error) {
		p, err := s.userNamed(ctx, maker, in.ID)
		if err != nil {
			return nil, err
		}
		err = s.Store.RemovePerson(ctx, p.ID)
		if errors.Is(err, store.ErrInUse) {
			return nil, problem.New(problem.Conflict, "this is the last administrator; make another one first")
		}
		if err != nil {
			return nil, err
		}
		s.Log.InfoContext(ctx, "user removed", "user", p.ID, "by", maker.ID)
		return nil, nil
	})
}

// hashed hashes a password that somebody may have.
func hashed(ctx context.Context, hashing people.Hashing, name, password string) (string, error) {
	if why := people.CheckPassword(name, password); why != "" {
		return "", problem.Invalid("password", passwordFaults[why])
	}
	return hashing.Hash(ctx, password)
}

// userNamed finds somebody by id or name.
func (s staffRoutes) userNamed(ctx context.Context, maker gk.Key, id string) (store.Person, error) {
	if reaches(maker, "") != nil {
		return store.Person{}, store.ErrNotFound // what a key may not see does not exist
	}
	p, err := s.Store.Person(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		name, _ := people.Name(id)
		return s.Store.PersonByName(ctx, name)
	}
	return p, err
}
