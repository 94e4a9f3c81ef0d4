package lifecycle_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

func TestLearn(t *testing.T) {
	yes, no := true, false
	seen := func(at time.Time) func(*gk.Grant) {
		return func(g *gk.Grant) { g.Facts = map[string]string{lifecycle.FactSeen: at.Format(time.RFC3339)} }
	}
	lately := seen(hours(-1))
	expired := func(f *gk.Fault) func(*gk.Grant) {
		return func(g *gk.Grant) { g.State, g.Renewable, g.Expires, g.Fault = gk.Expired, false, hours(-1), f }
	}
	for name, c := range map[string]struct {
		grant   gk.Grant
		in      platform.Inspection
		outcome lifecycle.LearnOutcome
		want    func(*gk.Grant)
		events  string
	}{
		"all is as it was, seen lately": {healthy(lately), platform.Inspection{Alive: &yes}, lifecycle.NoNews, nil, ""},
		"all is as it was, seen long ago": {
			healthy(seen(hours(-24 * 7))), platform.Inspection{Alive: &yes}, lifecycle.News, func(*gk.Grant) {}, "",
		},
		"a name": {
			healthy(lately), platform.Inspection{Subject: gk.Subject{Kind: gk.KindShop, ID: "1001", Name: "One"}}, lifecycle.News,
			func(g *gk.Grant) { g.Subject.Name = "One" }, "",
		},
		"the name of another": {
			healthy(lately), platform.Inspection{Subject: gk.Subject{Kind: gk.KindShop, ID: "1002", Name: "Two"}}, lifecycle.NoNews, nil, "",
		},
		"a shop more": {
			healthy(lately), platform.Inspection{Shops: []gk.Shop{{ID: "1"}}}, lifecycle.News,
			func(g *gk.Grant) { g.Shops = []gk.Shop{{ID: "1"}} }, gk.EventGrantShopsChanged,
		},
		"a shop less": {
			healthy(lately, func(g *gk.Grant) { g.Shops = []gk.Shop{{ID: "1"}, {ID: "2"}} }), platform.Inspection{Shops: []gk.Shop{{ID: "1"}}}, lifecycle.News,
			func(g *gk.Grant) { g.Shops = []gk.Shop{{ID: "2", LostAt: gk.At(noon)}, {ID: "1"}} }, gk.EventGrantShopsChanged,
		},
		"an end that jitters": {
			healthy(lately), platform.Inspection{Ceiling: hours(24 * 365).Add(time.Minute)}, lifecycle.NoNews, nil, "",
		},
		"another end": {
			healthy(lately, func(g *gk.Grant) { g.Warned = 30 }), platform.Inspection{Ceiling: hours(24 * 366)}, lifecycle.News,
			func(g *gk.Grant) { g.Ceiling, g.Warned = hours(24*366), 0 }, "",
		},
		"an expired grant lives, and nobody refused it": {
			healthy(lately, expired(nil)), platform.Inspection{Alive: &yes}, lifecycle.News,
			func(g *gk.Grant) { g.State, g.Expires = gk.Suspended, hours(-1) }, gk.EventGrantSuspended,
		},
		"an expired grant lives, and was refused": {
			healthy(lately, expired(&gk.Fault{Terminal: true})), platform.Inspection{Alive: &yes}, lifecycle.NoNews, nil, "",
		},
		"an expired grant, whose token is good": {
			healthy(lately, func(g *gk.Grant) { g.State, g.Renewable = gk.Expired, false }), platform.Inspection{Alive: &yes}, lifecycle.News,
			func(*gk.Grant) {}, gk.EventGrantRecovered,
		},
		"an expired grant is said to be dead": {healthy(lately, expired(nil)), platform.Inspection{Alive: &no}, lifecycle.NoNews, nil, ""},
	} {
		g := c.grant
		before := lifecycle.WithFact(g.Facts, "", "")
		outcome, events := lifecycle.Learn(&g, terms(), c.in, noon)
		if outcome != c.outcome || kinds(events) != c.events {
			t.Errorf("%s: %s with %q, want %s with %q", name, outcome, kinds(events), c.outcome, c.events)
		}
		if c.grant.Facts[lifecycle.FactSeen] != before[lifecycle.FactSeen] {
			t.Errorf("%s: the facts that were given were written into", name)
		}
		if c.want == nil {
			continue
		}
		want := healthy(seen(noon))
		c.want(&want)
		want.DueAt = lifecycle.Plan(&want, terms(), noon)
		same(t, name, g, want)
	}
}

func TestConfirm(t *testing.T) {
	g := healthy(func(g *gk.Grant) { lifecycle.Hold(g, noon) })
	events := lifecycle.Confirm(&g, terms(), platform.Inspection{
		Subject: gk.Subject{Kind: gk.KindShop, ID: "1001", Name: "One"}, AuthorizedAt: hours(-5), Ceiling: hours(24 * 10),
	}, noon)
	want := healthy(func(g *gk.Grant) {
		g.Subject.Name, g.AuthorizedAt, g.Ceiling = "One", hours(-5), hours(24*10)
		g.Facts = map[string]string{lifecycle.FactSeen: noon.Format(time.RFC3339)}
	})
	want.DueAt = lifecycle.Plan(&want, terms(), noon)
	same(t, "a grant whose pair is its subject's", g, want)
	if kinds(events) != gk.EventGrantConfirmed {
		t.Errorf("events %q, want one", kinds(events))
	}
}
