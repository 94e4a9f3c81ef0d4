package console

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/store"
)

// mostBulk is how many grants one form names: those of a page.
const mostBulk = 2 * perPage

// picked are the grants that a form names.
func (c *console) picked(v *desk.Visit) ([]gk.Grant, error) {
	ids := slices.Clone(v.Fields("id"))
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) > mostBulk {
		return nil, &desk.BadForm{Err: errors.New("console: too many grants at once")}
	}
	var list []gk.Grant
	for _, id := range ids {
		g, err := c.store.Grant(v.Ctx(), v.Viewer, id)
		if err != nil {
			return nil, err
		}
		list = append(list, g)
	}
	return list, nil
}

// askLinks says for how many grants links would be made, and names the first.
func (c *console) askLinks(v *desk.Visit) error {
	list, err := c.picked(v)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		v.SeeOther("/grants?done=nothing")
		return nil
	}
	p := v.Page
	p.Section = "grants"
	refresh := v.Field("do") == "refresh" && p.May(store.RoleOperator)
	view := frame.ConfirmView{
		Page: p, Title: []string{p.T("confirm.links", "N", frame.Count(len(list)))}, Text: []string{p.T("confirm.links.text")},
		Action: p.URL("/grants/links"), Back: p.URL("/grants"), Button: "act.links.file", Calm: true,
	}
	if refresh {
		view.Title, view.Text = []string{p.T("confirm.bulk", "N", frame.Count(len(list)))}, []string{p.T("confirm.bulk.text")}
		view.Action, view.Button = p.URL("/grants/refresh"), "act.refresh"
	}
	for i, g := range list {
		view.Hidden = append(view.Hidden, [2]string{"id", g.ID})
		if i < namedInBulk {
			view.Text = append(view.Text, p.PlatformName(g.Platform)+" · "+frame.NameOf(g.Subject))
		}
	}
	if more := len(list) - namedInBulk; more > 0 {
		view.Text = append(view.Text, p.T("todo.more", "N", more))
	}
	return v.Show(http.StatusOK, frame.Confirm(view))
}

// namedInBulk is how many of many grants are named before something is done with all.
const namedInBulk = 5

