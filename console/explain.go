package console

import (
	"net/http"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform"
)

// explainView says what an error means and what to do.
type explainView struct {
	frame.Page
	Text, Code, Stage string
	Codes, Stages     []string
	Fault             *explain.Fault // nil: nothing was asked yet
	Headline, Move    string
	Guessed           bool
	Near              int // grants that have this fault now
	Siblings          []*platform.Row
	Examples          []exampleSet
	Source, Pattern   string // of the row that explains it
	Draft             string // a row of the catalogue to send in, where none explains it
}

// stagesAsked are the stages that a person may choose.
var stagesAsked = []string{platform.StageAuthorize, platform.StageToken, platform.StageRefresh, platform.StageCall, platform.StagePush}

// explainPage asks for an error.
func (c *console) explainPage(v *desk.Visit) error {
	view := c.newExplain(v)
	view.Examples = c.examples()
	if id := v.R.URL.Query().Get("row"); id != "" { // a row of a catalogue has an address of its own to share
		if d := c.keeper.Apps().Driver(v.R.URL.Query().Get("platform")); d != nil {
			if row := d.Spec().Catalogue.Row(id); row != nil {
				view.Code, view.Stage = d.Spec().Code, row.Stage
				f := c.ask(d, explain.Question{Stage: row.Stage, Code: row.Code, Message: row.Example})
				c.answer(&view, v, d, f)
			}
		}
	}
	return v.Show(http.StatusOK, explainText(view))
}

func (c *console) newExplain(v *desk.Visit) explainView {
	p := v.Page
	p.Section = "explain"
	view := explainView{Page: p, Stages: stagesAsked}
	for _, d := range c.o.Drivers {
		view.Codes = append(view.Codes, d.Spec().Code)
	}
	return view
}

// explain answers what was pasted.
func (c *console) explain(v *desk.Visit) error {
	return c.explained(v, v.Field("platform"), v.Field("stage"), v.Field("q"))
}

// explained shows the meaning of a text. Without a platform, the first that knows the text is taken for it.
func (c *console) explained(v *desk.Visit, code, stage, text string) error {
	view := c.newExplain(v)
	view.Code, view.Stage = code, stage
	view.Text = frame.Masked(text)
	if text == "" {
		return v.Show(http.StatusOK, explainText(view))
	}
	q := explain.Question{Stage: stage, Body: []byte(text)}
	d := c.keeper.Apps().Driver(code)
	var f *explain.Fault
	if d != nil {
		f = c.ask(d, q)
	} else {
		d, f = c.guess(q, text)
		view.Guessed, view.Code = true, d.Spec().Code
	}
	c.answer(&view, v, d, f)
	return v.Show(http.StatusOK, explainText(view))
}

// guess asks every platform, those first whose name or host the text has in it.
func (c *console) guess(q explain.Question, text string) (platform.Driver, *explain.Fault) {
	folded := strings.ToLower(text)
	drivers := slices.Clone(c.o.Drivers)
	named := func(d platform.Driver) bool {
		return strings.Contains(folded, strings.ToLower(d.Spec().Facts.Names.En)) || strings.Contains(folded, d.Spec().Code)
	}
	slices.SortStableFunc(drivers, func(a, b platform.Driver) int {
		switch {
		case named(a) == named(b):
			return 0
		case named(a):
			return -1
		}
		return 1
	})
	best, weight := drivers[0], -1
	for _, d := range drivers {
		if w := telling(d, c.ask(d, q), folded); w > weight {
			best, weight = d, w
		}
	}
	return best, c.ask(best, q)
}

// telling is how much a platform's reading explains of a text: a row that matches words says more than one that matches a code
// which many platforms have.
func telling(d platform.Driver, f *explain.Fault, folded string) int {
	if !f.Known {
		return 0
	}
	n := 1
	if row := d.Spec().Catalogue.Row(f.Row); row != nil {
		if row.PatternText != "" {
			n += 2
		}
		if row.Code != "" && strings.Contains(folded, strings.ToLower(row.Code)) {
			n++
		}
	}
	return n
}

func (c *console) ask(d platform.Driver, q explain.Question) *explain.Fault {
	return explain.Explain(d, d.Spec().Open(platform.App{Now: c.keeper.Now()}), q)
}

// exampleSet is some of what a platform says, to press.
type exampleSet struct {
	Code string
	Rows []*platform.Row
}

// mostExamples is how many examples of a platform are shown.
const mostExamples = 3

// examples are a few rows of every platform, each of another action.
func (c *console) examples() (list []exampleSet) {
	for _, d := range c.o.Drivers {
		one, seen := exampleSet{Code: d.Spec().Code}, map[gk.Action]bool{}
		for _, row := range d.Spec().Catalogue.Rows() {
			if len(one.Rows) < mostExamples && !seen[row.Action] && row.Code != "" && !row.Local() {
				seen[row.Action] = true
				one.Rows = append(one.Rows, row)
			}
		}
		list = append(list, one)
	}
	return list
}

// answer fills in what a fault means for the person who asks.
func (c *console) answer(view *explainView, v *desk.Visit, d platform.Driver, f *explain.Fault) {
	view.Fault, view.Move = f, moveOf(f.Action)
	if view.Stage == "" {
		view.Stage = f.Stage
	}
	view.Headline = f.Cause.In(view.Lang)
	if row := d.Spec().Catalogue.Row(f.Row); row != nil {
		view.Pattern, view.Source = row.PatternText, view.T("explain.source."+row.Source)
	}
	if !f.Known {
		if line, err := explain.Draft(f); err == nil { // the page is whole without it
			view.Draft = line
		}
		view.Headline = view.T("raw.unknown", "Action", view.T("action."+string(f.Action)))
	}
	for _, row := range d.Spec().Catalogue.Rows() {
		if row.Code == f.Code && row.Code != "" && row.ID != f.Row {
			view.Siblings = append(view.Siblings, row)
		}
	}
	view.Siblings = view.Siblings[:min(len(view.Siblings), 8)]
	s, err := c.census(v.Ctx(), view.Zone)
	if err != nil {
		return // the meaning of an error does not depend on the database
	}
	for _, g := range s.troubled {
		if g.Platform == d.Spec().Code && g.Fault != nil && g.Fault.Code == f.Code {
			view.Near++
		}
	}
}

// browseView is every row of a platform's catalogue.
type browseView struct {
	frame.Page
	Code  string
	Codes []string
	Rows  []*platform.Row
}

// browse lists what a platform may say.
func (c *console) browse(v *desk.Visit) error {
	d := c.keeper.Apps().Driver(v.R.PathValue("platform"))
	if d == nil {
		return c.noPage(v)
	}
	view := browseView{Page: c.newExplain(v).Page, Code: d.Spec().Code, Rows: d.Spec().Catalogue.Rows()}
	for _, other := range c.o.Drivers {
		view.Codes = append(view.Codes, other.Spec().Code)
	}
	return v.Show(http.StatusOK, browseRows(view))
}
