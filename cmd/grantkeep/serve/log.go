package serve

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"sync"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

const (
	LogDelay = 500 * time.Millisecond // how long a line of the access log may lie in memory
	LogRoom  = 64 << 10               // how much of it
)

// NewLog makes a log. Lines of the access log are gathered, since writing each by itself is a tenth of what a request
// costs; they go out twice a second, before any other line, and at flush.
func NewLog(w io.Writer, level string) (log *slog.Logger, flush func(), err error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, nil, shell.Usage("--log-level is none of debug, info, warn, error")
	}
	out := &gathered{w: w}
	lines := slog.NewJSONHandler(out, &slog.HandlerOptions{Level: l, ReplaceAttr: Redact})
	return slog.New(prompt{Handler: lines, out: out, bare: true}), out.flush, nil
}

// prompt is a handler whose lines go out at once, but for those of the access log: they alone name no place in the program.
type prompt struct {
	slog.Handler

	out  *gathered
	bare bool // it adds nothing to a line
}

// WriteLine implements [door.Lines].
func (p prompt) WriteLine(l door.Line) bool { return p.bare && p.out.plain(l) }

// Handle writes a line.
func (p prompt) Handle(ctx context.Context, r slog.Record) error {
	gathers := r.PC == 0 && r.Level < slog.LevelError
	err := p.Handler.Handle(ctx, r)
	if !gathers {
		p.out.flush()
	}
	return err
}

// WithAttrs returns a handler of the same kind.
func (p prompt) WithAttrs(attrs []slog.Attr) slog.Handler {
	return prompt{Handler: p.Handler.WithAttrs(attrs), out: p.out}
}

// WithGroup returns a handler of the same kind.
func (p prompt) WithGroup(name string) slog.Handler {
	return prompt{Handler: p.Handler.WithGroup(name), out: p.out}
}

// gathered is a writer that writes later, and whole lines.
type gathered struct {
	w     io.Writer
	mu    sync.Mutex
	lines []byte
	timed bool // a flush is to come
}

// Write keeps a line.
func (g *gathered) Write(line []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lines = append(g.lines, line...)
	g.kept()
	return len(line), nil
}

// kept sees to it that what was kept goes out in time; the lock is held.
func (g *gathered) kept() {
	if len(g.lines) >= LogRoom {
		g.out()
	}
	if !g.timed {
		g.timed = true
		time.AfterFunc(LogDelay, func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.timed = false
			g.out()
		})
	}
}

func (g *gathered) flush() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.out()
}

// out writes what was kept; the lock is held.
func (g *gathered) out() {
	if len(g.lines) > 0 {
		_, _ = g.w.Write(g.lines) // a log that cannot be written has nowhere to say so
		g.lines = g.lines[:0]
	}
}

// Redact is the last net under the types that redact themselves.
func Redact(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindAny, slog.KindLogValuer:
	case slog.KindDuration:
		return slog.String(a.Key, rounded(a.Value.Duration()))
	default:
		return a
	}
	switch v := a.Value.Any().(type) {
	case gk.Secret, gk.Sealed:
		return slog.String(a.Key, fmt.Sprint(v))
	case *url.Error:
		return slog.String(a.Key, v.Err.Error())
	}
	return a
}
