package console

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// appsView is our applications, and the platforms that one can be added on.
type appsView struct {
	page
	Rows  []appRow
	Codes []string
}

type appRow struct {
	gk.App
	Grants int64
	States []stateCount
	Fault  string
	Tone   string
}

// apps lists our applications.
func (c *console) apps(v *visit) error {
	p := v.page
	p.Section = "apps"
	s, err := c.census(v.ctx(), p.Zone)
	if err != nil {
		return err
	}
	view := appsView{page: p}
	for _, d := range c.o.Drivers {
		view.Codes = append(view.Codes, d.Spec().Code)
	}
	for _, a := range s.apps {
		view.Rows = append(view.Rows, c.appRow(p, a, s))
	}
	return v.show(http.StatusOK, appList(view))
}

func (c *console) appRow(p page, a gk.App, s census) appRow {
	row := appRow{App: a, Tone: "ok"}
	var counts []store.GrantCount
	for _, n := range s.counts {
		if n.App == a.ID {
			counts, row.Grants = append(counts, n), row.Grants+n.N
		}
	}
	row.States = statesOf(counts, "")
	if f := c.keeper.Apps().FaultOf(a); f != nil {
		row.Fault, row.Tone = c.faultLine(p, f, "", a.Name, a.PausedUntil), "warn"
	}
	if a.Stopped() {
		row.Tone = "bad"
	}
	return row
}

// appView is one application.
type appView struct {
	page
	appRow
	Facts     *platform.Facts
	Fields    []appField
	Callback  string
	Push      string
	Install   string
	Checks    []apps.Check
	Remedy    string
	Field     string // what is wrong
	Why       string
	Proved    bool
	Endpoints []string
}

// appField is one setting of a platform, as its facts describe it.
type appField struct {
	Name, Label, Help, Type, Value string
	Choices                        []string
	Secret, Required               bool
	Since                          string // of a secret: when it was set; empty: never
	Max                            int64
}

func (c *console) appView(v *visit) (appView, error) {
	p := v.page
	p.Section = "apps"
	a, err := c.store.App(v.ctx(), v.viewer, v.r.PathValue("id"))
	if err != nil {
		return appView{}, err
	}
	s, err := c.census(v.ctx(), p.Zone)
	if err != nil {
		return appView{}, err
	}
	view := appView{page: p, appRow: c.appRow(p, a, s), Callback: c.keeper.Apps().CallbackURL(a.ID), Push: c.keeper.Apps().PushURL(a.ID), Install: c.keeper.Apps().InstallURL(a.ID)}
	view.Proved = c.o.Demo != nil || v.session.proved(c.now())
	if f := c.described(c.keeper.Apps().FaultOf(a)); f != nil {
		view.Remedy = f.Remedy.In(p.Lang)
	}
	d := c.keeper.Apps().Driver(a.Platform)
	if d == nil {
		return view, nil
	}
	view.Facts = d.Spec().Facts
	for _, name := range slices.Sorted(maps.Keys(a.Endpoints)) {
		view.Endpoints = append(view.Endpoints, name+" → "+a.Endpoints[name])
	}
	since, err := c.keeper.Apps().SecretSince(a)
	if err != nil { // the app's own fault says so on this page
		since = map[string]time.Time{}
	}
	view.Fields = fieldsOf(p, view.Facts, a.Profile, a.Settings, since)
	return view, nil
}

// fieldsOf lists the settings of a platform, required ones first. The addresses that are ours are not asked for.
func fieldsOf(p page, facts *platform.Facts, profile string, values map[string]string, since map[string]time.Time) []appField {
	var list []appField
	for _, name := range slices.Sorted(maps.Keys(facts.Settings)) {
		s := facts.Settings[name]
		if s.Role == platform.RolePushed {
			continue // nobody enters it
		}
		f := appField{
			Name: name, Label: s.Label.In(p.Lang), Help: s.Help.In(p.Lang), Type: s.Type, Value: values[name], Choices: s.Choices, Secret: s.Secret,
			Required: s.RequiredFor(profile) && name != "redirect_uri", Max: s.Max,
		}
		if f.Label == "" {
			f.Label = name
		}
		if at := since[name]; s.Secret && !at.IsZero() {
			f.Since = p.Day(at)
		}
		list = append(list, f)
	}
	slices.SortStableFunc(list, func(a, b appField) int {
		switch {
		case a.Required == b.Required:
			return 0
		case a.Required:
			return -1
		}
		return 1
	})
	return list
}

// app shows one application.
func (c *console) app(v *visit) error {
	view, err := c.appView(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, oneApp(view))
}

// appCheck looks whether an application can work, and shows what it found.
func (c *console) appCheck(v *visit) error {
	view, err := c.appView(v)
	if err != nil {
		return err
	}
	if view.Checks, err = c.keeper.Apps().Check(v.ctx(), v.viewer, view.ID); err != nil {
		return err
	}
	c.act(v.ctx(), v, "check", "app", view.ID)
	return v.show(http.StatusOK, oneApp(view))
}

