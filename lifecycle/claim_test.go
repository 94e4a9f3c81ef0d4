package lifecycle_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

func TestClaim(t *testing.T) {
	person := lifecycle.Asker{Person: true}
	good := lifecycle.Asker{Good: func(g *gk.Grant, _ time.Time) bool { return g.Generation == 3 }}
	resting := func(f *gk.Fault) func(*gk.Grant) {
		return func(g *gk.Grant) { g.RetryAt, g.Failures, g.Fault = hours(1), 2, f }
	}
	ended := func(g *gk.Grant) { g.AttemptUntil = noon.Add(-time.Second) }
	doubted := func(g *gk.Grant) { g.Doubts, g.DoubtSince = 1, hours(-1) }
	daily := func(t *lifecycle.Terms) { t.Calls = platform.TokenCalls{Day: 5, Reserve: 2} }
	spent := func(n int64) func(*gk.Grant) {
		return func(g *gk.Grant) { g.QuotaDay, g.QuotaUsed = noon.Unix()/86400, n }
	}
	midnight := time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		grant gk.Grant
		terms lifecycle.Terms
		by    lifecycle.Asker
		want  lifecycle.ClaimOutcome
	}{
		"a healthy grant":                                    {healthy(), terms(), lifecycle.Asker{}, lifecycle.Claimed{}},
		"what the reader wants is there":                     {healthy(), terms(), good, lifecycle.StillGood{}},
		"a revoked grant":                                    {healthy(func(g *gk.Grant) { g.State = gk.Revoked }), terms(), person, lifecycle.Ended{}},
		"a refresh is under way":                             {attempted(), terms(), person, lifecycle.Wait{Until: noon.Add(time.Second), Why: lifecycle.UnderWay}},
		"the lease that is there is longer than any of ours": {attempted(func(g *gk.Grant) { g.AttemptUntil = hours(1) }), terms(after(platform.RepeatAny)), lifecycle.Asker{}, lifecycle.Claimed{}},
		"only the merchant can bring another":                {healthy(func(g *gk.Grant) { g.Renewable = false }), terms(), person, lifecycle.NotRenewable{}},
		"an attempt outlived its lease, once":                {attempted(ended), terms(), lifecycle.Asker{}, lifecycle.Wait{Until: noon.Add(-2 * time.Minute).Add(61 * time.Minute), Why: lifecycle.InDoubt}},
		"an attempt outlived its lease, repeat":              {attempted(ended), terms(after(platform.RepeatAny)), lifecycle.Asker{}, lifecycle.Claimed{}},
		"in doubt, a person":                                 {healthy(doubted), terms(), person, lifecycle.NeedsForce{}},
		"in doubt, a person with force":                      {healthy(doubted), terms(), lifecycle.Asker{Person: true, Force: true}, lifecycle.Claimed{}},
		"in doubt, within the time of repeats":               {healthy(func(g *gk.Grant) { g.Doubts, g.DoubtSince = 1, hours(-0.5) }), terms(after(platform.RepeatFor)), lifecycle.Asker{}, lifecycle.Claimed{}},
		"resting after a 5xx":                                {healthy(resting(&gk.Fault{Action: gk.Retry})), terms(), lifecycle.Asker{}, lifecycle.Wait{Until: hours(1), Why: lifecycle.Resting}},
		"resting after a 5xx, a person":                      {healthy(resting(&gk.Fault{Action: gk.Retry})), terms(), person, lifecycle.Claimed{}},
		"resting before a repair, a person":                  {healthy(resting(&gk.Fault{Action: gk.FixConfig})), terms(), person, lifecycle.Claimed{}},
		"resting as the platform asks, a person":             {healthy(resting(&gk.Fault{Action: gk.Backoff})), terms(), person, lifecycle.Wait{Until: hours(1), Why: lifecycle.Paced}},
		"the day's calls are used up but for the reserve":    {healthy(spent(3)), terms(daily), lifecycle.Asker{}, lifecycle.Wait{Until: midnight, Why: lifecycle.Paced}},
		"the reserve is for people":                          {healthy(spent(3)), terms(daily), lifecycle.Asker{Person: true, Reserve: true}, lifecycle.Claimed{}},
		"the reserve is used up as well":                     {healthy(spent(5)), terms(daily), lifecycle.Asker{Person: true, Reserve: true}, lifecycle.Wait{Until: midnight, Why: lifecycle.Paced}},
		"yesterday's calls do not count":                     {healthy(func(g *gk.Grant) { g.QuotaDay, g.QuotaUsed = noon.Unix()/86400-1, 9 }), terms(daily), lifecycle.Asker{}, lifecycle.Claimed{}},
		"a token of seconds that was made a moment ago": {
			healthy(func(g *gk.Grant) { g.PairAskedAt, g.Expires = noon.Add(-20*time.Second), noon.Add(70*time.Second) }), terms(), lifecycle.Asker{},
			lifecycle.Wait{Until: noon.Add(40 * time.Second), Why: lifecycle.Paced},
		},
	} {
		g := c.grant
		a := gk.Attempt{AttemptID: "att-4", AttemptBy: "me", AttemptAt: noon, AttemptUntil: c.terms.Lease(noon)}
		got, _ := lifecycle.Claim(&g, c.terms, c.by, a, noon)
		if got != c.want {
			t.Errorf("%s: %#v, want %#v", name, got, c.want)
		}
		if _, claimed := got.(lifecycle.Claimed); !claimed {
			same(t, name+": a grant that is not claimed stays as it was", g, c.grant)
		} else if g.AttemptID != "att-4" || !g.AttemptUntil.Equal(a.AttemptUntil) || !g.DueAt.Equal(a.AttemptUntil) || g.AskedAt != noon {
			t.Errorf("%s: attempt %s until %s, due %s, asked %s", name, g.AttemptID, g.AttemptUntil, g.DueAt, g.AskedAt)
		}
	}
}

