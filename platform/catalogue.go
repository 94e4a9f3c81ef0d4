package platform

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"html"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	gk "github.com/grantkeep/grantkeep"
)

// columns of a faults.csv, in their order.
var columns = []string{
	"platform", "stage", "code", "description_pattern", "when", "example", "action", "terminal_for_connection",
	"cause_zh_cn", "cause_zh_tw", "cause_en", "remedy_zh_cn", "remedy_zh_tw", "remedy_en", "source",
}

// Row is one line of a catalogue: a failure that the platform's documents or users have described.
type Row struct {
	ID          string // STAGE/CODE, with #2 … where the same pair has more rows
	Stage, Code string
	PatternText string
	When        string // sent:NAME, !sent:NAME
	Example     string // a text that the pattern matches
	Action      gk.Action
	Terminal    bool
	Cause       Texts
	Remedy      Texts
	Source      string // seed | other

	pattern  *regexp.Regexp // nil: no text to match
	words    []string       // one of which every matching text holds, in folded case; nil: not known
	catchAll bool
}

// Local reports whether the row names a situation that we recognise ourselves: no platform says it.
func (r *Row) Local() bool {
	return strings.HasPrefix(r.Code, "local:") || strings.HasPrefix(r.Code, "hub_")
}

// Catalogue is the table of a platform's faults. The first row that matches wins.
type Catalogue struct {
	Platform string
	rows     []*Row
	byID     map[string]*Row
	lookup   Lookup
}

// Rows returns all rows in the order of the file.
func (c *Catalogue) Rows() []*Row { return slices.Clone(c.rows) }

// Row returns the row with an id, nil if there is none.
func (c *Catalogue) Row(id string) *Row { return c.byID[id] }

// Query is what is known of a failure.
type Query struct {
	Stage string
	Codes []string   // most specific first; a trailing * stands for every row code that begins so
	Texts []string   // the platform's texts; none: a row with a pattern is found by its code alone
	Sent  url.Values // parameters that our request carried; nil: not known, which counts as not sent

	folded []string // Texts in folded case
}

// Find returns the row for a failure, nil if the catalogue has none. It looks through the rows of the stage asked; for
// token, refresh and inspect then through those of call; then, where the facts say so, for the text alone in any
// stage. A row without a code stands for any code and is found by its text; a row that matches everything is found by
// its code only, after the text alone where the facts say so.
func (c *Catalogue) Find(q Query) *Row {
	if c.lookup.Fold {
		texts := make([]string, 0, len(q.Texts))
		for _, t := range q.Texts {
			texts = append(texts, foldText(t))
		}
		q.Texts = texts
	}
	q.Texts = slices.DeleteFunc(slices.Clone(q.Texts), func(t string) bool { return t == "" })
	q.folded = make([]string, 0, len(q.Texts))
	for _, t := range q.Texts {
		q.folded = append(q.folded, foldedCase(t))
	}
	codes := make([]string, 0, 2*len(q.Codes))
	for _, code := range q.Codes {
		if code == "" {
			continue
		}
		codes = append(codes, code)
		if _, bare, ok := strings.Cut(code, "."); ok && c.lookup.ModulePrefix {
			codes = append(codes, bare)
		}
	}
	stages := []string{q.Stage}
	if q.Stage == StageToken || q.Stage == StageRefresh || q.Stage == StageInspect {
		stages = append(stages, StageCall)
	}
	var caught *Row
	for _, stage := range stages {
		r := c.inStage(stage, codes, q)
		if r == nil {
			r = c.withoutCode(stage, q)
		}
		if r == nil {
			continue
		}
		if !r.catchAll || !c.lookup.CatchAllLast || len(q.Texts) == 0 {
			return r
		}
		caught = r
		break
	}
	if len(codes) == 0 || c.lookup.AnyStage {
		any := stages
		if c.lookup.AnyStage {
			any = []string{q.Stage, ""}
		}
		for _, stage := range any {
			for _, r := range c.rows {
				if c.lookup.SubCodes && strings.Contains(r.Code, ":") {
					continue
				}
				if (stage == "" || r.Stage == stage) && !r.catchAll && r.pattern != nil && !r.Local() && r.says(q) {
					return r
				}
			}
		}
	}
	return caught
}

