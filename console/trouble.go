package console

import (
	"cmp"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/console/picture"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// moveOf is whose move an action is.
func moveOf(a gk.Action) string {
	switch a.Move() {
	case "merchant":
		return frame.MoveMerchant
	case "vendor":
		return frame.MoveUs
	case "platform":
		return frame.MovePlatform
	}
	return frame.MoveNobody
}

// moveOfGrant is whose move a grant is.
func moveOfGrant(g *gk.Grant) string {
	switch {
	case g.State == gk.Revoked:
		return frame.MoveNobody
	case g.State == gk.Held:
		return frame.MoveUs
	case g.State == gk.Expired:
		return frame.MoveMerchant
	case g.Fault != nil:
		return moveOf(g.Fault.Action)
	}
	return frame.MoveNobody
}

// described is what the catalogue says of a fault.
func (c *console) described(f *gk.Fault) *explain.Fault {
	if f == nil {
		return nil
	}
	d := c.keeper.Apps().Driver(f.Platform)
	if d == nil {
		return explain.Describe(nil, platform.App{}, f)
	}
	return explain.Describe(d, d.Spec().Open(platform.App{Now: c.keeper.Now()}), f)
}

// headline says in one sentence what is wrong with a grant; empty if nothing is.
func (c *console) headline(p frame.Page, g *gk.Grant, app gk.App) string {
	name := frame.NameOf(g.Subject)
	switch {
	case g.State == gk.Revoked:
		return p.T("verdict.revoked", "Shop", name)
	case g.State == gk.Held:
		return p.T("verdict.held", "Shop", name)
	case g.InDoubt():
		return p.T("fault.doubt", "Time", p.At(next(g)))
	case g.State == gk.Expired:
		return p.T("fault.reauthorize", "Shop", name)
	case g.Fault != nil && g.Fault.Action == gk.Reauthorize && g.Usable(p.Now) && !g.Expires.IsZero():
		return p.T("fault.reauthorize.soon", "Shop", name, "Time", p.Moment(g.Expires))
	case g.Fault != nil:
		return c.faultLine(p, g.Fault, name, app.Name, next(g))
	case g.State == gk.Suspended:
		return p.T("verdict.suspended", "Shop", name, "Time", p.At(next(g)))
	}
	return ""
}

// faultLine says what a fault means, by its action.
func (c *console) faultLine(p frame.Page, f *gk.Fault, shop, app string, again time.Time) string {
	what := f.Code
	if d := c.described(f); d != nil {
		what = d.Cause.In(p.Lang)
	}
	switch f.Action {
	case gk.Reauthorize:
		return p.T("fault.reauthorize", "Shop", shop)
	case gk.FixConfig:
		return p.T("fault.fix_config", "App", app, "What", what)
	case gk.FixRequest:
		return p.T("fault.fix_request", "What", what)
	case gk.WaitApproval:
		return p.T("fault.wait_approval", "What", what)
	case gk.ContactPlatform:
		return p.T("fault.contact_platform", "What", what)
	case gk.Backoff:
		return p.T("fault.backoff", "Time", p.At(again))
	case gk.Retry:
		return p.T("fault.retry", "Time", p.At(again))
	case gk.Refresh, gk.None:
	}
	return what
}

// next is when a grant is next refreshed.
func next(g *gk.Grant) time.Time {
	if g.RetryAt.After(g.DueAt) {
		return g.RetryAt
	}
	return g.DueAt
}

// todo is one thing that needs somebody: a cause, however many grants have it.
type todo struct {
	Platform string
	What     string
	Detail   string
	Move     string
	Since    time.Time
	N        int
	Link     string // where it can be seen to
	Act      string // id of the text on the button
	rank     int
}

// Ranks of what needs somebody, the most harmful first.
const (
	rankEnded = iota
	rankApp
	rankEnding
	rankThrottled
	rankOther
	rankQuota
	rankQuiet
)

// fewAreSingle is how many grants with one cause are still shown one by one.
const fewAreSingle = 3

// cause is what grants in trouble have in common.
type cause struct{ app, state, code string }

// todos groups what is troubled by cause.
func (c *console) todos(p frame.Page, s census) []todo {
	apps, faults := map[string]gk.App{}, map[string]*gk.Fault{}
	for _, a := range s.apps {
		apps[a.ID], faults[a.ID] = a, c.keeper.Apps().FaultOf(a)
	}
	byApp, byCause := causes(s, apps, faults)
	var list []todo
	for _, a := range s.apps {
		if f := faults[a.ID]; f != nil && (a.Stopped() || f.Action.OfApp()) {
			list = append(list, c.appTodo(p, a, f, byApp[a.ID], s.inApp(a.ID)))
		}
	}
	for key, grants := range byCause {
		if len(grants) > fewAreSingle {
			list = append(list, c.groupTodo(p, key.app, key.state, key.code, grants, apps[key.app]))
			continue
		}
		for _, g := range grants {
			list = append(list, c.grantTodo(p, g, apps[g.App]))
		}
	}
	if n := picture.EndsWithin(p, s.ends, 7); n > 0 {
		list = append(list, todo{What: p.T("todo.ending", "N", frame.Count(n)), Detail: p.T("todo.ending.text"), Move: frame.MoveMerchant, N: n,
			Link: p.URL("/grants?ends=7"), Act: "act.look", rank: rankEnding})
	}
	return list
}

// causes sorts what is troubled: grants of which the line of their app tells, counted by app, and the others by their cause.
func causes(s census, apps map[string]gk.App, faults map[string]*gk.Fault) (byApp map[string]int, byCause map[cause][]*gk.Grant) {
	byApp, byCause = map[string]int{}, map[cause][]*gk.Grant{}
	for i := range s.troubled {
		g := &s.troubled[i]
		app := apps[g.App]
		ofApp := app.Stopped() || g.Fault != nil && g.Fault.Action.OfApp() && faults[g.App] != nil
		if ofApp && g.State != gk.Expired && g.State != gk.Held {
			byApp[g.App]++
			continue
		}
		key := cause{app: g.App, state: string(g.State)}
		if g.Fault != nil {
			key.code = g.Fault.Code
		}
		byCause[key] = append(byCause[key], g)
	}
	return byApp, byCause
}

// appTodo is a thing to do about an app: n of its grants, of all, are in trouble for its fault.
func (c *console) appTodo(p frame.Page, a gk.App, f *gk.Fault, n int, all int64) todo {
	t := todo{Platform: a.Platform, What: c.faultLine(p, f, "", a.Name, a.PausedUntil), Move: moveOf(f.Action), Since: f.At.Time,
		N: n, Link: p.URL("/apps/%s", a.ID), Act: "act.look", rank: rankApp}
	if f.Action == gk.FixConfig && p.May(store.RoleAdministrator) {
		t.Act = "act.rotate"
	}
	if a.Stopped() {
		t.Detail = p.T("todo.stopped", "N", frame.Count(all))
	} else if d := c.described(f); d != nil {
		t.Detail = d.Remedy.In(p.Lang)
	}
	return t
}

// inOrder puts the most harmful first.
func inOrder(list []todo) []todo {
	slices.SortFunc(list, func(a, b todo) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), -cmp.Compare(a.N, b.N), strings.Compare(a.Platform, b.Platform), strings.Compare(a.Link, b.Link))
	})
	return list
}

