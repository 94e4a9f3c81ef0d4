package staff

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/store"
)

// Key is an API key as the API shows it; its text is told once, when it is made.
type Key struct {
	ID        string      `json:"id"`
	Name      string      `json:"name"`
	Scopes    []gk.Scope  `json:"scopes" nullable:"false"`
	Owners    []string    `json:"owners" nullable:"false" doc:"empty: no limit"`
	Apps      []string    `json:"apps" nullable:"false" doc:"empty: no limit"`
	CreatedAt wire.Moment `json:"created_at"`
	ExpiresAt wire.Moment `json:"expires_at"`
	RevokedAt wire.Moment `json:"revoked_at"`
	Text      string      `json:"key,omitempty" doc:"the key itself, shown this once"`
}

func shownKey(k gk.Key) Key {
	return Key{
		ID: k.ID, Name: k.Name, Scopes: k.Scopes, Owners: wire.Texts(k.Owners), Apps: wire.Texts(k.Apps),
		CreatedAt: wire.At(k.CreatedAt), ExpiresAt: wire.At(k.ExpiresAt), RevokedAt: wire.At(k.RevokedAt),
	}
}

// newKey is a key as a caller wants it.
type newKey struct {
	Name      string         `json:"name" minLength:"1" maxLength:"200" doc:"what it is for, such as erp"`
	Scopes    []gk.Scope     `json:"scopes" minItems:"1" uniqueItems:"true" nullable:"false"`
	Owners    []string       `json:"owners,omitempty"`
	Apps      []string       `json:"apps,omitempty"`
	ExpiresAt wire.GivenTime `json:"expires_at,omitzero"`
}

// beyond names what a key would have that its maker has not; empty: nothing.
func beyond(k, maker gk.Key) string {
	switch {
	case slices.ContainsFunc(k.Scopes, func(s gk.Scope) bool { return !slices.Contains(maker.Scopes, s) }):
		return "scopes"
	case !narrower(k.Owners, maker.Owners):
		return "owners"
	case !narrower(k.Apps, maker.Apps):
		return "apps"
	case !maker.ExpiresAt.IsZero() && (k.ExpiresAt.IsZero() || k.ExpiresAt.After(maker.ExpiresAt)):
		return "expires_at"
	}
	return ""
}

// narrower reports whether a limit lies within another; an empty one is no limit.
func narrower(limit, within []string) bool {
	if len(within) == 0 {
		return true
	}
	return len(limit) > 0 && !slices.ContainsFunc(limit, func(v string) bool { return !slices.Contains(within, v) })
}

// visible reports whether a key exists for another: it must not reach further. Its end does not count.
func visible(k, to gk.Key) bool {
	to.ExpiresAt = time.Time{}
	return beyond(k, to) == ""
}

