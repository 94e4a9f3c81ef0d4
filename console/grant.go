package console

import (
	"errors"
	"net/http"
	"slices"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/console/picture"
	"github.com/grantkeep/grantkeep/console/trace"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/store"
)

// grantView is one grant: what is wrong, whose move it is, and what to send.
type grantView struct {
	frame.Page
	Grant     gk.Grant
	App       gk.App
	Name      string
	NameLang  string
	Headline  string // empty: all is well
	Quiet     string // the one line of a grant that is well
	Tone      string // ok, warn, bad, off
	Why       string
	Remedy    string
	Move      string
	Meanwhile string
	Fault     *explain.Fault
	Message   *message
	Clocks    picture.Clocks
	History   []historyRow
	Trace     trace.Trace
	NoRefresh string // why a refresh cannot help; empty: it may
	Sendable  bool   // a link to authorize again makes sense
	Siblings  []gk.Grant
	Refused   string
	Used      string // when a token of it was last used; empty: never
	Quota     string // what it has used of its platform's present day
}

// grant shows one grant.
func (c *console) grant(v *desk.Visit) error {
	view, err := c.grantView(v)
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, oneGrant(view))
}

func (c *console) grantView(v *desk.Visit) (grantView, error) {
	g, err := c.store.Grant(v.Ctx(), v.Viewer, v.R.PathValue("id"))
	if err != nil {
		return grantView{}, err
	}
	app, err := c.store.App(v.Ctx(), v.Viewer, g.App)
	if err != nil {
		return grantView{}, err
	}
	if c.keeper.Apps().Stopped(app.ID) {
		app.Stop = gk.StopPerson // which stands apart from the app's row
	}
	p := v.Page
	p.Section = "grants"
	view := grantView{Page: p, Grant: g, App: app, Name: frame.NameOf(g.Subject), Move: moveOfGrant(&g), Headline: c.headline(p, &g, app)}
	view.NameLang = frame.TongueOf(g.Subject.Region, view.Name)
	view.Tone = toneOf(&g)
	view.Fault = c.described(g.Fault)
	c.explainGrant(&view)
	view.Clocks = picture.NewClocks(p, &g)
	view.NoRefresh = noRefresh(p, &g, app)
	view.Trace = trace.Of(p, c.keeper.Apps(), &g, app)
	view.Sendable = app.Broken == "" && c.keeper.Apps().Driver(g.Platform) != nil
	events, err := c.store.History(v.Ctx(), v.Viewer, g.ID, "", 100)
	if err != nil {
		return grantView{}, err
	}
	if view.History, err = c.historyRows(v, events, &g); err != nil {
		return grantView{}, err
	}
	used, err := c.store.LastUses(v.Ctx(), []string{g.ID})
	if err != nil {
		return grantView{}, err
	}
	if at := used[g.ID]; !at.IsZero() {
		view.Used = p.At(at)
	}
	view.Quota = quotaOf(p, &g)
	if g.Subject.Parent != "" {
		if view.Siblings, err = c.store.Children(v.Ctx(), g.App, g.Subject.Parent); err != nil {
			return grantView{}, err
		}
		view.Siblings = slices.DeleteFunc(view.Siblings, func(s gk.Grant) bool { return s.ID == g.ID })
	}
	return view, nil
}

// quotaOf says what a grant has used of its platform's present day.
func quotaOf(p frame.Page, g *gk.Grant) string {
	spec := p.Spec(g.Platform)
	if spec == nil || !g.Renewable {
		return ""
	}
	var used int64
	if g.QuotaDay == lifecycle.DayOf(p.Now, spec.Facts.Refresh) {
		used = g.QuotaUsed
	}
	text := frame.Count(used)
	if most := spec.Facts.Limits.TokenCalls.Day; most > 0 {
		text += " / " + frame.Count(most)
	}
	return text
}

// toneOf is how loudly a grant's state is said.
func toneOf(g *gk.Grant) string {
	switch g.State {
	case gk.Expired:
		return "bad"
	case gk.Suspended, gk.Held:
		return "warn"
	case gk.Revoked:
		return "off"
	case gk.Active:
	}
	if g.Fault != nil && moveOf(g.Fault.Action) != frame.MoveNobody {
		return "warn"
	}
	return "ok"
}

// explainGrant fills in why, what to do, and what happens meanwhile.
func (c *console) explainGrant(view *grantView) {
	p, g := view.Page, &view.Grant
	if view.Headline == "" {
		switch end, _ := ending(g); {
		case g.Renewable && !g.DueAt.IsZero():
			view.Quiet = p.T("quiet.renews", "T", p.At(g.DueAt))
		case !end.IsZero():
			view.Quiet = p.T("quiet.until", "T", p.At(end))
		default:
			view.Quiet = p.T("quiet.well")
		}
		return
	}
	if view.Fault != nil {
		view.Why, view.Remedy = view.Fault.Cause.In(p.Lang), view.Fault.Remedy.In(p.Lang)
	}
	switch {
	case g.State == gk.Held:
		view.Why, view.Remedy = p.T("held.why"), p.T("held.remedy")
	case g.State == gk.Revoked:
		view.Why, view.Remedy = p.T("state.revoked.hint"), p.T("revoked.remedy")
	case g.InDoubt() && view.Why == "":
		view.Why, view.Remedy = p.T("doubt.why"), p.T("doubt.remedy")
	case g.State == gk.Expired && view.Why == "":
		view.Why, view.Remedy = p.T("state.expired.hint"), p.T("expired.remedy")
	case view.Why == "":
		view.Why, view.Remedy = p.T("state.suspended.hint"), p.T("suspended.remedy")
	}
	view.Meanwhile = meanwhile(view)
}

