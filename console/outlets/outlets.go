// Package outlets has the pages of where news goes: the vendor's endpoints with what was delivered to them, and the alarms
// that tell people.
package outlets

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/store"
)

// pages shows and changes outlets.
type pages struct {
	*desk.Desk
	news *notify.News
}

// most is how many outlets a page lists.
const most = 1000

// Route adds the pages.
func Route(d *desk.Desk, news *notify.News) {
	o := &pages{d, news}
	d.On("GET /endpoints", store.RoleSupport, o.endpoints)
	d.On("POST /endpoints", store.RoleOperator, o.newEndpoint)
	d.On("GET /endpoints/{id}", store.RoleSupport, o.endpoint)
	d.On("POST /endpoints/{id}", store.RoleOperator, o.changeEndpoint)
	d.On("POST /endpoints/{id}/test", store.RoleOperator, o.testEndpoint)
	d.On("POST /endpoints/{id}/enable", store.RoleOperator, o.enableEndpoint)
	d.On("POST /endpoints/{id}/again", store.RoleOperator, o.again)
	d.On("GET /endpoints/{id}/rotate", store.RoleOperator, o.askRotate)
	d.On("POST /endpoints/{id}/rotate", store.RoleOperator, o.rotate)
	d.On("GET /endpoints/{id}/replay", store.RoleOperator, o.askReplay)
	d.On("POST /endpoints/{id}/replay", store.RoleOperator, o.replay)
	d.On("GET /endpoints/{id}/remove", store.RoleOperator, o.askRemoveEndpoint)
	d.On("POST /endpoints/{id}/remove", store.RoleOperator, o.removeEndpoint)

	d.On("GET /alarms", store.RoleSupport, o.alarms)
	d.On("GET /alarms/new", store.RoleOperator, o.alarmForm)
	d.On("POST /alarms/new", store.RoleOperator, o.newAlarm)
	d.On("GET /alarms/{id}", store.RoleOperator, o.alarm)
	d.On("POST /alarms/{id}", store.RoleOperator, o.changeAlarm)
	d.On("POST /alarms/{id}/test", store.RoleOperator, o.testAlarm)
	d.On("POST /alarms/{id}/enable", store.RoleOperator, o.enableAlarm)
	d.On("GET /alarms/{id}/remove", store.RoleOperator, o.askRemoveAlarm)
	d.On("POST /alarms/{id}/remove", store.RoleOperator, o.removeAlarm)
}

// wrong is what is wrong with a form.
type wrong struct{ Field, Why string }

// wrongOf returns what an error says about a form; false if it says nothing about one.
func wrongOf(err error) (wrong, bool) {
	var invalid *gk.Invalid
	if !errors.As(err, &invalid) {
		return wrong{}, false
	}
	return wrong{invalid.Field, invalid.Why}, true
}

// listed reads a list that was typed with blanks, commas or lines between.
func listed(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return r == ' ' || r == ',' || r == '\n' || r == '\r' || r == '\t' || r == '，' || r == '、'
	})
}

// hostOf is what is shown of an address where the whole of it is too long.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	return u.Host
}

// tone is how loudly the state of an outlet is said.
func tone(o store.Outlet) string {
	switch {
	case !o.Enabled:
		return "off"
	case !o.FailingSince.IsZero():
		return "bad"
	}
	return "ok"
}

// standing says how an outlet stands.
func standing(p frame.Page, o store.Outlet) string {
	switch {
	case !o.Enabled && o.Reason != "":
		return p.T("outlet.disabled.itself", "Why", o.Reason)
	case !o.Enabled:
		return p.T("outlet.disabled")
	case !o.FailingSince.IsZero():
		return p.T("outlet.failing", "T", p.At(o.FailingSince))
	}
	return p.T("outlet.works")
}

// remove removes an outlet.
func (o *pages) remove(v *desk.Visit, form, action, back string) error {
	id := v.R.PathValue("id")
	if err := v.Record(action, store.AuditEntry{Object: id}); err != nil {
		return err
	}
	if err := o.news.RemoveOutlet(v.Ctx(), v.Viewer, form, id); err != nil {
		return err
	}
	v.SeeOther(back + "?done=removed")
	return nil
}

// askRemove asks before an outlet is removed.
func askRemove(v *desk.Visit, section, name, text, path string) error {
	p := v.Page
	p.Section = section
	return v.Show(http.StatusOK, frame.Confirm(frame.ConfirmView{
		Page: p, Title: []string{p.T("confirm.outlet", "Name", name)}, Text: []string{p.T(text)}, Action: p.URL("%s/remove", path), Back: p.URL("%s", path),
		Button: "act.remove",
	}))
}
