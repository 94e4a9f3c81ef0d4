package console

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/console/demo"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/console/picture"
	"github.com/grantkeep/grantkeep/store"
)

// overviewView is what ends soon, what fails, and whose move it is.
type overviewView struct {
	frame.Page
	First      bool // there is no app yet
	AskCode    bool // the person should have a second step and has none
	Todos      []todo
	More       int
	Affected   int
	Full       bool
	Total      int64
	States     []stateCount
	Next       string // the next day that needs a person
	Refreshing int64
	Calendar   picture.Calendar
	Platforms  []platformRow
	Links      []linkRow
	Events     []eventRow
	Stale      string // when the numbers were counted, if they are old
	Apps       []gk.App
	Lead       demo.Lead // of the demo's first minute
}

type stateCount struct {
	State gk.State
	N     int64
	Share float64 // percent, of the bar
	From  float64
}

type platformRow struct {
	Code   string
	Total  int64
	Well   int64
	Share  string
	States []stateCount
	Strip  picture.Strip
	Tight  tightness
}

// tightness is how near the one that is nearest comes to a platform's limit.
type tightness struct{ Used, Text, Tone string }

const mostTodos = 10

// overview is the first page.
func (c *console) overview(v *desk.Visit) error {
	s, err := c.census(v.Ctx(), v.Page.Zone)
	if err != nil {
		return err
	}
	p := v.Page
	p.Section = "overview"
	view := overviewView{Page: p, First: len(s.apps) == 0, Total: s.inState(""), Full: s.full, Apps: s.apps}
	if p.Now.Sub(s.at) > time.Minute {
		view.Stale = p.At(s.at)
	}
	view.AskCode = !p.Demo && p.May(store.RoleOperator) && v.Person.Code == "" && v.Person.Subject == ""
	broken, err := c.brokenOutlets(v)
	if err != nil {
		return err
	}
	view.Todos = inOrder(slices.Concat(c.todos(p, s), c.quotaTodos(p, s), broken))
	view.Affected = len(s.troubled)
	if n := len(view.Todos) - mostTodos; n > 0 {
		view.Todos, view.More = view.Todos[:mostTodos], n
	}
	view.States = statesOf(s.counts, "")
	view.Calendar = picture.NewCalendar(p, s.ends, c.keyEnds(p, s))
	view.Next = view.Calendar.Next
	view.Refreshing = max(s.inState(gk.Active)-int64(view.Calendar.Total), 0)
	view.Platforms = platformsOf(s.counts)
	halves, err := c.store.HalfHoursSince(v.Ctx(), p.Now.Add(-25*time.Hour))
	if err != nil {
		return err
	}
	for i := range view.Platforms {
		row := &view.Platforms[i]
		row.Strip, row.Tight = picture.NewStrip(p, row.Code, halves), tightOf(p, s, row.Code)
	}
	if view.Links, err = c.recentLinks(v, 3); err != nil {
		return err
	}
	events, err := c.store.RecentEvents(v.Ctx(), v.Viewer, store.RecentFilter{Limit: 8})
	if err != nil {
		return err
	}
	if view.Events, err = c.eventRows(v, events, s); err != nil {
		return err
	}
	if c.o.Demo != nil {
		if view.Lead, err = demo.LeadOf(v, c.store, s.inState("")); err != nil {
			return err
		}
	}
	return v.Show(http.StatusOK, overview(view))
}

// states are in the order of the legend.
var states = []gk.State{gk.Active, gk.Held, gk.Suspended, gk.Expired, gk.Revoked}

// statesOf counts states, on one platform or on all, with the shares of a bar in percent. A small share is still seen.
func statesOf(counts []store.GrantCount, platform string) []stateCount {
	var list []stateCount
	var total int64
	for _, state := range states {
		one := stateCount{State: state}
		for _, c := range counts {
			if c.State == state && (platform == "" || c.Platform == platform) {
				one.N += c.N
			}
		}
		if one.N > 0 {
			list, total = append(list, one), total+one.N
		}
	}
	from, shown := 0.0, 0.0
	for i := range list {
		list[i].Share = max(100*float64(list[i].N)/float64(total), 1)
		shown += list[i].Share
	}
	for i := range list {
		list[i].Share *= 100 / shown
		list[i].From, from = from, from+list[i].Share
	}
	return list
}

