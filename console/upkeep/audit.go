package upkeep

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/store"
)

// auditView is who did what, newest first.
type auditView struct {
	frame.Page
	Rows                 []auditRow
	Actor, Action, Grant string
	Actors               []actor
	NextURL, FileURL     string
	Narrowed             bool
	NoneLabel            string
	ActionsKnown         []string
}

type auditRow struct {
	store.AuditEntry
	Who string
}

// actor is somebody who may have done something.
type actor struct{ ID, Name string }

// perPage is how many lines a page has; perFile how many a file has at most.
const (
	perPage = 50
	perFile = 100_000
	perRead = 1000
)

// filterOf reads what narrows the audit.
func filterOf(asked url.Values) store.AuditFilter {
	text := func(name string) string { return frame.Cut(strings.TrimSpace(asked.Get(name)), 100) }
	return store.AuditFilter{Actor: text("actor"), Action: text("action"), Grant: text("grant"), Newest: true}
}

// audit lists who did what.
func (u *pages) audit(v *desk.Visit) error {
	p := v.Page
	p.Section = "settings"
	asked := v.R.URL.Query()
	f := filterOf(asked)
	f.Before, _ = strconv.ParseInt(asked.Get("before"), 10, 64) // what is no position begins at the newest
	f.Limit = perPage + 1
	rows, err := u.Store.AuditAfter(v.Ctx(), f)
	if err != nil {
		return err
	}
	view := auditView{Page: p, Actor: f.Actor, Action: f.Action, Grant: f.Grant, Narrowed: f.Actor+f.Action+f.Grant != ""}
	narrowed := url.Values{"actor": {f.Actor}, "action": {f.Action}, "grant": {f.Grant}}
	view.FileURL = p.URL("/audit.csv") + "?" + narrowed.Encode()
	if len(rows) > perPage {
		rows = rows[:perPage]
		narrowed.Set("before", strconv.FormatInt(rows[perPage-1].Position, 10))
		view.NextURL = p.URL("/audit") + "?" + narrowed.Encode()
	}
	names, list, err := u.actors(v.Ctx())
	if err != nil {
		return err
	}
	view.Actors = list
	for _, e := range rows {
		row := auditRow{AuditEntry: e, Who: names[e.Actor]}
		if row.Who == "" {
			row.Who = e.Actor
		}
		view.Rows = append(view.Rows, row)
	}
	return v.Show(http.StatusOK, auditPage(view))
}

// actors names people and keys.
func (u *pages) actors(ctx context.Context) (map[string]string, []actor, error) {
	everybody, err := u.Store.People(ctx)
	if err != nil {
		return nil, nil, err
	}
	keys, err := u.Store.Keys(ctx)
	if err != nil {
		return nil, nil, err
	}
	names, list := map[string]string{}, make([]actor, 0, len(everybody)+len(keys))
	for _, p := range everybody {
		names[p.ID], list = p.Name, append(list, actor{p.ID, p.Name})
	}
	for _, k := range keys {
		names[k.ID], list = k.Name, append(list, actor{k.ID, k.Name})
	}
	return names, list, nil
}

// auditFile gives the audit as CSV, newest first. It is read in parts, so that it is never held whole.
func (u *pages) auditFile(v *desk.Visit) error {
	if !v.Prove("/audit") {
		return nil
	}
	if err := v.Record("audit.export", store.AuditEntry{}); err != nil {
		return err
	}
	names, _, err := u.actors(v.Ctx())
	if err != nil {
		return err
	}
	f := filterOf(v.R.URL.Query())
	f.Limit = perRead
	rows, err := u.Store.AuditAfter(v.Ctx(), f)
	if err != nil {
		return err // nothing was written yet
	}
	h := v.W.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="audit.csv"`)
	out := csv.NewWriter(v.W)
	if err := out.Write([]string{"position", "at", "until", "actor", "name", "action", "app", "grant", "object", "address", "count", "status"}); err != nil {
		panic(http.ErrAbortHandler) // the client is gone; there is nobody to tell
	}
	for n := 0; len(rows) > 0 && n < perFile; n += len(rows) {
		for _, e := range rows {
			until := ""
			if !e.Until.IsZero() {
				until = frame.UTC(e.Until)
			}
			cells := []string{
				strconv.FormatInt(e.Position, 10), frame.UTC(e.At), until, e.Actor, names[e.Actor], e.Action, e.App, e.Grant, e.Object, e.Address,
				strconv.FormatInt(e.Count, 10), strconv.Itoa(e.Status),
			}
			if err := out.Write(frame.SafeCells(cells)); err != nil {
				panic(http.ErrAbortHandler) // the client is gone; there is nobody to tell
			}
		}
		out.Flush()
		f.Before = rows[len(rows)-1].Position
		if rows, err = u.Store.AuditAfter(v.Ctx(), f); err != nil {
			u.Log.Error("console: an audit file breaks off", "error", err)
			panic(http.ErrAbortHandler) // so that what came is not taken for the whole
		}
	}
	out.Flush()
	return nil
}

// shownActions are what may be chosen; others can be typed into the address.
var shownActions = slices.Sorted(slices.Values([]string{
	"user.login", "user.create", "user.role", "user.password", "user.remove", "user.logins", "user.code", "key.create", "key.revoke", "keyring.rotate", "keyring.retire", "app.create", "app.change", "app.remove",
	"app.stop", "app.start", "app.check", "app.call", "app.sign", "grant.link", "grant.refresh", "grant.confirm", "grant.change", "grant.revoke", "grant.obtain", "grant.import", "grant.export",
	"authorization.create", "authorization.withdraw", "authorization.confirm", "authorization.place", "webhook.create", "webhook.change", "webhook.remove", "webhook.rotate", "webhook.test",
	"webhook.replay", "alarm.create", "alarm.change", "alarm.remove", "alarm.test", "audit.export", "token.read", "token.sign", "token.call", "token.proxy",
}))
