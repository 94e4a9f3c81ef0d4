package lifecycle_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

// agreed is a consent through the link of an owner, in the browser that opened it.
func agreed(owner string, changes ...func(*lifecycle.Consent)) lifecycle.Consent {
	c := lifecycle.Consent{
		Grant: "grt-new", App: "app", Authorization: "auth", From: "clk", Owner: owner, Asked: true, AskedAt: noon,
		Pair: gk.Pair{
			Access: gk.Sealed("access"), Refresh: gk.Sealed("refresh"), KeyID: 9, Expires: hours(4), RefreshExpires: hours(24 * 30),
		},
		Answer: platform.Issue{
			Subject: gk.Subject{Kind: gk.KindShop, ID: "1001"}, Ceiling: hours(24 * 365),
		},
	}
	for _, change := range changes {
		change(&c)
	}
	return c
}

func owned(owner string, s gk.State) *gk.Grant {
	g := healthy(func(g *gk.Grant) { g.Owner, g.State = owner, s })
	return &g
}

// TestPlaceDecidesStateAndOwner: who has a grant after a consent, and whether it is served.
func TestPlaceDecidesStateAndOwner(t *testing.T) {
	foreign := func(c *lifecycle.Consent) { c.Foreign = true }
	confirm := func(c *lifecycle.Consent) { c.Confirm = true }
	other := func(c *lifecycle.Consent) { c.Asked = false }
	unconfirmed := func(owner string) *gk.Grant {
		g := owned(owner, gk.Held)
		lifecycle.Hold(g, noon)
		return g
	}
	const created, authorized, held, moved = gk.EventGrantCreated, gk.EventGrantAuthorized, gk.EventGrantHeld, gk.EventGrantMoved
	for name, c := range map[string]struct {
		old    *gk.Grant
		with   lifecycle.Consent
		state  gk.State
		owner  string
		events string
	}{
		"the first":                                   {nil, agreed("ann"), gk.Active, "ann", created},
		"the first, from the platform's side":         {nil, agreed(""), gk.Active, "", created},
		"the first, in another browser":               {nil, agreed("ann", foreign), gk.Held, "ann", held},
		"the first, to be confirmed":                  {nil, agreed("ann", confirm), gk.Held, "ann", held},
		"a subject that was not asked for":            {nil, agreed("ann", other), gk.Active, "", created},
		"a subject that was not asked for, elsewhere": {nil, agreed("ann", other, foreign), gk.Active, "", created},
		"again":                                            {owned("ann", gk.Active), agreed("ann"), gk.Active, "ann", authorized},
		"again, after its end":                             {owned("ann", gk.Expired), agreed("ann"), gk.Active, "ann", authorized},
		"again, in another browser":                        {owned("ann", gk.Active), agreed("ann", foreign), gk.Active, "ann", authorized},
		"nobody's becomes the owner's":                     {owned("", gk.Active), agreed("ann"), gk.Active, "ann", authorized},
		"nobody's stays so in another browser":             {owned("", gk.Active), agreed("ann", foreign), gk.Active, "", authorized},
		"nobody's stays so until confirmed":                {owned("", gk.Active), agreed("ann", confirm), gk.Active, "", authorized},
		"another owner's stays theirs":                     {owned("bob", gk.Active), agreed("ann"), gk.Active, "bob", authorized},
		"another owner's ended one":                        {owned("bob", gk.Expired), agreed("ann"), gk.Active, "bob", authorized},
		"a revoked one is not revived by a forwarded link": {owned("ann", gk.Revoked), agreed("ann", foreign), gk.Held, "ann", held},
		"a revoked one by its own link":                    {owned("ann", gk.Revoked), agreed("ann"), gk.Active, "ann", authorized},
		"a held claim never blocks a bound consent":        {owned("bob", gk.Held), agreed("ann"), gk.Active, "ann", authorized + " " + moved + " " + moved},
		"a held claim and a forwarded link":                {owned("bob", gk.Held), agreed("ann", foreign), gk.Held, "bob", authorized},
		"a held claim and a link to be confirmed":          {owned("bob", gk.Held), agreed("ann", confirm), gk.Held, "bob", authorized},
		"a held claim, and the owner's own link":           {owned("ann", gk.Held), agreed("ann"), gk.Active, "ann", authorized},
		"an unconfirmed import, from the platform's side":  {unconfirmed("bob"), agreed(""), gk.Active, "", authorized + " " + moved},
		"a held claim, from the platform's side":           {owned("bob", gk.Held), agreed(""), gk.Held, "bob", authorized},
		"an unconfirmed import, not asked for":             {unconfirmed("bob"), agreed("ann", other), gk.Held, "bob", authorized},
	} {
		var before gk.Grant
		if c.old != nil {
			before = *c.old
			before.Facts = lifecycle.WithFact(c.old.Facts, "", "")
		}
		g, events := lifecycle.Place(c.old, terms(), &c.with, noon)
		if g.State != c.state || g.Owner != c.owner || kinds(events) != c.events {
			t.Errorf("%s: %s, owner %q, events %q; want %s, %q, %q", name, g.State, g.Owner, kinds(events), c.state, c.owner, c.events)
		}
		if c.old != nil && (g.ID != "grt" || g.Generation != 4 || !cmp.Equal(*c.old, before, cmp.Comparer(func(a, b map[string]string) bool {
			return len(a) == len(b)
		}))) {
			t.Errorf("%s: grant %s of generation %d; or the old grant was written into", name, g.ID, g.Generation)
		}
		if id, generation := lifecycle.PlacedAs(&c.with, c.old); id != g.ID || generation != g.Generation {
			t.Errorf("%s: the pair was sealed for %s of generation %d, and put onto %s of %d", name, id, generation, g.ID, g.Generation)
		}
	}
}

