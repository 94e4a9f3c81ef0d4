package lifecycle_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

// century is what RepeatFor says for a token that may be repeated at any time.
const century = 100 * 365 * 24 * time.Hour

// bought is the pair that the attempt under way brings, spending generation 3.
func bought(changes ...func(*gk.Refreshed)) gk.Refreshed {
	r := gk.Refreshed{
		Grant: "grt", Attempt: "att-3", Spent: 3, AskedAt: noon.Add(-time.Minute), At: noon,
		Pair:      gk.Pair{Access: gk.Sealed("access 4"), Refresh: gk.Sealed("refresh 4"), KeyID: 2, Expires: hours(4), RefreshExpires: hours(24 * 30)},
		Renewable: true,
		Due:       hours(3),
	}
	for _, change := range changes {
		change(&r)
	}
	return r
}

func by(attempt string, repeatFor time.Duration) func(*gk.Refreshed) {
	return func(r *gk.Refreshed) { r.Attempt, r.RepeatFor = attempt, repeatFor }
}

func TestWeigh(t *testing.T) {
	revoked := func(g *gk.Grant) { g.State, g.Generation = gk.Revoked, 4 }
	doubted := func(since float64) func(*gk.Grant) {
		return func(g *gk.Grant) { g.Doubts, g.DoubtSince = 1, hours(since) }
	}
	next := func(asked time.Time) func(*gk.Grant) {
		return func(g *gk.Grant) {
			g.Generation, g.PairFrom, g.PairSpent, g.PairAskedAt = 4, "att-other", 3, asked
		}
	}
	for name, c := range map[string]struct {
		grant gk.Grant
		pair  gk.Refreshed
		want  lifecycle.Fate
	}{
		"the attempt that holds the grant brings it":             {attempted(), bought(), lifecycle.Stored},
		"its commit was not answered":                            {healthy(func(g *gk.Grant) { g.Generation, g.PairFrom, g.PairSpent = 4, "att-3", 3 }), bought(), lifecycle.StoredBefore},
		"the grant was revoked meanwhile":                        {attempted(revoked), bought(), lifecycle.Late},
		"nobody holds the grant any more":                        {healthy(), bought(), lifecycle.Stored},
		"the grant has expired meanwhile":                        {healthy(func(g *gk.Grant) { g.State, g.Renewable = gk.Expired, false }), bought(), lifecycle.Stored},
		"another attempt is under way, once":                     {attempted(), bought(by("att-slow", 0)), lifecycle.Stored},
		"another attempt is under way, once, our clock is slow":  {attempted(doubted(1)), bought(by("att-slow", 0)), lifecycle.Stored},
		"another attempt is under way, repeat":                   {attempted(), bought(by("att-slow", century)), lifecycle.Late},
		"another attempt is under way, and may repeat":           {attempted(doubted(-0.5)), bought(by("att-slow", time.Hour)), lifecycle.Late},
		"another attempt is under way, and may not repeat":       {attempted(doubted(-2)), bought(by("att-slow", time.Hour)), lifecycle.Stored},
		"a consent has brought another pair":                     {healthy(func(g *gk.Grant) { g.Generation, g.PairFrom, g.PairSpent = 4, "click", -1 }), bought(), lifecycle.Late},
		"the same token was spent again, and that answer is new": {healthy(next(noon)), bought(), lifecycle.Late},
		"the same token was spent again, and this answer is new": {healthy(next(hours(-1))), bought(), lifecycle.Stored},
		"the database has lost the pair that it was bought with": {healthy(func(g *gk.Grant) { g.Generation, g.PairSpent = 2, 1 }), bought(), lifecycle.Stored},
		"it has lost it, and got a consent's since":              {healthy(func(g *gk.Grant) { g.Generation, g.PairSpent, g.PairAskedAt = 2, -1, noon }), bought(), lifecycle.Late},
	} {
		g := c.grant
		if got := lifecycle.Weigh(&g, c.pair, noon); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		same(t, name+": weighing changes nothing", g, c.grant)
	}
}

