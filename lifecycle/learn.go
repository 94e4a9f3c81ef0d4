package lifecycle

import (
	"cmp"
	"maps"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// seenEvery is how old the note that a platform confirmed a grant may become: half of the periodic check's interval.
func seenEvery(t Terms) time.Duration {
	if t.Probe > 0 {
		return t.Probe / 2
	}
	return 7 * 24 * time.Hour
}

// LearnOutcome is whether what was told of a grant is worth a write.
type LearnOutcome string

// What a grant that lives was told.
const (
	News   LearnOutcome = "news"
	NoNews LearnOutcome = "no news" // all is as it was, and it was noted lately that the grant was seen
)

// Learn adds to a grant what an inspection or a census told of it.
func Learn(g *gk.Grant, t Terms, in platform.Inspection, now time.Time) (LearnOutcome, []gk.Event) {
	subject := g.Subject
	if subject.Kind == "" || subject.Same(in.Subject) {
		subject = told(subject, in.Subject)
	}
	news := subject != g.Subject || !subset(in.Facts, g.Facts) || !SeenAt(g).Add(seenEvery(t)).After(now)
	g.Subject = subject
	facts := WithFact(g.Facts, FactSeen, now.Format(time.RFC3339))
	for name, v := range in.Facts {
		if name != FactSeen {
			facts[name] = v
		}
	}
	g.Facts = facts
	var events []gk.Event
	if len(in.Shops) > 0 {
		shops, gained, lost := Reach(g.Shops, in.Shops, now)
		news = news || !slices.EqualFunc(shops, g.Shops, sameShop)
		g.Shops = shops
		events = append(events, reachEvent(g, gained, lost, now)...)
	}
	if end := Ceiling(g, in.Ceiling, g.Expires); !end.Equal(g.Ceiling) {
		moveCeiling(g, end)
		news = true
	}
	if back := revive(g, t, in, now); back != nil {
		events, news = append(events, back...), true
	}
	if !news {
		return NoNews, nil
	}
	if g.AttemptID == "" {
		g.DueAt = Plan(g, t, now)
	}
	return News, events
}

// Supplement adds what an inspection told to an issue; what the answer itself said stays.
func Supplement(i platform.Issue, in platform.Inspection) platform.Issue {
	if i.Subject.Kind == "" || i.Subject.Same(in.Subject) {
		i.Subject = told(i.Subject, in.Subject)
	}
	if len(in.Shops) > 0 {
		i.Shops = in.Shops
	}
	if i.Ceiling.IsZero() {
		i.Ceiling = in.Ceiling
	}
	if len(i.Scopes) == 0 {
		i.Scopes = in.Scopes
	}
	facts := maps.Clone(in.Facts)
	if facts == nil {
		facts = map[string]string{}
	}
	maps.Copy(facts, i.Facts)
	i.Facts = facts
	return i
}

// told adds to a subject what is not known of it.
func told(known, in gk.Subject) gk.Subject {
	if known.Kind == "" {
		return in
	}
	known.Name, known.Region = cmp.Or(known.Name, in.Name), cmp.Or(known.Region, in.Region)
	known.Host, known.Parent = cmp.Or(known.Host, in.Host), cmp.Or(known.Parent, in.Parent)
	return known
}

// revive undoes the end of a grant that the platform says lives: an expired grant is no more than a conclusion. Where
// nobody refused its refresh, it is refreshed again; its events tell of the recovery once something usable is there.
func revive(g *gk.Grant, t Terms, in platform.Inspection, now time.Time) []gk.Event {
	if g.State != gk.Expired || in.Alive == nil || !*in.Alive || !g.Ceiling.IsZero() && !g.Ceiling.After(now) {
		return nil
	}
	refused := g.Fault != nil && (g.Fault.Terminal || g.Fault.Action == gk.Reauthorize)
	renewable := !refused && Renewable(t, g, false)
	switch {
	case !t.Tokens || g.Usable(now):
		g.State, g.Renewable = gk.Active, renewable
		return []gk.Event{Event(gk.EventGrantRecovered, "platform", g, now, map[string]any{"generation": g.Generation})}
	case renewable:
		g.State, g.Renewable, g.RetryAt, g.Failures = gk.Suspended, true, time.Time{}, 0
		return []gk.Event{Event(gk.EventGrantSuspended, "platform", g, now, Why(g))}
	}
	return nil
}

// Confirm makes an unconfirmed grant active, whose pair the platform says is its subject's, with all that it told.
func Confirm(g *gk.Grant, t Terms, in platform.Inspection, now time.Time) []gk.Event {
	if subject := g.Subject; subject.Kind == "" || subject.Same(in.Subject) {
		g.Subject = told(subject, in.Subject)
	}
	facts := maps.Clone(in.Facts)
	if facts == nil {
		facts = map[string]string{}
	}
	maps.Copy(facts, g.Facts)
	delete(facts, FactUnconfirmed)
	facts[FactSeen] = now.Format(time.RFC3339)
	g.Facts = facts
	if len(g.Scopes) == 0 {
		g.Scopes = in.Scopes
	}
	if len(in.Shops) > 0 {
		g.Shops, _, _ = Reach(g.Shops, in.Shops, now)
	}
	if !in.Ceiling.IsZero() {
		g.Ceiling = in.Ceiling
	}
	if !in.AuthorizedAt.IsZero() {
		g.AuthorizedAt = in.AuthorizedAt
	}
	if g.AttemptID == "" && (g.Fault == nil || !g.Fault.Terminal) && g.Failures == 0 {
		g.Fault = nil
	}
	g.State = gk.Active
	events := lapse(g, t, now)
	events = append(events, Event(gk.EventGrantConfirmed, "platform", g, now, map[string]any{"to": g.Owner}))
	if g.AttemptID == "" {
		g.DueAt = Plan(g, t, now)
	}
	return events
}
