package lifecycle_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

func TestTurn(t *testing.T) {
	soon := func(g *gk.Grant) { g.Expires = hours(0.1) }
	probed := func(t *lifecycle.Terms) { t.Probe = time.Hour }
	daily := func(t *lifecycle.Terms) { t.Calls = platform.TokenCalls{Day: 5, Reserve: 2} }
	spent := func(n int64) func(*gk.Grant) {
		return func(g *gk.Grant) { g.QuotaDay, g.QuotaUsed = noon.Unix()/86400, n }
	}
	of := func(f *gk.Fault) func(*gk.Grant) {
		return func(g *gk.Grant) { g.Fault, g.RetryAt = f, hours(3) }
	}
	doubted := func(since float64) func(*gk.Grant) {
		return func(g *gk.Grant) { g.Doubts, g.DoubtSince = 1, hours(since) }
	}
	for name, c := range map[string]struct {
		grant  gk.Grant
		terms  lifecycle.Terms
		app    gk.App
		errand lifecycle.Errand
		events string
	}{
		"nothing is due":                           {attempted(), terms(), gk.App{}, lifecycle.Nothing, ""},
		"a refresh is due":                         {attempted(soon), terms(), gk.App{}, lifecycle.SendRefresh, ""},
		"a refresh is due, and rests":              {attempted(soon, of(&gk.Fault{Action: gk.Retry})), terms(), gk.App{}, lifecycle.Nothing, ""},
		"it rested for the app, which is repaired": {attempted(soon, of(&gk.Fault{Action: gk.FixConfig})), terms(), gk.App{}, lifecycle.SendRefresh, ""},
		"it rests for the app, which is not":       {attempted(soon, of(&gk.Fault{Action: gk.FixConfig})), terms(), gk.App{Fault: &gk.Fault{}}, lifecycle.Nothing, ""},
		"the day's calls are used up":              {attempted(soon, spent(5)), terms(daily), gk.App{}, lifecycle.Nothing, ""},
		"the reserve, in the last lead":            {attempted(soon, spent(3)), terms(daily), gk.App{}, lifecycle.SendRefresh, gk.EventQuotaNear},
		"the reserve, before the last lead":        {attempted(func(g *gk.Grant) { g.Expires = hours(0.6) }, spent(3)), terms(daily), gk.App{}, lifecycle.Nothing, ""},
		"the token has ended":                      {attempted(func(g *gk.Grant) { g.Expires = noon }), terms(), gk.App{}, lifecycle.SendRefresh, gk.EventGrantSuspended},
		"the last token has ended":                 {attempted(func(g *gk.Grant) { g.Expires, g.Renewable = noon, false }), terms(), gk.App{}, lifecycle.Nothing, gk.EventGrantExpired},
		"the claim before it died, repeat":         {attempted(doubted(-1)), terms(after(platform.RepeatAny)), gk.App{}, lifecycle.SendRefresh, gk.EventGrantInDoubt},
		"the claim before it died, once":           {attempted(doubted(-0.05)), terms(), gk.App{}, lifecycle.AskAlive, gk.EventGrantInDoubt},
		"a lease that seems to be over, once":      {attempted(doubted(-0.1)), terms(), gk.App{}, lifecycle.Nothing, gk.EventGrantInDoubt},
		"the periodic check":                       {attempted(), terms(probed), gk.App{}, lifecycle.AskHow, ""},
		"an import that nobody confirmed":          {attempted(func(g *gk.Grant) { lifecycle.Hold(g, noon) }), terms(), gk.App{}, lifecycle.AskWhose, ""},
	} {
		g := c.grant
		errand, events := lifecycle.Turn(&g, c.terms, c.app, noon)
		if errand != c.errand || kinds(events) != c.events {
			t.Errorf("%s: %s with %q, want %s with %q", name, errand, kinds(events), c.errand, c.events)
		}
		if errand == lifecycle.SendRefresh {
			if g.AttemptID != "att-3" || g.AskedAt != noon {
				t.Errorf("%s: attempt %q, asked %s; want the claim, and the call counted", name, g.AttemptID, g.AskedAt)
			}
			continue
		}
		if g.AttemptID != "" || !g.DueAt.IsZero() && !g.DueAt.After(noon) {
			t.Errorf("%s: attempt %q, due %s; want none, and later", name, g.AttemptID, g.DueAt)
		}
	}
}

func TestRest(t *testing.T) {
	g := attempted(func(g *gk.Grant) { g.Expires = hours(0.1) })
	if events := lifecycle.Rest(&g, terms(), hours(0.05), noon); len(events) != 0 || g.AttemptID != "" || !g.DueAt.Equal(hours(0.05)) || !g.RetryAt.IsZero() {
		t.Errorf("%q, attempt %q, due %s, resting until %s; want it due at the end of the stop, and nothing else", kinds(events), g.AttemptID, g.DueAt, g.RetryAt)
	}
	g = attempted(func(g *gk.Grant) { g.Expires = noon })
	if events := lifecycle.Rest(&g, terms(), hours(1), noon); kinds(events) != gk.EventGrantSuspended || !g.DueAt.Equal(hours(1)) {
		t.Errorf("%q, due %s; want the end told while the app is stopped", kinds(events), g.DueAt)
	}
}
