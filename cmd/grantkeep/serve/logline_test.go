package serve

import (
	"io"
	"log/slog"
	"testing"
	"time"
)

func TestLineOfARequestIsWrittenByHand(t *testing.T) {
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "request", 0)
	r.AddAttrs(slog.String("request_id", "req_1"), slog.String("remote", "127.0.0.1:80"), slog.String("method", "GET"), slog.String("route", "GET /v1/grants/{id}/token"),
		slog.Int("status", 200), slog.Duration("took", 123456*time.Nanosecond), slog.String("key", "key_1"))
	out := &gathered{w: io.Discard}
	if !out.plain(r) {
		t.Error("the line of a request that is in order goes through slog's handler")
	}
	r.AddAttrs(slog.String("more", "\n"))
	if kept := len(out.lines); out.plain(r) || len(out.lines) != kept {
		t.Error("a line with something to escape is written by hand, or left half done")
	}
	out.flush()
}
