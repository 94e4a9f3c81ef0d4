package promise_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// story is what a broken seed went through: the steps, and what the platforms were asked about tokens, in the order of time.
type story struct{ lines []line }

type line struct {
	at   time.Time
	text string
}

func (s *story) add(at time.Time, text string) { s.lines = append(s.lines, line{at, text}) }

// tell adds what the platforms saw. Subjects, not tokens, are in their logs.
func (w *world) tell() string {
	for _, code := range w.platforms {
		var got struct{ Calls []call }
		w.control(http.MethodGet, "/"+code+"/calls", nil, &got)
		for _, c := range got.Calls {
			if c.Stage == "refresh" || c.Stage == "token" || c.Stage == "exchange" {
				w.story.add(c.At, fmt.Sprintf("    %s %s of %q: %s %s", code, c.Stage, c.Subject, c.Decision, c.Why))
			}
		}
	}
	for _, g := range w.grants() {
		events, err := w.store().History(context.Background(), gk.Engine(), g.ID, "", 1000)
		w.must(err)
		for _, e := range events {
			w.story.add(e.At, fmt.Sprintf("    %s told %s of %q, version %d: %v", g.Platform, e.Kind, g.Subject.ID, e.GrantVersion, e.Data))
		}
	}
	slices.SortStableFunc(w.story.lines, func(a, b line) int { return a.at.Compare(b.at) })
	var b strings.Builder
	for _, l := range w.story.lines {
		fmt.Fprintf(&b, "%s %s\n", l.at.Format("01-02 15:04:05.000"), l.text)
	}
	return b.String()
}
