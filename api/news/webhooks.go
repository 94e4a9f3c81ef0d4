package news

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/store"
)

// Webhook is an endpoint of the vendor's as the API shows it; its secret is told when it is made or rotated.
type Webhook struct {
	ID           string      `json:"id"`
	URL          string      `json:"url"`
	Kinds        []string    `json:"kinds" nullable:"false"`
	Apps         []string    `json:"apps" nullable:"false" doc:"empty: no limit"`
	Owners       []string    `json:"owners" nullable:"false" doc:"empty: no limit"`
	Description  string      `json:"description"`
	Enabled      bool        `json:"enabled"`
	Reason       string      `json:"reason,omitempty" doc:"why it was disabled: gone (it answered 410), failing (for three days), local:unreadable (its row cannot be read; remove it)"`
	FailingSince wire.Moment `json:"failing_since" doc:"the first failure after the last success"`
	CreatedAt    wire.Moment `json:"created_at"`
	UpdatedAt    wire.Moment `json:"updated_at"`
	Secret       string      `json:"secret,omitempty" doc:"whsec_…, shown this once"`
}

func shownWebhook(w notify.Webhook) Webhook {
	return Webhook{
		ID: w.ID, URL: w.URL, Kinds: wire.Texts(w.Rule.Kinds), Apps: wire.Texts(w.Rule.Apps), Owners: wire.Texts(w.Rule.Owners), Description: w.Rule.Description,
		Enabled: w.Enabled, Reason: w.Reason, FailingSince: wire.At(w.FailingSince), CreatedAt: wire.At(w.CreatedAt), UpdatedAt: wire.At(w.UpdatedAt),
	}
}

// Delivery is one event on its way to one webhook. Of an answer it tells the status, and of a failure the class.
type Delivery struct {
	Event    string       `json:"event"`
	Position int64        `json:"position"`
	Kind     string       `json:"kind"`
	State    string       `json:"state" enum:"pending,delivered,failed"`
	Attempts int64        `json:"attempts"`
	NextAt   wire.Moment  `json:"next_at,omitzero"`
	Last     *LastAttempt `json:"last,omitempty"`
}

// LastAttempt is how the last attempt of a delivery ended.
type LastAttempt struct {
	At       wire.Moment `json:"at"`
	Status   int64       `json:"status,omitempty"`
	Duration int64       `json:"duration_ms" doc:"to 100 ms"`
	Error    string      `json:"error,omitempty" enum:"timeout,refused,tls,redirect,address,answer"`
}

func shownDelivery(d store.Delivery) Delivery {
	out := Delivery{Event: d.Event, Position: d.Position, Kind: d.Kind, State: d.State, Attempts: d.Attempts, NextAt: wire.At(d.DueAt)}
	if !d.LastAt.IsZero() {
		out.Last = &LastAttempt{At: wire.At(d.LastAt), Status: d.LastStatus, Duration: d.LastTook.Milliseconds(), Error: d.LastError}
	}
	return out
}

// newWebhook is a webhook as a caller wants it.
type newWebhook struct {
	URL         string   `json:"url" minLength:"1" maxLength:"2000" doc:"https://HOST/PATH of your receiver"`
	Kinds       []string `json:"kinds" minItems:"1" maxItems:"100" nullable:"false" doc:"kinds of events; grant.* and * name many"`
	Apps        []string `json:"apps,omitempty" maxItems:"1000"`
	Owners      []string `json:"owners,omitempty" maxItems:"1000"`
	Description string   `json:"description,omitempty" maxLength:"500"`
}

// webhookChange is what a webhook becomes.
type webhookChange struct {
	URL         *string   `json:"url,omitempty" maxLength:"2000"`
	Kinds       *[]string `json:"kinds,omitempty" maxItems:"100"`
	Apps        *[]string `json:"apps,omitempty" maxItems:"1000"`
	Owners      *[]string `json:"owners,omitempty" maxItems:"1000"`
	Description *string   `json:"description,omitempty" maxLength:"500"`
	Enabled     *bool     `json:"enabled,omitempty"`
}