// TestPlaceBringsAll: the pair, its ends, what was granted and reached; and all trouble with the older pair is over.
func TestPlaceBringsAll(t *testing.T) {
	old := attempted(func(g *gk.Grant) {
		g.State, g.Fault, g.Failures, g.RetryAt, g.Doubts, g.DoubtSince = gk.Suspended, &gk.Fault{Code: "x"}, 3, hours(1), 2, hours(-1)
		g.Scopes, g.Warned, g.Facts = []string{"read", "write"}, 7, map[string]string{lifecycle.FactShared: "true", "level": "1"}
		g.Shops = []gk.Shop{{ID: "1001", Name: "One"}, {ID: "1002", Name: "Two"}}
	})
	c := agreed("cust-1", func(c *lifecycle.Consent) {
		c.Wanted, c.Answer.Scopes = []string{"read", "write"}, []string{"read"}
		c.Answer.Shops = []gk.Shop{{ID: "1001"}, {ID: "1003"}}
		c.Answer.Facts = map[string]string{"level": "2"}
	})
	g, events := lifecycle.Place(&old, terms(), &c, noon)
	want := healthy(func(g *gk.Grant) {
		g.Access, g.Refresh, g.KeyID, g.Generation = gk.Sealed("access"), gk.Sealed("refresh"), 9, 4
		g.Expires, g.RefreshExpires, g.Ceiling = hours(4), hours(24*30), hours(24*365)
		g.AuthorizedAt, g.PairFrom, g.PairSpent, g.PairAskedAt, g.UpdatedAt = noon, "clk", -1, noon, noon
		g.Scopes = []string{"read"}
		g.Facts = map[string]string{"level": "2", lifecycle.FactSeen: noon.Format(time.RFC3339), lifecycle.FactMissing: "write"}
		g.Shops = []gk.Shop{{ID: "1002", Name: "Two", LostAt: gk.At(noon)}, {ID: "1001", Name: "One"}, {ID: "1003"}}
		lifecycle.CountCall(g, terms(), noon)
	})
	want.DueAt = lifecycle.Plan(&want, terms(), noon)
	same(t, "a consent after trouble", g, want)
	if got, want := kinds(events), gk.EventGrantAuthorized+" "+gk.EventGrantShopsChanged; got != want {
		t.Fatalf("events %q, want %q", got, want)
	}
	if d := events[0].Data; d["missing_scopes"] != "write" || d["fewer_scopes"] != true || d["generation"] != int64(4) {
		t.Errorf("the consent is told with %v", d)
	}
	if d := events[1].Data; !slices.Equal(d["gained"].([]string), []string{"1003"}) || !slices.Equal(d["lost"].([]string), []string{"1002"}) {
		t.Errorf("the shops are told with %v", d)
	}
}

// TestPlaceAnAccessTokenThatCanBeTraded: a grant without a refresh token is renewable where its access token can be traded
// for a pair.
func TestPlaceAnAccessTokenThatCanBeTraded(t *testing.T) {
	c := agreed("ann", func(c *lifecycle.Consent) { c.Pair.Refresh = nil })
	if g, _ := lifecycle.Place(nil, terms(), &c, noon); g.Renewable {
		t.Error("an access token alone is renewable")
	}
	trades := terms(func(t *lifecycle.Terms) { t.Refresh.From = platform.FromAccess })
	if g, _ := lifecycle.Place(nil, trades, &c, noon); !g.Renewable {
		t.Error("an access token that can be traded is not renewable")
	}
}
