package shell

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	gk "github.com/grantkeep/grantkeep"
)

// PrintTable prints rows under a header, aligned also where the cells hold Chinese. On a terminal the header stands out
// and so do the words for states, and a row is as wide as the window; what goes to a file or another program is plain and whole.
func PrintTable(w io.Writer, header []string, rows [][]string) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.AppendHeader(cells(header))
	for _, r := range rows {
		row := cells(r)
		for i, title := range header {
			if i < len(row) && (title == "State" || title == "Severity") {
				row[i] = Marked(w, strings.Map(Printable, r[i]))
			}
		}
		t.AppendRow(row)
	}
	if f, ok := w.(*os.File); ok && IsTerminal(f) {
		width := terminalWidth(f)
		if width > 0 && len(header) > 2 && tooWide(t.Render(), width) {
			printNarrow(w, header, rows)
			return
		}
		if width > 0 {
			t.SetAllowedRowLength(width)
		}
		if os.Getenv("NO_COLOR") == "" {
			t.Style().Color.Header = text.Colors{text.Bold}
		}
	}
	for line := range strings.Lines(t.Render()) {
		_, _ = io.WriteString(w, strings.TrimRight(line, " \n")+"\n") // a reader who has gone needs no more lines
	}
}

// tooWide reports whether a window would cut the lines of a table.
func tooWide(lines string, width int) bool {
	for line := range strings.Lines(lines) {
		if text.StringWidthWithoutEscSequences(strings.TrimRight(line, " \n")) > width {
			return true
		}
	}
	return false
}

// printNarrow prints each row as lines of its own, for a window in which a table would lose its last columns. What a row
// does not have takes no line.
func printNarrow(w io.Writer, header []string, rows [][]string) {
	widest := 0
	for _, title := range header {
		widest = max(widest, len(title))
	}
	for _, row := range rows {
		for i, title := range header {
			if i >= len(row) || row[i] == "" {
				continue
			}
			cell := strings.Map(Printable, row[i])
			if title == "State" || title == "Severity" {
				cell = Marked(w, cell)
			}
			if i == 0 {
				_, _ = fmt.Fprintln(w, cell) // a reader who has gone needs no more lines
				continue
			}
			_, _ = fmt.Fprintf(w, "  %-*s  %s\n", widest, title, cell) // as above
		}
	}
}

func cells(texts []string) table.Row {
	row := make(table.Row, 0, len(texts))
	for _, s := range texts {
		row = append(row, strings.Map(Printable, s))
	}
	return row
}

// PrintLine prints a value as one line of JSON.
func PrintLine(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// PrintWords prints texts as one line.
func PrintWords(w io.Writer, texts []string) error {
	for i, t := range texts {
		texts[i] = Marked(w, strings.Map(Printable, t))
	}
	_, err := fmt.Fprintln(w, strings.Join(texts, "  "))
	return err
}

// Printable keeps what a name or a platform's text may do to a terminal to nothing.
func Printable(r rune) rune {
	if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
		return ' '
	}
	return r
}

// When writes a moment for people; nothing for none.
func When(t gk.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

// PrintJSON prints a value as indented JSON.
func PrintJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