func (s staffRoutes) routeKeys() {
	door.Add(s.Door, huma.Operation{
		OperationID: "list-keys", Method: http.MethodGet, Path: "/v1/keys", Summary: "List API keys",
	}, func(ctx context.Context, maker gk.Key, in *wire.Page) (*wire.Output[wire.List[Key]], error) {
		name := wire.FilterName("keys")
		after, err := wire.OpenCursor(maker, name, in.Cursor)
		if err != nil {
			return nil, err
		}
		all, err := s.Store.Keys(ctx)
		if err != nil {
			return nil, err
		}
		rows := slices.DeleteFunc(all, func(k gk.Key) bool { return k.ID <= after || !visible(k, maker) })
		next := func(k gk.Key) string { return wire.SealCursor(maker, name, k.ID) }
		return wire.Answer(wire.PageOf(rows, in.Limit, shownKey, next)), nil
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "create-key", Method: http.MethodPost, Path: "/v1/keys", DefaultStatus: http.StatusCreated, Summary: "Make an API key",
		Description: "Its text is in this answer and nowhere else. A key cannot make one that reaches beyond itself.",
	}, s.createKey)

	door.Add(s.Door, huma.Operation{
		OperationID: "revoke-key", Method: http.MethodDelete, Path: "/v1/keys/{id}", DefaultStatus: http.StatusNoContent, Summary: "Revoke an API key",
		Description: "It stops working everywhere within a second. The last key with the scope admin and no limits stays.",
	}, func(ctx context.Context, maker gk.Key, in *wire.ByID) (*struct{}, error) {
		all, err := s.Store.Keys(ctx)
		if err != nil {
			return nil, err
		}
		now := s.Keeper.Now()
		i := slices.IndexFunc(all, func(k gk.Key) bool { return k.ID == in.ID && visible(k, maker) })
		if i < 0 {
			return nil, store.ErrNotFound
		}
		others := slices.ContainsFunc(all, func(k gk.Key) bool { return k.ID != in.ID && rules(k, now) })
		if rules(all[i], now) && !others {
			return nil, problem.New(problem.Conflict, "this is the last key that can make others; make another one first")
		}
		if err := s.Store.RevokeKey(ctx, in.ID, now); err != nil {
			return nil, err
		}
		s.Keys.Forget(in.ID)
		s.Log.InfoContext(ctx, "key revoked", "key", in.ID, "by", maker.ID)
		return nil, nil
	})
}

// createKey makes a key that does not reach beyond its maker.
func (s staffRoutes) createKey(ctx context.Context, maker gk.Key, in *struct{ Body newKey }) (*wire.Output[Key], error) {
	b, now := in.Body, s.Keeper.Now()
	if err := b.check(now); err != nil {
		return nil, err
	}
	text := door.NewKey()
	k := gk.Key{
		ID: gk.NewID("key", now), Hash: door.HashKey(text), Name: b.Name, Scopes: b.Scopes, Owners: b.Owners, Apps: b.Apps,
		CreatedAt: now, ExpiresAt: b.ExpiresAt.Time,
	}
	if field := beyond(k, maker); field != "" {
		p := problem.New(problem.Forbidden, "a key cannot make one that reaches beyond itself")
		p.Errors = []problem.Wrong{{Field: field, Message: "goes beyond the key that asks"}}
		return nil, p
	}
	if err := s.Store.CreateKey(ctx, k); err != nil {
		return nil, err
	}
	s.Log.InfoContext(ctx, "key made", "key", k.ID, "by", maker.ID)
	shown := shownKey(k)
	shown.Text = text.Reveal()
	return wire.Answer(shown), nil
}

// words lists scopes for a person.
func words(scopes []gk.Scope) string {
	texts := make([]string, 0, len(scopes))
	for _, s := range scopes {
		texts = append(texts, string(s))
	}
	return strings.Join(texts, ", ")
}

// check tells the first mistake in a key that somebody wants to have made.
func (b newKey) check(now time.Time) error {
	for i, scope := range b.Scopes {
		if !slices.Contains(gk.Scopes(), scope) {
			return problem.Invalid("scopes", fmt.Sprintf("holds a word that is no scope, at place %d; there are %s", i+1, words(gk.Scopes())))
		}
	}
	if slices.Contains(b.Owners, "") || slices.Contains(b.Apps, "") {
		return problem.Invalid("owners", "and apps must not hold an empty text")
	}
	for _, owner := range b.Owners {
		if err := gk.CheckOwner("owners", owner); err != nil {
			return err
		}
	}
	if !b.ExpiresAt.IsZero() && !b.ExpiresAt.After(now) {
		return problem.Invalid("expires_at", "lies in the past")
	}
	return nil
}

// rules reports whether a key lives and can do everything for everybody.
func rules(k gk.Key, now time.Time) bool {
	alive := k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || k.ExpiresAt.After(now))
	return alive && slices.Contains(k.Scopes, gk.ScopeAdmin) && len(k.Owners) == 0 && len(k.Apps) == 0
}
