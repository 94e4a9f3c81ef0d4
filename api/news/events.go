package news

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Event is one line of history as the API shows it; /schemas/events.json describes it to programs.
type Event struct {
	ID            string            `json:"id"`
	Position      int64             `json:"position" doc:"0 until it is published"`
	Kind          string            `json:"kind"`
	At            wire.Moment       `json:"at"`
	App           string            `json:"app"`
	Platform      string            `json:"platform"`
	Grant         string            `json:"grant,omitempty"`
	Subject       *gk.Subject       `json:"subject,omitempty" doc:"whose grant it is about"`
	Authorization string            `json:"authorization,omitempty"`
	Owner         string            `json:"owner,omitempty"`
	Tags          map[string]string `json:"tags,omitempty" doc:"the vendor's own"`
	Actor         string            `json:"actor" doc:"id of an API key, merchant, platform or engine"`
	Severity      string            `json:"severity" enum:"info,warning,critical"`
	WhoseMove     string            `json:"whose_move,omitempty"`
	Text          platform.Texts    `json:"text" doc:"one sentence for people"`
	Fault         *explain.Fault    `json:"fault,omitempty"`
	Data          map[string]any    `json:"data"`
}

func shownEvent(e notify.Event) Event {
	return Event{
		ID: e.ID, Position: e.Position, Kind: e.Kind, At: wire.Moment{Time: e.At}, App: e.App, Platform: e.Platform, Grant: e.Grant, Subject: e.Subject,
		Authorization: e.Authorization, Owner: e.Owner, Tags: e.Tags, Actor: e.Actor, Severity: e.Severity, WhoseMove: e.WhoseMove,
		Text: e.Text, Fault: e.Fault, Data: e.Data,
	}
}

// told returns events as they are shown.
func (s newsRoutes) told(ctx context.Context, events []gk.Event) ([]Event, error) {
	told, err := s.teller.Tell(ctx, events...)
	if err != nil {
		return nil, err
	}
	out := make([]Event, 0, len(told))
	for _, e := range told {
		out = append(out, shownEvent(e))
	}
	return out, nil
}

// WhichEvents narrows the events.
type WhichEvents struct {
	After int64  `query:"after" minimum:"0" doc:"position of the last event that was seen"`
	Kind  string `query:"kind" maxLength:"100"`
	App   string `query:"app" maxLength:"100"`
	Grant string `query:"grant" maxLength:"100"`
	Owner string `query:"owner" maxLength:"200"`
}

func (w WhichEvents) filter(limit int) store.EventFilter {
	return store.EventFilter{After: w.After, Kind: w.Kind, App: w.App, Grant: w.Grant, Owner: w.Owner, Limit: limit}
}

func (s newsRoutes) routeEvents() {
	door.Add(s.Door, huma.Operation{
		OperationID: "list-events", Method: http.MethodGet, Path: "/v1/events", Summary: "Follow the events",
		Description: "In the order of their publication, none skipped. next is always there: the position to go on from.",
	}, func(ctx context.Context, key gk.Key, in *struct {
		WhichEvents
		Limit int `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	}) (*wire.Output[wire.List[Event]], error) {
		rows, err := s.Store.FindEvents(ctx, key.Viewer(), in.filter(in.Limit))
		if err != nil {
			return nil, err
		}
		last := in.After
		if len(rows) > 0 {
			last = rows[len(rows)-1].Position
		}
		items, err := s.told(ctx, rows)
		return wire.Answer(wire.List[Event]{Items: items, Next: strconv.FormatInt(last, 10)}), err
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "list-history", Method: http.MethodGet, Path: "/v1/grants/{id}/history", Summary: "Show what happened to a grant, newest first",
	}, func(ctx context.Context, key gk.Key, in *struct {
		wire.ByID
		wire.Page
	}) (*wire.Output[wire.List[Event]], error) {
		name := wire.FilterName("history", in.ID)
		before, err := wire.OpenCursor(key, name, in.Cursor)
		if err != nil {
			return nil, err
		}
		g, err := s.Store.Grant(ctx, key.Viewer(), in.ID)
		if err != nil {
			return nil, err
		}
		if door.Veiled(key, g) {
			return wire.Answer(wire.List[Event]{Items: []Event{}}), nil
		}
		rows, err := s.Store.History(ctx, key.Viewer(), in.ID, before, in.Limit+1)
		if err != nil {
			return nil, err
		}
		var next string
		if len(rows) > in.Limit {
			rows = rows[:in.Limit]
			next = wire.SealCursor(key, name, rows[in.Limit-1].ID)
		}
		items, err := s.told(ctx, rows)
		return wire.Answer(wire.List[Event]{Items: items, Next: next}), err
	})
}
