package tiktokshop

import (
	"fmt"
	"slices"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// holder is an app and an account.
type holder struct{ app, account string }

// grant is what an account last agreed to with an app.
type grant struct {
	app     *sim.App
	account *sim.Shop
	ends    time.Time // zero: never
	lost    []string  // ids of shops that were taken out since
	over    bool
}

// pairData is what the platform keeps beside a pair.
type pairData struct {
	grant     *grant
	refreshed bool // by a refresh
}

func dataOf(p *sim.Pair) *pairData { return p.Data.(*pairData) }

func subject(account *sim.Shop) sim.Subject { return sim.Subject{Kind: "account", ID: account.ID} }

// shops are those that a grant holds.
func (s *simulator) shops(g *grant) []*sim.Shop {
	return slices.DeleteFunc(s.kit.Shops.OwnedBy(g.account.ID), func(shop *sim.Shop) bool { return slices.Contains(g.lost, shop.ID) })
}

// issue stores a pair of a grant. A refresh token of its own, or the one before, ends with the authorization.
func (s *simulator) issue(g *grant, refresh string, scopes []string) *sim.Pair {
	if refresh == "" {
		refresh = prefix(g.account.Region) + "rt_" + sim.Random(100)
	}
	return s.kit.Ledger.Issue(sim.Pair{
		App: g.app.ID, Subject: subject(g.account), Access: prefix(g.account.Region) + sim.Random(100), Refresh: refresh, Scopes: scopes,
		ExpiresAt: s.kit.Now().Truncate(time.Second).Add(s.options.accessLife()), AuthorizationExpiresAt: g.ends,
		Data: &pairData{grant: g},
	})
}

// rotation is what the switches say about a refreshed pair.
func (s *simulator) rotation(p *sim.Pair) sim.Rotation {
	r := sim.Rotation{Grace: 0, Overlap: sim.Keep}
	if p == nil || !dataOf(p).refreshed {
		r.Grace = sim.Keep // replaced by another consent, which has its own switch
		return r
	}
	switch s.options.oldRefresh() {
	case "lives":
		r.Grace = sim.Keep
	case "grace:5m":
		r.Grace = 5 * time.Minute
	case "first_use":
		r.FirstUse = true
	}
	if s.options.oldAccess() == "dies" {
		r.Overlap = 0
	}
	return r
}

// Revoke ends the grants of an account in every app, or takes one shop out of them.
func (s *simulator) Revoke(named string) error {
	found := false
	for _, app := range s.kit.Apps.All() {
		for _, account := range s.kit.Shops.All() {
			g := s.grants[holder{app.ID, account.ID}]
			if g == nil || g.over {
				continue
			}
			shop := s.kit.Shops.Find("shop", named)
			switch {
			case account.ID == named:
				s.end(g)
			case shop != nil && slices.Contains(s.shops(g), shop):
				s.lose(g, shop)
			default:
				continue
			}
			found = true
		}
	}
	if !found {
		return fmt.Errorf("no app has a grant of %q", named)
	}
	return nil
}

// end ends a grant: the tokens are dead before the push is on its way.
func (s *simulator) end(g *grant) {
	shops := s.shops(g)
	s.kit.Ledger.Revoke(g.app.ID, subject(g.account))
	g.over = true
	if of(g.account).userType == creator {
		s.pushCreator(g)
	}
	for i, shop := range shops {
		if i == 0 || s.options.push6() == "one_per_shop" {
			s.pushEnd(g, shop)
		}
	}
}

// lose takes a shop out of a grant; with the last one the grant ends.
func (s *simulator) lose(g *grant, shop *sim.Shop) {
	if len(s.shops(g)) == 1 {
		s.end(g)
		return
	}
	g.lost = append(g.lost, shop.ID)
	s.pushEnd(g, shop)
}
