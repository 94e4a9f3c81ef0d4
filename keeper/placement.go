package keeper

import (
	"maps"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// placement decides which grants an authorization makes or replaces. put may run again.
type placement struct {
	keeper  *Keeper
	app     gk.App
	driver  platform.Driver
	issues  []platform.Issue
	ids     map[gk.Subject]string
	askedAt time.Time
	now     time.Time
	late    bool // renewals under way have been waited for long enough

	touched []string
}

// put decides on the locked rows which grants are made or replaced.
func (p *placement) put(existing []gk.Grant, a *gk.Authorization, c *gk.Click) ([]gk.Grant, []gk.Event, error) {
	if c.Stage != gk.Issued {
		return nil, nil, store.ErrUnchanged // another process was first, and the pair may have been renewed since
	}
	if !p.late && slices.ContainsFunc(existing, func(g gk.Grant) bool { return g.Attempting(p.now) }) {
		return nil, nil, errAttempt
	}
	p.touched = nil
	var grants []gk.Grant
	var events []gk.Event
	wanted, conflict := false, false
	for _, i := range p.issues {
		at := slices.IndexFunc(existing, func(g gk.Grant) bool { return g.Subject.Same(i.Subject) })
		var old *gk.Grant
		if at >= 0 {
			old = &existing[at]
		}
		asked := p.expected(a, i, old)
		wanted = wanted || asked
		if old != nil && old.AuthorizedAt.After(p.askedAt) {
			grants = append(grants, *old) // a later consent has brought its pair already, which may have been renewed since
			continue
		}
		g, evs, err := p.grant(a, c, i, old, asked)
		if err != nil {
			return nil, nil, err
		}
		conflict = conflict || p.conflicts(a, c, old)
		grants, events = append(grants, g), append(events, evs...)
	}
	for i := range grants {
		p.touched = append(p.touched, grants[i].ID)
	}
	c.Stage, c.Reason, c.Fault, c.Answer, c.AnswerKey = gk.Done, "", nil, nil, 0
	switch {
	case !wanted:
		c.Stage, c.Reason = gk.Failed, gk.ReasonOtherSubject
	case conflict:
		c.Stage, c.Reason = gk.Failed, gk.ReasonOwnerConflict
	}
	kind, data := gk.EventAuthorizationCompleted, map[string]any{"grants": p.touched}
	switch {
	case c.Stage == gk.Done:
		if a.Stage != gk.Done {
			a.Grants = nil
		}
		for _, id := range p.touched {
			if !slices.Contains(a.Grants, id) {
				a.Grants = append(a.Grants, id)
			}
		}
		a.Stage, a.Reason, a.Fault = gk.Done, "", nil
	case a.Stage == gk.Done: // by an earlier click, and that is final
		return grants, events, nil
	default:
		a.Stage, a.Reason, a.Fault, a.Grants = gk.Failed, c.Reason, nil, nil
		kind, data = gk.EventAuthorizationFailed, map[string]any{"reason": a.Reason}
	}
	events = append(events, gk.Event{
		ID: gk.NewID("evt", p.now), Kind: kind, Actor: "merchant", App: p.app.ID, Authorization: a.ID, Owner: a.Owner, At: p.now, Data: data,
	})
	return grants, events, nil
}

// expected reports whether an issue is for the subject that the link was made for.
func (p *placement) expected(a *gk.Authorization, i platform.Issue, old *gk.Grant) bool {
	if a.Grant != "" {
		return old != nil && old.ID == a.Grant
	}
	if a.Shop == "" {
		return true
	}
	if p.driver.Spec().Facts.ShopNeeded {
		return strings.EqualFold(i.Subject.Host, a.Shop)
	}
	return i.Subject.ID == a.Shop || i.Subject.Parent == a.Shop ||
		slices.ContainsFunc(i.Shops, func(s gk.Shop) bool { return s.ID == a.Shop })
}

// grant makes the grant of one issue, or puts its pair onto the one that stands.
func (p *placement) grant(a *gk.Authorization, c *gk.Click, i platform.Issue, old *gk.Grant, asked bool) (gk.Grant, []gk.Event, error) {
	k := p.keeper
	kind := gk.EventGrantAuthorized
	var g gk.Grant
	if old != nil {
		g = *old
	} else {
		kind = gk.EventGrantCreated
		g = gk.Grant{ID: p.ids[gk.Subject{Kind: i.Subject.Kind, ID: i.Subject.ID}], App: p.app.ID, CreatedAt: p.now, State: gk.Active}
		if asked {
			g.Owner = a.Owner
		}
	}
	fewer := old != nil && lacks(i.Scopes, old.Scopes)
	ours := asked && (old == nil || old.Owner == "" || old.Owner == a.Owner)
	hold := (c.Held || a.Confirm) && asked && a.Owner != "" && (old == nil || old.Owner != a.Owner)
	switch {
	case old == nil && (c.Held || a.Confirm) && asked:
		g.State, kind = gk.Held, gk.EventGrantHeld
	case old != nil && old.State == gk.Revoked && c.Held:
		g.State, kind = gk.Held, gk.EventGrantHeld // what was ended is not revived by whoever forwarded a link
	case old != nil && old.State == gk.Held && (c.Held || a.Confirm):
	case old != nil && old.State == gk.Held && !ours:
	default:
		g.State = gk.Active
	}
	if ours && !hold && old != nil && old.Owner == "" && a.Owner != "" {
		g.Owner = a.Owner // a fresh consent through this owner's link, in the browser that began it
	}
	taken := asked && takes(a, c, old)
	if taken {
		g.Owner, g.State = a.Owner, gk.Active
	}
	keepParent := g.Subject.Parent
	g.Subject = apps.Merge(g.Subject, i.Subject)
	if g.Subject.Parent == "" {
		g.Subject.Parent = keepParent
	}
	g.Shops = i.Shops
	if len(g.Shops) == 0 && i.Subject.Kind == gk.KindShop {
		g.Shops = []gk.Shop{{ID: i.Subject.ID, Name: g.Subject.Name, Host: g.Subject.Host, Region: g.Subject.Region}}
	}
	if len(i.Scopes) > 0 {
		g.Scopes = i.Scopes
	}
	facts := maps.Clone(g.Facts)
	if facts == nil {
		facts = map[string]string{}
	}
	maps.Copy(facts, i.Facts)
	delete(facts, "missing_scopes")
	if missing := p.missing(a, i); missing != "" {
		facts["missing_scopes"] = missing
	}
	facts[factSeen] = p.now.Format(time.RFC3339)
	delete(facts, factShared)
	delete(facts, factUnconfirmed) // a consent is the merchant's own word; whoever imports writes it anew
	if i.Shared {
		facts[factShared] = "true" // due at once: the first renewal gives each subject its own pair
	}
	g.Facts = facts

	g.Generation++
	sealed, err := k.sealPair(g.ID, g.Generation, i.Token)
	if err != nil {
		return g, nil, err
	}
	g.Access, g.Refresh, g.KeyID = sealed.access, sealed.refresh, sealed.key()
	g.Expires, g.RefreshExpires, g.Windows, g.Ceiling = i.Token.Expires, i.Token.RefreshExpires, i.Token.Windows, i.Ceiling
	g.AuthorizedAt, g.PairFrom, g.PairSpent, g.PairAskedAt = p.askedAt, c.ID, -1, p.askedAt
	g.Renewable = k.renewable(p.driver, p.app, &g, i.Final)
	g.Fault, g.Failures, g.RetryAt, g.Doubts, g.DoubtSince, g.Warned = nil, 0, time.Time{}, 0, time.Time{}, 0
	g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = "", "", time.Time{}, time.Time{}
	countCall(&g, k.renewalOf(p.driver, p.app), p.askedAt)
	g.DueAt = k.plan(p.driver, p.app, &g, p.now)
	g.UpdatedAt = p.now

	data := map[string]any{"generation": g.Generation}
	if m := facts["missing_scopes"]; m != "" {
		data["missing_scopes"] = m
	}
	if fewer {
		data["fewer_scopes"] = true
	}
	events := []gk.Event{{
		ID: gk.NewID("evt", p.now), Kind: kind, Actor: "merchant", App: p.app.ID, Grant: g.ID, Authorization: a.ID, Owner: g.Owner,
		GrantVersion: g.Version + 1, At: p.now, Data: data,
	}}
	if taken {
		events = append(events, moved(&g, old.Owner, "merchant", p.now)...)
	}
	return g, events, nil
}

// bound reports whether a consent came through an owner's own link, in the browser that opened it.
func bound(a *gk.Authorization, c *gk.Click) bool { return a.Owner != "" && !c.Held && !a.Confirm }

// claimed reports whether a grant is no more than a claim of its owner, or an end: an import that the platform has not
// confirmed, a consent that came in another browser, a grant that was revoked.
func claimed(g *gk.Grant) bool { return g.State == gk.Held || g.State == gk.Revoked }

// takes reports whether a consent takes a grant away from the owner who claims it. One that is for nobody, as those from
// the platform's side are, takes what an import claims and nothing else proves.
func takes(a *gk.Authorization, c *gk.Click, old *gk.Grant) bool {
	if old == nil || old.Owner == "" || old.Owner == a.Owner {
		return false
	}
	return claimed(old) && bound(a, c) || unconfirmed(old) && a.Owner == "" && !c.Held
}

// conflicts reports whether a consent for one owner met the grant of another one. A mere claim never stands in the way
// of a consent through a bound link, nor of one that waits for its code.
func (p *placement) conflicts(a *gk.Authorization, c *gk.Click, old *gk.Grant) bool {
	if old == nil || old.Owner == "" || a.Owner == "" || old.Owner == a.Owner {
		return false
	}
	return !claimed(old) || c.Held
}

// missing lists the scopes that were wanted and not granted, where the platform says what it granted.
func (p *placement) missing(a *gk.Authorization, i platform.Issue) string {
	if len(i.Scopes) == 0 {
		return ""
	}
	want := a.Scopes
	if len(want) == 0 {
		want = platform.App{Settings: p.app.Settings}.Scopes()
	}
	return strings.Join(slices.DeleteFunc(slices.Clone(want), func(s string) bool { return slices.Contains(i.Scopes, s) }), " ")
}

// lacks reports whether have misses one of before.
func lacks(have, before []string) bool {
	return len(have) > 0 && slices.ContainsFunc(before, func(s string) bool { return !slices.Contains(have, s) })
}

// factSeen is the fact that tells when the platform last confirmed a grant.
const factSeen = "seen_at"
