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

// ask asks for the input of an offline command.
func (p *pages) ask(v *desk.Visit) error {
	return v.Show(http.StatusOK, toolForm(p.newTool(v, v.R.URL.Query().Get("do"))))
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
	out, err := p.offline().Line(view.Do, []byte(line.String()))
	if err != nil {
		view.Output, view.Failed = err.Error(), true
		return v.Show(http.StatusUnprocessableEntity, toolForm(view))
	}
	view.Output = indented(out)
	if view.Signed != "" {
		if both, ok := p.offline().Compare(view.Do, []byte(line.String()), view.Signed); ok {
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
