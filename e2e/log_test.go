package e2e

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/serve"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

// accessLine writes a line as the API does for each request.
func accessLine(log *slog.Logger, route string) {
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "request", 0)
	r.AddAttrs(slog.String("route", route))
	_ = log.Handler().Handle(context.Background(), r)
}

func TestAccessLogIsGatheredAndNothingElseIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &logBook{}
		log, flush, err := serve.NewLog(out, "info")
		if err != nil {
			t.Fatal(err)
		}
		has := func(when string, want ...string) {
			t.Helper()
			if got := strings.Count(out.String(), "\n"); got != len(want) {
				t.Errorf("%s: %d lines are out, want %d", when, got, len(want))
			}
			at := 0
			for _, w := range want {
				i := strings.Index(out.String()[at:], w)
				if i < 0 {
					t.Errorf("%s: %q is not out, or not in its place", when, w)
					continue
				}
				at += i
			}
		}
		accessLine(log, "first")
		accessLine(log, "second")
		has("at once")
		time.Sleep(serve.LogDelay)
		synctest.Wait()
		has("after half a second", "first", "second")
		accessLine(log, "third")
		log.Info("ready")
		has("with another line", "first", "second", "third", "ready")
		accessLine(log, "fourth")
		log.With("a", 1).WithGroup("g").Error("bad")
		has("with an error", "first", "second", "third", "ready", "fourth", "bad")
		accessLine(log, "fifth")
		flush()
		has("at the end", "first", "second", "third", "ready", "fourth", "bad", "fifth")
		for range 10 * serve.LogRoom / 50 {
			accessLine(log, "many")
		}
		if n := strings.Count(out.String(), "many"); n == 0 {
			t.Error("a busy server keeps its access log in memory without a bound")
		}
		time.Sleep(serve.LogDelay)
	})
}

func TestLogRedacts(t *testing.T) {
	out := &logBook{}
	log, flush, err := serve.NewLog(out, "info")
	if err != nil {
		t.Fatal(err)
	}
	log.Info("line", "secret", gk.NewSecret("canary-secret"), "error", &url.Error{Op: "Get", URL: "https://canary-url", Err: errors.New("refused")})
	flush()
	if got := out.String(); strings.Contains(got, "canary") || !strings.Contains(got, "refused") {
		t.Errorf("the line is %s", got)
	}
	if _, _, err := serve.NewLog(io.Discard, "loud"); err == nil {
		t.Error("a level that does not exist is taken")
	}
}

func TestAccessLogIsWholeAfterTheEnd(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "", 1)
	const reads = 50
	for range reads {
		f.status(0, "/v1/apps")
	}
	f.instances[0].signal(syscall.SIGTERM)
	if got := f.instances[0].status(); got != shell.ExitDone {
		t.Fatalf("exit status %d, want %d", got, shell.ExitDone)
	}
	if n := strings.Count(f.instances[0].log.String(), `"route":"GET /v1/apps"`); n != reads {
		t.Errorf("%d lines for %d requests before the end", n, reads)
	}
}

// TestAccessLineIsWhatSlogWrites compares the line that is written by hand with that of slog's handler.
func TestAccessLineIsWhatSlogWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, attrs := range map[string][]slog.Attr{
			"a request": {
				slog.String("request_id", "req_1"), slog.String("remote", "[::1]:80"), slog.String("method", "GET"), slog.String("route", "GET /v1/grants/{id}/token"),
				slog.Int("status", 200), slog.Duration("took", 1234567*time.Nanosecond), slog.String("key", ""),
			},
			"nothing":          {},
			"an escape":        {slog.String("route", `a"b\c`), slog.Int("status", 1)},
			"another language": {slog.String("route", "é<&>")},
			"a group":          {slog.Group("g", slog.Int("n", 1))},
			"a secret":         {slog.Any("secret", gk.NewSecret("canary"))},
			"a key to escape":  {slog.String("a\nb", "c")},
		} {
			for _, level := range []slog.Level{slog.LevelInfo, slog.LevelWarn} {
				r := slog.NewRecord(time.Now().Add(1234567), level, "request", 0)
				r.AddAttrs(attrs...)
				out, want := &logBook{}, &logBook{}
				log, flush, err := serve.NewLog(out, "info")
				if err != nil {
					t.Fatal(err)
				}
				if err := log.Handler().Handle(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				flush()
				if err := slog.NewJSONHandler(want, &slog.HandlerOptions{ReplaceAttr: serve.Redact}).Handle(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				if out.String() != want.String() {
					t.Errorf("%s: the line is\n%s, slog writes\n%s", name, out.String(), want.String())
				}
			}
		}
		time.Sleep(serve.LogDelay)
	})
}