func TestTakeAtOnce(t *testing.T) {
	held := func(r *gk.Refreshed) { r.Held = true }
	facts := func(r *gk.Refreshed) { r.Facts, r.FactsWere = map[string]string{"a": "2"}, map[string]string{"a": "1"} }
	for name, c := range map[string]struct {
		grant gk.Grant
		pair  gk.Refreshed
		want  lifecycle.Fate
	}{
		"nothing was told of the grant":           {attempted(), bought(held), lifecycle.Stored},
		"another process holds the grant":         {attempted(), bought(held, by("att-slow", 0)), lifecycle.Late},
		"it was suspended: the end owes an event": {attempted(func(g *gk.Grant) { g.State = gk.Suspended }), bought(held), lifecycle.Late},
		"it was suspended, and nobody is told":    {attempted(func(g *gk.Grant) { g.State = gk.Suspended }), bought(), lifecycle.Stored},
		"it was refused":                          {attempted(func(g *gk.Grant) { g.Renewable = false }), bought(held), lifecycle.Late},
		"it failed before":                        {attempted(func(g *gk.Grant) { g.Failures = 1 }), bought(held), lifecycle.Late},
		"it was in doubt":                         {attempted(func(g *gk.Grant) { g.Doubts = 1 }), bought(held), lifecycle.Late},
		"it has a fault":                          {attempted(func(g *gk.Grant) { g.Fault = &gk.Fault{Code: "c"} }), bought(held), lifecycle.Late},
		"it brings facts, made of others":         {attempted(), bought(held, facts), lifecycle.Late},
		"it is of an older generation":            {healthy(func(g *gk.Grant) { g.Generation, g.PairSpent, g.PairAskedAt = 4, 3, hours(-1) }), bought(), lifecycle.Late},
	} {
		g := c.grant
		if got := lifecycle.TakeAtOnce(&g, c.pair); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if c.want != lifecycle.Stored {
			same(t, name+": nothing is stored", g, c.grant)
			continue
		}
		want := healthy()
		want.Access, want.Refresh, want.KeyID, want.Generation = c.pair.Access, c.pair.Refresh, 2, 4
		want.PairFrom, want.PairSpent, want.PairAskedAt = "att-3", 3, c.pair.AskedAt
		want.Expires, want.RefreshExpires, want.DueAt = c.pair.Expires, c.pair.RefreshExpires, c.pair.Due
		same(t, name, g, want)
	}
}

