package keeper

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

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
func (k *Keeper) SealPair(grant string, t gk.Token) (gk.Pair, error) { return k.sealPair(grant, 1, t) }

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
		if agreed.Pair, err = p.Keeper.sealPair(id, generation, i.Token); err != nil {
			return gk.Grant{}, nil, err
		}
	}
	g, events := lifecycle.Place(old, lifecycle.TermsOf(p.Driver, p.App), &agreed, p.Now)
	return g, events, nil
}
