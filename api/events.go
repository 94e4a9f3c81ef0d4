package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
)

// Event is one line of history as the API shows it.
type Event struct {
	ID            string         `json:"id"`
	Position      int64          `json:"position" doc:"0 until it is published"`
	Kind          string         `json:"kind"`
	At            moment         `json:"at"`
	App           string         `json:"app"`
	Grant         string         `json:"grant,omitempty"`
	Authorization string         `json:"authorization,omitempty"`
	Owner         string         `json:"owner,omitempty"`
	Actor         string         `json:"actor" doc:"id of an API key, merchant, platform or engine"`
	Data          map[string]any `json:"data"`
}

func event(e gk.Event) Event {
	data := e.Data
	if data == nil {
		data = map[string]any{}
	}
	return Event{
		ID: e.ID, Position: e.Position, Kind: e.Kind, At: at(e.At), App: e.App, Grant: e.Grant, Authorization: e.Authorization,
		Owner: e.Owner, Actor: e.Actor, Data: data,
	}
}

func (s *server) routeEvents() {
	add(s, huma.Operation{
		OperationID: "list-events", Method: http.MethodGet, Path: "/v1/events", Summary: "Follow the events",
		Description: "In the order of their publication, none skipped, for 90 days. Pass the last position as after; next is that position while there are more.",
	}, func(ctx context.Context, key gk.Key, in *struct {
		After int64 `query:"after" minimum:"0" doc:"position of the last event that was seen"`
		Limit int   `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	}) (*output[list[Event]], error) {
		rows, err := s.store.EventsAfter(ctx, key.Viewer(), in.After, in.Limit+1)
		if err != nil {
			return nil, err
		}
		next := func(e gk.Event) string { return strconv.FormatInt(e.Position, 10) }
		return &output[list[Event]]{pageOf(rows, in.Limit, event, next)}, nil
	})

	add(s, huma.Operation{
		OperationID: "list-history", Method: http.MethodGet, Path: "/v1/grants/{id}/history", Summary: "Show what happened to a grant, newest first",
	}, func(ctx context.Context, key gk.Key, in *struct {
		ByID
		Page
	}) (*output[list[Event]], error) {
		name := filterName("history", in.ID)
		before, err := openCursor(key, name, in.Cursor)
		if err != nil {
			return nil, err
		}
		g, err := s.store.Grant(ctx, key.Viewer(), in.ID)
		if err != nil {
			return nil, err
		}
		if veiled(key, g) {
			return &output[list[Event]]{list[Event]{Items: []Event{}}}, nil
		}
		rows, err := s.store.History(ctx, key.Viewer(), in.ID, before, in.Limit+1)
		if err != nil {
			return nil, err
		}
		next := func(e gk.Event) string { return sealCursor(key, name, e.ID) }
		return &output[list[Event]]{pageOf(rows, in.Limit, event, next)}, nil
	})
}
