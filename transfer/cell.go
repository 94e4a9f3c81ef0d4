package transfer

import (
	"io"
	"strings"
	"time"
)

// formula holds what a cell must not begin with: a spreadsheet would take the rest for a formula. The full-width signs
// count for it too.
const formula = "=+-@\t\r\x00＝＋－＠"

// runs reports whether a spreadsheet might run a text, or would if it had fewer apostrophes in front.
func runs(text string) bool {
	for _, r := range strings.TrimLeft(text, "'") {
		return strings.ContainsRune(formula, r)
	}
	return false
}

// safeCell makes a text that no spreadsheet runs, by an apostrophe in front.
func safeCell(text string) string {
	if runs(text) {
		return "'" + text
	}
	return text
}

// plainCell takes the apostrophe of safeCell away, and no other.
func plainCell(text string) string {
	if runs(text) {
		return strings.TrimPrefix(text, "'")
	}
	return text
}

// TableWriter writes rows as CSV in UTF-8, every cell in quotation marks, lines ended by CR LF.
type TableWriter struct {
	out   io.Writer
	begun bool
}

// NewTable writes a table. Shops, windows and facts have no column.
func NewTable(w io.Writer) *TableWriter { return &TableWriter{out: w} }

// Head writes the line that names the columns, unless it is written.
func (t *TableWriter) Head() error {
	if t.begun {
		return nil
	}
	t.begun = true
	return t.write(Columns)
}

// Write writes a row, after the head.
func (t *TableWriter) Write(r Row) error {
	if err := t.Head(); err != nil {
		return err
	}
	cells := []string{
		r.App, r.Subject.Kind, r.Subject.ID, r.Subject.Parent, r.Subject.Host, r.Subject.Region, r.Subject.Name, r.Owner,
		r.Access.Reveal(), r.Refresh.Reveal(), stamp(r.Expires), stamp(r.RefreshExpires), stamp(r.Ceiling), stamp(r.Issued),
		stamp(r.Authorized), strings.Join(r.Scopes, " "),
	}
	for i := range cells {
		cells[i] = safeCell(cells[i])
	}
	return t.write(cells)
}

func (t *TableWriter) write(cells []string) error {
	var b strings.Builder
	for i, cell := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
	}
	b.WriteString("\r\n")
	_, err := io.WriteString(t.out, b.String())
	return err
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