// makeLinks makes a link for each of many grants and answers with a table of them, in the merchants' languages. The links'
// secrets are nowhere else. What fails for one has its words in the table and stops no other.
func (c *console) makeLinks(v *desk.Visit) error {
	list, err := c.picked(v)
	if err != nil {
		return err
	}
	rows := [][]string{{"platform", "shop", "id", "owner", "link", "until", "message", "error"}}
	for i := range list {
		g := &list[i]
		row := []string{v.Page.PlatformName(g.Platform), frame.NameOf(g.Subject), g.Subject.ID, g.Owner, "", "", "", ""}
		if err := c.bulkLink(v, g, row); err != nil {
			c.Log.WarnContext(v.Ctx(), "console", "act", "grant.link", "grant", g.ID, "error", err)
			row[7] = v.Page.T("links.bulk.failed")
		}
		rows = append(rows, frame.SafeCells(row))
	}
	if err := *v.Page.Failed; err != nil {
		return err
	}
	h := v.W.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="links.csv"`)
	_, _ = v.W.Write([]byte("\ufeff")) // by which spreadsheets know UTF-8; the client may be gone
	_ = csv.NewWriter(v.W).WriteAll(rows)
	return nil
}

// bulkLink makes the link of one grant and writes it into its row.
func (c *console) bulkLink(v *desk.Visit, g *gk.Grant, row []string) error {
	app, err := c.store.App(v.Ctx(), v.Viewer, g.App)
	if err != nil {
		return err
	}
	if err := v.Record("grant.link", store.AuditEntry{Grant: g.ID}); err != nil {
		return err
	}
	a, link, err := c.consent.Begin(v.Ctx(), v.Viewer, consent.BeginInput{App: g.App, Grant: g.ID})
	if err != nil {
		return err
	}
	m, err := c.newMessage(v.Page, g, app, a, link)
	if err != nil {
		return err
	}
	row[4], row[5], row[6] = link, v.Page.Moment(a.ExpiresAt), m.Texts[0].Text
	return nil
}

// bulkView is what became of many refreshes.
type bulkView struct {
	frame.Page
	Done int
	Rows []bulkRow // of those that did not come
}

type bulkRow struct{ ID, Name, Why string }

const (
	bulkAtOnce   = 8 // refreshes; each app's own limit stands behind it
	bulkPatience = 25 * time.Second
)

// refreshMany refreshes the grants that a form names, and says which did not come. What is not begun in time is left to the
// schedule: a page that takes longer is given up by browsers and proxies.
func (c *console) refreshMany(v *desk.Visit) error {
	list, err := c.picked(v)
	if err != nil {
		return err
	}
	until := time.Now().Add(bulkPatience)
	why := make([]string, len(list))
	var g errgroup.Group
	g.SetLimit(bulkAtOnce)
	for i := range list {
		if time.Now().After(until) {
			why[i] = "bulk.left"
			continue
		}
		g.Go(func() error {
			why[i] = c.refreshOne(v, list[i].ID)
			return nil
		})
	}
	_ = g.Wait() // no refresh returns an error: each says what became of it
	view := bulkView{Page: v.Page}
	view.Section = "grants"
	for i, text := range why {
		if text == "" {
			view.Done++
			continue
		}
		view.Rows = append(view.Rows, bulkRow{list[i].ID, frame.NameOf(list[i].Subject), v.Page.T(text)})
	}
	return v.Show(http.StatusOK, bulkDone(view))
}

// refreshOne refreshes a grant; it returns the id of the text that says why it did not come, or nothing.
func (c *console) refreshOne(v *desk.Visit, id string) string {
	if err := v.Record("grant.refresh", store.AuditEntry{Grant: id}); err != nil {
		return "bulk.unwritten"
	}
	g, err := c.keeper.Refresh(v.Ctx(), v.Viewer, id, false)
	var later *keeper.Later
	switch {
	case slices.ContainsFunc(hopeless, func(e error) bool { return errors.Is(err, e) }):
		return "done.refused"
	case errors.As(err, &later):
		return "done.later"
	case err != nil:
		c.Log.WarnContext(v.Ctx(), "console", "act", "grant.refresh", "grant", id, "error", err)
		return "done.refused"
	case g.Fault != nil || g.InDoubt():
		return "done.refused"
	}
	return ""
}

// search is a list that a person keeps under a name.
type search struct {
	Name  string `json:"name"`
	Query string `json:"query"`
}

// mostSearches is how many a person keeps.
const mostSearches = 20

// searchesOf reads what a person keeps; what cannot be read is nothing.
func searchesOf(p store.Person) (list []search) {
	if p.Searches == "" || json.Unmarshal([]byte(p.Searches), &list) != nil {
		return nil
	}
	return list
}

// saveSearch keeps a list under a name, or forgets it.
func (c *console) saveSearch(v *desk.Visit) error {
	asked, err := url.ParseQuery(v.Field("query"))
	if err != nil {
		return &desk.BadForm{Err: err}
	}
	query, name := filterOf(asked).Encode(), frame.Cut(v.Field("name"), 40)
	err = c.store.UpdatePerson(v.Ctx(), v.Person.ID, c.Now(), func(p *store.Person) error {
		list := slices.DeleteFunc(searchesOf(*p), func(s search) bool { return s.Name == name || s.Query == query })
		if name != "" && query != "" && v.Field("forget") == "" {
			list = append(list, search{name, query})
		}
		text, err := json.Marshal(list[max(0, len(list)-mostSearches):])
		p.Searches = string(text)
		return err
	})
	if err != nil {
		return err
	}
	if query == "" {
		v.SeeOther("/grants")
		return nil
	}
	v.W.Header().Set("Location", v.Page.URL("/grants")+"?"+query+"&done=search")
	v.W.WriteHeader(http.StatusSeeOther)
	return nil
}
