package console

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/store"
)

// historyRow is one thing that happened to a grant.
type historyRow struct {
	At    time.Time
	Title string
	Text  string
	Tone  string // ok, warn, bad, empty
	Icon  string
}

// historyRows writes events for people; all refreshes are one line.
func (c *console) historyRows(v *desk.Visit, events []gk.Event, g *gk.Grant) ([]historyRow, error) {
	names, err := c.actors(v)
	if err != nil {
		return nil, err
	}
	p := v.Page
	var rows []historyRow
	if g.Generation > 1 && !g.PairAskedAt.IsZero() && g.PairSpent >= 0 {
		rows = append(rows, historyRow{At: g.PairAskedAt, Title: p.T("history.renewed", "N", frame.Count(g.Generation)),
			Text: p.T("history.renewals", "N", frame.Count(g.Generation-1), "Date", p.Day(g.CreatedAt)), Tone: "ok", Icon: "cycle"})
	}
	for _, e := range events {
		rows = append(rows, historyRow{At: e.At, Title: frame.KindOf(p, e.Kind), Text: c.eventText(p, e, names), Tone: toneOfEvent(e.Kind), Icon: iconOfEvent(e.Kind)})
	}
	slices.SortStableFunc(rows, func(a, b historyRow) int { return b.At.Compare(a.At) })
	return rows, nil
}

// actors names the people who may have done something.
func (c *console) actors(v *desk.Visit) (map[string]string, error) {
	everybody, err := c.store.People(v.Ctx())
	if err != nil {
		return nil, err
	}
	keys, err := c.store.Keys(v.Ctx())
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, p := range everybody {
		names[p.ID] = p.Name
	}
	for _, k := range keys {
		names[k.ID] = k.Name
	}
	return names, nil
}

func toneOfEvent(kind string) string {
	switch kind {
	case gk.EventGrantExpired, gk.EventAppPaused, gk.EventAppBroken, gk.EventAuthorizationFailed:
		return "bad"
	case gk.EventGrantExpiring, gk.EventGrantNeedsAuthorization, gk.EventGrantInDoubt, gk.EventGrantSuspended, gk.EventGrantHeld, gk.EventAppKeyExpiring:
		return "warn"
	case gk.EventGrantCreated, gk.EventGrantAuthorized, gk.EventGrantConfirmed, gk.EventGrantRecovered, gk.EventAuthorizationCompleted, gk.EventAppResumed:
		return "ok"
	}
	return ""
}

func iconOfEvent(kind string) string {
	switch toneOfEvent(kind) {
	case "bad":
		return "cross"
	case "warn":
		return "bell"
	case "ok":
		return "check"
	}
	return "bolt"
}

// eventText says who did it and what is known besides.
func (c *console) eventText(p frame.Page, e gk.Event, names map[string]string) string {
	var parts []string
	if name := names[e.Actor]; name != "" {
		parts = append(parts, p.T("history.by", "Name", name))
	} else if e.Actor == "merchant" || e.Actor == "platform" {
		parts = append(parts, p.T("history.by."+e.Actor))
	}
	if days, ok := e.Data["days"]; ok {
		parts = append(parts, p.T("history.days", "N", fmt.Sprint(days)))
	}
	if code, ok := e.Data["code"].(string); ok && code != "" {
		parts = append(parts, code)
	}
	return strings.Join(parts, " · ")
}

// eventRow is one event of a list.
type eventRow struct {
	gk.Event
	Title, About, Link, Tone, Text string
	Wanted, Delivered              int    // by how many endpoints; and how many have it
	Endpoint                       string // where those that do not have it are listed; empty: all have it
}

func (c *console) eventRows(v *desk.Visit, events []gk.Event, s census) ([]eventRow, error) {
	names, err := c.actors(v)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range events {
		if e.Grant != "" && !slices.Contains(ids, e.Grant) {
			ids = append(ids, e.Grant)
		}
	}
	grants, err := c.store.Tokens(v.Ctx(), ids)
	var damaged *store.DamagedError
	if err != nil && !errors.As(err, &damaged) {
		return nil, err
	}
	subjects := map[string]string{}
	for _, g := range grants {
		subjects[g.ID] = frame.NameOf(g.Subject)
	}
	rows := make([]eventRow, 0, len(events))
	for _, e := range events {
		row := eventRow{Event: e, Title: frame.KindOf(v.Page, e.Kind), Tone: toneOfEvent(e.Kind), Text: c.eventText(v.Page, e, names)}
		switch {
		case subjects[e.Grant] != "":
			row.About, row.Link = subjects[e.Grant], v.Page.URL("/grants/%s", e.Grant)
		case e.App != "":
			row.About, row.Link = s.app(e.App).Name, v.Page.URL("/apps/%s", e.App)
		}
		rows = append(rows, row)
	}
	return rows, nil
}
