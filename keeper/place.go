package keeper

import (
	"maps"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
)

// Placement makes the grants of what a platform has issued for one app: package consent does so for the answer to a
// merchant's consent, package transfer for the rows of a file.
type Placement struct {
	Keeper  *Keeper
	App     gk.App
	Driver  platform.Driver
	IDs     map[gk.Subject]string // of the grants that may have to be made, by kind and id
	AskedAt time.Time             // when the platform gave the pairs
	Now     time.Time
}

// Grant makes the grant of one issue, or puts its pair onto the one that stands.
func (p *Placement) Grant(a *gk.Authorization, c *gk.Click, i platform.Issue, old *gk.Grant, asked bool) (gk.Grant, []gk.Event, error) {
	k := p.Keeper
	kind := gk.EventGrantAuthorized
	var g gk.Grant
	if old != nil {
		g = *old
	} else {
		kind = gk.EventGrantCreated
		g = gk.Grant{ID: p.IDs[gk.Subject{Kind: i.Subject.Kind, ID: i.Subject.ID}], App: p.App.ID, CreatedAt: p.Now, State: gk.Active}
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
	facts[FactSeen] = p.Now.Format(time.RFC3339)
	delete(facts, FactShared)
	delete(facts, factUnconfirmed) // a consent is the merchant's own word; whoever imports writes it anew
	if i.Shared {
		facts[FactShared] = "true" // due at once: the first renewal gives each subject its own pair
	}
	g.Facts = facts

	g.Generation++
	sealed, err := k.sealPair(g.ID, g.Generation, i.Token)
	if err != nil {
		return g, nil, err
	}
	g.Access, g.Refresh, g.KeyID = sealed.access, sealed.refresh, sealed.key()
	g.Expires, g.RefreshExpires, g.Windows, g.Ceiling = i.Token.Expires, i.Token.RefreshExpires, i.Token.Windows, i.Ceiling
	g.AuthorizedAt, g.PairFrom, g.PairSpent, g.PairAskedAt = p.AskedAt, c.ID, -1, p.AskedAt
	g.Renewable = k.renewable(p.Driver, p.App, &g, i.Final)
	g.Fault, g.Failures, g.RetryAt, g.Doubts, g.DoubtSince, g.Warned = nil, 0, time.Time{}, 0, time.Time{}, 0
	g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = "", "", time.Time{}, time.Time{}
	countCall(&g, k.renewalOf(p.Driver, p.App), p.AskedAt)
	g.DueAt = k.plan(p.Driver, p.App, &g, p.Now)
	g.UpdatedAt = p.Now

	data := map[string]any{"generation": g.Generation}
	if m := facts["missing_scopes"]; m != "" {
		data["missing_scopes"] = m
	}
	if fewer {
		data["fewer_scopes"] = true
	}
	events := []gk.Event{{
		ID: gk.NewID("evt", p.Now), Kind: kind, Actor: "merchant", App: p.App.ID, Grant: g.ID, Authorization: a.ID, Owner: g.Owner,
		GrantVersion: g.Version + 1, At: p.Now, Data: data,
	}}
	if taken {
		events = append(events, Moved(&g, old.Owner, "merchant", p.Now)...)
	}
	return g, events, nil
}

// bound reports whether a consent came through an owner's own link, in the browser that opened it.
func bound(a *gk.Authorization, c *gk.Click) bool { return a.Owner != "" && !c.Held && !a.Confirm }

// Claimed reports whether a grant is no more than a claim of its owner, or an end: an import that the platform has not
// confirmed, a consent that came in another browser, a grant that was revoked.
func Claimed(g *gk.Grant) bool { return g.State == gk.Held || g.State == gk.Revoked }

// takes reports whether a consent takes a grant away from the owner who claims it. One that is for nobody, as those from
// the platform's side are, takes what an import claims and nothing else proves.
func takes(a *gk.Authorization, c *gk.Click, old *gk.Grant) bool {
	if old == nil || old.Owner == "" || old.Owner == a.Owner {
		return false
	}
	return Claimed(old) && bound(a, c) || Unconfirmed(old) && a.Owner == "" && !c.Held
}

// missing lists the scopes that were wanted and not granted, where the platform says what it granted.
func (p *Placement) missing(a *gk.Authorization, i platform.Issue) string {
	if len(i.Scopes) == 0 {
		return ""
	}
	want := a.Scopes
	if len(want) == 0 {
		want = platform.App{Settings: p.App.Settings}.Scopes()
	}
	return strings.Join(slices.DeleteFunc(slices.Clone(want), func(s string) bool { return slices.Contains(i.Scopes, s) }), " ")
}

// lacks reports whether have misses one of before.
func lacks(have, before []string) bool {
	return len(have) > 0 && slices.ContainsFunc(before, func(s string) bool { return !slices.Contains(have, s) })
}

// FactSeen is the fact that tells when the platform last confirmed a grant.
const FactSeen = "seen_at"
