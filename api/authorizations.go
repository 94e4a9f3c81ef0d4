package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/store"
)

// Authorization is one attempt by a merchant as the API shows it. Its link is shown once, when it is made.
type Authorization struct {
	ID        string         `json:"id"`
	Number    string         `json:"number" doc:"the one that a merchant sees, AUT-…"`
	App       string         `json:"app"`
	Owner     string         `json:"owner"`
	Kind      string         `json:"kind" enum:"authorize,cancel,install"`
	State     string         `json:"state" enum:"pending,completed,failed,expired"`
	Shop      string         `json:"shop,omitempty"`
	Grant     string         `json:"grant,omitempty" doc:"the grant to reconnect"`
	Grants    []string       `json:"grants" nullable:"false"`
	Fault     *explain.Fault `json:"fault,omitempty"`
	Reason    string         `json:"reason,omitempty" doc:"denied, other_subject, owner_conflict, lost_answer, unconfirmed, refused, unplaced or expired"`
	Kept      bool           `json:"kept,omitempty" doc:"the platform's answer is kept though no grant could be made of it; place makes one. Told of one authorization, not in lists"`
	ExpiresAt wire.Moment    `json:"expires_at"`
	CreatedAt wire.Moment    `json:"created_at"`
	UpdatedAt wire.Moment    `json:"updated_at"`
}

func (s *server) authorization(a gk.Authorization) Authorization {
	out := Authorization{
		ID: a.ID, Number: a.Number(), App: a.App, Owner: a.Owner, Kind: a.Kind, State: "pending", Shop: a.Shop, Grant: a.Grant, Grants: wire.Texts(a.Grants),
		Fault: s.Fault(a.Fault, ""), Reason: a.Reason, ExpiresAt: wire.At(a.ExpiresAt), CreatedAt: wire.At(a.CreatedAt), UpdatedAt: wire.At(a.UpdatedAt),
	}
	switch {
	case a.Stage == gk.Done:
		out.State = "completed"
	case a.Stage == gk.Failed:
		out.State = "failed"
	case !a.ExpiresAt.After(s.Keeper.Now()):
		out.State, out.Reason = "expired", gk.ReasonExpired
	}
	return out
}

// inState narrows a list to the authorizations that are shown in a state.
func (s *server) inState(f *store.AuthorizationFilter, state string) {
	switch state {
	case "pending":
		f.Stage, f.ExpiresAfter = string(gk.Begun), s.Keeper.Now()
	case "expired":
		f.Stage, f.ExpiresUntil = string(gk.Begun), s.Keeper.Now()
	case "completed":
		f.Stage = string(gk.Done)
	case "failed":
		f.Stage = string(gk.Failed)
	}
}

// newAuthorization is what a link for a merchant must achieve.
type newAuthorization struct {
	App       string    `json:"app" doc:"its id; GET /v1/apps lists them"`
	Kind      string    `json:"kind,omitempty" doc:"authorize (the default) or cancel"`
	Owner     string    `json:"owner,omitempty" doc:"your customer, for whom the grant will be"`
	Shop      string    `json:"shop,omitempty" doc:"host of the shop where the platform needs one, else the id expected"`
	ReturnTo  string    `json:"return_to,omitempty" doc:"where the merchant goes on; on one of the app's return_origins"`
	Grant     string    `json:"grant,omitempty" doc:"reconnect: only this grant's subject may answer"`
	Scopes    []string  `json:"scopes,omitempty"`
	Form      string    `json:"form,omitempty" doc:"a variant of the platform's link"`
	Confirm   bool      `json:"confirm,omitempty" doc:"hold the grants until the code that return_to carries is spent"`
	ExpiresIn wire.Span `json:"expires_in,omitzero" doc:"life of the link: seconds or a duration; seven days if absent, 30 at most"`
}

// link is a new authorization with the address that the merchant opens, which is shown this once.
type link struct {
	ID        string      `json:"id"`
	URL       string      `json:"url"`
	ExpiresAt wire.Moment `json:"expires_at"`

	Replaces []string `json:"replaces,omitempty" doc:"grants in good order whose pair the merchant's consent ends at once on this platform; send the link only if that is wanted"`
}

// confirmation is the one-time code that came back with the merchant.
type confirmation struct {
	Code string `json:"code" minLength:"1" maxLength:"200" doc:"gk_confirm of the address that return_to became"`
}

// authorizationNamed reads an authorization by its id or its number. Of several with one number it is the newest.
func (s *server) authorizationNamed(ctx context.Context, v gk.Viewer, name string) (gk.Authorization, error) {
	end, ok := gk.IDEnd(name)
	if !ok {
		return s.Store.Authorization(ctx, v, name)
	}
	found, err := s.Store.Authorizations(ctx, v, store.AuthorizationFilter{IDEnd: end, Limit: 1})
	if err == nil && len(found) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return gk.Authorization{}, err
	}
	return found[0], nil
}

// placing says whom an answer is for.
type placing struct {
	Subject *newSubject `json:"subject,omitempty" doc:"where the platform does not say who authorized"`
}

