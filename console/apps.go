package console

import (
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// appsView is our applications, and the platforms that one can be added on.
type appsView struct {
	frame.Page
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
func (c *console) apps(v *desk.Visit) error {
	p := v.Page
	p.Section = "apps"
	s, err := c.census(v.Ctx(), p.Zone)
	if err != nil {
		return err
	}
	view := appsView{Page: p}
	for _, d := range c.o.Drivers {
		view.Codes = append(view.Codes, d.Spec().Code)
	}
	for _, a := range s.apps {
		view.Rows = append(view.Rows, c.appRow(p, a, s))
	}
	return v.Show(http.StatusOK, appList(view))
}

func (c *console) appRow(p frame.Page, a gk.App, s census) appRow {
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
	frame.Page
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
	Halted    bool // an administrator has stopped it
	Endpoints []string

	AsksItself             bool // no merchant has to open a link
	Shop, Owner, ObtainWhy string
}

// appField is one setting of a platform, as its facts describe it.
type appField struct {
	Name, Label, Help, Type, Value string
	Choices                        []string
	Secret, Required               bool
	Since                          string // of a secret: when it was set; empty: never
	Max                            int64
}

func (c *console) appView(v *desk.Visit) (appView, error) {
	p := v.Page
	p.Section = "apps"
	a, err := c.store.App(v.Ctx(), v.Viewer, v.R.PathValue("id"))
	if err != nil {
		return appView{}, err
	}
	s, err := c.census(v.Ctx(), p.Zone)
	if err != nil {
		return appView{}, err
	}
	view := appView{Page: p, appRow: c.appRow(p, a, s), Callback: c.keeper.Apps().CallbackURL(a.ID), Push: c.keeper.Apps().PushURL(a.ID), Install: c.keeper.Apps().InstallURL(a.ID)}
	view.Proved = c.o.Demo != nil || v.Session.Proved(c.Now())
	view.Halted = c.keeper.Apps().Stopped(a.ID)
	if f := c.described(c.keeper.Apps().FaultOf(a)); f != nil {
		view.Remedy = f.Remedy.In(p.Lang)
	}
	d := c.keeper.Apps().Driver(a.Platform)
	if d == nil {
		return view, nil
	}
	view.Facts, view.AsksItself = d.Spec().Facts, asksItself(d.Spec().Facts, a)
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
func fieldsOf(p frame.Page, facts *platform.Facts, profile string, values map[string]string, since map[string]time.Time) []appField {
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
func (c *console) app(v *desk.Visit) error {
	view, err := c.appView(v)
	if err != nil {
		return err
	}
	return v.Show(http.StatusOK, oneApp(view))
}

// checkName is what people call a check. One that names a setting is called as the setting is.
func checkName(p frame.Page, name string) string {
	if slices.Contains([]string{"callback", "clock", "credentials", "driver", "egress", "renewals", "secrets", "spill"}, name) {
		return p.T("check.of." + name)
	}
	return name
}

// appCheck looks whether an application can work, and shows what it found.
func (c *console) appCheck(v *desk.Visit) error {
	view, err := c.appView(v)
	if err != nil {
		return err
	}
	if err := v.Record("app.check", store.AuditEntry{App: view.ID}); err != nil {
		return err
	}
	if view.Checks, err = c.keeper.Apps().Check(v.Ctx(), v.Viewer, view.ID); err != nil {
		return err
	}
	return v.Show(http.StatusOK, oneApp(view))
}

// changeApp stores changed settings; a secret that is left empty stays.
func (c *console) changeApp(v *desk.Visit) error {
	id := v.R.PathValue("id")
	if !v.Prove("/apps/" + id) {
		return nil
	}
	view, err := c.appView(v)
	if err != nil {
		return err
	}
	change := apps.Change{Settings: c.settingsIn(v, view.Fields, true)}
	if name := v.Field("name"); name != "" {
		change.Name = &name
	}
	if change.Face, err = faceIn(v, true); err != nil {
		return err
	}
	if err := v.Record("app.change", store.AuditEntry{App: id}); err != nil {
		return err
	}
	_, err = c.keeper.Apps().Update(v.Ctx(), v.Viewer, id, change)
	var invalid *gk.Invalid
	if errors.As(err, &invalid) {
		view.Field, view.Why = strings.TrimPrefix(invalid.Field, "settings."), invalid.Why
		c.keepTyped(v, view.Fields)
		view.Face.Vendor, view.Face.Letters, view.Face.Support = v.Field("vendor"), v.Field("sign"), v.Field("support")
		return v.Show(http.StatusUnprocessableEntity, oneApp(view))
	}
	if err != nil {
		return err
	}
	v.SeeOther("/apps/" + id + "?done=saved")
	return nil
}

// settingsIn reads the settings of a form. An empty one removes a value where there may be one, but never a secret.
func (c *console) settingsIn(v *desk.Visit, fields []appField, change bool) map[string]string {
	settings := map[string]string{}
	for _, f := range fields {
		text := v.Field("settings." + f.Name)
		if text == "" && (f.Secret || !change || f.Value == "") {
			continue
		}
		if text != f.Value || f.Secret {
			settings[f.Name] = text
		}
	}
	return settings
}

// faceIn reads how an application shall show itself to merchants. A picture that was chosen stands before the letters; one
// that is stored stays until letters or another picture are given, or its removal is ticked.
func faceIn(v *desk.Visit, change bool) (apps.FaceInput, error) {
	vendor, sign, support := v.Field("vendor"), v.Field("sign"), v.Field("support")
	in := apps.FaceInput{Vendor: &vendor, Support: &support}
	picture, err := v.Picture("picture")
	switch {
	case picture != "":
		in.Sign = &picture
	case sign != "" || !change || v.Field("has_picture") == "" || v.Field("no_picture") != "":
		in.Sign = &sign
	}
	return in, err
}

// dataURL is a picture for a page of ours.
func dataURL(picture []byte) string {
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture)
}

// isFace reports whether a field is one of how an application shows itself.
func isFace(field string) bool { return field == "vendor" || field == "sign" || field == "support" }

// keepTyped puts what was typed back into the fields; secrets are typed again.
func (c *console) keepTyped(v *desk.Visit, fields []appField) {
	for i := range fields {
		if !fields[i].Secret {
			fields[i].Value = v.Field("settings." + fields[i].Name)
		}
	}
}

// appFormView adds an application.
type appFormView struct {
	frame.Page
	Facts       *platform.Facts
	Code        string
	Codes       []string
	Fields      []appField
	Called      string
	Face        gk.Face
	Environment string
	Profile     string
	Field, Why  string
}

func (c *console) newAppForm(v *desk.Visit, code, profile string) appFormView {
	p := v.Page
	p.Section = "apps"
	view := appFormView{Page: p, Code: code, Environment: gk.Production, Profile: profile}
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
func (c *console) appForm(v *desk.Visit) error {
	asked := v.R.URL.Query()
	return v.Show(http.StatusOK, appFormPage(c.newAppForm(v, asked.Get("platform"), asked.Get("profile"))))
}

// newApp stores an application.
func (c *console) newApp(v *desk.Visit) error {
	if !v.Prove("/apps/new") {
		return nil
	}
	view := c.newAppForm(v, v.Field("platform"), v.Field("profile"))
	view.Called, view.Environment = v.Field("name"), v.Field("environment")
	face, err := faceIn(v, false)
	if err != nil {
		return err
	}
	view.Face = gk.Face{Vendor: v.Field("vendor"), Letters: v.Field("sign"), Support: v.Field("support")}
	if err := v.Record("app.create", store.AuditEntry{}); err != nil {
		return err
	}
	app, err := c.keeper.Apps().Create(v.Ctx(), v.Viewer, apps.Input{
		Platform: view.Code, Name: view.Called, Environment: view.Environment, Profile: view.Profile, Settings: c.settingsIn(v, view.Fields, false),
		Face: face,
	})
	var invalid *gk.Invalid
	if errors.As(err, &invalid) {
		view.Field, view.Why = strings.TrimPrefix(invalid.Field, "settings."), invalid.Why
		c.keepTyped(v, view.Fields)
		return v.Show(http.StatusUnprocessableEntity, appFormPage(view))
	}
	if err != nil {
		return err
	}
	v.SeeOther("/apps/" + app.ID + "?done=app")
	return nil
}

func (c *console) askRemoveApp(v *desk.Visit) error { return c.removeAppPage(v, http.StatusOK, false) }

func (c *console) removeAppPage(v *desk.Visit, status int, mistake bool) error {
	view, err := c.appView(v)
	if err != nil {
		return err
	}
	p := view.Page
	text := p.T("confirm.removeapp.text")
	if view.Grants > 0 {
		text = p.T("confirm.removeapp.inuse", "N", frame.Count(view.Grants))
	}
	return v.Show(status, frame.Confirm(frame.ConfirmView{
		Page: p, Title: []string{p.T("confirm.remove", "App", view.Name)}, Text: []string{text}, Action: p.URL("/apps/%s/remove", view.ID),
		Back: p.URL("/apps/%s", view.ID), Button: "act.remove", Typed: frame.Last(view.ID), TypedLabel: p.T("confirm.type.app", "Last4", frame.Last(view.ID)), Mistake: mistake,
	}))
}

// removeApp removes an application that has no grants.
func (c *console) removeApp(v *desk.Visit) error {
	id := v.R.PathValue("id")
	if !v.Prove("/apps/" + id + "/remove") {
		return nil
	}
	if v.Field("typed") != frame.Last(id) {
		return c.removeAppPage(v, http.StatusUnprocessableEntity, true)
	}
	if err := v.Record("app.remove", store.AuditEntry{App: id}); err != nil {
		return err
	}
	err := c.keeper.Apps().Delete(v.Ctx(), v.Viewer, id)
	if errors.Is(err, store.ErrInUse) {
		return c.removeAppPage(v, http.StatusConflict, false)
	}
	if err != nil {
		return err
	}
	v.SeeOther("/apps?done=removed")
	return nil
}

// askStop asks before the big switch: nothing of the app is refreshed, called or handed out until it is started again.
func (c *console) askStop(v *desk.Visit) error { return c.stopPage(v, http.StatusOK, false) }

func (c *console) stopPage(v *desk.Visit, status int, mistake bool) error {
	view, err := c.appView(v)
	if err != nil {
		return err
	}
	p := view.Page
	return v.Show(status, frame.Confirm(frame.ConfirmView{
		Page: p, Title: []string{p.T("confirm.stop", "App", view.Name)}, Text: []string{p.T("confirm.stop.what", "N", frame.Count(view.Grants)), p.T("confirm.stop.back")},
		Action: p.URL("/apps/%s/stop", view.ID), Back: p.URL("/apps/%s", view.ID), Button: "act.stop", Typed: frame.Last(view.ID),
		TypedLabel: p.T("confirm.type.app", "Last4", frame.Last(view.ID)), Mistake: mistake,
	}))
}

// stopApp stops an application everywhere within a second.
func (c *console) stopApp(v *desk.Visit) error {
	id := v.R.PathValue("id")
	if !v.Prove("/apps/" + id + "/stop") {
		return nil
	}
	if v.Field("typed") != frame.Last(id) {
		return c.stopPage(v, http.StatusUnprocessableEntity, true)
	}
	return c.setStopped(v, "app.stop", true, "stopped")
}

// startApp lets an application that was stopped work again.
func (c *console) startApp(v *desk.Visit) error {
	if !v.Prove("/apps/" + v.R.PathValue("id")) {
		return nil
	}
	return c.setStopped(v, "app.start", false, "started")
}

func (c *console) setStopped(v *desk.Visit, action string, stop bool, done string) error {
	id := v.R.PathValue("id")
	if err := v.Record(action, store.AuditEntry{App: id}); err != nil {
		return err
	}
	if err := c.keeper.Apps().SetStopped(v.Ctx(), v.Viewer, id, stop); err != nil {
		return err
	}
	v.SeeOther("/apps/" + id + "?done=" + done)
	return nil
}