// eventNamed is the answer of what makes or sends one event.
type eventNamed struct {
	Event string `json:"event" doc:"its id, which is the header webhook-id too"`
}

func (s newsRoutes) routeWebhooks() {
	door.Add(s.Door, huma.Operation{
		OperationID: "list-webhooks", Method: http.MethodGet, Path: "/v1/webhooks", Summary: "List webhooks",
	}, func(ctx context.Context, key gk.Key, in *wire.Page) (*wire.Output[wire.List[Webhook]], error) {
		name := wire.FilterName("webhooks")
		after, err := wire.OpenCursor(key, name, in.Cursor)
		if err != nil {
			return nil, err
		}
		rows, err := s.news.Webhooks(ctx, key.Viewer(), after, in.Limit+1)
		if err != nil {
			return nil, err
		}
		next := func(w notify.Webhook) string { return wire.SealCursor(key, name, w.ID) }
		return wire.Answer(wire.PageOf(rows, in.Limit, shownWebhook, next)), nil
	})
	door.Add(s.Door, huma.Operation{
		OperationID: "create-webhook", Method: http.MethodPost, Path: "/v1/webhooks", DefaultStatus: http.StatusCreated, Summary: "Have events sent to an address",
		Description: "One POST for each event, signed after the Standard Webhooks specification. The secret is in this answer and nowhere else. " +
			"The webhook of a key with limits has them too.",
	}, func(ctx context.Context, key gk.Key, in *struct{ Body newWebhook }) (*wire.Output[Webhook], error) {
		b := in.Body
		rule := store.Rule{Kinds: b.Kinds, Apps: b.Apps, Owners: b.Owners, Description: b.Description}
		w, secret, err := s.news.CreateWebhook(ctx, key.Viewer(), b.URL, rule)
		if err != nil {
			return nil, err
		}
		shown := shownWebhook(w)
		shown.Secret = secret.Reveal()
		return wire.Answer(shown), nil
	})
	door.Add(s.Door, huma.Operation{
		OperationID: "get-webhook", Method: http.MethodGet, Path: "/v1/webhooks/{id}", Summary: "Show a webhook",
	}, func(ctx context.Context, key gk.Key, in *wire.ByID) (*wire.Output[Webhook], error) {
		w, err := s.news.Webhook(ctx, key.Viewer(), in.ID)
		return wire.Answer(shownWebhook(w)), err
	})
	door.Add(s.Door, huma.Operation{
		OperationID: "update-webhook", Method: http.MethodPatch, Path: "/v1/webhooks/{id}", Summary: "Change, disable or enable a webhook",
		Description: "What happens while it is disabled is not kept for it; a replay brings it.",
	}, func(ctx context.Context, key gk.Key, in *struct {
		wire.ByID
		Body webhookChange
	}) (*wire.Output[Webhook], error) {
		w, err := s.news.UpdateWebhook(ctx, key.Viewer(), in.ID, notify.WebhookChange(in.Body))
		return wire.Answer(shownWebhook(w)), err
	})
	door.Add(s.Door, huma.Operation{
		OperationID: "delete-webhook", Method: http.MethodDelete, Path: "/v1/webhooks/{id}", DefaultStatus: http.StatusNoContent, Summary: "Remove a webhook",
	}, func(ctx context.Context, key gk.Key, in *wire.ByID) (*struct{}, error) {
		return nil, s.news.RemoveOutlet(ctx, key.Viewer(), store.WebhookForm, in.ID)
	})
	door.Add(s.Door, huma.Operation{
		OperationID: "rotate-webhook", Method: http.MethodPost, Path: "/v1/webhooks/{id}/rotate", Summary: "Give a webhook a new secret",
		Description: "For 24 hours the old one signs too.",
	}, func(ctx context.Context, key gk.Key, in *wire.ByID) (*wire.Output[rotated], error) {
		secret, err := s.news.RotateWebhook(ctx, key.Viewer(), in.ID)
		if err != nil {
			return nil, err
		}
		return wire.Answer(rotated{Secret: secret.Reveal()}), nil
	})
	door.Add(s.Door, huma.Operation{
		OperationID: "test-webhook", Method: http.MethodPost, Path: "/v1/webhooks/{id}/test", DefaultStatus: http.StatusAccepted, Summary: "Send an event webhook.test",
		Description: "It is delivered like any other; the deliveries tell what came of it.",
	}, func(ctx context.Context, key gk.Key, in *wire.ByID) (*wire.Output[eventNamed], error) {
		id, err := s.news.TestWebhook(ctx, key.Viewer(), in.ID)
		return wire.Answer(eventNamed{id}), err
	})
	s.routeDeliveries()
}

