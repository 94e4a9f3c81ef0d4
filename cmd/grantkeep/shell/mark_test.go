package shell

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
)

// TestWordsForStatesAreMarkedOnATerminalOnly prints a table to something that is none: no sign and no colour may be in it.
func TestWordsForStatesAreMarkedOnATerminalOnly(t *testing.T) {
	var out bytes.Buffer
	PrintTable(&out, []string{"Grant", "State"}, [][]string{{"grt_1", "active"}, {"grt_2", "revoked"}})
	if got := out.String(); strings.ContainsAny(got, "✓✗\x1b") || !strings.Contains(got, "active") {
		t.Errorf("a file gets %q", got)
	}
	text.EnableColors()
	for word, m := range marks {
		if plain := m.of(word, false); plain != m.sign+" "+word || text.StringWidthWithoutEscSequences(plain) != len(word)+2 {
			t.Errorf("%s without colours is %q", word, plain)
		}
		if coloured := m.of(word, true); !strings.Contains(coloured, "\x1b[") || text.StringWidthWithoutEscSequences(coloured) != len(word)+2 {
			t.Errorf("%s in colours is %q", word, coloured)
		}
	}
}

// TestNarrowWindowsGetLinesInsteadOfColumns prints rows for a window that would cut the table.
func TestNarrowWindowsGetLinesInsteadOfColumns(t *testing.T) {
	if !tooWide("a header\na row that is long\n", 12) || tooWide("一二三\n", 6) || !tooWide("一二三\n", 5) {
		t.Error("what fits a window is told wrongly")
	}
	var out bytes.Buffer
	printNarrow(&out, []string{"Grant", "Subject", "Note"}, [][]string{{"grt_1", "茶\x1b事", ""}, {"grt_2", "two", "held"}})
	if got, want := out.String(), "grt_1\n  Subject  茶 事\ngrt_2\n  Subject  two\n  Note     held\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestProgressIsDrawnOverItsOwnLine reads what is watched as a terminal would be told of it.
func TestProgressIsDrawnOverItsOwnLine(t *testing.T) {
	var told bytes.Buffer
	if _, err := io.Copy(io.Discard, &watched{r: io.LimitReader(zeros{}, 300<<10), tell: &told, what: "exported"}); err != nil {
		t.Fatal(err)
	}
	if got := told.String(); !strings.HasPrefix(got, "\r64 KiB exported") || !strings.HasSuffix(got, "\r300 KiB exported\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("told = %q", got)
	}
	told.Reset()
	r := strings.NewReader("short")
	if Watched(&told, "exported", r) != io.Reader(r) {
		t.Error("what is no terminal is told of progress")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
