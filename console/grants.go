package console

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/console/picture"
)

// perPage is how many rows a page of a list has.
const perPage = 50

// grantsView is the list of grants. Its address is its state.
type grantsView struct {
	frame.Page
	Filter  url.Values
	Rows    []grantRow
	Count   string
	NextURL string
	Chips   []chip
	Apps    []gk.App
	Codes   []string // of platforms
	None    bool     // there is no grant at all
	Query   string   // what narrows the list, as an address has it
	Kept    bool     // the person keeps it under a name
	Sort    string   // the order that was asked for; empty: what is urgent first
	Sorts   []chip
	TooMany bool // more than can be sorted
}

type chip struct {
	Text, Link string
	On         bool
}

type grantRow struct {
	gk.Grant
	Name, Link, Cause, Move string
	Clock, ClockWhen        string // the first end and its kind
	Used                    string // when a token of it was last used; empty: never
	NameLang                string
}

// grantFilters are the names of what narrows the list; the rest of an address is ignored.
var grantFilters = []string{"platform", "app", "owner", "state", "move", "list", "code", "ends", "ends_on", "q", "sort"}

// filterOf keeps of an address what narrows the list.
func filterOf(asked url.Values) url.Values {
	filter := url.Values{}
	for _, name := range grantFilters {
		if text := strings.TrimSpace(asked.Get(name)); text != "" {
			filter.Set(name, frame.Cut(text, 200))
		}
	}
	return filter
}

// grants is the list.
func (c *console) grants(v *desk.Visit) error {
	p := v.Page
	p.Section = "grants"
	asked := v.R.URL.Query()
	filter := filterOf(asked)
	s, err := c.census(v.Ctx(), p.Zone)
	if err != nil {
		return err
	}
	view := grantsView{Page: p, Filter: filter, Apps: s.apps, None: s.inState("") == 0}
	for _, d := range c.o.Drivers {
		view.Codes = append(view.Codes, d.Spec().Code)
	}
	if view.Sort = filter.Get("sort"); !slices.Contains(sorts, view.Sort) {
		view.Sort = ""
		filter.Del("sort")
	}
	found, next, err := c.foundAs(&view, v, filter, asked.Get("after"), s)
	if err != nil {
		return err
	}
	if view.Rows, err = c.grantRows(v, found, s); err != nil {
		return err
	}
	view.Sorts = sortChips(p, filter, view.Sort)
	if next != "" {
		view.NextURL = p.URL("/grants") + "?" + onward(filter, next).Encode()
	}
	view.Count = frame.Count(len(found))
	if next != "" || asked.Get("after") != "" {
		view.Count += "+"
	}
	if n, known := s.counted(filter); known {
		view.Count = most(n)
	}
	at := func(id, name, value string, n int64) chip {
		on := name == "" && len(filter) == 0 || name != "" && filter.Get(name) == value
		link := p.URL("/grants")
		if name != "" {
			link += "?" + url.Values{name: {value}}.Encode()
		}
		return chip{p.T(id) + " " + most(n), link, on}
	}
	todo, _ := s.counted(url.Values{"list": {"todo"}})
	merchant, _ := s.counted(url.Values{"move": {frame.MoveMerchant}})
	view.Chips = []chip{
		at("chip.all", "", "", s.inState("")), at("chip.todo", "list", "todo", todo), at("chip.ends", "ends", "30", int64(picture.EndsWithin(p, s.ends, 30))),
		at("chip.merchant", "move", frame.MoveMerchant, merchant),
	}
	view.Query = filter.Encode()
	for _, kept := range searchesOf(v.Person) {
		on := kept.Query == view.Query
		view.Kept = view.Kept || on
		view.Chips = append(view.Chips, chip{kept.Name, p.URL("/grants") + "?" + kept.Query, on})
	}
	return v.Show(http.StatusOK, grantList(view))
}

// foundAs finds grants in the order that is asked for, or, where those are too many to be sorted, in their own.
func (c *console) foundAs(
	view *grantsView, v *desk.Visit, filter url.Values, from string, s census,
) (found []gk.Grant, next string, err error) {
	if view.Sort == "" {
		return c.findGrants(v, filter, from, s)
	}
	found, next, err = c.sortedGrants(v, filter, from, s)
	if errors.Is(err, errTooMany) {
		view.TooMany = true
		return c.findGrants(v, filter, from, s)
	}
	return found, next, err
}

