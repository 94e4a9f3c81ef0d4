package store

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// Forms of outlets.
const (
	WebhookForm = "webhook"
	AlarmForm   = "alarm"
)

// Outlet is a place to which news goes.
type Outlet struct {
	ID, Form     string
	By           string // id of the API key that made it
	Enabled      bool
	Reason       string // why it is not enabled
	Rule         Rule
	Sealed       gk.Sealed // addresses and secrets
	FailingSince time.Time // the first failure after the last success; zero: it works
	ToldAt       time.Time // when its failing was told
	BusyUntil    time.Time
	State        map[string]int64
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Rule says which events an outlet gets, and how an alarm tells them. Empty fields do not narrow.
type Rule struct {
	Kinds       []string      `json:"kinds,omitempty"`
	Platforms   []string      `json:"platforms,omitempty"`
	Apps        []string      `json:"apps,omitempty"`
	Owners      []string      `json:"owners,omitempty"`
	Severity    string        `json:"severity,omitempty"`
	Description string        `json:"description,omitempty"`
	Channel     string        `json:"channel,omitempty"`
	Language    string        `json:"language,omitempty"`
	Quiet       *Quiet        `json:"quiet,omitempty"`
	Group       time.Duration `json:"group,omitempty"`
	Digest      *Digest       `json:"digest,omitempty"`
}

// Digest is when an alarm tells every day how all stands: HH:MM in a zone.
type Digest struct {
	At   string `json:"at"`
	Zone string `json:"zone"`
}

// Quiet is a time of the day, HH:MM in a zone, in which only what is critical is told.
type Quiet struct {
	From  string `json:"from"`
	Until string `json:"until"`
	Zone  string `json:"zone"`
}

// States of deliveries.
const (
	Pending   = "pending"
	Delivered = "delivered"
	Failed    = "failed"
)

// Delivery is one event on its way to one outlet.
type Delivery struct {
	Outlet, Event, Kind string
	About               string // the grant, else the app
	Position            int64
	State               string
	Attempts            int64
	DueAt               time.Time // zero: nothing is to be done
	LastAt              time.Time
	LastStatus          int64
	LastTook            time.Duration
	LastError           string // a class
	CreatedAt           time.Time
}

// DeliveryFilter narrows a list of deliveries, newest first.
type DeliveryFilter struct {
	Outlet, State string
	Events        []string // only those of these events; empty: of all
	Before        int64    // position of the last row of the page before; 0: from the newest
	Limit         int
}

// EventFilter narrows the events behind a position. Zero fields do not narrow.
type EventFilter struct {
	After                   int64
	Until                   int64 // inclusive
	Kind, App, Grant, Owner string
	Limit                   int
}

// Outlets are the places to which news goes, and what is on its way there. They have no viewer: whose an outlet is,
// stands in its rule.
type Outlets interface {
	CreateOutlet(ctx context.Context, o Outlet) error
	// Outlet returns one outlet of a form; ErrNotFound if there is none.
	Outlet(ctx context.Context, form, id string) (Outlet, error)
	// Outlets lists all of a form, ordered by id; of both if it is empty.
	Outlets(ctx context.Context, form string) ([]Outlet, error)
	// UpdateOutlet is UpdateGrant for an outlet. What is pending for one that is disabled by it has failed.
	UpdateOutlet(ctx context.Context, form, id string, at time.Time, change func(*Outlet) ([]gk.Event, error)) error
	// DeleteOutlet removes an outlet with its deliveries; ErrNotFound if there is none.
	DeleteOutlet(ctx context.Context, form, id string) error
	// HoldOutlet gives an outlet to the caller until a moment, unless another one has it at now.
	HoldOutlet(ctx context.Context, id string, now, until time.Time) (bool, error)

	// Spread stores the deliveries of the events behind a position up to another, all or none, and remembers the latter.
	// It says false, and stores nothing, if the position that is remembered is not from: somebody else was faster.
	Spread(ctx context.Context, from, to int64, deliveries []Delivery) (bool, error)
	// SpreadUntil returns the position that Spread remembers, and whether an event stands behind it.
	SpreadUntil(ctx context.Context) (position int64, more bool, err error)
	// Redeliver makes deliveries pending from the start, whether they are known or not.
	Redeliver(ctx context.Context, deliveries []Delivery) error
	// DueOutlets returns the ids of the enabled outlets with a delivery that is due at now.
	DueOutlets(ctx context.Context, now time.Time) ([]string, error)
	// ClaimDeliveries takes up to limit deliveries of an outlet that are due at now, those that are due longest first, and
	// makes them due again at until. No two callers get the same one before that.
	ClaimDeliveries(ctx context.Context, outlet string, now, until time.Time, limit int) ([]Delivery, error)
	// SettleDeliveries stores how deliveries stand: state, attempts, due, last.
	SettleDeliveries(ctx context.Context, deliveries []Delivery) error
	Deliveries(ctx context.Context, f DeliveryFilter) ([]Delivery, error)
	// LastTold returns the kind of the latest delivery that an outlet has about each of some ids.
	LastTold(ctx context.Context, outlet string, about []string) (map[string]string, error)

	// TellOnce stores events and remembers a name until a moment. It says false, and stores nothing, while that name is
	// remembered at now: of all instances one tells.
	TellOnce(ctx context.Context, name string, now, until time.Time, events ...gk.Event) (bool, error)
	// TellOver forgets a name and stores events. It says false, and stores nothing, if the name is not known: nobody was told.
	TellOver(ctx context.Context, name string, events ...gk.Event) (bool, error)

	// KeepEvents sets for how long Sweep leaves events; 90 days until it is called. It is called before anything else.
	KeepEvents(d time.Duration)
	// FindEvents is EventsAfter with a filter.
	FindEvents(ctx context.Context, v gk.Viewer, f EventFilter) ([]gk.Event, error)
	// LastPosition returns the position of the event that was published last; 0 if there is none.
	LastPosition(ctx context.Context) (int64, error)
	// EventsByID returns published events in the order of their positions; unknown ids are left out.
	EventsByID(ctx context.Context, ids []string) ([]gk.Event, error)
}
