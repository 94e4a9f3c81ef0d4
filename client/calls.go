package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	gk "github.com/grantkeep/grantkeep"
)

// AppChange is what is to be changed of an application; nil leaves a member as it is.
type AppChange struct {
	Name          *string           `json:"name,omitempty"`
	Environment   *string           `json:"environment,omitempty"`
	Profile       *string           `json:"profile,omitempty"`
	Stage         *string           `json:"stage,omitempty"`
	Settings      map[string]string `json:"settings,omitempty"`       // merged; an empty value removes one
	Endpoints     map[string]string `json:"endpoints,omitempty"`      // replaced
	ReturnOrigins []string          `json:"return_origins,omitempty"` // replaced
	Vendor        *string           `json:"vendor,omitempty"`
	Sign          *string           `json:"sign,omitempty"`
	Support       *string           `json:"support,omitempty"`
}

// UpdateApp changes an application and clears its pause.
func (c *Client) UpdateApp(ctx context.Context, id string, change AppChange) (App, error) {
	var out App
	err := c.Call(ctx, http.MethodPatch, "/v1/apps/"+escape(id), nil, change, &out)
	return out, err
}

// Authorizations lists attempts, newest first; query takes app, owner and state.
func (c *Client) Authorizations(ctx context.Context, query url.Values) ([]Authorization, error) {
	return all[Authorization](ctx, c, "/v1/authorizations", query)
}

// ConfirmAuthorization spends the one-time code that a return address carried, and releases the grants.
func (c *Client) ConfirmAuthorization(ctx context.Context, id string, code gk.Secret) (Authorization, error) {
	var out Authorization
	err := c.Call(ctx, http.MethodPost, "/v1/authorizations/"+escape(id)+"/confirm", nil, map[string]string{"code": code.Reveal()}, &out)
	return out, err
}

// PlaceAuthorization makes the grant of an answer that an authorization keeps. subject says whose it is where the
// platform does not; the zero one leaves that to the platform.
func (c *Client) PlaceAuthorization(ctx context.Context, id string, subject gk.Subject) (Authorization, error) {
	body := map[string]any{}
	if subject.ID != "" {
		body["subject"] = map[string]string{"kind": subject.Kind, "id": subject.ID, "host": subject.Host}
	}
	var out Authorization
	err := c.Call(ctx, http.MethodPost, "/v1/authorizations/"+escape(id)+"/place", nil, body, &out)
	return out, err
}

// MoveGrant gives a grant to another owner.
func (c *Client) MoveGrant(ctx context.Context, id, owner string) (Grant, error) {
	var out Grant
	err := c.Call(ctx, http.MethodPatch, "/v1/grants/"+escape(id), nil, map[string]string{"owner": owner}, &out)
	return out, err
}

// RenameGrant changes what people call a grant.
func (c *Client) RenameGrant(ctx context.Context, id, name string) (Grant, error) {
	var out Grant
	err := c.Call(ctx, http.MethodPatch, "/v1/grants/"+escape(id), nil, map[string]string{"name": name}, &out)
	return out, err
}

// TagGrant puts tags in place of those that a grant has.
func (c *Client) TagGrant(ctx context.Context, id string, tags map[string]string) (Grant, error) {
	var out Grant
	err := c.Call(ctx, http.MethodPatch, "/v1/grants/"+escape(id), nil, map[string]any{"tags": tags}, &out)
	return out, err
}

// ConfirmGrant gives a held or ownerless grant to an owner.
func (c *Client) ConfirmGrant(ctx context.Context, id, owner string) (Grant, error) {
	var out Grant
	err := c.Call(ctx, http.MethodPost, "/v1/grants/"+escape(id)+"/confirm", nil, map[string]string{"owner": owner}, &out)
	return out, err
}

// SignedCall is a request that is ready to be sent to a platform. It holds the access token.
type SignedCall struct {
	Method     string            `json:"method"`
	URL        string            `json:"url"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
	BodyBase64 string            `json:"body_base64,omitempty"` // instead of Body, where that is not text
	ExpiresAt  gk.Time           `json:"expires_at,omitzero"`   // when the platform stops accepting the signature
}

// Sign has the server sign a call without sending it.
func (c *Client) Sign(ctx context.Context, grant string, call json.RawMessage) (SignedCall, error) {
	var out SignedCall
	err := c.Call(ctx, http.MethodPost, "/v1/grants/"+escape(grant)+"/sign", nil, map[string]json.RawMessage{"call": call}, &out)
	return out, err
}

// Link is a link with which the merchant of a grant authorizes again, and the words to send it with.
type Link struct {
	ID        string  `json:"id"`
	URL       string  `json:"url"`
	ExpiresAt gk.Time `json:"expires_at"`
	Message   Texts   `json:"message"`
}

// LinkGrant makes a link for the merchant of a grant. language is that of the page, empty: the browser's.
func (c *Client) LinkGrant(ctx context.Context, id, returnTo, language string) (Link, error) {
	in := map[string]string{}
	if returnTo != "" {
		in["return_to"] = returnTo
	}
	if language != "" {
		in["language"] = language
	}
	var out Link
	err := c.Call(ctx, http.MethodPost, "/v1/grants/"+escape(id)+"/link", nil, in, &out)
	return out, err
}
