package keeper

import (
	"context"
	"maps"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper/seal"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

// GrantChange is what a PATCH of a grant says; nil leaves a member as it is.
type GrantChange struct {
	Owner, Name *string
	Tags        *map[string]string // in place of those of before
}

// UpdateGrant renames a grant or moves it to another owner. Only a key without an owner limit may move one.
func (k *Keeper) UpdateGrant(ctx context.Context, v gk.Viewer, id string, c GrantChange) (gk.Grant, error) {
	if c.Owner != nil && len(v.Owners) > 0 {
		return gk.Grant{}, ErrForbidden
	}
	if c.Owner != nil {
		if err := gk.CheckOwner("owner", *c.Owner); err != nil {
			return gk.Grant{}, err
		}
	}
	if c.Tags != nil {
		if err := gk.CheckTags("tags", *c.Tags); err != nil {
			return gk.Grant{}, err
		}
	}
	return k.Rewrite(ctx, v, id, func(g *gk.Grant, now time.Time) ([]gk.Event, error) {
		var events []gk.Event
		if c.Tags != nil {
			g.Tags = maps.Clone(*c.Tags)
		}
		if c.Name != nil {
			if len(*c.Name) > 200 {
				return nil, gk.BadInput("name", "is longer than 200 bytes")
			}
			g.Subject.Name = *c.Name
		}
		if c.Owner != nil && *c.Owner != g.Owner {
			if g.State == gk.Held {
				return nil, ErrHeld
			}
			from := g.Owner
			g.Owner = *c.Owner
			events = append(events, lifecycle.Moved(g, from, v.Key, now)...)
		}
		return events, nil
	})
}

// Confirm gives a held or ownerless grant to an owner, or moves one between owners. It takes a key that is not limited
// to owners: never the claimant's own.
func (k *Keeper) Confirm(ctx context.Context, v gk.Viewer, id, owner string) (gk.Grant, error) {
	if len(v.Owners) > 0 {
		return gk.Grant{}, ErrForbidden
	}
	if owner == "" {
		return gk.Grant{}, gk.BadInput("owner", "is missing")
	}
	if err := gk.CheckOwner("owner", owner); err != nil {
		return gk.Grant{}, err
	}
	return k.Rewrite(ctx, v, id, func(g *gk.Grant, now time.Time) ([]gk.Event, error) {
		from := g.Owner
		g.Owner = owner
		events := append(ConfirmHeld(g, v.Key, now), lifecycle.Event(gk.EventGrantConfirmed, v.Key, g, now, map[string]any{"from": from, "to": owner}))
		if from != "" && from != owner {
			events = append(events, lifecycle.Moved(g, from, v.Key, now)...)
		}
		return events, nil
	})
}

// ConfirmHeld moves a held grant to the state its token gives it.
func ConfirmHeld(g *gk.Grant, actor string, now time.Time) []gk.Event {
	if g.State != gk.Held {
		return nil
	}
	g.State, g.Facts = gk.Active, lifecycle.WithFact(g.Facts, lifecycle.FactUnconfirmed, "")
	return lifecycle.Lapse(g, now)
}

// Rewrite changes a grant that a viewer sees, at a person's word, and plans what is due next.
func (k *Keeper) Rewrite(ctx context.Context, v gk.Viewer, id string, change func(*gk.Grant, time.Time) ([]gk.Event, error)) (gk.Grant, error) {
	now := k.Now()
	g, err := k.store.Grant(ctx, v, id)
	if err != nil {
		return gk.Grant{}, err
	}
	app, d, err := k.apps.Read(ctx, g.App)
	if err != nil {
		return gk.Grant{}, err
	}
	err = k.store.UpdateGrant(ctx, v, id, now, func(g *gk.Grant) ([]gk.Event, error) {
		events, err := change(g, now)
		if err == nil && g.AttemptID == "" && d != nil {
			g.DueAt = lifecycle.Plan(g, lifecycle.TermsOf(d, app), now)
		}
		return events, err
	})
	k.tokens.Drop(id)
	if err != nil {
		return gk.Grant{}, err
	}
	return k.store.Grant(ctx, gk.Engine(), id)
}

// Placement makes the grants of what a platform has issued for one app: package consent does so for the answer to a
// merchant's consent, package transfer for the rows of a file. It seals the pairs; [lifecycle.Place] is the rule.
type Placement struct {
	Keeper  *Keeper
	App     gk.App
	Driver  platform.Driver
	IDs     map[gk.Subject]string // of the grants that may have to be made, by kind and id
	AskedAt time.Time             // when the platform gave the pairs
	Sealed  *gk.Pair              // by SealPair, for a grant that has to be made; nil: sealed when it is placed
	Now     time.Time
}

// SealPair seals the pair of a grant that has to be made.
func (k *Keeper) SealPair(grant string, t gk.Token) (gk.Pair, error) {
	return seal.Pair(k.vault, grant, 1, t)
}

// Grant makes the grant of one issue, or puts its pair onto the one that stands.
func (p *Placement) Grant(a *gk.Authorization, c *gk.Click, i platform.Issue, old *gk.Grant, asked bool) (gk.Grant, []gk.Event, error) {
	agreed := lifecycle.Consent{
		Grant: p.IDs[gk.Subject{Kind: i.Subject.Kind, ID: i.Subject.ID}], App: p.App.ID, Authorization: a.ID, From: c.ID,
		Owner: a.Owner, Asked: asked, Foreign: c.Held, Confirm: a.Confirm, Wanted: a.Scopes, Answer: i, AskedAt: p.AskedAt,
	}
	if len(agreed.Wanted) == 0 {
		agreed.Wanted = platform.App{Settings: p.App.Settings}.Scopes()
	}
	id, generation := lifecycle.PlacedAs(&agreed, old)
	if old == nil && p.Sealed != nil {
		agreed.Pair = *p.Sealed
	} else {
		var err error
		if agreed.Pair, err = seal.Pair(p.Keeper.vault, id, generation, i.Token); err != nil {
			return gk.Grant{}, nil, err
		}
	}
	g, events := lifecycle.Place(old, lifecycle.TermsOf(p.Driver, p.App), &agreed, p.Now)
	return g, events, nil
}