// withoutCode returns the first row of a stage that has no code and whose pattern matches.
func (c *Catalogue) withoutCode(stage string, q Query) *Row {
	for _, r := range c.rows {
		if r.Stage == stage && r.Code == "" && r.pattern != nil && len(q.Texts) > 0 && r.says(q) {
			return r
		}
	}
	return nil
}

func (c *Catalogue) inStage(stage string, codes []string, q Query) *Row {
	for _, code := range codes {
		for _, r := range c.rows {
			if r.Stage == stage && sameCode(r.Code, code) && (r.pattern == nil || len(q.Texts) > 0) && r.says(q) {
				return r
			}
		}
	}
	if len(q.Texts) > 0 {
		return nil
	}
	for _, code := range codes {
		for _, r := range c.rows {
			if r.Stage == stage && !strings.HasSuffix(code, "*") && sameCode(r.Code, code) && r.fits(q) {
				return r
			}
		}
	}
	return nil
}

func sameCode(row, code string) bool {
	if prefix, ok := strings.CutSuffix(code, "*"); ok {
		return strings.HasPrefix(row, prefix)
	}
	if prefix, ok := strings.CutSuffix(row, "*"); ok && prefix != "" {
		return strings.HasPrefix(code, prefix)
	}
	return row == code
}

// says reports whether one of the texts matches, and what was sent fits.
func (r *Row) says(q Query) bool {
	if !r.fits(q) {
		return false
	}
	if r.pattern == nil {
		return true
	}
	for i, text := range q.Texts {
		if holdsOne(q.folded[i], r.words) && r.pattern.MatchString(text) {
			return true
		}
	}
	return false
}

// fits reports whether what our request carried is what the row asks for.
func (r *Row) fits(q Query) bool {
	name, absent := strings.CutPrefix(r.When, "!sent:")
	if !absent {
		var present bool
		if name, present = strings.CutPrefix(r.When, "sent:"); !present {
			return true
		}
	}
	return (q.Sent.Get(name) == "") == absent
}

// longestMessage is how much of a platform's own text a fault keeps.
const longestMessage = 300

// Fault describes a failure by the catalogue. code is the platform's own, as the fault should show it. A failure that
// no row matches is not known and never terminal; its action is retry for a 5xx, else fix_request.
func (c *Catalogue) Fault(q Query, code string, status int) *gk.Fault {
	f := &gk.Fault{Platform: c.Platform, Stage: q.Stage, Code: code, Action: gk.FixRequest}
	if len(q.Texts) > 0 {
		f.Message = cut(q.Texts[0], longestMessage)
	}
	if status >= 500 {
		f.Action = gk.Retry
	}
	if r := c.Find(q); r != nil {
		f.Known, f.Row, f.Action, f.Terminal = true, r.ID, r.Action, r.Terminal
		if f.Code == "" {
			f.Code = r.Code
		}
	}
	return f
}

// Local returns the fault of a situation that we recognise ourselves, by the code of its row. It panics if there is no
// such row: the name is written in a driver's or the engine's code, and a test of the driver meets it.
func (c *Catalogue) Local(stage, code string) *gk.Fault {
	for _, r := range c.rows {
		if r.Stage == stage && r.Code == code {
			return &gk.Fault{Platform: c.Platform, Stage: stage, Code: code, Action: r.Action, Terminal: r.Terminal, Known: true, Row: r.ID}
		}
	}
	panic("platform: " + c.Platform + " has no row " + stage + "/" + code)
}

func cut(s string, n int) string {
	if most := (n + 1) * utf8.UTFMax; len(s) > most {
		s = s[:most]
	}
	s = strings.ToValidUTF8(s, "�")
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}

