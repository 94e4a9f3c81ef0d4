// Package tools has the offline commands in a form: sign a request, verify a message, read an answer.
package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/offline"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// toolView is the offline commands in a form.
type toolView struct {
	frame.Page
	Do, Input, Output string
	Failed            bool
	Tools             []string
	Verdict           string // of verify
	Good              bool
	Why               string
	Signed            string // the text that somebody signed, to be compared
	Compared          *difference
	Apps              []gk.App // that may be named instead of being typed
	App               string
}

// difference is two texts cut where they begin to differ.
type difference struct {
	Same         bool
	At           int // number of the first character that differs
	Alike        string
	Theirs, Ours string // that character; empty: the text has ended
	Rest, Right  string // behind it
}

// differenceOf cuts two texts. It counts in characters, as people do.
func differenceOf(both offline.Compared) *difference {
	if both.At < 0 {
		return &difference{Same: true}
	}
	a, b := []rune(both.Theirs), []rune(both.Ours)
	d := &difference{At: both.At + 1, Alike: string(a[:both.At])}
	if len(a) > both.At {
		d.Theirs, d.Rest = string(a[both.At]), string(a[both.At+1:])
	}
	if len(b) > both.At {
		d.Ours, d.Right = string(b[both.At]), string(b[both.At+1:])
	}
	return d
}

// masked hides secrets in two texts that differ, and finds the place anew: what is hidden has another length.
func masked(both offline.Compared, secrets []gk.Secret) offline.Compared {
	both.Theirs, both.Ours = offline.Masked(both.Theirs, secrets...), offline.Masked(both.Ours, secrets...)
	a, b := []rune(both.Theirs), []rune(both.Ours)
	for both.At = 0; both.At < min(len(a), len(b)) && a[both.At] == b[both.At]; both.At++ {
	}
	return both
}

// pages are the pages of the tools.
type pages struct{ *desk.Desk }

// Route adds them.
func Route(d *desk.Desk) {
	p := &pages{d}
	d.On("GET /tools", store.RoleSupport, p.ask)
	d.On("POST /tools", store.RoleSupport, p.compute)
}

// tools are the offline commands; the console's words for the first is to sign.
var tools = []string{"request", "verify", "parse"}

// example fills the form of a tool with something to begin with, for one of the platforms. What it needs is there; the
// values are made up.
func example(do string, d platform.Driver) string {
	facts := d.Spec().Facts
	profile := ""
	if len(facts.Profiles) > 0 {
		profile = facts.Profiles[0]
	}
	app := map[string]string{}
	for name, s := range facts.Settings {
		switch {
		case !s.RequiredFor(profile):
		case s.Type == "int":
			app[name] = "1000001"
		case s.Type == "url":
			app[name] = "https://auth.example.org/callback"
		case s.Type == "text":
			app[name] = "made-up"
		}
	}
	in := map[string]any{"platform": facts.Code}
	switch do {
	case "request":
		in["do"], in["app"] = "refresh", app
		in["subject"] = map[string]string{"kind": facts.Subjects[0], "id": "77001234"}
		in["token"] = map[string]string{"access": "made-up", "refresh": "made-up"}
	case "verify":
		in["kind"], in["app"] = "push", app
		in["request"] = map[string]any{"method": "POST", "url": "https://auth.example.org/push/app", "headers": map[string]string{}, "body": "{}"}
	case "parse":
		in["stage"], in["status"], in["body"] = platform.StageRefresh, http.StatusOK, `{"error":"invalid_grant"}`
	}
	text, err := json.Marshal(in)
	if err != nil {
		return "" // texts and maps of them always encode
	}
	return string(text)
}

func (p *pages) newTool(v *desk.Visit, do string) toolView {
	page := v.Page
	page.Section = "tools"
	if !slices.Contains(tools, do) {
		do = tools[0]
	}
	return toolView{Page: page, Do: do, Tools: tools, Input: example(do, p.Drivers[0])}
}

// offerApps adds the apps that somebody may name. Their secrets sign whatever is typed: that is for administrators.
func (p *pages) offerApps(v *desk.Visit, view *toolView) error {
	if !v.Page.May(store.RoleAdministrator) || view.Do == "parse" {
		return nil
	}
	all, err := p.Store.Apps(v.Ctx(), v.Viewer, "", 0)
	if err != nil && len(all) == 0 {
		return err
	}
	view.Apps = all
	return nil
}