// linkOf is a link as it is answered. That it cannot be said what it replaces is no reason to keep it back.
func (s *server) linkOf(ctx context.Context, key gk.Key, a gk.Authorization, url string) link {
	replaces, err := s.consent.Replaces(ctx, key.Viewer(), a)
	if err != nil {
		s.Log.WarnContext(ctx, "what a link replaces could not be read", "authorization", a.ID, "error", err)
	}
	return link{a.ID, url, wire.At(a.ExpiresAt), replaces}
}

func (s *server) routeAuthorizations() {
	door.Add(s.Door, huma.Operation{
		OperationID: "begin-authorization", Method: http.MethodPost, Path: "/v1/authorizations", DefaultStatus: http.StatusCreated,
		Summary: "Make a link for a merchant",
	}, func(ctx context.Context, key gk.Key, in *struct{ Body newAuthorization }) (*wire.Output[link], error) {
		b := in.Body
		a, url, err := s.consent.Begin(ctx, key.Viewer(), consent.BeginInput{
			App: b.App, Kind: b.Kind, Owner: b.Owner, Shop: b.Shop, ReturnTo: b.ReturnTo, Grant: b.Grant, Form: b.Form,
			Scopes: b.Scopes, Confirm: b.Confirm, Life: b.ExpiresIn.Duration,
		})
		if errors.Is(err, store.ErrNotFound) {
			if _, err := s.Store.App(ctx, key.Viewer(), b.App); errors.Is(err, store.ErrNotFound) {
				return nil, problem.Absent("app", "app", "/v1/apps")
			}
			return nil, problem.Absent("grant", "grant of this app", "/v1/grants")
		}
		if err != nil {
			return nil, err
		}
		return wire.Answer(s.linkOf(ctx, key, a, url)), nil
	})

	type filter struct {
		wire.Page
		App   string `query:"app" maxLength:"100"`
		Owner string `query:"owner" maxLength:"200"`
		State string `query:"state" enum:"pending,completed,failed,expired"`
		Q     string `query:"q" maxLength:"200" doc:"beginning of id, shop or owner, or the number"`
	}
	door.Add(s.Door, huma.Operation{
		OperationID: "list-authorizations", Method: http.MethodGet, Path: "/v1/authorizations", Summary: "List authorizations, newest first",
	}, func(ctx context.Context, key gk.Key, in *filter) (*wire.Output[wire.List[Authorization]], error) {
		name := wire.FilterName("authorizations", in.App, in.Owner, in.State, in.Q)
		before, err := wire.OpenCursor(key, name, in.Cursor)
		if err != nil {
			return nil, err
		}
		f := store.AuthorizationFilter{App: in.App, Owner: in.Owner, Before: before, Limit: in.Limit + 1}
		s.inState(&f, in.State)
		if end, ok := gk.IDEnd(in.Q); ok {
			f.IDEnd = end
		} else {
			f.Query = in.Q
		}
		rows, err := s.Store.Authorizations(ctx, key.Viewer(), f)
		if err != nil {
			return nil, err
		}
		next := func(a gk.Authorization) string { return wire.SealCursor(key, name, a.ID) }
		return wire.Answer(wire.PageOf(rows, in.Limit, s.authorization, next)), nil
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "get-authorization", Method: http.MethodGet, Path: "/v1/authorizations/{id}", Summary: "Show how an authorization stands",
	}, func(ctx context.Context, key gk.Key, in *wire.ByID) (*wire.Output[Authorization], error) {
		a, err := s.authorizationNamed(ctx, key.Viewer(), in.ID)
		if err != nil {
			return nil, err
		}
		out := s.authorization(a)
		out.Kept, err = s.consent.Stranded(ctx, a.ID)
		return wire.Answer(out), err
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "place-authorization", Method: http.MethodPost, Path: "/v1/authorizations/{id}/place",
		Summary:     "Make the grant of an answer that is kept",
		Description: "Where the platform gave tokens and no grant could be made of them within a day. Needs a key that is not limited to owners.",
	}, func(ctx context.Context, key gk.Key, in *struct {
		wire.ByID
		Body placing
	}) (*wire.Output[Authorization], error) {
		var subject *gk.Subject
		if b := in.Body.Subject; b != nil {
			subject = &gk.Subject{Kind: b.Kind, ID: b.ID, Host: b.Host, Region: b.Region}
		}
		a, err := s.consent.Place(ctx, key.Viewer(), in.ID, subject)
		return wire.Answer(s.authorization(a)), err
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "confirm-authorization", Method: http.MethodPost, Path: "/v1/authorizations/{id}/confirm",
		Summary: "Spend the code that return_to carried, and release the grants",
	}, func(ctx context.Context, key gk.Key, in *struct {
		wire.ByID
		Body confirmation
	}) (*wire.Output[Authorization], error) {
		a, err := s.consent.ConfirmAuthorization(ctx, key.Viewer(), in.ID, in.Body.Code)
		return wire.Answer(s.authorization(a)), err
	})
}
