package lifecycle_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

// noon is the moment of most cases: a refresh was claimed two minutes ago and is under way.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// hours is a moment so many hours after noon.
func hours(n float64) time.Time { return noon.Add(time.Duration(n * float64(time.Hour))) }

// healthy is a grant with a pair of four hours that is half over, and an authorization that ends in a year.
func healthy(changes ...func(*gk.Grant)) gk.Grant {
	g := gk.Grant{
		ID: "grt", App: "app", Platform: "toy", Subject: gk.Subject{Kind: gk.KindShop, ID: "1001", Host: "one.toy.example"},
		Owner: "cust-1", State: gk.Active, Renewable: true,
		Pair:       gk.Pair{Access: gk.Sealed("access 3"), Refresh: gk.Sealed("refresh 3"), KeyID: 1, Expires: hours(2), RefreshExpires: hours(24 * 30)},
		Generation: 3, Version: 7, Ceiling: hours(24 * 365),
		AuthorizedAt: hours(-24),
		Origin:       gk.Origin{PairFrom: "att-2", PairSpent: 2, PairAskedAt: hours(-2)},
		CreatedAt:    hours(-24),
	}
	for _, change := range changes {
		change(&g)
	}
	return g
}

// attempted is a healthy grant whose refresh is under way.
func attempted(changes ...func(*gk.Grant)) gk.Grant {
	return healthy(append([]func(*gk.Grant){func(g *gk.Grant) {
		g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = "att-3", "host", noon.Add(-2*time.Minute), noon.Add(time.Minute)
	}}, changes...)...)
}

// terms are those of a platform whose tokens live for hours and whose refresh tokens work once.
func terms(changes ...func(*lifecycle.Terms)) lifecycle.Terms {
	t := lifecycle.Terms{
		Refresh: platform.Refresh{Style: platform.Rotate, AfterLostAnswer: platform.Once, LeadPart: 0.25},
		Tokens:  true, Refreshes: true, Inspects: true,
	}
	for _, change := range changes {
		change(&t)
	}
	return t
}

func after(rule string) func(*lifecycle.Terms) {
	return func(t *lifecycle.Terms) {
		t.Refresh.AfterLostAnswer = rule
		if rule == platform.RepeatFor {
			t.Refresh.RepeatFor = platform.Duration(time.Hour)
		}
	}
}

// kinds are the kinds of events.
func kinds(events []gk.Event) string {
	out := ""
	for i, e := range events {
		if i > 0 {
			out += " "
		}
		out += e.Kind
	}
	return out
}

// same fails the test if a grant differs from what the rule's case says.
func same(t *testing.T, name string, got, want gk.Grant) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