// of puts an app of ours into a line: its platform, settings, secrets and endpoints. It returns the secrets, which no answer may show.
func (p *pages) of(v *desk.Visit, app, line string) (string, []gk.Secret, error) {
	opened, err := p.Keeper.Apps().OpenByID(v.Ctx(), app)
	if err != nil {
		return "", nil, err
	}
	in, settings := map[string]any{}, map[string]any{}
	if err := json.Unmarshal([]byte(line), &in); err != nil {
		return "", nil, &desk.BadForm{Err: err}
	}
	var secrets []gk.Secret
	for name, value := range opened.Open.Settings {
		settings[name] = value
	}
	for name, all := range opened.Open.Secrets {
		for i, s := range all {
			if secrets = append(secrets, s); i == 0 {
				settings[name] = s.Reveal() // the offline command signs with it; every answer is masked
			}
		}
	}
	in["platform"], in["environment"], in["app"] = opened.App.Platform, opened.App.Environment, settings
	if len(opened.App.Endpoints) > 0 {
		in["endpoints"] = opened.App.Endpoints
	}
	text, err := json.Marshal(in)
	return string(text), secrets, err
}

// ask asks for the input of an offline command.
func (p *pages) ask(v *desk.Visit) error {
	view := p.newTool(v, v.R.URL.Query().Get("do"))
	if err := p.offerApps(v, &view); err != nil {
		return err
	}
	return v.Show(http.StatusOK, toolForm(view))
}

// compute computes here what an offline command says. Nothing is sent to a platform, and nothing of the input is kept.
func (p *pages) compute(v *desk.Visit) error {
	view := p.newTool(v, v.Field("do"))
	view.Input, view.Signed = v.Field("input"), strings.Trim(v.R.PostFormValue("signed"), "\r\n")
	var line strings.Builder
	if compact, err := compactJSON(view.Input); err == nil {
		line.WriteString(compact)
	} else {
		view.Output, view.Failed = view.T("tools.json", "Where", err.Error()), true
		return v.Show(http.StatusUnprocessableEntity, toolForm(view))
	}
	if err := p.offerApps(v, &view); err != nil {
		return err
	}
	whole, secrets := line.String(), []gk.Secret(nil)
	if view.App = v.Field("app"); view.App != "" && slices.ContainsFunc(view.Apps, func(a gk.App) bool { return a.ID == view.App }) {
		if err := v.Record("app.sign", store.AuditEntry{App: view.App}); err != nil {
			return err
		}
		var err error
		if whole, secrets, err = p.of(v, view.App, whole); err != nil {
			return err
		}
	}
	out, err := p.offline().Line(view.Do, []byte(whole))
	if err != nil {
		view.Output, view.Failed = offline.Masked(err.Error(), secrets...), true
		return v.Show(http.StatusUnprocessableEntity, toolForm(view))
	}
	out = []byte(offline.Masked(string(out), secrets...))
	view.Output = indented(out)
	if view.Signed != "" {
		if both, ok := p.offline().Compare(view.Do, []byte(whole), view.Signed); ok {
			if both.At >= 0 && len(secrets) > 0 {
				both = masked(both, secrets)
			}
			view.Compared = differenceOf(both)
		}
	}
	if view.Do == "verify" {
		var verdict struct {
			OK  bool   `json:"ok"`
			Why string `json:"why"`
		}
		if err := json.Unmarshal(out, &verdict); err == nil {
			view.Good, view.Why, view.Verdict = verdict.OK, verdict.Why, view.T("sign.wrong")
			if verdict.OK {
				view.Verdict = view.T("sign.same")
			}
		}
	}
	return v.Show(http.StatusOK, toolForm(view))
}

// offline is the drivers' pure half, at the moment that the keeper takes for the present.
func (p *pages) offline() offline.Commands {
	return offline.Commands{Drivers: p.Drivers, Now: p.Keeper.Now}
}

// compactJSON puts a JSON object on one line. An error names line and column, and nothing of the text.
func compactJSON(text string) (string, error) {
	var whole json.RawMessage
	err := json.Unmarshal([]byte(text), &whole)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		before := text[:min(int(syntax.Offset), len(text))]
		line := strings.Count(before, "\n") + 1
		return "", fmt.Errorf("%d:%d", line, len(before)-strings.LastIndexByte(before, '\n')-1)
	}
	var b bytes.Buffer
	if err != nil || json.Compact(&b, whole) != nil {
		return "", errors.New("1:1")
	}
	return b.String(), nil
}

// indented writes JSON for people.
func indented(text []byte) string {
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return string(text)
	}
	return b.String()
}
