package lifecycle_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

func TestRefuse(t *testing.T) {
	fault := func(a gk.Action, changes ...func(*gk.Fault)) *gk.Fault {
		f := &gk.Fault{Platform: "toy", Stage: platform.StageRefresh, Code: "c", Action: a}
		for _, change := range changes {
			change(f)
		}
		return f
	}
	failed := func(n int64) func(*gk.Grant) { return func(g *gk.Grant) { g.Failures = n } }
	over := func(g *gk.Grant) { g.Expires = hours(-1) }
	told := func(g *gk.Grant) { g.Renewable = false }
	doubted := func(g *gk.Grant) { g.Doubts, g.DoubtSince = 1, hours(-1) }
	lost := fault(gk.Reauthorize)
	lost.Reason = gk.ReasonLostAnswer
	for name, c := range map[string]struct {
		grant   gk.Grant
		fault   *gk.Fault
		kind    bool
		outcome lifecycle.RefuseOutcome
		want    func(*gk.Grant)
		events  string
	}{
		"it failed at the platform": {attempted(), fault(gk.Retry), false, lifecycle.TriedAgain, func(g *gk.Grant) { g.Failures, g.RetryAt = 1, noon.Add(30*time.Second) }, ""},
		"it failed again":           {attempted(failed(4)), fault(gk.Retry), false, lifecycle.TriedAgain, func(g *gk.Grant) { g.Failures, g.RetryAt = 5, noon.Add(10*time.Minute) }, ""},
		"it failed for the hundredth time": {
			attempted(failed(99)), fault(gk.Retry), false, lifecycle.TriedAgain,
			func(g *gk.Grant) { g.Failures, g.RetryAt = 100, hours(24) }, "",
		},
		"the platform names a longer wait": {
			attempted(), fault(gk.Backoff, func(f *gk.Fault) { f.RetryAfter = time.Hour }), false, lifecycle.TriedAgain,
			func(g *gk.Grant) { g.Failures, g.RetryAt = 1, hours(1) }, "",
		},
		"the app is at fault, for the hundredth time": {
			attempted(failed(99)), fault(gk.FixConfig), false, lifecycle.TriedAgain,
			func(g *gk.Grant) { g.Failures, g.RetryAt = 100, noon.Add(5*time.Minute) }, "",
		},
		"the merchant must agree again, and the token is good": {
			attempted(), fault(gk.Reauthorize), false, lifecycle.NeedsMerchant,
			func(g *gk.Grant) { g.Failures, g.Renewable, g.Warned = 1, false, 1 }, gk.EventGrantNeedsAuthorization,
		},
		"the merchant must agree again, and the token has ended": {
			attempted(over), fault(gk.None, func(f *gk.Fault) { f.Terminal = true }), false, lifecycle.NeedsMerchant,
			func(g *gk.Grant) { g.Failures, g.Renewable, g.State, g.Expires = 1, false, gk.Expired, hours(-1) }, gk.EventGrantNeedsAuthorization + " " + gk.EventGrantExpired,
		},
		"the commit of this refusal was not answered": {
			attempted(told), fault(gk.Reauthorize), false, lifecycle.NeedsMerchant,
			func(g *gk.Grant) { g.Failures, g.Renewable, g.Warned = 1, false, 1 }, "",
		},
		"the refusal answers a repeat": {
			attempted(doubted), lost, false, lifecycle.NeedsMerchant,
			func(g *gk.Grant) { g.Failures, g.Renewable, g.Warned = 1, false, 1 }, gk.EventGrantNeedsAuthorization,
		},
		"a refusal that leaves a doubt": {
			attempted(doubted), fault(gk.Retry), false, lifecycle.TriedAgain,
			func(g *gk.Grant) {
				g.Failures, g.RetryAt, g.Doubts, g.DoubtSince = 1, noon.Add(30*time.Second), 1, hours(-1)
			}, "",
		},
		"grants of this kind are never refreshed": {attempted(failed(2)), fault(gk.None), true, lifecycle.NeverRefreshed, func(g *gk.Grant) { g.Renewable, g.Warned = false, 1 }, ""},
		"another attempt holds the grant by now": {
			attempted(func(g *gk.Grant) { g.AttemptID = "att-9" }), fault(gk.Retry), false, lifecycle.TriedAgain,
			func(g *gk.Grant) { g.Failures, g.RetryAt = 1, noon.Add(30*time.Second); hold(g, "att-9") }, "",
		},
	} {
		g := c.grant
		outcome, events := lifecycle.Refuse(&g, terms(), lifecycle.Refusal{Attempt: "att-3", Fault: c.fault, Kind: c.kind}, noon)
		if outcome != c.outcome || kinds(events) != c.events {
			t.Errorf("%s: %s with %q, want %s with %q", name, outcome, kinds(events), c.outcome, c.events)
		}
		want := healthy()
		if !c.kind {
			f := *c.fault
			f.At = gk.At(noon)
			want.Fault = &f
		}
		c.want(&want)
		want.DueAt = lifecycle.Plan(&want, terms(), noon)
		same(t, name, g, want)
		if !c.fault.At.IsZero() {
			t.Errorf("%s: the fault of the caller was written into", name)
		}
	}
}

func TestUnsent(t *testing.T) {
	g := attempted(func(g *gk.Grant) { g.Failures = 1 })
	if events := lifecycle.Unsent(&g, terms(), "local:unreachable", gk.Retry, noon); len(events) != 0 {
		t.Errorf("events %q, want none", kinds(events))
	}
	want := healthy(func(g *gk.Grant) {
		g.Failures, g.RetryAt = 2, noon.Add(time.Minute)
		g.Fault = &gk.Fault{Platform: "toy", Stage: platform.StageRefresh, Code: "local:unreachable", Action: gk.Retry, At: gk.At(noon)}
	})
	want.DueAt = lifecycle.Plan(&want, terms(), noon)
	same(t, "a request that never left", g, want)
}

// TestUnsentForTheAppRestsNotForLong has a request that could not be made for the hundredth time, for a reason that a repair of
// the app ends: after the repair nobody should wait for a day.
func TestUnsentForTheAppRestsNotForLong(t *testing.T) {
	g := attempted(func(g *gk.Grant) { g.Failures = 99 })
	lifecycle.Unsent(&g, terms(), "local:restored", gk.FixConfig, noon)
	if wait := g.RetryAt.Sub(noon); wait != 30*time.Minute {
		t.Errorf("it is tried again after %s, want half an hour", wait)
	}
}