func foldText(s string) string {
	return strings.Join(strings.Fields(html.UnescapeString(s)), " ")
}

// ReadCatalogue reads a faults.csv. A wrong column, an unknown action, a pattern that does not compile or does not
// match its own example, a text that lacks a language, and a row whose example an earlier row takes are errors.
func ReadCatalogue(platform string, lookup Lookup, data []byte) (*Catalogue, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	r.FieldsPerRecord = len(columns)
	head, err := r.Read()
	if err != nil {
		return nil, err
	}
	if !slices.Equal(head, columns) {
		return nil, fmt.Errorf("the first line must name the columns %s", strings.Join(columns, ","))
	}
	c := &Catalogue{Platform: platform, byID: make(map[string]*Row), lookup: lookup}
	var errs []error
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		row, err := c.read(rec)
		if err != nil {
			errs = append(errs, fmt.Errorf("line %d: %w", line, err))
			continue
		}
		if rec[0] != platform {
			errs = append(errs, fmt.Errorf("line %d: platform %q, want %q", line, rec[0], platform))
		}
		base, n := row.ID, 1
		for c.byID[row.ID] != nil {
			n++
			row.ID = fmt.Sprintf("%s#%d", base, n)
		}
		c.rows = append(c.rows, row)
		c.byID[row.ID] = row
	}
	for _, row := range c.rows {
		if row.Example == "" || row.pattern == nil {
			continue
		}
		q := Query{Stage: row.Stage, Codes: []string{row.Code}, Texts: []string{row.Example}}
		if name, ok := strings.CutPrefix(row.When, "sent:"); ok {
			q.Sent = url.Values{name: {"x"}}
		}
		if got := c.Find(q); got != row {
			errs = append(errs, fmt.Errorf("row %s: its example is taken by %s", row.ID, idOf(got)))
		}
	}
	return c, errors.Join(errs...)
}

func idOf(r *Row) string {
	if r == nil {
		return "no row"
	}
	return r.ID
}

func (c *Catalogue) read(rec []string) (*Row, error) {
	row := &Row{
		ID: rec[1] + "/" + rec[2], Stage: rec[1], Code: rec[2], PatternText: rec[3], When: rec[4], Example: rec[5],
		Action: gk.Action(rec[6]), Terminal: rec[7] == "yes",
		Cause: Texts{rec[8], rec[9], rec[10]}, Remedy: Texts{rec[11], rec[12], rec[13]}, Source: rec[14],
	}
	if row.Code == "" {
		row.ID = row.Stage + "/-"
	}
	if row.PatternText != "" {
		text := row.PatternText
		if c.lookup.Fold {
			text = "(?i)" + text
		}
		p, err := regexp.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("description_pattern: %w", err)
		}
		row.pattern, row.words = p, neededWords(text)
		row.catchAll = strings.Trim(row.PatternText, "^$") == ".*"
	}
	var errs []error
	if !slices.Contains(gk.Actions(), row.Action) {
		errs = append(errs, fmt.Errorf("action %q is none of the nine", rec[6]))
	}
	if rec[7] != "yes" && rec[7] != "no" {
		errs = append(errs, fmt.Errorf("terminal_for_connection %q is neither yes nor no", rec[7]))
	}
	if row.When != "" && !strings.HasPrefix(row.When, "sent:") && !strings.HasPrefix(row.When, "!sent:") {
		errs = append(errs, fmt.Errorf("when %q is neither sent:NAME nor !sent:NAME", row.When))
	}
	if !row.Cause.complete() || !row.Remedy.complete() {
		errs = append(errs, errors.New("cause and remedy are needed in three languages"))
	}
	if row.Example != "" && row.pattern != nil {
		text := row.Example
		if c.lookup.Fold {
			text = foldText(text)
		}
		if !row.pattern.MatchString(text) {
			errs = append(errs, errors.New("the pattern does not match the row's own example"))
		}
	}
	return row, errors.Join(errs...)
}
