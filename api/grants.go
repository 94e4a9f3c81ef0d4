package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/store"
)

// Grant is a merchant's standing permission as the API shows it; no token is in it. To a key that is limited to owners
// a held grant shows no detail: whose shop it is has yet to be confirmed.
type Grant struct {
	ID          string   `json:"id"`
	App         string   `json:"app"`
	Platform    string   `json:"platform"`
	Environment string   `json:"environment" enum:"production,sandbox"`
	Owner       string   `json:"owner"`
	State       gk.State `json:"state" enum:"active,held,suspended,expired,revoked"`
	*GrantDetail
}

// GrantDetail is what a held grant keeps from its owner.
type GrantDetail struct {
	Subject                gk.Subject             `json:"subject"`
	Shops                  []wire.Shop            `json:"shops" nullable:"false"`
	WhoseMove              string                 `json:"whose_move,omitempty" enum:"us,vendor,merchant,platform"`
	Renewable              bool                   `json:"renewable" doc:"false: needs the merchant before expires_at"`
	InDoubt                bool                   `json:"in_doubt" doc:"the answer to a renewal was lost"`
	ExpiresAt              wire.Moment            `json:"expires_at"`
	RefreshTokenExpiresAt  wire.Moment            `json:"refresh_token_expires_at"`
	AuthorizationExpiresAt wire.Moment            `json:"authorization_expires_at"`
	Windows                map[string]wire.Moment `json:"windows"`
	NextAt                 wire.Moment            `json:"next_at" doc:"when something is done with it next"`
	Generation             int64                  `json:"generation" doc:"counts its token pairs"`
	Version                int64                  `json:"version" doc:"rises with any change"`
	Fault                  *explain.Fault         `json:"fault,omitempty"`
	Scopes                 []string               `json:"scopes" nullable:"false"`
	Tags                   map[string]string      `json:"tags" doc:"the vendor's own, set by PATCH"`
	Facts                  map[string]string      `json:"facts"`
	AuthorizedAt           wire.Moment            `json:"authorized_at"`
	CreatedAt              wire.Moment            `json:"created_at"`
	UpdatedAt              wire.Moment            `json:"updated_at"`
}

// grant shows a grant of an app in an environment to the holder of a key.
func (s *server) grant(key gk.Key, g gk.Grant, environment string) Grant {
	out := Grant{ID: g.ID, App: g.App, Platform: g.Platform, Environment: environment, Owner: g.Owner, State: g.State}
	if door.Veiled(key, g) {
		return out
	}
	out.GrantDetail = &GrantDetail{
		Subject: g.Subject, Shops: wire.Shops(g.Shops), WhoseMove: g.WhoseMove(), Renewable: g.Renewable, InDoubt: g.InDoubt(),
		ExpiresAt: wire.At(g.Expires), RefreshTokenExpiresAt: wire.At(g.RefreshExpires), AuthorizationExpiresAt: wire.At(g.Ceiling),
		Windows: wire.Moments(g.Windows), NextAt: wire.At(g.DueAt), Generation: g.Generation, Version: g.Version,
		Fault: s.Fault(g.Fault, environment), Scopes: wire.Texts(g.Scopes), Facts: wire.Pairs(g.Facts), Tags: wire.Pairs(g.Tags),
		AuthorizedAt: wire.At(g.AuthorizedAt), CreatedAt: wire.At(g.CreatedAt), UpdatedAt: wire.At(g.UpdatedAt),
	}
	return out
}

// shownGrant is the answer with one grant.
func (s *server) shownGrant(ctx context.Context, key gk.Key, g gk.Grant, err error) (*wire.Output[Grant], error) {
	if err != nil {
		return nil, err
	}
	app, err := s.Store.App(ctx, key.Viewer(), g.App)
	if err != nil {
		return nil, err
	}
	return wire.Answer(s.grant(key, g, app.Environment)), nil
}

// shownGrants adds the environments of their apps to the grants of a page.
func (s *server) shownGrants(ctx context.Context, key gk.Key, rows []gk.Grant) ([]Grant, error) {
	environments := make(map[string]string)
	shown := make([]Grant, 0, len(rows))
	for _, g := range rows {
		if _, ok := environments[g.App]; !ok {
			app, err := s.Store.App(ctx, key.Viewer(), g.App)
			if err != nil {
				return nil, err
			}
			environments[g.App] = app.Environment
		}
		shown = append(shown, s.grant(key, g, environments[g.App]))
	}
	return shown, nil
}

// grantFilter narrows the list of grants.
type grantFilter struct {
	wire.Page
	Platform      string         `query:"platform" maxLength:"50"`
	App           string         `query:"app" maxLength:"100"`
	Owner         string         `query:"owner" maxLength:"200"`
	State         string         `query:"state" enum:"active,held,suspended,expired,revoked"`
	ExpiresBefore wire.GivenTime `query:"expires_before" doc:"needs the merchant before this moment"`
	WhoseMove     string         `query:"whose_move" enum:"us,vendor,merchant,platform" doc:"who has to do something about it"`
	Tag           string         `query:"tag" maxLength:"265" doc:"NAME:VALUE of a tag"`
	Q             string         `query:"q" maxLength:"200" doc:"part of a subject's or shop's id, host or name, or of the owner"`
}