func TestTake(t *testing.T) {
	jitter, moved := hours(24*365).Add(9*time.Minute), hours(24*365).Add(11*time.Minute)
	for name, c := range map[string]struct {
		grant   gk.Grant
		pair    gk.Refreshed
		brought lifecycle.Brought
		want    func(*gk.Grant)
		events  string
	}{
		"a pair and nothing else":             {attempted(), bought(), lifecycle.Brought{}, func(*gk.Grant) {}, ""},
		"of a suspended grant":                {attempted(func(g *gk.Grant) { g.State = gk.Suspended }), bought(), lifecycle.Brought{}, func(*gk.Grant) {}, gk.EventGrantRecovered},
		"of a grant that was given up":        {healthy(func(g *gk.Grant) { g.State, g.Renewable, g.Warned = gk.Expired, false, 1 }), bought(), lifecycle.Brought{}, func(*gk.Grant) {}, gk.EventGrantRecovered},
		"of a held grant":                     {attempted(func(g *gk.Grant) { g.State = gk.Held }), bought(), lifecycle.Brought{}, func(g *gk.Grant) { g.State = gk.Held }, ""},
		"after doubts and failures":           {attempted(func(g *gk.Grant) { g.Doubts, g.DoubtSince, g.Failures, g.RetryAt = 2, hours(-1), 3, hours(1) }), bought(), lifecycle.Brought{}, func(*gk.Grant) {}, gk.EventGrantRecovered},
		"the last one there is":               {attempted(), bought(func(r *gk.Refreshed) { r.Renewable = false }), lifecycle.Brought{}, func(g *gk.Grant) { g.Renewable = false }, gk.EventGrantNeedsAuthorization},
		"with fewer scopes":                   {attempted(func(g *gk.Grant) { g.Scopes = []string{"a", "b"} }), bought(), lifecycle.Brought{Scopes: []string{"a"}}, func(g *gk.Grant) { g.Scopes = []string{"a"} }, gk.EventGrantAuthorized},
		"with another host":                   {attempted(), bought(), lifecycle.Brought{Subject: gk.Subject{Host: "two"}}, func(g *gk.Grant) { g.Subject.Host = "two" }, ""},
		"the shared one, replaced":            {attempted(func(g *gk.Grant) { g.Facts = map[string]string{lifecycle.FactShared: "true"} }), bought(), lifecycle.Brought{}, func(g *gk.Grant) { g.Facts = map[string]string{} }, ""},
		"an end that jitters":                 {attempted(func(g *gk.Grant) { g.Warned = 30 }), bought(), lifecycle.Brought{Ceiling: jitter}, func(g *gk.Grant) { g.Warned = 30 }, ""},
		"an end that moved":                   {attempted(func(g *gk.Grant) { g.Warned = 30 }), bought(), lifecycle.Brought{Ceiling: moved}, func(g *gk.Grant) { g.Ceiling = moved }, ""},
		"an end that no grant had":            {attempted(func(g *gk.Grant) { g.Ceiling = time.Time{} }), bought(), lifecycle.Brought{Ceiling: moved}, func(g *gk.Grant) { g.Ceiling = moved }, ""},
		"while another attempt may hold them": {attempted(func(g *gk.Grant) { g.Generation, g.AttemptID, g.PairSpent, g.PairAskedAt = 4, "att-4", 3, hours(-1) }), bought(), lifecycle.Brought{}, func(g *gk.Grant) { g.Generation = 5; hold(g, "att-4") }, ""},
	} {
		g := c.grant
		events := lifecycle.Take(&g, terms(), c.pair, c.brought, noon)
		if got := kinds(events); got != c.events {
			t.Errorf("%s: events %q, want %q", name, got, c.events)
		}
		want := healthy()
		want.Access, want.Refresh, want.KeyID, want.Generation = c.pair.Access, c.pair.Refresh, 2, 4
		want.PairFrom, want.PairSpent, want.PairAskedAt = "att-3", 3, c.pair.AskedAt
		want.Expires, want.RefreshExpires = c.pair.Expires, c.pair.RefreshExpires
		c.want(&want)
		want.DueAt = lifecycle.Plan(&want, terms(), noon)
		same(t, name, g, want)
	}
}

// hold writes the lease of attempted onto a grant.
func hold(g *gk.Grant, attempt string) {
	g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = attempt, "host", noon.Add(-2*time.Minute), noon.Add(time.Minute)
}

func TestPlain(t *testing.T) {
	for name, c := range map[string]struct {
		grant   gk.Grant
		brought lifecycle.Brought
		want    bool
	}{
		"nothing but a pair":        {healthy(), lifecycle.Brought{}, true},
		"the host that is known":    {healthy(), lifecycle.Brought{Subject: gk.Subject{Host: "one.toy.example"}}, true},
		"another host":              {healthy(), lifecycle.Brought{Subject: gk.Subject{Host: "two"}}, false},
		"another scope":             {healthy(), lifecycle.Brought{Scopes: []string{"a"}}, false},
		"the shop itself":           {healthy(), lifecycle.Brought{Shops: []gk.Shop{{ID: "1001"}}}, true},
		"another shop":              {healthy(), lifecycle.Brought{Shops: []gk.Shop{{ID: "1002"}}}, false},
		"a fact":                    {healthy(), lifecycle.Brought{Facts: map[string]string{"a": "1"}}, true},
		"an end that jitters":       {healthy(), lifecycle.Brought{Ceiling: hours(24 * 365).Add(-9 * time.Minute)}, true},
		"an end that moved":         {healthy(), lifecycle.Brought{Ceiling: hours(24 * 364)}, false},
		"a grant in trouble":        {healthy(func(g *gk.Grant) { g.Failures = 1 }), lifecycle.Brought{}, false},
		"a grant with a common one": {healthy(func(g *gk.Grant) { g.Facts = map[string]string{lifecycle.FactShared: "true"} }), lifecycle.Brought{}, false},
	} {
		g := c.grant
		if got := lifecycle.Plain(&g, c.brought, hours(4)); got != c.want {
			t.Errorf("%s: plain %v, want %v", name, got, c.want)
		}
	}
}

