package lifecycle_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

// near are the terms of a platform that gives the same pair until the last hour.
func near(t *lifecycle.Terms) {
	t.Refresh = platform.Refresh{
		Style: platform.SameUntilNear, AfterLostAnswer: platform.RepeatAny,
		Lead: platform.Duration(45 * time.Minute), UsefulIn: platform.Duration(time.Hour),
	}
}

func TestUnmoved(t *testing.T) {
	sent := gk.Token{Access: gk.NewSecret("At_1"), Refresh: gk.NewSecret("Rt_1")}
	other := gk.Token{Access: gk.NewSecret("At_2"), Refresh: gk.NewSecret("Rt_2")}
	for name, c := range map[string]struct {
		style string
		issue platform.Issue
		want  bool
	}{
		"another pair":           {platform.SameUntilNear, platform.Issue{Token: other}, false},
		"the pair that was sent": {platform.SameUntilNear, platform.Issue{Token: sent}, true},
		"the access token that was sent, and no other":       {platform.Extend, platform.Issue{Token: gk.Token{Access: sent.Access}}, true},
		"the access token with another refresh token":        {platform.SameUntilNear, platform.Issue{Token: gk.Token{Access: sent.Access, Refresh: other.Refresh}}, false},
		"the driver says so":                                 {platform.Rotate, platform.Issue{Same: true, Token: other}, true},
		"a platform that rotates, with the tokens that were": {platform.Rotate, platform.Issue{Token: sent}, false},
		"no token at all":                                    {platform.SameUntilNear, platform.Issue{}, false},
	} {
		if got := lifecycle.Unmoved(platform.Refresh{Style: c.style}, c.issue, sent); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestKeep(t *testing.T) {
	useful := hours(3).Add(time.Duration(lifecycle.Spread("grt") * float64(time.Hour) / 4)).Truncate(time.Millisecond)
	for name, c := range map[string]struct {
		grant gk.Grant
		issue platform.Issue
		want  func(*gk.Grant)
		event string
	}{
		"long before the useful hour": {
			attempted(), platform.Issue{Token: gk.Token{Expires: hours(4)}},
			func(g *gk.Grant) { g.Expires, g.RetryAt = hours(4), useful }, "",
		},
		"within the useful hour": {
			attempted(), platform.Issue{Token: gk.Token{Expires: hours(0.4)}},
			func(g *gk.Grant) { g.Expires, g.RetryAt = hours(0.4), hours(0.1) }, "",
		},
		"the end is not told": {
			attempted(func(g *gk.Grant) { g.Expires = hours(0.4) }), platform.Issue{},
			func(g *gk.Grant) { g.Expires, g.RetryAt = hours(0.4), hours(0.1) }, "",
		},
		"the pair that it keeps giving has ended": {
			attempted(func(g *gk.Grant) { g.Failures, g.State, g.Expires = 1, gk.Suspended, hours(-1) }), platform.Issue{},
			func(g *gk.Grant) {
				g.Expires, g.Failures, g.RetryAt, g.State = hours(-1), 2, noon.Add(time.Minute), gk.Suspended
			}, "",
		},
		"of a suspended grant, which lives again": {
			attempted(func(g *gk.Grant) { g.State, g.Expires = gk.Suspended, hours(-1) }), platform.Issue{Token: gk.Token{Expires: hours(4)}},
			func(g *gk.Grant) { g.Expires, g.RetryAt = hours(4), useful }, gk.EventGrantRecovered,
		},
		"of a grant in doubt: nothing was rotated": {
			attempted(func(g *gk.Grant) { g.Doubts, g.DoubtSince, g.Fault = 1, hours(-1), &gk.Fault{Code: "c"} }), platform.Issue{Token: gk.Token{Expires: hours(4)}},
			func(g *gk.Grant) { g.Expires, g.RetryAt = hours(4), useful }, gk.EventGrantRecovered,
		},
		"of a held grant": {
			attempted(func(g *gk.Grant) { g.State = gk.Held }), platform.Issue{Token: gk.Token{Expires: hours(4)}},
			func(g *gk.Grant) { g.State, g.Expires, g.RetryAt = gk.Held, hours(4), useful }, "",
		},
		"for the last time": {
			attempted(), platform.Issue{Final: true, Token: gk.Token{Expires: hours(4)}},
			func(g *gk.Grant) { g.Expires, g.RetryAt, g.Renewable = hours(4), useful, false }, gk.EventGrantNeedsAuthorization,
		},
		"with another end of the authorization": {
			attempted(), platform.Issue{Ceiling: hours(24 * 400), Token: gk.Token{Expires: hours(4)}},
			func(g *gk.Grant) { g.Expires, g.RetryAt, g.Ceiling = hours(4), useful, hours(24*400) }, "",
		},
	} {
		g := c.grant
		if events := lifecycle.Keep(&g, terms(near), c.issue, noon); kinds(events) != c.event {
			t.Errorf("%s: %q, want %q", name, kinds(events), c.event)
		}
		want := healthy()
		c.want(&want)
		want.DueAt = lifecycle.Plan(&want, terms(near), noon)
		same(t, name, g, want)
		if c.event != gk.EventGrantNeedsAuthorization && !g.DueAt.After(noon) {
			t.Errorf("%s: due at %s; want later, or it is asked without end", name, g.DueAt)
		}
	}
}
