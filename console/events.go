package console

import (
	"net/http"
	"slices"
	"strconv"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/store"
)

// eventsView is what happened, newest first.
type eventsView struct {
	frame.Page
	Rows     []eventRow
	Kind     string
	Kinds    []string
	App      string
	Apps     []gk.App
	NextURL  string
	Narrowed bool
}

// events lists what happened.
func (c *console) events(v *desk.Visit) error {
	p := v.Page
	p.Section = "events"
	asked := v.R.URL.Query()
	view := eventsView{Page: p, Kind: asked.Get("kind"), Kinds: frame.Kinds, App: frame.Cut(asked.Get("app"), longestName)}
	if !slices.Contains(frame.Kinds, view.Kind) {
		view.Kind = ""
	}
	view.Narrowed = view.Kind != "" || view.App != ""
	before, _ := strconv.ParseInt(asked.Get("before"), 10, 64) // what is no position begins at the newest
	found, err := c.store.RecentEvents(v.Ctx(), v.Viewer, store.RecentFilter{Before: before, Kind: view.Kind, App: view.App, Limit: perPage + 1})
	if err != nil {
		return err
	}
	if len(found) > perPage {
		found = found[:perPage]
		view.NextURL = p.URL("/events?kind=%s&app=%s&before=%d", view.Kind, query(view.App), found[perPage-1].Position)
	}
	s, err := c.census(v.Ctx(), p.Zone)
	if err != nil {
		return err
	}
	view.Apps = s.apps
	if view.Rows, err = c.eventRows(v, found, s); err != nil {
		return err
	}
	if err := c.deliveries(v, view.Rows); err != nil {
		return err
	}
	return v.Show(http.StatusOK, eventList(view))
}

// deliveries tells of each event how many endpoints want it and how many have it.
func (c *console) deliveries(v *desk.Visit, rows []eventRow) error {
	endpoints, err := c.store.Outlets(v.Ctx(), store.WebhookForm)
	if err != nil || len(rows) == 0 {
		return err
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	for _, o := range endpoints {
		found, err := c.store.Deliveries(v.Ctx(), store.DeliveryFilter{Outlet: o.ID, Events: ids, Limit: len(ids)})
		if err != nil {
			return err
		}
		for _, d := range found {
			row := &rows[slices.Index(ids, d.Event)]
			if row.Wanted++; d.State == store.Delivered {
				row.Delivered++
			} else if row.Endpoint == "" {
				row.Endpoint = v.Page.URL("/endpoints/%s?state=%s", o.ID, d.State)
			}
		}
	}
	return nil
}