func platformsOf(counts []store.GrantCount) []platformRow {
	var list []platformRow
	seen := map[string]bool{}
	for _, c := range counts {
		if seen[c.Platform] {
			continue
		}
		seen[c.Platform] = true
		row := platformRow{Code: c.Platform, States: statesOf(counts, c.Platform)}
		for _, s := range row.States {
			if s.State != gk.Revoked {
				row.Total += s.N
			}
			if s.State == gk.Active {
				row.Well = s.N
			}
		}
		row.Share = "–"
		if row.Total > 0 {
			row.Share = picture.Percent(float64(row.Well) / float64(row.Total))
		}
		list = append(list, row)
	}
	return list
}

// keyEnds are the apps whose key ends on a day that is known.
func (c *console) keyEnds(p frame.Page, s census) (list []picture.CalendarKey) {
	for i := range s.apps {
		a := &s.apps[i]
		d := c.keeper.Apps().Driver(a.Platform)
		if d == nil {
			continue
		}
		if at := apps.KeyEnd(d, a); !at.IsZero() {
			list = append(list, picture.CalendarKey{At: at, Name: a.Name + " · " + p.PlatformName(a.Platform), Link: p.URL("/apps/%s", a.ID)})
		}
	}
	return list
}

// tightOf says how much of a platform's day the one has used that has used most; nothing where no limit is known or used.
func tightOf(p frame.Page, s census, code string) tightness {
	for _, a := range s.apps {
		if a.Platform == code && outOfQuota(a, p.Now) {
			return tightness{p.T("quota.spent"), p.T("quota.again", "App", a.Name, "T", p.At(a.PausedUntil)), "warn"}
		}
	}
	g, used := s.tight[code]
	spec := p.Spec(code)
	if !used || spec == nil {
		return tightness{}
	}
	most := spec.Facts.Limits.TokenCalls.Day
	t := tightness{Used: strconv.FormatInt(g.QuotaUsed, 10) + " / " + strconv.FormatInt(most, 10), Text: p.T("quota.today", "Shop", frame.NameOf(g.Subject))}
	if near(g.QuotaUsed, most) {
		t.Tone = "warn"
	}
	return t
}

// near reports whether four fifths of a limit are used.
func near(used, most int64) bool { return most > 0 && 5*used >= 4*most }

// outOfQuota reports whether a platform takes nothing of an app for a while.
func outOfQuota(a gk.App, now time.Time) bool {
	return a.Fault != nil && a.Fault.Action == gk.Backoff && a.PausedUntil.After(now)
}

// quotaTodos is what to do about limits that are near, or reached.
func (c *console) quotaTodos(p frame.Page, s census) (list []todo) {
	for _, a := range s.apps {
		if outOfQuota(a, p.Now) && !a.Stopped() {
			list = append(list, todo{Platform: a.Platform, What: p.T("todo.throttled", "App", a.Name), Detail: p.T("fault.backoff", "Time", p.At(a.PausedUntil)),
				Move: frame.MovePlatform, Since: a.Fault.At.Time, N: int(s.inApp(a.ID)), Link: p.URL("/quotas#h-%s", a.Platform), Act: "act.quotas", rank: rankThrottled})
		}
	}
	for _, d := range c.o.Drivers {
		code, most := d.Spec().Code, d.Spec().Facts.Limits.TokenCalls.Day
		if g, ok := s.tight[code]; ok && near(g.QuotaUsed, most) {
			list = append(list, todo{Platform: code, What: p.T("todo.quota", "Shop", frame.NameOf(g.Subject), "Used", g.QuotaUsed, "Most", most),
				Detail: p.T("todo.quota.text"), Move: frame.MoveUs, N: 1, Link: p.URL("/quotas#h-%s", code), Act: "act.quotas", rank: rankQuota})
		}
	}
	return list
}

// brokenOutlets is what to do about endpoints and alarms that do not get what happens.
func (c *console) brokenOutlets(v *desk.Visit) ([]todo, error) {
	all, err := c.store.Outlets(v.Ctx(), "")
	if err != nil {
		return nil, err
	}
	p := v.Page
	var list []todo
	for _, o := range all {
		if o.FailingSince.IsZero() && (o.Enabled || o.Reason == "") {
			continue
		}
		t := todo{Move: frame.MoveUs, Since: o.FailingSince, N: 1, Act: "act.look", rank: rankOther, Detail: p.T("todo.outlet.text")}
		t.What, t.Link = p.T("todo.endpoint", "Name", firstOf(o.Rule.Description, o.ID)), p.URL("/endpoints/%s", o.ID)
		if o.Form == store.AlarmForm {
			t.What, t.Link = p.T("todo.alarm", "Name", p.T("channel."+o.Rule.Channel)), p.URL("/alarms")
		}
		list = append(list, t)
	}
	return list, nil
}
