package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
)

// defaultServer is where the commands look for a server that nobody named.
const defaultServer = "http://127.0.0.1:8080"

// remote makes the client of the commands that talk to a server.
func remote() (*client.Client, error) {
	server, key := os.Getenv("GRANTKEEP_SERVER"), os.Getenv("GRANTKEEP_KEY")
	if server == "" {
		server = defaultServer
	}
	if key == "" {
		return nil, usage("GRANTKEEP_KEY is not set: the API key (GRANTKEEP_SERVER names the server, now %s)", server)
	}
	c, err := client.New(server, gk.NewSecret(key))
	if err != nil {
		return nil, usage("GRANTKEEP_SERVER, GRANTKEEP_KEY: %v", err)
	}
	return c, nil
}

// printTable prints rows under a header, aligned also where the cells hold Chinese. On a terminal the header stands out
// and a row is as wide as the window; what goes to a file or another program is plain and whole.
func printTable(w io.Writer, header []string, rows [][]string) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.AppendHeader(cells(header))
	for _, r := range rows {
		t.AppendRow(cells(r))
	}
	if f, ok := w.(*os.File); ok && isTerminal(f) {
		if width := terminalWidth(f); width > 0 {
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

func cells(texts []string) table.Row {
	row := make(table.Row, 0, len(texts))
	for _, s := range texts {
		row = append(row, strings.Map(printable, s))
	}
	return row
}

// printLine prints a value as one line of JSON.
func printLine(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printWords prints texts as one line.
func printWords(w io.Writer, texts []string) error {
	for i, t := range texts {
		texts[i] = strings.Map(printable, t)
	}
	_, err := fmt.Fprintln(w, strings.Join(texts, "  "))
	return err
}

// printable keeps what a name or a platform's text may do to a terminal to nothing.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
		return ' '
	}
	return r
}

// when writes a moment for people; nothing for none.
func when(t gk.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}
