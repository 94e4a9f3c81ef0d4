package lifecycle_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

// onUse are the terms of a platform whose tokens are refreshed when somebody reads them: ten days before the refresh
// token's end at the latest, which comes thirty days after the pair.
func onUse(t *lifecycle.Terms) {
	t.Refresh.When, t.Refresh.LeadPart = platform.WhenUse, 0
	t.Refresh.KeepAlive, t.Refresh.RefreshLife = platform.Duration(240*time.Hour), platform.Duration(720*time.Hour)
}

func TestAGrantThatNobodyReadsIsKeptAlive(t *testing.T) {
	ended := func(g *gk.Grant) { g.Expires = hours(-1) }
	probed := func(t *lifecycle.Terms) { t.Probe = time.Hour }
	for name, c := range map[string]struct {
		grant    gk.Grant
		terms    lifecycle.Terms
		errand   lifecycle.Errand
		events   string
		from, to float64 // when the next turn is, in hours from noon
	}{
		"its token has ended":              {attempted(ended), terms(onUse), lifecycle.Nothing, "", 24*30 - 300, 24*30 - 240},
		"it cannot be asked about":         {attempted(ended), terms(onUse, probed), lifecycle.Nothing, "", 24*30 - 300, 24*30 - 240},
		"its token lives, and it is asked": {attempted(), terms(onUse, probed), lifecycle.AskHow, "", 1, 1},
		"no end of its refresh token is known": {
			attempted(ended, func(g *gk.Grant) { g.RefreshExpires = time.Time{} }), terms(onUse), lifecycle.Nothing, "", 24*30 - 302, 24*30 - 242,
		},
		"its refresh token ends soon":   {attempted(ended, func(g *gk.Grant) { g.RefreshExpires, g.PairAskedAt = hours(200), hours(-500) }), terms(onUse), lifecycle.SendRefresh, "", 0, 0},
		"its refresh token has ended":   {attempted(ended, func(g *gk.Grant) { g.RefreshExpires = hours(-0.5) }), terms(onUse), lifecycle.SendRefresh, gk.EventGrantSuspended, 0, 0},
		"its authorization has ended":   {attempted(ended, func(g *gk.Grant) { g.Ceiling = hours(-0.5) }), terms(onUse), lifecycle.Nothing, gk.EventGrantExpired, 0, 0},
		"a reader did not get it":       {attempted(ended, func(g *gk.Grant) { g.State, g.Failures = gk.Suspended, 1 }), terms(onUse), lifecycle.SendRefresh, "", 0, 0},
		"nobody has said whose it is":   {attempted(ended, func(g *gk.Grant) { lifecycle.Hold(g, noon) }), terms(onUse), lifecycle.SendRefresh, "", 0, 0},
		"it must be traded for a pair":  {attempted(func(g *gk.Grant) { g.Refresh, g.Expires = nil, time.Time{} }), terms(onUse, trading), lifecycle.SendRefresh, "", 0, 0},
		"it is a confirmed one on hold": {attempted(ended, func(g *gk.Grant) { g.State = gk.Held }), terms(onUse), lifecycle.Nothing, "", 24*30 - 300, 24*30 - 240},
	} {
		g := c.grant
		errand, events := lifecycle.Turn(&g, c.terms, gk.App{}, noon)
		if errand != c.errand || kinds(events) != c.events {
			t.Errorf("%s: %s with events %q, want %s with %q", name, errand, kinds(events), c.errand, c.events)
		}
		if c.to > 0 && (g.DueAt.Before(hours(c.from)) || g.DueAt.After(hours(c.to))) {
			t.Errorf("%s: due at %s, want between %s and %s", name, g.DueAt, hours(c.from), hours(c.to))
		}
	}
}