// onward is a filter that goes on behind a grant.
func onward(filter url.Values, after string) url.Values {
	next := maps.Clone(filter)
	next.Set("after", after)
	return next
}

// counted is how many grants a filter finds, where what is known of all of them tells that.
func (s *census) counted(filter url.Values) (n int64, known bool) {
	w := wantedBy(filter)
	switch {
	case w.dated || filter.Get("q") != "" || filter.Get("owner") != "" && !w.troubled:
		return 0, false
	case w.troubled:
		for i := range s.troubled {
			if matches(&s.troubled[i], filter, w.move, w.code) {
				n++
			}
		}
		return n, !s.full
	}
	for _, c := range s.counts {
		if (filter.Get("platform") == "" || filter.Get("platform") == c.Platform) && (filter.Get("app") == "" || filter.Get("app") == c.App) &&
			(filter.Get("state") == "" || filter.Get("state") == string(c.State)) {
			n += c.N
		}
	}
	return n, true
}

// mostCounted is how far a list's number is written out.
const mostCounted = 10_000

// most writes the number of a list.
func most(n int64) string {
	if n > mostCounted {
		return frame.Count(int64(mostCounted)) + "+"
	}
	return frame.Count(n)
}

// grantRows is what the list says of some grants, with when each was used.
func (c *console) grantRows(v *desk.Visit, found []gk.Grant, s census) (rows []grantRow, err error) {
	used, err := c.store.LastUses(v.Ctx(), idsOf(found))
	if err != nil {
		return nil, err
	}
	for i := range found {
		row := c.grantRow(v.Page, &found[i], s.app(found[i].App))
		if at := used[found[i].ID]; !at.IsZero() {
			row.Used = v.Page.T("used.at", "T", v.Page.At(at))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// sortChips leads to the same list in other orders.
func sortChips(p frame.Page, filter url.Values, sort string) (chips []chip) {
	for _, name := range append([]string{""}, sorts...) {
		other := maps.Clone(filter)
		other.Del("sort")
		if name != "" {
			other.Set("sort", name)
		}
		chips = append(chips, chip{p.T("sort." + firstOf(name, "urgent")), p.URL("/grants") + "?" + other.Encode(), name == sort})
	}
	return chips
}

// matches reports whether a troubled grant is what a filter asks for.
func matches(g *gk.Grant, filter url.Values, move, code string) bool {
	has := func(name, value string) bool { return filter.Get(name) == "" || filter.Get(name) == value }
	faultCode := ""
	if g.Fault != nil {
		faultCode = g.Fault.Code
	}
	return has("platform", g.Platform) && has("app", g.App) && has("owner", g.Owner) && has("state", string(g.State)) &&
		(move == "" || moveOfGrant(g) == move) && (code == "" || code == faultCode)
}

// ending is the soonest end that only a person can move, and its kind.
func ending(g *gk.Grant) (time.Time, string) {
	at, kind := g.Ceiling, "clock.ceiling"
	if !g.Renewable && !g.Expires.IsZero() && (at.IsZero() || g.Expires.Before(at)) {
		at, kind = g.Expires, "clock.access"
	}
	if g.State == gk.Suspended && !g.RefreshExpires.IsZero() && (at.IsZero() || g.RefreshExpires.Before(at)) {
		at, kind = g.RefreshExpires, "clock.refresh"
	}
	return at, kind
}

// grantRow is what the list says of a grant.
func (c *console) grantRow(p frame.Page, g *gk.Grant, app gk.App) grantRow {
	row := grantRow{Grant: *g, Name: frame.NameOf(g.Subject), Link: p.URL("/grants/%s", g.ID), Move: moveOfGrant(g)}
	row.NameLang = frame.TongueOf(g.Subject.Region, row.Name)
	row.Cause = c.headline(p, g, app)
	end, kind := ending(g)
	switch {
	case g.State == gk.Revoked:
	case !end.IsZero():
		row.Clock, row.ClockWhen = p.T(kind), p.At(end)
	case g.Renewable && !g.DueAt.IsZero():
		row.Clock = p.T("clock.renews", "T", p.At(g.DueAt))
	case g.Expires.IsZero() && len(g.Access) == 0:
		row.Clock = p.T("clock.notoken")
	}
	return row
}

// query escapes a value of an address.
func query(text string) string { return url.QueryEscape(text) }
