package lifecycle_test

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
)

func TestAnnounce(t *testing.T) {
	end, said := hours(48), hours(-1)
	for name, c := range map[string]struct {
		change    func(*gk.Grant)
		end, said time.Time
		taken     bool
	}{
		"an end that nobody told":             {func(g *gk.Grant) { g.Ceiling = time.Time{} }, end, said, true},
		"a nearer end":                        {func(g *gk.Grant) { g.Ceiling, g.Warned = hours(24*60), 30 }, end, said, true},
		"a later end":                         {func(g *gk.Grant) { g.Ceiling = hours(24) }, end, said, false},
		"the same end, a little off":          {func(g *gk.Grant) { g.Ceiling = end.Add(time.Minute) }, end, said, false},
		"an end that is over":                 {func(g *gk.Grant) { g.Ceiling = time.Time{} }, hours(-1), hours(-2), false},
		"no moment of the message":            {func(g *gk.Grant) { g.Ceiling = time.Time{} }, end, time.Time{}, false},
		"a message from before the consent":   {func(g *gk.Grant) { g.Ceiling, g.AuthorizedAt = time.Time{}, noon }, end, said, false},
		"a grant that is revoked":             {func(g *gk.Grant) { g.Ceiling, g.State = time.Time{}, gk.Revoked }, end, said, false},
		"a grant with a renewal under way":    {func(g *gk.Grant) { g.Ceiling, g.AttemptID = time.Time{}, "att_1" }, end, said, true},
		"no end, as most of the messages say": {func(g *gk.Grant) { g.Ceiling = time.Time{} }, time.Time{}, said, false},
	} {
		g := healthy(func(g *gk.Grant) { g.AuthorizedAt = hours(-24 * 30) }, c.change)
		was := g.DueAt
		before := g.Ceiling
		outcome := lifecycle.Announce(&g, lifecycle.Terms{Tokens: true, Refreshes: true}, c.end, c.said, noon)
		if taken := outcome == lifecycle.News; taken != c.taken || taken && (!g.Ceiling.Equal(c.end) || g.Warned != 0) || !taken && !g.Ceiling.Equal(before) {
			t.Errorf("%s: %s, the end is %s; want taken: %v", name, outcome, g.Ceiling, c.taken)
		}
		if moved := !g.DueAt.Equal(was); moved != (c.taken && g.AttemptID == "") {
			t.Errorf("%s: due at %s, was %s: the warnings of an end that is taken are planned, and no attempt is taken away", name, g.DueAt, was)
		}
	}
}
