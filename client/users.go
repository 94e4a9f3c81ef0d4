package client

import (
	"context"
	"net/http"

	gk "github.com/grantkeep/grantkeep"
)

// User is somebody who may log in to the console.
type User struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Role      string  `json:"role"`
	Password  bool    `json:"password"` // whether one is set
	CreatedAt gk.Time `json:"created_at"`
}

// Users lists who may log in to the console.
func (c *Client) Users(ctx context.Context) ([]User, error) {
	var p page[User]
	err := c.Call(ctx, http.MethodGet, "/v1/users", nil, nil, &p)
	return p.Items, err
}

// CreateUser lets somebody log in to the console.
func (c *Client) CreateUser(ctx context.Context, name, role string, password gk.Secret) (User, error) {
	var out User
	err := c.Call(ctx, http.MethodPost, "/v1/users", nil, map[string]any{"name": name, "role": role, "password": password.Reveal()}, &out)
	return out, err
}

// SetUserPassword sets a password and ends all logins of a user, who is told by id or name.
func (c *Client) SetUserPassword(ctx context.Context, user string, password gk.Secret) error {
	return c.Call(ctx, http.MethodPost, "/v1/users/"+escape(user)+"/password", nil, map[string]any{"password": password.Reveal()}, nil)
}

// RemoveUser removes a user, who is told by id or name.
func (c *Client) RemoveUser(ctx context.Context, user string) error {
	return c.Call(ctx, http.MethodDelete, "/v1/users/"+escape(user), nil, nil, nil)
}