func TestTakeDue(t *testing.T) {
	until := noon.Add(-time.Second)
	for name, c := range map[string]struct {
		grant  gk.Grant
		may    bool
		doubts int64
		since  time.Time
	}{
		"nothing is due":                 {healthy(func(g *gk.Grant) { g.DueAt = hours(1) }), false, 0, time.Time{}},
		"nothing will ever be due":       {healthy(), false, 0, time.Time{}},
		"due, held by nobody":            {healthy(func(g *gk.Grant) { g.DueAt = noon }), true, 0, time.Time{}},
		"due below the floor":            {healthy(func(g *gk.Grant) { g.DueAt = hours(-2) }), false, 0, time.Time{}},
		"due, held":                      {attempted(func(g *gk.Grant) { g.DueAt = noon }), false, 0, time.Time{}},
		"due, held by a clock that runs": {attempted(func(g *gk.Grant) { g.DueAt, g.AttemptUntil = noon, hours(2) }), true, 1, noon.Add(-2 * time.Minute)},
		"due, the lease is over":         {attempted(func(g *gk.Grant) { g.DueAt, g.AttemptUntil = until, until }), true, 1, noon.Add(-2 * time.Minute)},
		"due, the second lease is over":  {attempted(func(g *gk.Grant) { g.DueAt, g.AttemptUntil, g.Doubts, g.DoubtSince = until, until, 1, hours(-1) }), true, 2, hours(-1)},
	} {
		g := c.grant
		if may := lifecycle.MayTake(&g, noon, hours(-1)); may != c.may {
			t.Errorf("%s: may be taken %v, want %v", name, may, c.may)
		}
		if !c.may {
			continue
		}
		lifecycle.TakeDue(&g, gk.Attempt{AttemptID: "att-4", AttemptBy: "me", AttemptAt: noon, AttemptUntil: noon.Add(time.Minute)})
		if g.Doubts != c.doubts || !g.DoubtSince.Equal(c.since) || g.AttemptID != "att-4" {
			t.Errorf("%s: %d doubts since %s by %s, want %d since %s", name, g.Doubts, g.DoubtSince, g.AttemptID, c.doubts, c.since)
		}
	}
}
