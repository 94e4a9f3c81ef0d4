package lifecycle_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

func TestPlan(t *testing.T) {
	never := time.Time{}
	share := lifecycle.Spread("grt")
	// A quarter of a life of four hours is left, less the grant's share of a quarter of that.
	refresh := hours(1).Add(-time.Duration(share * float64(time.Hour) / 4)).Truncate(time.Millisecond)
	monthly := func(t *lifecycle.Terms) {
		t.Refresh.LeadPart, t.Refresh.Lead, t.Refresh.Window, t.Refresh.Zone = 0, platform.Duration(7*24*time.Hour), "02:00-05:00", "Asia/Shanghai"
	}
	// Seven days before the end it is 20:00 in Shanghai, so the night begins six hours later.
	night := hours(24*23 + 6).Add(time.Duration(share * float64(3*time.Hour))).Truncate(time.Millisecond)
	probed := func(t *lifecycle.Terms) { t.Probe = 30 * time.Minute }
	fromAccess := func(t *lifecycle.Terms) { t.Refresh.From = platform.FromAccess }
	in := func(s gk.State) func(*gk.Grant) { return func(g *gk.Grant) { g.State = s } }
	final := func(g *gk.Grant) { g.Renewable = false }
	for name, c := range map[string]struct {
		grant gk.Grant
		terms lifecycle.Terms
		want  time.Time
	}{
		"a refresh before the end":                       {healthy(), terms(), refresh},
		"a refresh in the first night of the lead":       {healthy(func(g *gk.Grant) { g.Expires, g.RefreshExpires = hours(24*30), never }), terms(monthly), night},
		"the refresh token ends first":                   {healthy(func(g *gk.Grant) { g.Expires, g.RefreshExpires = hours(24), hours(2) }), terms(), refresh},
		"after failures":                                 {healthy(func(g *gk.Grant) { g.RetryAt = hours(1.5) }), terms(), hours(1.5)},
		"after failures, the end comes first":            {healthy(func(g *gk.Grant) { g.RetryAt = hours(3) }), terms(), hours(2)},
		"in doubt, repeat":                               {healthy(func(g *gk.Grant) { g.Doubts, g.DoubtSince = 1, hours(-1) }), terms(after(platform.RepeatAny)), noon},
		"in doubt, once":                                 {healthy(func(g *gk.Grant) { g.Doubts, g.DoubtSince = 1, noon }), terms(), hours(1)},
		"a refresh is under way":                         {attempted(), terms(), noon.Add(time.Minute)},
		"the pair is common to several":                  {healthy(func(g *gk.Grant) { g.Facts = map[string]string{lifecycle.FactShared: "true"} }), terms(), hours(-2)},
		"an access token to be traded":                   {healthy(func(g *gk.Grant) { g.Refresh, g.Expires, g.RefreshExpires = nil, never, never }), terms(fromAccess), hours(-2)},
		"a token of seconds":                             {healthy(func(g *gk.Grant) { g.PairAskedAt, g.Expires = noon, noon.Add(90*time.Second) }), terms(), noon.Add(time.Minute)},
		"it ends with the authorization":                 {healthy(func(g *gk.Grant) { g.Ceiling = hours(2) }), terms(), hours(2 - 30*24)},
		"nothing follows the token":                      {healthy(final, func(g *gk.Grant) { g.Warned = 1 }), terms(), hours(2)},
		"the periodic check":                             {healthy(func(g *gk.Grant) { g.Facts = map[string]string{lifecycle.FactSeen: noon.Format(time.RFC3339)} }), terms(probed), hours(0.5)},
		"a warning":                                      {healthy(func(g *gk.Grant) { g.Ceiling, g.Warned = hours(24*7.01), 30 }), terms(), hours(24 * 0.01)},
		"suspended, to be refreshed":                     {healthy(in(gk.Suspended), func(g *gk.Grant) { g.Expires, g.RetryAt = hours(-1), hours(1) }), terms(), hours(1)},
		"suspended, its authorization ends first":        {healthy(in(gk.Suspended), func(g *gk.Grant) { g.Expires, g.RetryAt, g.Ceiling = hours(-1), hours(3), hours(2) }), terms(), hours(2)},
		"no end is known":                                {healthy(func(g *gk.Grant) { g.Expires, g.RefreshExpires, g.Ceiling = never, never, never }), terms(), hours(24)},
		"no end is known and nothing follows":            {healthy(final, func(g *gk.Grant) { g.Expires, g.RefreshExpires, g.Ceiling = never, never, never }), terms(), never},
		"expired":                                        {healthy(in(gk.Expired)), terms(), never},
		"revoked":                                        {healthy(in(gk.Revoked)), terms(), never},
		"held until the platform says whose the pair is": {healthy(func(g *gk.Grant) { lifecycle.Hold(g, noon) }), terms(), noon},
	} {
		g := c.grant
		if got := lifecycle.Plan(&g, c.terms, noon); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		same(t, name+": planning changes nothing", g, c.grant)
	}
}

func TestRenewable(t *testing.T) {
	style := func(s, from string) lifecycle.Terms {
		return terms(func(t *lifecycle.Terms) { t.Refresh.Style, t.Refresh.From = s, from })
	}
	alone := func(g *gk.Grant) { g.Refresh = nil }
	nothing := func(g *gk.Grant) { g.Access, g.Refresh = nil, nil }
	for name, c := range map[string]struct {
		grant gk.Grant
		terms lifecycle.Terms
		final bool
		want  bool
	}{
		"a pair":                               {healthy(), style(platform.Rotate, ""), false, true},
		"the last pair, as the platform says":  {healthy(), style(platform.Rotate, ""), true, false},
		"an access token alone":                {healthy(alone), style(platform.Rotate, ""), false, false},
		"an access token that can be traded":   {healthy(alone), style(platform.Rotate, platform.FromAccess), false, true},
		"nothing where a token is traded":      {healthy(nothing), style(platform.Rotate, platform.FromAccess), false, false},
		"nothing where the app asks by itself": {healthy(nothing), style(platform.Reask, ""), false, true},
		"a platform that never refreshes":      {healthy(), style(platform.NoRefresh, ""), false, false},
		"a driver that cannot ask":             {healthy(), terms(func(t *lifecycle.Terms) { t.Refreshes = false }), false, false},
	} {
		g := c.grant
		if got := lifecycle.Renewable(c.terms, &g, c.final); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestPlanIsNeverEarly plans what falls within a millisecond, which a row does not keep: when its moment has come, it is due.
func TestPlanIsNeverEarly(t *testing.T) {
	since := noon.Add(3 * time.Millisecond) // the half of what is left until the end is no whole millisecond
	for name, g := range map[string]gk.Grant{
		"in doubt":       healthy(func(g *gk.Grant) { g.Doubts, g.DoubtSince = 1, since }),
		"after failures": healthy(func(g *gk.Grant) { g.RetryAt = hours(1.5).Add(time.Microsecond) }),
	} {
		at := lifecycle.Plan(&g, terms(), since).Truncate(time.Millisecond)
		if !lifecycle.RefreshDue(&g, terms(), at) {
			t.Errorf("%s: nothing is due at %s, for which it was planned", name, at)
		}
	}
}