// TestAReaderWhoGetsNothingWakesAGrant: what a reader asked for and did not get is tried again as on any platform.
func TestAReaderWhoGetsNothingWakesAGrant(t *testing.T) {
	for name, fail := range map[string]func(*gk.Grant, lifecycle.Terms){
		"the platform is not reached": func(g *gk.Grant, t lifecycle.Terms) { lifecycle.Unsent(g, t, "local:unreachable", gk.Retry, noon) },
		"the answer is lost":          func(g *gk.Grant, t lifecycle.Terms) { lifecycle.Doubt(g, t, nil, "no answer", noon) },
		"the platform is busy": func(g *gk.Grant, t lifecycle.Terms) {
			lifecycle.Refuse(g, t, lifecycle.Refusal{Attempt: g.AttemptID, Fault: &gk.Fault{Action: gk.Backoff}}, noon)
		},
		"the token is refused before its end": func(g *gk.Grant, t lifecycle.Terms) {
			lifecycle.Release(g)
			lifecycle.Die(g, t, nil, noon)
		},
	} {
		g := attempted(func(g *gk.Grant) { g.Expires = hours(-1) })
		fail(&g, terms(onUse, after(platform.RepeatAny)))
		if g.State != gk.Suspended || g.DueAt.After(hours(1)) {
			t.Errorf("%s: %s, due at %s; want suspended, tried again within the hour", name, g.State, g.DueAt)
		}
	}
}

// trading are the terms of a platform that trades access tokens, and answers a trade again for an hour only.
func trading(t *lifecycle.Terms) {
	t.Refresh.From = platform.FromAccess
	t.Refresh.Trade = &platform.Trade{AfterLostAnswer: platform.RepeatFor, RepeatFor: platform.Duration(time.Hour)}
}

func TestATradeHasARuleOfItsOwn(t *testing.T) {
	alone := func(g *gk.Grant) { g.Refresh, g.Doubts, g.DoubtSince = nil, 1, hours(-0.5) }
	pair := func(g *gk.Grant) { g.Doubts, g.DoubtSince = 1, hours(-0.5) }
	for name, c := range map[string]struct {
		grant gk.Grant
		now   time.Time
		want  bool
	}{
		"a trade, soon":       {healthy(alone), noon, true},
		"a trade, too late":   {healthy(alone), hours(0.7), false},
		"a refresh, once":     {healthy(pair), noon, false},
		"a refresh, past all": {healthy(pair), hours(2), true},
	} {
		g := c.grant
		tm := terms(trading)
		if got := lifecycle.Repeatable(&g, tm.For(&g), c.now); got != c.want {
			t.Errorf("%s: repeatable %v, want %v", name, got, c.want)
		}
	}
	if lease := terms().Lease(noon); !lease.Equal(noon.Add(330 * time.Second)) {
		t.Errorf("a lease lasts until %s, want five and a half minutes", lease)
	}
}

// TestAPairOfASecretOfBeforeIsReplacedWithinADay: where tokens die with the secret that minted them.
func TestAPairOfASecretOfBeforeIsReplacedWithinADay(t *testing.T) {
	const since = "1772449200000" // an hour before noon
	pinned := func(t *lifecycle.Terms) { t.Minted = since }
	minted := func(with string) func(*gk.Grant) {
		return func(g *gk.Grant) { g.Expires, g.Facts = hours(100), map[string]string{lifecycle.FactMinted: with} }
	}
	for name, c := range map[string]struct {
		grant gk.Grant
		terms lifecycle.Terms
		soon  bool
	}{
		"of the secret of before":  {healthy(minted("1")), terms(pinned), true},
		"of a secret nobody noted": {healthy(minted("")), terms(pinned), true},
		"and read by nobody":       {healthy(minted("1")), terms(pinned, onUse), true},
		"of the newest secret":     {healthy(minted(since)), terms(pinned), false},
		"pinned to none":           {healthy(minted("1")), terms(), false},
	} {
		due := lifecycle.Plan(&c.grant, c.terms, noon)
		if soon := due.Before(hours(23)); soon != c.soon {
			t.Errorf("%s: due at %s; within a day: want %v", name, due, c.soon)
		}
	}
}