func (s *server) listGrants(ctx context.Context, key gk.Key, in *grantFilter) (*wire.Output[wire.List[Grant]], error) {
	name := wire.FilterName("grants", in.Platform, in.App, in.Owner, in.State, in.ExpiresBefore.String(), in.WhoseMove, in.Tag, in.Q)
	after, err := wire.OpenCursor(key, name, in.Cursor)
	if err != nil {
		return nil, err
	}
	tag, value, whole := strings.Cut(in.Tag, ":")
	if in.Tag != "" && (!whole || tag == "" || value == "") {
		return nil, gk.BadInput("tag", "is not of the form NAME:VALUE")
	}
	rows, err := s.Store.Grants(ctx, key.Viewer(), store.GrantFilter{
		Platform: in.Platform, App: in.App, Owner: in.Owner, State: gk.State(in.State), ExpiresBefore: in.ExpiresBefore.Time,
		WhoseMove: in.WhoseMove, TagName: tag, TagValue: value, Query: in.Q, After: after, Limit: in.Limit + 1,
	})
	if err != nil {
		return nil, err
	}
	same := func(g gk.Grant) gk.Grant { return g }
	p := wire.PageOf(rows, in.Limit, same, func(g gk.Grant) string { return wire.SealCursor(key, name, g.ID) })
	if in.Q != "" || in.Tag != "" || in.WhoseMove != "" || !in.ExpiresBefore.IsZero() {
		p.Items = withoutVeiled(key, p.Items) // being found by a detail would tell it
	}
	shown, err := s.shownGrants(ctx, key, p.Items)
	return wire.Answer(wire.List[Grant]{Items: shown, Next: p.Next}), err
}

func withoutVeiled(key gk.Key, rows []gk.Grant) []gk.Grant {
	var out []gk.Grant
	for _, g := range rows {
		if !door.Veiled(key, g) {
			out = append(out, g)
		}
	}
	return out
}

// grantChange is what PATCH takes; what is absent stays.
type grantChange struct {
	Owner *string `json:"owner,omitempty" maxLength:"200"`
	Name  *string `json:"name,omitempty" maxLength:"200"`

	Tags *map[string]string `json:"tags,omitempty" doc:"in place of those of before; at most 16"`
}

// newOwner is who a held or ownerless grant is given to.
type newOwner struct {
	Owner string `json:"owner" minLength:"1" maxLength:"200" doc:"your customer, for whom the grant is"`
}

// newRefresh is how a refresh is asked for.
type newRefresh struct {
	Force bool `json:"force,omitempty" doc:"also repeat a one-time renewal whose answer was lost"`
}

func (s *server) routeGrants() {
	door.Add(s.Door, huma.Operation{
		OperationID: "list-grants", Method: http.MethodGet, Path: "/v1/grants", Summary: "List grants",
	}, s.listGrants)

	door.Add(s.Door, huma.Operation{
		OperationID: "summarize-grants", Method: http.MethodGet, Path: "/v1/summary", Summary: "Count the grants: by platform, state, whose move it is, and what ends soon",
		Description: "Within the key's limits. What ends soon is what only the merchant can prolong.",
	}, s.summary)

	door.Add(s.Door, huma.Operation{
		OperationID: "get-grant", Method: http.MethodGet, Path: "/v1/grants/{id}", Summary: "Show a grant",
	}, func(ctx context.Context, key gk.Key, in *wire.ByID) (*wire.Output[Grant], error) {
		g, err := s.Store.Grant(ctx, key.Viewer(), in.ID)
		return s.shownGrant(ctx, key, g, err)
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "change-grant", Method: http.MethodPatch, Path: "/v1/grants/{id}", Summary: "Rename a grant, tag it or move it to another owner",
		Description: "Only a key that is not limited to owners can move one.",
	}, func(ctx context.Context, key gk.Key, in *struct {
		wire.ByID
		Body grantChange
	}) (*wire.Output[Grant], error) {
		if err := s.Sees(ctx, key, in.ID); err != nil {
			return nil, err
		}
		g, err := s.Keeper.UpdateGrant(ctx, key.Viewer(), in.ID, keeper.GrantChange{Owner: in.Body.Owner, Name: in.Body.Name, Tags: in.Body.Tags})
		return s.shownGrant(ctx, key, g, err)
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "revoke-grant", Method: http.MethodDelete, Path: "/v1/grants/{id}", DefaultStatus: http.StatusNoContent,
		Summary:     "Revoke a grant",
		Description: "The platform is told where it can be; the tokens are erased. With erase, so is what is known of the merchant beside the ids.",
	}, func(ctx context.Context, key gk.Key, in *struct {
		wire.ByID
		Erase bool `query:"erase" doc:"also erase names, hosts, shops and facts of the merchant; for a grant that has ended long ago too"`
	}) (*struct{}, error) {
		if in.Erase {
			return nil, s.Keeper.RevokeAndForget(ctx, key.Viewer(), in.ID)
		}
		return nil, s.Keeper.Revoke(ctx, key.Viewer(), in.ID)
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "confirm-grant", Method: http.MethodPost, Path: "/v1/grants/{id}/confirm",
		Summary:     "Give a held or ownerless grant to an owner",
		Description: "Needs a key that is not limited to owners.",
	}, func(ctx context.Context, key gk.Key, in *struct {
		wire.ByID
		Body newOwner
	}) (*wire.Output[Grant], error) {
		if err := s.Sees(ctx, key, in.ID); err != nil {
			return nil, err
		}
		g, err := s.Keeper.Confirm(ctx, key.Viewer(), in.ID, in.Body.Owner)
		return s.shownGrant(ctx, key, g, err)
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "refresh-grant", Method: http.MethodPost, Path: "/v1/grants/{id}/refresh", Summary: "Renew a grant now",
		Description: "A refusal of the platform is no error: the grant's fault tells it.",
	}, func(ctx context.Context, key gk.Key, in *struct {
		wire.ByID
		Body *newRefresh
	}) (*wire.Output[Grant], error) {
		g, err := s.Keeper.Refresh(ctx, key.Viewer(), in.ID, in.Body != nil && in.Body.Force)
		return s.shownGrant(ctx, key, g, err)
	})
}
