package lifecycle_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

func TestDoubt(t *testing.T) {
	said := &gk.Fault{Code: "http:502", Action: gk.Retry, RetryAfter: 10 * time.Minute}
	for name, c := range map[string]struct {
		grant   gk.Grant
		fault   *gk.Fault
		code    string
		doubts  int64
		since   time.Time
		retryAt time.Time
		events  string
	}{
		"no answer":            {attempted(), nil, "local:no_answer", 1, noon.Add(-2 * time.Minute), noon.Add(30 * time.Second), gk.EventGrantInDoubt},
		"a page of HTML":       {attempted(), said, "http:502", 1, noon.Add(-2 * time.Minute), noon.Add(10 * time.Minute), gk.EventGrantInDoubt},
		"no answer, once more": {attempted(func(g *gk.Grant) { g.Doubts, g.DoubtSince, g.Failures = 1, hours(-1), 1 }), nil, "local:no_answer", 2, hours(-1), noon.Add(time.Minute), ""},
		"no answer, and the token has ended": {
			attempted(func(g *gk.Grant) { g.Expires = hours(-1) }), nil, "local:no_answer", 1, noon.Add(-2 * time.Minute), noon.Add(30 * time.Second),
			gk.EventGrantSuspended + " " + gk.EventGrantInDoubt,
		},
	} {
		g := c.grant
		events := lifecycle.Doubt(&g, terms(), c.fault, "why", noon)
		if kinds(events) != c.events || g.Doubts != c.doubts || !g.DoubtSince.Equal(c.since) || !g.RetryAt.Equal(c.retryAt) || g.AttemptID != "" {
			t.Errorf("%s: %q, %d doubts since %s, again at %s, attempt %q", name, kinds(events), g.Doubts, g.DoubtSince, g.RetryAt, g.AttemptID)
		}
		if g.Fault == nil || g.Fault.Code != c.code || !g.Fault.At.Equal(noon) {
			t.Errorf("%s: fault %v, want %s", name, g.Fault, c.code)
		}
		if g.State == gk.Active && !g.Usable(noon) || !g.Renewable {
			t.Errorf("%s: a grant in doubt is served, and refreshed again", name)
		}
	}
}

// TestRepeatable says when a token whose answer was lost is sent again.
func TestRepeatable(t *testing.T) {
	kills := func(t *lifecycle.Terms) { t.Refresh.ReuseKills = true }
	for name, c := range map[string]struct {
		doubts int64
		since  time.Time // an hour before the claim of noon
		ends   time.Time
		terms  lifecycle.Terms
		want   time.Time // the first moment
	}{
		"repeat: at once":                            {1, hours(-1), hours(3), terms(after(platform.RepeatAny)), hours(-1)},
		"repeat for a while: at once":                {1, hours(-1).Add(time.Second), hours(3), terms(after(platform.RepeatFor)), hours(-1)},
		"repeat for a while, over: as once":          {1, hours(-1), hours(3), terms(after(platform.RepeatFor)), hours(1)},
		"once: after half of what is left":           {1, hours(-1), hours(3), terms(), hours(1)},
		"once: at most a day later":                  {1, hours(-1), hours(100), terms(), hours(23)},
		"once, a second use kills: at the very end":  {1, hours(-1), hours(3), terms(kills), hours(3).Add(-10 * time.Minute)},
		"once, the repeat was lost too: at the end":  {2, hours(-1), hours(3), terms(), hours(3)},
		"once, the token has ended: nothing to lose": {2, hours(-1), hours(-0.5), terms(), hours(-0.5)},
		"once, no end is known: a day later":         {1, hours(-1), time.Time{}, terms(), hours(23)},
	} {
		g := healthy(func(g *gk.Grant) { g.Doubts, g.DoubtSince, g.Expires = c.doubts, c.since, c.ends })
		for _, at := range []time.Time{noon, c.want.Add(-time.Millisecond), c.want, c.want.Add(time.Hour)} {
			if at.Before(noon) {
				continue
			}
			if got := lifecycle.Repeatable(&g, c.terms.Refresh, at); got != !at.Before(c.want) {
				t.Errorf("%s: repeatable %v at %s, want from %s on", name, got, at, c.want)
			}
		}
	}
	if g := healthy(); !lifecycle.Repeatable(&g, terms().Refresh, noon) {
		t.Error("a grant without doubts is not repeatable")
	}
}

func TestOutlive(t *testing.T) {
	for name, c := range map[string]struct {
		grant  gk.Grant
		doubts int64
		events string
	}{
		"no attempt":          {healthy(), 0, ""},
		"an attempt":          {attempted(), 1, gk.EventGrantInDoubt},
		"an attempt in doubt": {attempted(func(g *gk.Grant) { g.Doubts, g.DoubtSince = 1, hours(-1) }), 2, ""},
	} {
		g := c.grant
		if events := lifecycle.Outlive(&g, noon); kinds(events) != c.events || g.Doubts != c.doubts || g.AttemptID != "" {
			t.Errorf("%s: %q, %d doubts, attempt %q", name, kinds(events), g.Doubts, g.AttemptID)
		}
	}
}

func TestTellDoubt(t *testing.T) {
	doubted := func(g *gk.Grant) { g.Doubts, g.DoubtSince = 1, hours(-1) }
	fault := func(at time.Time) func(*gk.Grant) {
		return func(g *gk.Grant) { g.Fault = &gk.Fault{Code: "c", At: gk.At(at)} }
	}
	for name, c := range map[string]struct {
		grant  gk.Grant
		doubts int64
		events string
	}{
		"nothing is in doubt":                       {healthy(), 0, ""},
		"a claim made it one":                       {healthy(doubted), 1, gk.EventGrantInDoubt},
		"it was told, with a fault":                 {healthy(doubted, fault(hours(-0.5))), 1, ""},
		"the fault is older":                        {healthy(doubted, fault(hours(-2))), 1, gk.EventGrantInDoubt},
		"it was claimed for something else, it was": {healthy(doubted, func(g *gk.Grant) { g.Renewable = false }), 0, ""},
	} {
		g := c.grant
		if events := lifecycle.TellDoubt(&g, noon); kinds(events) != c.events || g.Doubts != c.doubts {
			t.Errorf("%s: %q, %d doubts; want %q, %d", name, kinds(events), g.Doubts, c.events, c.doubts)
		}
	}
}
