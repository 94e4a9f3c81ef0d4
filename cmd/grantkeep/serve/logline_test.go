package serve

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/api/door"
)

// TestLineOfARequestIsWrittenByHand holds the short way against the long one.
func TestLineOfARequestIsWrittenByHand(t *testing.T) {
	plain := door.Line{
		At: time.Now(), RequestID: "req_1", Remote: "127.0.0.1:80", Method: "GET", Route: "GET /v1/grants/{id}/token",
		Status: 200, Took: 123456 * time.Nanosecond, Key: "key_1",
	}
	escaped := plain
	escaped.Method = "G\nT"
	for _, c := range []struct {
		line door.Line
		want bool
	}{{plain, true}, {escaped, false}, {door.Line{}, false}} {
		var byHand, bySlog bytes.Buffer
		log, flush, err := NewLog(&byHand, "info")
		if err != nil {
			t.Fatal(err)
		}
		done := log.Handler().(door.Lines).WriteLine(c.line)
		flush()
		if done != c.want {
			t.Errorf("%+v is written by hand: %v, want %v", c.line, done, c.want)
		}
		if log, flush, err = NewLog(&bySlog, "info"); err != nil {
			t.Fatal(err)
		}
		if err := log.Handler().Handle(context.Background(), c.line.Record(slog.LevelInfo)); err != nil {
			t.Fatal(err)
		}
		flush()
		if want := bySlog.String(); byHand.String() != want && done || !done && byHand.Len() > 0 {
			t.Errorf("by hand %q, by slog %q", byHand.String(), want)
		}
	}
	log, flush, err := NewLog(new(bytes.Buffer), "info")
	if err != nil {
		t.Fatal(err)
	}
	defer flush()
	if lines, ok := log.With("more", 1).Handler().(door.Lines); ok && lines.WriteLine(plain) {
		t.Error("a log that adds something writes its lines without it")
	}
}
