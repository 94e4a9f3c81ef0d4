package platform

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
)

// columns of a faults.csv, in their order.
var columns = []string{
	"platform", "stage", "code", "description_pattern", "when", "example", "action", "terminal_for_connection",
	"cause_zh_cn", "cause_zh_tw", "cause_en", "remedy_zh_cn", "remedy_zh_tw", "remedy_en", "source",
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

// anchors takes the anchors out of a pattern; those of alternatives stand inside it.
var anchors = strings.NewReplacer(`\$`, `\$`, `\^`, `\^`, `[^`, `[^`, "^", "", "$", "")

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
		row.pattern, row.needs = p, literals(text)
		row.inner = regexp.MustCompile(`(?i)` + anchors.Replace(row.PatternText)) // compiles as the pattern does
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
