package lifecycle_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
)

func TestLapse(t *testing.T) {
	over := func(g *gk.Grant) { g.Expires = noon }
	past := func(g *gk.Grant) { g.Ceiling = noon }
	final := func(g *gk.Grant) { g.Renewable = false }
	in := func(s gk.State) func(*gk.Grant) { return func(g *gk.Grant) { g.State = s } }
	for name, c := range map[string]struct {
		grant     gk.Grant
		state     gk.State
		renewable bool
		events    string
	}{
		"nothing has ended":                          {healthy(), gk.Active, true, ""},
		"the token has ended":                        {healthy(over), gk.Suspended, true, gk.EventGrantSuspended},
		"the token had ended before":                 {healthy(over, in(gk.Suspended)), gk.Suspended, true, ""},
		"the token of a held grant has ended":        {healthy(over, in(gk.Held)), gk.Held, true, ""},
		"the last token has ended":                   {healthy(over, final), gk.Expired, false, gk.EventGrantExpired},
		"the last token of a held grant has ended":   {healthy(over, final, in(gk.Held)), gk.Expired, false, gk.EventGrantExpired},
		"the authorization has ended, not its token": {healthy(past), gk.Active, true, ""},
		"authorization and token have ended":         {healthy(over, past), gk.Expired, false, gk.EventGrantExpired},
		"the authorization without a token":          {healthy(past, func(g *gk.Grant) { g.Access, g.Refresh, g.Expires = nil, nil, time.Time{} }), gk.Expired, false, gk.EventGrantExpired},
		"a revoked grant":                            {healthy(over, in(gk.Revoked)), gk.Revoked, true, ""},
		"an expired grant":                           {healthy(over, past, in(gk.Expired)), gk.Expired, true, ""},
	} {
		g := c.grant
		events := lifecycle.Lapse(&g, noon)
		if g.State != c.state || g.Renewable != c.renewable || kinds(events) != c.events {
			t.Errorf("%s: %s, renewable %v, %q; want %s, %v, %q", name, g.State, g.Renewable, kinds(events), c.state, c.renewable, c.events)
		}
	}
}

// TestEndThatNeedNotBeToldBeforeARefresh holds what is written before the platform is asked: not that a token has ended,
// which the outcome tells as well.
func TestEndThatNeedNotBeToldBeforeARefresh(t *testing.T) {
	for name, c := range map[string]struct {
		grant gk.Grant
		due   bool
	}{
		"nothing":                     {healthy(), false},
		"the token has ended":         {healthy(func(g *gk.Grant) { g.Expires = noon }), false},
		"the authorization has ended": {healthy(func(g *gk.Grant) { g.Ceiling = noon }), true},
		"a warning":                   {healthy(func(g *gk.Grant) { g.Ceiling = hours(24 * 6) }), true},
	} {
		if due := lifecycle.EndsDue(&c.grant, noon); due != c.due {
			t.Errorf("%s: EndsDue = %t", name, due)
		}
	}
	g := healthy(func(g *gk.Grant) { g.Expires = noon })
	if events := lifecycle.Unsent(&g, terms(), "local:unreachable", gk.Retry, noon); kinds(events) != gk.EventGrantSuspended {
		t.Errorf("a lapsed grant whose refresh was not sent: %q, want it told", kinds(events))
	}
}

func TestWarn(t *testing.T) {
	days := func(n float64) func(*gk.Grant) { return func(g *gk.Grant) { g.Ceiling = hours(24 * n) } }
	warned := func(n int64) func(*gk.Grant) { return func(g *gk.Grant) { g.Warned = n } }
	old := func(g *gk.Grant) { g.AuthorizedAt = hours(-24 * 100) }
	for name, c := range map[string]struct {
		grant  gk.Grant
		warned int64
		events string
	}{
		"31 days before the end":                 {healthy(days(31)), 0, ""},
		"30 days before the end":                 {healthy(days(30)), 30, gk.EventGrantExpiring},
		"30 days before the end, told":           {healthy(days(29), warned(30)), 30, ""},
		"a week before the end":                  {healthy(days(7), warned(30)), 7, gk.EventGrantExpiring},
		"a day before the end, nothing was told": {healthy(days(1), old), 1, gk.EventGrantExpiring},
		"the end has passed":                     {healthy(days(0)), 0, ""},
		"a life of less than two days":           {healthy(func(g *gk.Grant) { g.Ceiling = hours(20) }), 1, ""},
		"no end is known":                        {healthy(func(g *gk.Grant) { g.Ceiling = time.Time{} }), 0, ""},
		"the last token ends in a week":          {healthy(func(g *gk.Grant) { g.Renewable, g.Expires = false, hours(24*6) }), 7, gk.EventGrantExpiring},
		"a suspended grant":                      {healthy(days(7), func(g *gk.Grant) { g.State = gk.Suspended }), 0, ""},
	} {
		g := c.grant
		if events := lifecycle.Warn(&g, noon); g.Warned != c.warned || kinds(events) != c.events {
			t.Errorf("%s: warned %d, %q; want %d, %q", name, g.Warned, kinds(events), c.warned, c.events)
		}
	}
}

func TestDie(t *testing.T) {
	f := &gk.Fault{Code: "c"}
	g := healthy()
	events := lifecycle.Die(&g, terms(), f, noon)
	if g.State != gk.Suspended || !g.Expires.Equal(noon) || g.Fault.Code != "c" || !f.At.IsZero() || kinds(events) != gk.EventGrantSuspended || g.DueAt.After(noon.Add(time.Minute)) {
		t.Errorf("%s until %s, due %s, fault %v, %q", g.State, g.Expires, g.DueAt, g.Fault, kinds(events))
	}
}

func TestErase(t *testing.T) {
	g := attempted(func(g *gk.Grant) { g.Doubts, g.Failures, g.RetryAt, g.Fault = 1, 2, hours(1), &gk.Fault{Code: "c"} })
	events := lifecycle.Erase(&g, "key", "revoked by us", noon)
	want := healthy(func(g *gk.Grant) {
		g.State, g.Renewable, g.Access, g.Refresh, g.KeyID, g.Generation, g.Fault = gk.Revoked, false, nil, nil, 0, 4, &gk.Fault{Code: "c"}
	})
	same(t, "an erased grant", g, want)
	if kinds(events) != gk.EventGrantRevoked || events[0].Actor != "key" || events[0].GrantVersion != 8 {
		t.Errorf("events %+v, want one of the key's", events)
	}
}

func TestEndsWith(t *testing.T) {
	for name, c := range map[string]struct {
		child, parent gk.Subject
		want          bool
	}{
		"a sub-account of the account":              {gk.Subject{Kind: gk.KindAccount, ID: "1:a", Parent: "1"}, gk.Subject{Kind: gk.KindAccount, ID: "1"}, true},
		"a shop of the main account":                {gk.Subject{Kind: gk.KindShop, ID: "2", Parent: "1"}, gk.Subject{Kind: gk.KindMainAccount, ID: "1"}, true},
		"a shop whose main account has that number": {gk.Subject{Kind: gk.KindShop, ID: "2", Parent: "1"}, gk.Subject{Kind: gk.KindMerchant, ID: "1"}, false},
		"a shop of another":                         {gk.Subject{Kind: gk.KindShop, ID: "2", Parent: "3"}, gk.Subject{Kind: gk.KindMainAccount, ID: "1"}, false},
	} {
		if got := lifecycle.EndsWith(c.child, c.parent); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