// grantTodo is a thing to do about one grant.
func (c *console) grantTodo(p frame.Page, g *gk.Grant, app gk.App) todo {
	t := todo{Platform: g.Platform, What: c.headline(p, g, app), Move: moveOfGrant(g), Since: g.UpdatedAt, N: 1, Link: p.URL("/grants/%s", g.ID), Act: "act.look"}
	if d := c.described(g.Fault); d != nil {
		t.Detail = d.Cause.In(p.Lang)
	}
	t.rank = rankOf(t.Move, g.State)
	if t.Move == frame.MoveMerchant {
		t.Act, t.Link = "act.send", t.Link+"#send"
	}
	if t.Detail == t.What {
		t.Detail = ""
	}
	return t
}

// groupTodo is a thing to do about many grants with one cause.
func (c *console) groupTodo(p frame.Page, app, state, code string, grants []*gk.Grant, a gk.App) todo {
	first := grants[0]
	t := todo{Platform: first.Platform, Move: moveOfGrant(first), Since: first.UpdatedAt, N: len(grants), Act: "act.look"}
	t.What = p.T("todo.group", "N", frame.Count(len(grants)), "App", a.Name, "State", p.T("state."+state))
	if d := c.described(first.Fault); d != nil {
		t.Detail = d.Cause.In(p.Lang)
	}
	t.Link = p.URL("/grants?list=todo&app=%s&state=%s&code=%s", app, state, query(code))
	t.rank = rankOf(t.Move, first.State)
	return t
}

func rankOf(move string, state gk.State) int {
	switch {
	case state == gk.Expired:
		return rankEnded
	case move == frame.MoveNobody:
		return rankQuiet
	}
	return rankOther
}
