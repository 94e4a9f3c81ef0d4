package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

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
	Platform string
	Codes    []string
	Grant    string
	From, To string // as a field of day and time has them, in the person's zone; empty: not narrowed
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
	s, err := c.census(v.Ctx(), p.Zone)
	if err != nil {
		return err
	}
	view.Apps = s.apps
	f := store.RecentFilter{Kind: view.Kind, App: view.App, Limit: perPage + 1}
	c.narrowEvents(&view, &f, asked)
	view.Narrowed = view.Kind != "" || view.App != "" || view.Platform != "" || view.Grant != "" || view.From != "" || view.To != ""
	f.Before, _ = strconv.ParseInt(asked.Get("before"), 10, 64) // what is no position begins at the newest
	found, err := c.store.RecentEvents(v.Ctx(), v.Viewer, f)
	if err != nil {
		return err
	}
	if len(found) > perPage {
		found = found[:perPage]
		onward := url.Values{"before": {strconv.FormatInt(found[perPage-1].Position, 10)}}
		for _, name := range eventFilters {
			if text := asked.Get(name); text != "" {
				onward.Set(name, text)
			}
		}
		view.NextURL = p.URL("/events") + "?" + onward.Encode()
	}
	if view.Rows, err = c.eventRows(v, found, s); err != nil {
		return err
	}
	if err := c.deliveries(v, view.Rows); err != nil {
		return err
	}
	return v.Show(http.StatusOK, eventList(view))
}

// eventFilters are the names of what narrows the list of events.
var eventFilters = []string{"kind", "app", "platform", "grant", "from", "to"}

// narrowEvents reads what an address narrows the list by, beside kind and app. What cannot be read does not narrow.
func (c *console) narrowEvents(view *eventsView, f *store.RecentFilter, asked url.Values) {
	for _, d := range c.o.Drivers {
		code := d.Spec().Code
		if view.Codes = append(view.Codes, code); code != asked.Get("platform") {
			continue
		}
		view.Platform, f.Apps = code, []string{""} // none, where there is no app of the platform
		for _, a := range view.Apps {
			if a.Platform == code {
				f.Apps = append(f.Apps, a.ID)
			}
		}
	}
	view.Grant = frame.Cut(strings.TrimSpace(asked.Get("grant")), longestName)
	f.Grant = view.Grant
	read := func(name string) (time.Time, string) {
		text := asked.Get(name)
		for _, form := range []string{frame.MomentForm, time.DateOnly} {
			if t, err := time.ParseInLocation(form, text, view.Zone); err == nil {
				return t, t.Format(frame.MomentForm)
			}
		}
		return time.Time{}, ""
	}
	f.Since, view.From = read("from")
	f.Until, view.To = read("to")
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