// changeApp stores changed settings; a secret that is left empty stays.
func (c *console) changeApp(v *visit) error {
	id := v.r.PathValue("id")
	if !v.prove("/apps/" + id) {
		return nil
	}
	view, err := c.appView(v)
	if err != nil {
		return err
	}
	change := apps.Change{Settings: c.settingsIn(v, view.Fields, true)}
	if name := v.field("name"); name != "" {
		change.Name = &name
	}
	_, err = c.keeper.Apps().Update(v.ctx(), v.viewer, id, change)
	var invalid *gk.Invalid
	if errors.As(err, &invalid) {
		view.Field, view.Why = strings.TrimPrefix(invalid.Field, "settings."), invalid.Why
		c.keepTyped(v, view.Fields)
		return v.show(http.StatusUnprocessableEntity, oneApp(view))
	}
	if err != nil {
		return err
	}
	c.act(v.ctx(), v, "app changed", "app", id)
	v.seeOther("/apps/" + id + "?done=saved")
	return nil
}

// settingsIn reads the settings of a form. An empty one removes a value where there may be one, but never a secret.
func (c *console) settingsIn(v *visit, fields []appField, change bool) map[string]string {
	settings := map[string]string{}
	for _, f := range fields {
		text := v.field("settings." + f.Name)
		if text == "" && (f.Secret || !change || f.Value == "") {
			continue
		}
		if text != f.Value || f.Secret {
			settings[f.Name] = text
		}
	}
	return settings
}

// keepTyped puts what was typed back into the fields; secrets are typed again.
func (c *console) keepTyped(v *visit, fields []appField) {
	for i := range fields {
		if !fields[i].Secret {
			fields[i].Value = v.field("settings." + fields[i].Name)
		}
	}
}

// appFormView adds an application.
type appFormView struct {
	page
	Facts       *platform.Facts
	Code        string
	Codes       []string
	Fields      []appField
	Called      string
	Environment string
	Profile     string
	Field, Why  string
}

func (c *console) newAppForm(v *visit, code, profile string) appFormView {
	p := v.page
	p.Section = "apps"
	view := appFormView{page: p, Code: code, Environment: gk.Production, Profile: profile}
	for _, d := range c.o.Drivers {
		view.Codes = append(view.Codes, d.Spec().Code)
		if d.Spec().Code != code {
			continue
		}
		view.Facts = d.Spec().Facts
		if !slices.Contains(view.Facts.Profiles, profile) {
			view.Profile = ""
			if len(view.Facts.Profiles) > 0 {
				view.Profile = view.Facts.Profiles[0]
			}
		}
		view.Fields = fieldsOf(p, view.Facts, view.Profile, nil, nil)
	}
	return view
}

// appForm asks for an application's settings, as its platform's facts describe them.
func (c *console) appForm(v *visit) error {
	asked := v.r.URL.Query()
	return v.show(http.StatusOK, appFormPage(c.newAppForm(v, asked.Get("platform"), asked.Get("profile"))))
}

// newApp stores an application.
func (c *console) newApp(v *visit) error {
	if !v.prove("/apps/new") {
		return nil
	}
	view := c.newAppForm(v, v.field("platform"), v.field("profile"))
	view.Called, view.Environment = v.field("name"), v.field("environment")
	app, err := c.keeper.Apps().Create(v.ctx(), v.viewer, apps.Input{
		Platform: view.Code, Name: view.Called, Environment: view.Environment, Profile: view.Profile, Settings: c.settingsIn(v, view.Fields, false),
	})
	var invalid *gk.Invalid
	if errors.As(err, &invalid) {
		view.Field, view.Why = strings.TrimPrefix(invalid.Field, "settings."), invalid.Why
		c.keepTyped(v, view.Fields)
		return v.show(http.StatusUnprocessableEntity, appFormPage(view))
	}
	if err != nil {
		return err
	}
	c.act(v.ctx(), v, "app added", "app", app.ID)
	v.seeOther("/apps/" + app.ID + "?done=app")
	return nil
}

func (c *console) askRemoveApp(v *visit) error { return c.removeAppPage(v, http.StatusOK, false) }

func (c *console) removeAppPage(v *visit, status int, mistake bool) error {
	view, err := c.appView(v)
	if err != nil {
		return err
	}
	p := view.page
	text := p.T("confirm.removeapp.text")
	if view.Grants > 0 {
		text = p.T("confirm.removeapp.inuse", "N", Count(view.Grants))
	}
	return v.show(status, confirm(confirmView{
		page: p, Title: []string{p.T("confirm.remove", "App", view.Name)}, Text: []string{text}, Action: p.url("/apps/%s/remove", view.ID),
		Back: p.url("/apps/%s", view.ID), Button: "act.remove", Typed: last(view.ID), TypedLabel: p.T("confirm.type.app", "Last4", last(view.ID)), Mistake: mistake,
	}))
}

// removeApp removes an application that has no grants.
func (c *console) removeApp(v *visit) error {
	id := v.r.PathValue("id")
	if !v.prove("/apps/" + id + "/remove") {
		return nil
	}
	if v.field("typed") != last(id) {
		return c.removeAppPage(v, http.StatusUnprocessableEntity, true)
	}
	err := c.keeper.Apps().Delete(v.ctx(), v.viewer, id)
	if errors.Is(err, store.ErrInUse) {
		return c.removeAppPage(v, http.StatusConflict, false)
	}
	if err != nil {
		return err
	}
	c.act(v.ctx(), v, "app removed", "app", id)
	v.seeOther("/apps?done=removed")
	return nil
}
