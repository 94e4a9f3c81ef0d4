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
	return v.Show(http.StatusOK, eventList(view))
}
