package console

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/console/picture"
	"github.com/grantkeep/grantkeep/store"
)

// linksView is the authorizations: under way, done, failed.
type linksView struct {
	frame.Page
	Rows    []linkRow
	Chips   []chip
	NextURL string
	None    bool
}

type linkRow struct {
	gk.Authorization
	Platform, App, Who, Status, Why, Tone, Link string
	Again                                       string // where a new link of the kind is made, if this one did not do
	Withdraw                                    string // where this one is withdrawn, if it still works
}

// links lists authorizations, newest first.
func (c *console) links(v *desk.Visit) error {
	p := v.Page
	p.Section = "links"
	asked := v.R.URL.Query()
	state := asked.Get("state")
	f := store.AuthorizationFilter{Owner: frame.Cut(asked.Get("owner"), 200), Before: frame.Cut(asked.Get("before"), 100), Limit: perPage + 1}
	if end, ok := gk.IDEnd(asked.Get("q")); ok {
		f.IDEnd = end
	} else {
		f.Query = frame.Cut(asked.Get("q"), longestName)
	}
	switch state {
	case "open":
		f.Stage, f.ExpiresAfter = string(gk.Begun), p.Now
	case "done":
		f.Stage = string(gk.Done)
	case "failed":
		f.Stage = string(gk.Failed)
	case "lapsed":
		f.Stage, f.ExpiresUntil = string(gk.Begun), p.Now
	default:
		state = ""
	}
	found, err := c.store.Authorizations(v.Ctx(), v.Viewer, f)
	if err != nil {
		return err
	}
	view := linksView{Page: p}
	if len(found) > perPage {
		found = found[:perPage]
		view.NextURL = p.URL("/links?state=%s&q=%s&before=%s", state, query(asked.Get("q")), found[perPage-1].ID)
	}
	if view.Rows, err = c.linkRows(v, found); err != nil {
		return err
	}
	for _, one := range []struct{ id, state string }{{"chip.all", ""}, {"chip.open", "open"}, {"chip.done", "done"}, {"chip.failed", "failed"}, {"chip.lapsed", "lapsed"}} {
		view.Chips = append(view.Chips, chip{p.T(one.id), p.URL("/links?state=%s", one.state), state == one.state})
	}
	return v.Show(http.StatusOK, linkList(view))
}

// recentLinks are the newest authorizations.
func (c *console) recentLinks(v *desk.Visit, n int) ([]linkRow, error) {
	found, err := c.store.Authorizations(v.Ctx(), v.Viewer, store.AuthorizationFilter{Limit: n})
	if err != nil {
		return nil, err
	}
	return c.linkRows(v, found)
}