// meanwhile says what happens until somebody has done what is asked of them.
func meanwhile(view *grantView) string {
	p, g := view.Page, &view.Grant
	switch {
	case g.State == gk.Expired, g.State == gk.Revoked:
		return p.T("meanwhile.stopped")
	case view.App.Stop == gk.StopPerson:
		return p.T("meanwhile.halted")
	case view.App.Stopped():
		return p.T("meanwhile.app")
	case g.State == gk.Held:
		return p.T("meanwhile.held")
	case g.Usable(p.Now) && !g.Expires.IsZero():
		return p.T("meanwhile.serves", "T", p.At(g.Expires), "Next", p.At(next(g)))
	}
	return p.T("meanwhile.tries", "T", p.At(next(g)))
}

// noRefresh says why a refresh cannot help; empty if it may.
func noRefresh(p frame.Page, g *gk.Grant, app gk.App) string {
	switch {
	case g.State == gk.Expired, g.State == gk.Revoked:
		return p.T("act.refresh.no", "Why", p.T("norefresh.over"))
	case !g.Renewable:
		return p.T("act.refresh.no", "Why", p.T("norefresh.fixed"))
	case app.Stop == gk.StopPerson:
		return p.T("act.refresh.no", "Why", p.T("norefresh.halted"))
	case app.Broken != "":
		return p.T("act.refresh.no", "Why", p.T("norefresh.app"))
	case g.Attempting(p.Now):
		return p.T("act.refresh.no", "Why", p.T("norefresh.running"))
	}
	return ""
}

// grantRefresh refreshes a grant at a person's word.
func (c *console) grantRefresh(v *desk.Visit) error {
	id := v.R.PathValue("id")
	if seen := v.Field("seen"); seen != "" { // a page that is older than the grant asks for what may be done already
		now, err := c.store.Grant(v.Ctx(), v.Viewer, id)
		if err != nil {
			return err
		}
		if seen != frame.Plain(now.Generation) {
			v.SeeOther("/grants/" + id + "?done=changed")
			return nil
		}
	}
	if err := v.Record("grant.refresh", store.AuditEntry{Grant: id}); err != nil {
		return err
	}
	g, err := c.keeper.Refresh(v.Ctx(), v.Viewer, id, v.Field("force") == "true")
	var later *keeper.Later
	switch {
	case slices.ContainsFunc(hopeless, func(e error) bool { return errors.Is(err, e) }):
		v.SeeOther("/grants/" + id + "?done=refused") // the page was an old one: what stands in the way is on it
	case errors.As(err, &later) && !errors.Is(err, store.ErrUnavailable):
		v.SeeOther("/grants/" + id + "?done=later")
	case err != nil:
		return err
	case g.Fault != nil || g.InDoubt():
		v.SeeOther("/grants/" + id + "?done=refused")
	default:
		v.SeeOther("/grants/" + id + "?done=refresh")
	}
	return nil
}

// hopeless is what a refresh cannot overcome.
var hopeless = []error{
	keeper.ErrHeld, keeper.ErrRevoked, keeper.ErrNeedsAuthorization, keeper.ErrNoToken, keeper.ErrNotRenewable, keeper.ErrNeedsForce,
	keeper.ErrUnopened, apps.ErrStopped,
}

// grantOwner gives a held or ownerless grant to an owner.
func (c *console) grantOwner(v *desk.Visit) error {
	id := v.R.PathValue("id")
	if err := v.Record("grant.confirm", store.AuditEntry{Grant: id}); err != nil {
		return err
	}
	if _, err := c.keeper.Confirm(v.Ctx(), v.Viewer, id, v.Field("owner")); err != nil {
		return err
	}
	v.SeeOther("/grants/" + id + "?done=owner")
	return nil
}

// askRevoke asks before a grant is ended.
func (c *console) askRevoke(v *desk.Visit) error { return c.revokePage(v, http.StatusOK, false) }

func (c *console) revokePage(v *desk.Visit, status int, mistake bool) error {
	g, err := c.store.Grant(v.Ctx(), v.Viewer, v.R.PathValue("id"))
	if err != nil {
		return err
	}
	p := v.Page
	p.Section = "grants"
	typed := frame.Last(g.Subject.ID)
	view := frame.ConfirmView{
		Page: p, Title: []string{p.T("confirm.revoke", "Shop", frame.NameOf(g.Subject))},
		Text:   []string{p.T("confirm.revoke.what"), p.T("confirm.revoke.back", "Platform", p.PlatformName(g.Platform))},
		Action: p.URL("/grants/%s/revoke", g.ID), Back: p.URL("/grants/%s", g.ID), Button: "act.revoke", Typed: typed,
		TypedLabel: p.T("confirm.type", "Last4", typed), Mistake: mistake,
	}
	if n := len(g.Shops); n > 1 {
		view.Text = append(view.Text, p.T("confirm.revoke.shops", "N", n))
	}
	return v.Show(status, frame.Confirm(view))
}

// revoke ends a grant.
func (c *console) revoke(v *desk.Visit) error {
	g, err := c.store.Grant(v.Ctx(), v.Viewer, v.R.PathValue("id"))
	if err != nil {
		return err
	}
	if v.Field("typed") != frame.Last(g.Subject.ID) {
		return c.revokePage(v, http.StatusUnprocessableEntity, true)
	}
	if err := v.Record("grant.revoke", store.AuditEntry{Grant: g.ID}); err != nil {
		return err
	}
	if err := c.keeper.Revoke(v.Ctx(), v.Viewer, g.ID); err != nil {
		return err
	}
	v.SeeOther("/grants/" + g.ID + "?done=revoked")
	return nil
}
