package serve

import (
	"strconv"
	"time"

	"github.com/grantkeep/grantkeep/api/door"
)

// plain keeps a line of the access log, byte for byte as the JSON handler of slog would write it, and reports whether it
// could: a text with something to escape is left to that handler, which is asked about each attribute and so takes a tenth
// of what a read of a token costs.
func (g *gathered) plain(of door.Line) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	begun := len(g.lines)
	l := line{g.lines, !of.At.IsZero() && of.At.Year() < 10_000}
	l.raw(`{"time":"`)
	l.text = of.At.AppendFormat(l.text, time.RFC3339Nano)
	l.raw(`","level":"INFO","msg":"request","request_id":`)
	l.quoted(of.RequestID)
	l.raw(`,"remote":`)
	l.quoted(of.Remote)
	l.raw(`,"method":`)
	l.quoted(of.Method)
	l.raw(`,"route":`)
	l.quoted(of.Route)
	l.raw(`,"status":`)
	l.text = strconv.AppendInt(l.text, int64(of.Status), 10)
	l.raw(`,"took":"`)
	l.raw(rounded(of.Took)) // its µ needs no escape
	l.raw(`","key":`)
	l.quoted(of.Key)
	l.raw("}\n")
	g.lines = l.text
	if !l.plain {
		g.lines = l.text[:begun]
		return false
	}
	g.kept()
	return true
}

// line is a line that is being written.
type line struct {
	text  []byte
	plain bool
}

func (l *line) raw(text string) { l.text = append(l.text, text...) }

func (l *line) quoted(text string) {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c > '~' {
			l.plain = false
		}
	}
	l.raw(`"`)
	l.raw(text)
	l.raw(`"`)
}

// rounded is a duration as the log has it: slog would write nanoseconds without a unit.
func rounded(d time.Duration) string { return d.Round(time.Microsecond).String() }
