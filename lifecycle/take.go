package lifecycle

import (
	"maps"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Fate is what becomes of a pair that came.
type Fate string

// Fates of a pair.
const (
	Stored       Fate = "stored"        // it is the grant's pair from this change on
	StoredBefore Fate = "stored before" // its commit was not answered
	Late         Fate = "late"          // the grant has, or will get, another pair that was bought later
)

// Weigh decides what becomes of a pair. A pair in hand outweighs every conclusion drawn without it, and none is refused
// because its buyer was slow. It goes onto the generation that it was bought with; onto a later one only where the same
// refresh token was spent twice and this answer is the later one; onto an earlier one where the database has lost the one
// that it was bought with: it is the only one that works. It yields to an attempt that is under way and may still
// repeat the token that it was bought with, counted from the first use whose answer is missing.
func Weigh(g *gk.Grant, r gk.Refreshed, now time.Time) Fate {
	if g.PairFrom == r.Attempt && g.PairSpent == r.Spent {
		return StoredBefore
	}
	if g.State == gk.Revoked {
		return Late
	}
	if g.Generation != r.Spent {
		if (g.PairSpent == r.Spent || g.Generation < r.Spent) && g.PairAskedAt.Before(r.AskedAt) {
			return Stored
		}
		return Late
	}
	first := g.DoubtSince
	if first.IsZero() {
		first = g.AttemptAt
	}
	other := g.AttemptID != "" && g.AttemptID != r.Attempt
	if other && r.RepeatFor > 0 && now.Before(first.Add(r.RepeatFor)) {
		return Late
	}
	return Stored
}

// TakeAtOnce stores a pair that brings nothing but itself and facts, and tells nobody. Stored is its only outcome that
// changes the grant. Where a refresh is Held, the pair is Late for a grant of which anything else was told than its attempt:
// what was told owes an event. So is one whose facts were made of others than the grant has.
func TakeAtOnce(g *gk.Grant, r gk.Refreshed) Fate {
	fate := Weigh(g, r, r.At)
	if fate == Stored && (g.Generation != r.Spent || r.Held && (g.AttemptID != r.Attempt || troubled(g)) || otherFacts(g, r)) {
		fate = Late
	}
	if fate != Stored {
		return fate
	}
	store(g, r)
	if len(r.Facts) > 0 {
		g.Facts = r.Facts
	}
	Release(g)
	g.DueAt = r.Due
	return Stored
}

// otherFacts reports whether the facts that a pair brings were made of others than the grant has.
func otherFacts(g *gk.Grant, r gk.Refreshed) bool {
	return len(r.Facts) > 0 && !maps.Equal(g.Facts, r.FactsWere)
}

// troubled reports whether something was told of a grant that a pair makes untrue.
func troubled(g *gk.Grant) bool {
	return g.State != gk.Active || !g.Renewable || g.InDoubt() || g.Failures > 0 || g.Fault != nil
}

// store puts a pair onto a grant.
func store(g *gk.Grant, r gk.Refreshed) {
	g.Pair, g.Renewable = r.Pair, r.Renewable
	g.Generation++
	g.Origin = gk.Origin{PairFrom: r.Attempt, PairSpent: r.Spent, PairAskedAt: r.AskedAt}
	if g.State != gk.Held {
		g.State = gk.Active
	}
	calm(g)
}

// Brought is what the answer with a pair told beside it.
type Brought struct {
	Subject gk.Subject
	Scopes  []string
	Shops   []gk.Shop
	Facts   map[string]string
	Ceiling time.Time
}

// BroughtBy is what an issue tells beside its pair.
func BroughtBy(i platform.Issue) Brought {
	return Brought{Subject: i.Subject, Scopes: i.Scopes, Shops: i.Shops, Facts: i.Facts, Ceiling: i.Ceiling}
}

// Take stores a pair that Weigh says is Stored, sealed for the generation after the present one, with all that came
// beside it.
func Take(g *gk.Grant, t Terms, r gk.Refreshed, b Brought, now time.Time) []gk.Event {
	owed := g.State != gk.Active && g.State != gk.Held || g.InDoubt() || g.Failures > 0 || !g.Renewable
	was, mine := g.Renewable, g.AttemptID == r.Attempt || g.Generation == r.Spent
	store(g, r)
	if mine {
		Release(g)
	}
	var events []gk.Event
	if owed {
		events = append(events, Event(gk.EventGrantRecovered, "engine", g, now, map[string]any{"generation": g.Generation}))
	}
	if lacks(b.Scopes, g.Scopes) {
		events = append(events, Event(gk.EventGrantAuthorized, "platform", g, now, map[string]any{"fewer_scopes": true}))
	}
	if !was {
		g.Warned = 0 // those warnings were about the end of a token that nothing would follow
	}
	bring(g, b)
	if was && !g.Renewable {
		events = append(events, Event(gk.EventGrantNeedsAuthorization, "platform", g, now, map[string]any{"reason": "final"}))
	}
	g.DueAt = Plan(g, t, now)
	return events
}

// Forgo tells of a pair that Weigh says is Late, and gives back the attempt that brought it.
func Forgo(g *gk.Grant, r gk.Refreshed, now time.Time) []gk.Event {
	if g.AttemptID == r.Attempt {
		Release(g)
	}
	return []gk.Event{Event(gk.EventGrantLateAnswer, "engine", g, now, map[string]any{"spent_generation": r.Spent, "kept": false})}
}

// bring adds to a grant what came beside a pair.
func bring(g *gk.Grant, b Brought) {
	if len(b.Scopes) > 0 {
		g.Scopes = b.Scopes
	}
	g.Subject = Merge(g.Subject, b.Subject)
	if len(b.Shops) > 0 {
		g.Shops = named(g.Shops, b.Shops)
	}
	if len(b.Facts) > 0 || Shared(g) {
		facts := WithFact(g.Facts, FactShared, "")
		maps.Copy(facts, b.Facts)
		g.Facts = facts
	}
	if end := Ceiling(g, b.Ceiling, g.Expires); !end.Equal(g.Ceiling) {
		moveCeiling(g, end)
	}
}

// jitter is how far the end of an authorization moves from answer to answer where a platform counts it from the seconds
// that are left.
const jitter = 10 * time.Minute

// moveCeiling gives a grant another end of its authorization. Warnings about the former one count for the new one where only
// the platform's way of counting has moved it.
func moveCeiling(g *gk.Grant, end time.Time) {
	if end.Sub(g.Ceiling).Abs() > jitter {
		g.Warned = 0
	}
	g.Ceiling = end
}

// Ceiling returns the end of a grant's authorization after an answer told one: the earlier known one stays unless the
// told one is further from it than such ends jitter, or a token comes with it that ends where it does. A consent does not
// ask: its end is the grant's.
func Ceiling(g *gk.Grant, told, expires time.Time) time.Time {
	if told.IsZero() || !g.Ceiling.IsZero() && told.Sub(g.Ceiling).Abs() <= jitter && !endsWith(expires, told) {
		return g.Ceiling
	}
	return told
}

// Plain reports whether an answer brings nothing but a pair and facts, to a grant that owes no event for it: the hot case.
func Plain(g *gk.Grant, b Brought, expires time.Time) bool {
	return !troubled(g) && !Shared(g) &&
		(b.Subject.Host == "" || b.Subject.Host == g.Subject.Host) &&
		(len(b.Scopes) == 0 || slices.Equal(b.Scopes, g.Scopes)) &&
		Ceiling(g, b.Ceiling, expires).Equal(g.Ceiling) && itself(g, b.Shops)
}

// Learned returns the facts of a grant after an answer brought some; none where that changes nothing.
func Learned(g *gk.Grant, brought map[string]string) map[string]string {
	if subset(brought, g.Facts) {
		return nil
	}
	facts := maps.Clone(g.Facts)
	if facts == nil {
		facts = make(map[string]string, len(brought))
	}
	maps.Copy(facts, brought)
	return facts
}

// itself reports whether shops are no more than the one that a grant is about, which it has from its beginning.
func itself(g *gk.Grant, shops []gk.Shop) bool {
	if len(shops) == 0 {
		return true
	}
	s := shops[0]
	return len(shops) == 1 && g.Subject.Kind == gk.KindShop && s.ID == g.Subject.ID && s.Name == "" && (s.Host == "" || s.Host == g.Subject.Host)
}

// After is the grant that a pair would make, as far as planning the next refresh goes.
func After(g *gk.Grant, r gk.Refreshed, ceiling time.Time) gk.Grant {
	next := *g
	next.Ceiling = Ceiling(g, ceiling, r.Expires)
	next.Facts = WithFact(g.Facts, FactShared, "")
	maps.Copy(next.Facts, r.Facts)
	store(&next, r)
	next.State = gk.Active
	Release(&next)
	return next
}
