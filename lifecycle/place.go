package lifecycle

import (
	"maps"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Consent is what a merchant agreed to, or what an importer brings in a merchant's name, for one subject.
type Consent struct {
	Grant         string // id of the grant, should it have to be made
	App           string
	Authorization string // empty for an import
	From          string // click or import that brought the pair
	Owner         string // whom the consent was asked for; empty: nobody
	Asked         bool   // the subject is the one that the link was made for
	Foreign       bool   // it came back in another browser than the one that began it
	Confirm       bool   // the link waits for a person's confirmation
	Wanted        []string
	Answer        platform.Issue
	Pair          gk.Pair   // sealed as PlacedAs says
	AskedAt       time.Time // when the platform gave the pair
}

// PlacedAs returns the id and the generation for which a consent's pair must be sealed.
func PlacedAs(c *Consent, old *gk.Grant) (id string, generation int64) {
	if old == nil {
		return c.Grant, 1
	}
	return old.ID, old.Generation + 1
}

// bound reports whether a consent came through an owner's own link, in the browser that opened it.
func (c *Consent) bound() bool { return c.Owner != "" && !c.Foreign && !c.Confirm }

// Unproven reports whether a grant is no more than a claim of its owner, or an end: an import that the platform has not
// confirmed, a consent that came in another browser, a grant that was revoked.
func Unproven(g *gk.Grant) bool { return g.State == gk.Held || g.State == gk.Revoked }

// takes reports whether a consent takes a grant away from the owner who claims it. One that is for nobody, as those from
// the platform's side are, takes what an import claims and nothing else proves.
func (c *Consent) takes(old *gk.Grant) bool {
	if !c.Asked || old == nil || old.Owner == "" || old.Owner == c.Owner {
		return false
	}
	return Unproven(old) && c.bound() || Unconfirmed(old) && c.Owner == "" && !c.Foreign
}

// standing decides the state and the owner of a grant after a consent, and the event that tells it.
func (c *Consent) standing(old *gk.Grant) (state gk.State, owner, kind string) {
	held := c.Foreign || c.Confirm
	switch {
	case old == nil && !c.Asked:
		return gk.Active, "", gk.EventGrantCreated
	case old == nil && held:
		return gk.Held, c.Owner, gk.EventGrantHeld
	case old == nil:
		return gk.Active, c.Owner, gk.EventGrantCreated
	}
	owner = old.Owner
	if c.takes(old) {
		return gk.Active, c.Owner, gk.EventGrantAuthorized
	}
	ours := c.Asked && (owner == "" || owner == c.Owner)
	state, kind = gk.Active, gk.EventGrantAuthorized
	switch {
	case old.State == gk.Revoked && c.Foreign:
		state, kind = gk.Held, gk.EventGrantHeld // what was ended is not revived by whoever forwarded a link
	case old.State == gk.Held && (held || !ours):
		state = gk.Held
	}
	if ours && !held {
		owner = c.Owner // a fresh consent through this owner's link, in the browser that began it
	}
	return state, owner, kind
}

// Place makes the grant of a consent, or puts its pair onto the one that stands; old is nil or stays as it is.
func Place(old *gk.Grant, t Terms, c *Consent, now time.Time) (gk.Grant, []gk.Event) {
	i := c.Answer
	g := gk.Grant{ID: c.Grant, App: c.App, CreatedAt: now}
	if old != nil {
		g = *old
	}
	fewer := lacks(i.Scopes, g.Scopes)
	var kind string
	g.State, g.Owner, kind = c.standing(old)
	g.Subject = Merge(g.Subject, i.Subject)
	if len(i.Scopes) > 0 {
		g.Scopes = i.Scopes
	}
	shops := i.Shops
	if len(shops) == 0 && i.Subject.Kind == gk.KindShop {
		shops = []gk.Shop{{ID: i.Subject.ID, Name: g.Subject.Name, Host: g.Subject.Host, Region: g.Subject.Region}}
	}
	var gained, lost []string
	if len(shops) > 0 {
		g.Shops, gained, lost = Reach(g.Shops, named(g.Shops, shops), now)
	}
	missing := c.missing()
	g.Facts = c.facts(g.Facts, missing, now)

	g.Generation++
	g.Pair, g.Ceiling, g.AuthorizedAt = c.Pair, i.Ceiling, c.AskedAt
	g.Origin = gk.Origin{PairFrom: c.From, PairSpent: -1, PairAskedAt: c.AskedAt}
	g.Renewable = Renewable(t, &g, i.Final)
	g.Warned = 0
	calm(&g)
	Release(&g)
	near := CountCall(&g, t, c.AskedAt)
	g.DueAt = Plan(&g, t, now)
	g.UpdatedAt = now

	data := map[string]any{"generation": g.Generation}
	if missing != "" {
		data["missing_scopes"] = missing
	}
	if fewer {
		data["fewer_scopes"] = true
	}
	told := Event(kind, "merchant", &g, now, data)
	told.Authorization = c.Authorization
	events := []gk.Event{told}
	if old != nil {
		events = append(events, reachEvent(&g, gained, lost, now)...)
	}
	if c.takes(old) {
		events = append(events, Moved(&g, old.Owner, "merchant", now)...)
	}
	return g, append(events, near...)
}

// missing lists the scopes that were wanted and not granted, where the platform says what it granted.
func (c *Consent) missing() string {
	granted := c.Answer.Scopes
	if len(granted) == 0 {
		return ""
	}
	return strings.Join(slices.DeleteFunc(slices.Clone(c.Wanted), func(s string) bool { return slices.Contains(granted, s) }), " ")
}

// facts are those of a grant after a consent.
func (c *Consent) facts(known map[string]string, missing string, now time.Time) map[string]string {
	facts := maps.Clone(known)
	if facts == nil {
		facts = map[string]string{}
	}
	maps.Copy(facts, c.Answer.Facts)
	delete(facts, FactMissing)
	if missing != "" {
		facts[FactMissing] = missing
	}
	facts[FactSeen] = now.Format(time.RFC3339)
	delete(facts, FactShared)
	delete(facts, FactUnconfirmed) // a consent is the merchant's own word; whoever imports writes it anew
	if c.Answer.Shared {
		facts[FactShared] = "true" // due at once: the first refresh gives each subject its own pair
	}
	return facts
}

// Moved tells both owners that a grant went from one to the other. Each has an event of their own, and a key that is
// limited to owners does not see the names in it.
func Moved(g *gk.Grant, from, actor string, now time.Time) []gk.Event {
	var events []gk.Event
	for _, owner := range []string{from, g.Owner} {
		if owner == "" {
			continue
		}
		e := Event(gk.EventGrantMoved, actor, g, now, map[string]any{"from": from, "to": g.Owner})
		e.Owner = owner
		events = append(events, e)
	}
	return events
}