func (c *console) linkRows(v *desk.Visit, found []gk.Authorization) ([]linkRow, error) {
	apps, err := c.store.Apps(v.Ctx(), v.Viewer, "", 0)
	if err != nil && len(apps) == 0 {
		return nil, err
	}
	p := v.Page
	rows := make([]linkRow, 0, len(found))
	for _, a := range found {
		row := linkRow{Authorization: a}
		for _, app := range apps {
			if app.ID == a.App {
				row.Platform, row.App = app.Platform, app.Name
			}
		}
		row.Who = firstOf(a.Shop, a.Owner, row.App)
		switch {
		case a.Stage == gk.Done:
			row.Status, row.Tone = p.T("link.done", "N", len(a.Grants)), "ok"
			if len(a.Grants) == 1 {
				row.Link = p.URL("/grants/%s", a.Grants[0])
			}
		case a.Stage == gk.Failed:
			row.Status, row.Tone = p.T("link.failed", "Why", c.failure(p, &a)), "bad"
			row.Again = againURL(p, &a)
		case !a.ExpiresAt.After(p.Now):
			row.Status, row.Tone = p.T("link.lapsed"), "off"
			row.Again = againURL(p, &a)
		case !a.UpdatedAt.Equal(a.CreatedAt):
			row.Status, row.Tone = p.T("link.pressed", "T", p.At(a.UpdatedAt)), "warn"
			row.Withdraw = p.URL("/links/%s/withdraw", a.ID)
		default:
			row.Status, row.Tone = p.T("link.unpressed"), "off"
			row.Withdraw = p.URL("/links/%s/withdraw", a.ID)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// failure says why an authorization failed.
func (c *console) failure(p frame.Page, a *gk.Authorization) string {
	if d := c.described(a.Fault); d != nil {
		return d.Cause.In(p.Lang)
	}
	known := []string{
		gk.ReasonDenied, gk.ReasonOtherSubject, gk.ReasonOwnerConflict, gk.ReasonLostAnswer, gk.ReasonUnconfirmed, gk.ReasonRefused,
		gk.ReasonUnplaced, gk.ReasonExpired,
	}
	if slices.Contains(known, a.Reason) {
		return p.T("reason." + a.Reason)
	}
	return a.Reason
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// againURL is where a link is made in place of one that did not do: at the grant that it was for, or with the same fields.
func againURL(p frame.Page, a *gk.Authorization) string {
	if a.Grant != "" {
		return p.URL("/grants/%s#send", a.Grant)
	}
	return p.URL("/links/new?app=%s&owner=%s&shop=%s", a.App, query(a.Owner), query(a.Shop))
}

// askWithdraw asks before a link is withdrawn.
func (c *console) askWithdraw(v *desk.Visit) error {
	a, err := c.store.Authorization(v.Ctx(), v.Viewer, v.R.PathValue("id"))
	if err != nil {
		return err
	}
	p := v.Page
	p.Section = "links"
	return v.Show(http.StatusOK, frame.Confirm(frame.ConfirmView{
		Page: p, Title: []string{p.T("confirm.withdraw", "Number", a.Number())}, Text: []string{p.T("confirm.withdraw.text")},
		Action: p.URL("/links/%s/withdraw", a.ID), Back: p.URL("/links"), Button: "act.withdraw",
	}))
}

// withdraw ends a link that nobody has used.
func (c *console) withdraw(v *desk.Visit) error {
	id := v.R.PathValue("id")
	if err := v.Record("authorization.withdraw", store.AuditEntry{Object: id}); err != nil {
		return err
	}
	if err := c.consent.Withdraw(v.Ctx(), v.Viewer, id); err != nil {
		return err
	}
	v.SeeOther("/links?done=withdrawn")
	return nil
}

// linkFormView makes a link, and shows the one that was made.
type linkFormView struct {
	frame.Page
	Apps                   []gk.App
	App, Owner, Shop, Days string
	Needs                  bool // the chosen app's platform needs the shop first
	Suffix                 string
	Field, Why             string // what is wrong
	Made                   *message
}

func (c *console) newLinkForm(v *desk.Visit) (linkFormView, error) {
	p := v.Page
	p.Section = "links"
	apps, err := c.store.Apps(v.Ctx(), v.Viewer, "", 0)
	if err != nil && len(apps) == 0 {
		return linkFormView{}, err
	}
	return linkFormView{Page: p, Apps: apps, Days: "7"}, nil
}

// linkForm asks what the link is for.
func (c *console) linkForm(v *desk.Visit) error {
	view, err := c.newLinkForm(v)
	if err != nil {
		return err
	}
	asked := v.R.URL.Query()
	view.App, view.Owner, view.Shop = asked.Get("app"), frame.Cut(asked.Get("owner"), 200), frame.Cut(asked.Get("shop"), 300)
	return v.Show(http.StatusOK, linkFormPage(view))
}

// newLink makes a link. The answer is the page itself, since the link's secret is shown this once.
func (c *console) newLink(v *desk.Visit) error {
	view, err := c.newLinkForm(v)
	if err != nil {
		return err
	}
	view.App, view.Owner, view.Shop, view.Days = v.Field("app"), v.Field("owner"), v.Field("shop"), v.Field("days")
	days, err := strconv.Atoi(view.Days)
	if err != nil || days < 1 || days > 30 {
		view.Field, view.Why = "days", view.T("links.days.bad")
		return v.Show(http.StatusUnprocessableEntity, linkFormPage(view))
	}
	in := consent.BeginInput{App: view.App, Owner: view.Owner, Shop: view.Shop, Life: time.Duration(days) * 24 * time.Hour}
	if err := v.Record("authorization.create", store.AuditEntry{App: view.App}); err != nil {
		return err
	}
	a, link, err := c.consent.Begin(v.Ctx(), v.Viewer, in)
	var invalid *gk.Invalid
	if errors.As(err, &invalid) {
		view.Field, view.Why = invalid.Field, invalid.Why
		return v.Show(http.StatusUnprocessableEntity, linkFormPage(view))
	}
	if err != nil {
		return err
	}
	m := &message{Link: link, Until: view.Day(a.ExpiresAt), Number: a.Number()}
	if m.QR, m.QRSize, err = picture.QR(link); err != nil {
		return err
	}
	for _, app := range view.Apps {
		if app.ID != a.App {
			continue
		}
		for _, t := range []string{"zh-CN", "zh-TW", "en"} {
			name := app.Platform
			if spec := view.Spec(app.Platform); spec != nil {
				name = spec.Facts.Names.In(t)
			}
			text := view.In(t, "msg.new", "Platform", name, "App", app.Vendor(), "URL", linkFor(t, link))
			m.Texts = append(m.Texts, messageText{t, tongueName(t), strings.TrimSpace(text)})
		}
	}
	view.Made = m
	return v.Show(http.StatusOK, linkFormPage(view))
}
