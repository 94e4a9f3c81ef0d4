package client

import (
	"context"
	"net/http"
	"net/url"
)

// Alarm is a channel to people.
type Alarm struct {
	ID        string            `json:"id,omitempty"`
	Channel   string            `json:"channel"`
	Settings  map[string]string `json:"settings"` // *** where it is not shown
	Kinds     []string          `json:"kinds,omitempty"`
	Platforms []string          `json:"platforms,omitempty"`
	Apps      []string          `json:"apps,omitempty"`
	Owners    []string          `json:"owners,omitempty"`
	Severity  string            `json:"severity,omitempty"`
	Language  string            `json:"language,omitempty"`
	Quiet     *Quiet            `json:"quiet,omitempty"`
	Digest    *Digest           `json:"digest,omitempty"`
	Group     string            `json:"group,omitempty"`
	Enabled   bool              `json:"-"`
}

// Quiet is a time of the day in which only what is critical is told.
type Quiet struct {
	From  string `json:"from"`
	Until string `json:"until"`
	Zone  string `json:"zone"`
}

// Digest is when an alarm tells every day how all stands: HH:MM in a zone.
type Digest struct {
	At   string `json:"at"`
	Zone string `json:"zone"`
}

// CreateAlarm has people told what happens.
func (c *Client) CreateAlarm(ctx context.Context, a Alarm) (Alarm, error) {
	var out Alarm
	err := c.Call(ctx, http.MethodPost, "/v1/alarms", nil, a, &out)
	return out, err
}

// Alarms lists up to a thousand alarms.
func (c *Client) Alarms(ctx context.Context) ([]Alarm, error) {
	var p page[Alarm]
	err := c.Call(ctx, http.MethodGet, "/v1/alarms", url.Values{"limit": {"1000"}}, nil, &p)
	return p.Items, err
}

// TestAlarm sends a message through an alarm; the error is a *Problem with the channel's own code where it refuses.
func (c *Client) TestAlarm(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodPost, "/v1/alarms/"+escape(id)+"/test", nil, nil, nil)
}

// DeleteAlarm removes an alarm.
func (c *Client) DeleteAlarm(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodDelete, "/v1/alarms/"+escape(id), nil, nil, nil)
}
