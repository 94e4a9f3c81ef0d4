package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	gk "github.com/grantkeep/grantkeep"
)

// Webhook is an endpoint to which events are sent. Secret is told when it is made.
type Webhook struct {
	ID           string    `json:"id,omitempty"`
	URL          string    `json:"url"`
	Kinds        []string  `json:"kinds"`
	Apps         []string  `json:"apps,omitempty"`
	Owners       []string  `json:"owners,omitempty"`
	Description  string    `json:"description,omitempty"`
	Enabled      bool      `json:"enabled,omitempty"`
	Reason       string    `json:"reason,omitempty"`
	FailingSince gk.Time   `json:"failing_since,omitzero"`
	CreatedAt    gk.Time   `json:"created_at,omitzero"`
	Secret       gk.Secret `json:"-"`
}

// Delivery is one event on its way to a webhook.
type Delivery struct {
	Event    string  `json:"event"`
	Position int64   `json:"position"`
	Kind     string  `json:"kind"`
	State    string  `json:"state"` // pending, delivered, failed
	Attempts int64   `json:"attempts"`
	NextAt   gk.Time `json:"next_at,omitzero"`
	Last     *struct {
		At       gk.Time `json:"at"`
		Status   int     `json:"status"`
		Duration int64   `json:"duration_ms"`
		Error    string  `json:"error"`
	} `json:"last,omitempty"`
}

// CreateWebhook has events sent to w.URL.
func (c *Client) CreateWebhook(ctx context.Context, w Webhook) (Webhook, error) {
	in := map[string]any{"url": w.URL, "kinds": w.Kinds, "apps": w.Apps, "owners": w.Owners, "description": w.Description}
	for _, name := range []string{"apps", "owners"} {
		if list, _ := in[name].([]string); len(list) == 0 {
			delete(in, name)
		}
	}
	var out struct {
		Webhook
		Secret string `json:"secret"`
	}
	err := c.Call(ctx, http.MethodPost, "/v1/webhooks", nil, in, &out)
	out.Webhook.Secret = gk.NewSecret(out.Secret)
	return out.Webhook, err
}

// Webhooks lists up to a thousand webhooks.
func (c *Client) Webhooks(ctx context.Context) ([]Webhook, error) {
	var p page[Webhook]
	err := c.Call(ctx, http.MethodGet, "/v1/webhooks", url.Values{"limit": {"1000"}}, nil, &p)
	return p.Items, err
}

// EnableWebhook enables a webhook, or disables it.
func (c *Client) EnableWebhook(ctx context.Context, id string, enabled bool) (Webhook, error) {
	var out Webhook
	err := c.Call(ctx, http.MethodPatch, "/v1/webhooks/"+escape(id), nil, map[string]bool{"enabled": enabled}, &out)
	return out, err
}

// DeleteWebhook removes a webhook.
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodDelete, "/v1/webhooks/"+escape(id), nil, nil, nil)
}

// RotateWebhook gives a webhook a new secret; for 24 hours the old one signs too.
func (c *Client) RotateWebhook(ctx context.Context, id string) (gk.Secret, error) {
	var out struct {
		Secret string `json:"secret"`
	}
	err := c.Call(ctx, http.MethodPost, "/v1/webhooks/"+escape(id)+"/rotate", nil, nil, &out)
	return gk.NewSecret(out.Secret), err
}

// TestWebhook has an event webhook.test sent; it returns the event's id.
func (c *Client) TestWebhook(ctx context.Context, id string) (string, error) {
	var out struct {
		Event string `json:"event"`
	}
	err := c.Call(ctx, http.MethodPost, "/v1/webhooks/"+escape(id)+"/test", nil, nil, &out)
	return out.Event, err
}

// Deliveries lists the newest deliveries of a webhook, in a state (empty: in any).
func (c *Client) Deliveries(ctx context.Context, id, state string) ([]Delivery, error) {
	q := url.Values{"limit": {"1000"}}
	if state != "" {
		q.Set("state", state)
	}
	var p page[Delivery]
	err := c.Call(ctx, http.MethodGet, "/v1/webhooks/"+escape(id)+"/deliveries", q, nil, &p)
	return p.Items, err
}

// ReplayWebhook sends the events behind a position up to another one again (0: the last); it returns how many.
func (c *Client) ReplayWebhook(ctx context.Context, id string, after, until int64) (int, error) {
	in := map[string]int64{"after": after}
	if until > 0 {
		in["until"] = until
	}
	var out struct {
		Count int `json:"count"`
	}
	err := c.Call(ctx, http.MethodPost, "/v1/webhooks/"+escape(id)+"/replay", nil, in, &out)
	return out.Count, err
}

// ErrUnsigned says that a request is not a genuine delivery: answer it with 401 and do nothing else.
var ErrUnsigned = errors.New("the request is not signed with this secret, or is older than five minutes")

// ReadWebhook verifies a delivery by its headers and its raw body, and decodes it. An event may come twice, under the
// same id, and later ones before earlier ones: position orders.
func ReadWebhook(secret gk.Secret, header http.Header, body []byte) (Event, error) {
	w, err := standardwebhooks.NewWebhook(secret.Reveal())
	if err != nil {
		return Event{}, errors.New("the secret is none of a webhook: whsec_ and base64")
	}
	if err := w.Verify(body, header); err != nil {
		return Event{}, ErrUnsigned
	}
	var e Event
	if err := json.Unmarshal(body, &e); err != nil {
		return Event{}, fmt.Errorf("the event does not decode: %w", err)
	}
	return e, nil
}
