package serve

import (
	"log/slog"
	"strconv"
	"time"
)

// plain keeps a line of the access log, byte for byte as the JSON handler of slog would write it, and reports whether it
// could: a value of another kind, or a text with something to escape, is left to that handler, which is asked about each
// attribute and so takes a tenth of what a read of a token costs.
func (g *gathered) plain(r slog.Record) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	begun := len(g.lines)
	l := line{g.lines, r.Level == slog.LevelInfo && !r.Time.IsZero() && r.Time.Year() < 10_000}
	l.raw(`{"time":"`)
	l.text = r.Time.AppendFormat(l.text, time.RFC3339Nano)
	l.raw(`","level":"INFO","msg":`)
	l.quoted(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		l.raw(`,`)
		l.quoted(a.Key)
		l.raw(`:`)
		switch v := a.Value; v.Kind() {
		case slog.KindString:
			l.quoted(v.String())
		case slog.KindInt64:
			l.text = strconv.AppendInt(l.text, v.Int64(), 10)
		case slog.KindDuration:
			l.quoted(rounded(v.Duration()))
		default:
			l.plain = false
		}
		return l.plain
	})
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