// rotated is the answer of a rotation.
type rotated struct {
	Secret string `json:"secret" doc:"whsec_…, shown this once"`
}

// replayed is the answer of a replay.
type replayed struct {
	Count int `json:"count" doc:"events that are sent again"`
}

func (s newsRoutes) routeDeliveries() {
	door.Add(s.Door, huma.Operation{
		OperationID: "list-deliveries", Method: http.MethodGet, Path: "/v1/webhooks/{id}/deliveries", Summary: "List deliveries, newest first, of 30 days",
	}, func(ctx context.Context, key gk.Key, in *struct {
		wire.ByID
		wire.Page
		State string `query:"state" enum:"pending,delivered,failed"`
	}) (*wire.Output[wire.List[Delivery]], error) {
		name := wire.FilterName("deliveries", in.ID, in.State)
		text, err := wire.OpenCursor(key, name, in.Cursor)
		if err != nil {
			return nil, err
		}
		before, _ := strconv.ParseInt(text, 10, 64) // a cursor of ours holds a number or nothing
		rows, err := s.news.Deliveries(ctx, key.Viewer(), store.DeliveryFilter{Outlet: in.ID, State: in.State, Before: before, Limit: in.Limit + 1})
		if err != nil {
			return nil, err
		}
		next := func(d store.Delivery) string { return wire.SealCursor(key, name, strconv.FormatInt(d.Position, 10)) }
		return wire.Answer(wire.PageOf(rows, in.Limit, shownDelivery, next)), nil
	})
	door.Add(s.Door, huma.Operation{
		OperationID: "deliver-again", Method: http.MethodPost, Path: "/v1/webhooks/{id}/deliveries/{event}", DefaultStatus: http.StatusAccepted,
		Summary: "Send one event again",
	}, func(ctx context.Context, key gk.Key, in *struct {
		wire.ByID
		Event string `path:"event" maxLength:"100"`
	}) (*wire.Output[eventNamed], error) {
		err := s.news.Redeliver(ctx, key.Viewer(), in.ID, in.Event)
		if errors.Is(err, store.ErrNotFound) {
			return nil, problem.Absent("event", "event or webhook", "/v1/webhooks/ID/deliveries")
		}
		return wire.Answer(eventNamed{in.Event}), err
	})
	door.Add(s.Door, huma.Operation{
		OperationID: "replay-webhook", Method: http.MethodPost, Path: "/v1/webhooks/{id}/replay", Summary: "Send the events of a range again",
		Description: "Those that the webhook wants, behind the position after, up to and with until.",
	}, func(ctx context.Context, key gk.Key, in *struct {
		wire.ByID
		Body struct {
			After wire.Position `json:"after" doc:"a position of an event, or next of a list of events; 0: from the first"`
			Until wire.Position `json:"until,omitempty" doc:"left out: up to the last one"`
		}
	}) (*wire.Output[replayed], error) {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		n, err := s.news.Replay(ctx, key.Viewer(), in.ID, int64(in.Body.After), int64(in.Body.Until))
		return wire.Answer(replayed{n}), err
	})
}