func TestCeiling(t *testing.T) {
	end := hours(24 * 365)
	for name, c := range map[string]struct {
		known, told, expires, want time.Time
	}{
		"none is told":                          {end, time.Time{}, hours(4), end},
		"none was known":                        {time.Time{}, end, hours(4), end},
		"a little later":                        {end, end.Add(10 * time.Minute), hours(4), end},
		"a little earlier":                      {end, end.Add(-10 * time.Minute), hours(4), end},
		"later":                                 {end, end.Add(11 * time.Minute), hours(4), end.Add(11 * time.Minute)},
		"earlier":                               {end, end.Add(-11 * time.Minute), hours(4), end.Add(-11 * time.Minute)},
		"a little earlier, as the token itself": {end, end.Add(-5 * time.Minute), end.Add(-5 * time.Minute), end.Add(-5 * time.Minute)},
	} {
		g := healthy(func(g *gk.Grant) { g.Ceiling = c.known })
		if got := lifecycle.Ceiling(&g, c.told, c.expires); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// An end that the platform counts a little otherwise is the same end: who was warned of it is not warned again.
func TestWarningsOutliveAnEndThatJitters(t *testing.T) {
	end := hours(24 * 6)
	for name, c := range map[string]struct {
		told time.Time
		want int64
	}{
		"as the token itself": {end.Add(-time.Second), 7},
		"a day later":         {end.Add(24 * time.Hour), 0},
	} {
		brought := lifecycle.Brought{Ceiling: c.told}
		taken := attempted(func(g *gk.Grant) { g.Ceiling, g.Warned = end, 7 })
		lifecycle.Take(&taken, terms(), bought(func(r *gk.Refreshed) { r.Expires = c.told }), brought, noon)
		learned := healthy(func(g *gk.Grant) { g.Ceiling, g.Warned, g.Expires = end, 7, c.told })
		lifecycle.Learn(&learned, terms(), platform.Inspection{Ceiling: c.told, Subject: learned.Subject}, noon)
		for way, g := range map[string]gk.Grant{"a refresh": taken, "a question": learned} {
			if g.Warned != c.want || !g.Ceiling.Equal(c.told) {
				t.Errorf("%s, %s: warned of %d days, ends %s; want %d, %s", name, way, g.Warned, g.Ceiling, c.want, c.told)
			}
		}
	}
}

// TestPairWithFactsIsTakenAtOnceAsTakeTakesIt compares the two ways by which a pair that brings facts gets onto a grant.
func TestPairWithFactsIsTakenAtOnceAsTakeTakesIt(t *testing.T) {
	for _, had := range []map[string]string{nil, {"a": "1"}, {"a": "1", "b": "2"}} {
		brought := map[string]string{"b": "3"}
		slow := attempted(func(g *gk.Grant) { g.Facts = had })
		quick := slow
		r := bought(func(r *gk.Refreshed) { r.Facts, r.FactsWere = lifecycle.Learned(&slow, brought), had })
		next := lifecycle.After(&quick, r, time.Time{})
		r.Due = lifecycle.Plan(&next, terms(), noon)
		if got := lifecycle.TakeAtOnce(&quick, r); got != lifecycle.Stored {
			t.Fatalf("%v: %s, want stored", had, got)
		}
		if events := lifecycle.Take(&slow, terms(), r, lifecycle.Brought{Facts: brought}, noon); len(events) > 0 {
			t.Errorf("%v: events %s, want none", had, kinds(events))
		}
		same(t, "a grant that learned facts", quick, slow)
	}
}
