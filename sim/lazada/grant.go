package lazada

import (
	"fmt"
	"slices"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// grant is what an account last agreed to with an app.
type grant struct {
	app     *sim.App
	account *sim.Shop
	shops   []*sim.Shop
	market  bool      // of a local seller who subscribed: it cannot be refreshed
	ends    time.Time // of refreshing, or of the subscription
	over    bool
}

// pairData is what the platform keeps beside a pair.
type pairData struct {
	grant     *grant
	refreshed bool
}

func of(p *sim.Pair) *grant { return p.Data.(*pairData).grant }

// subject is the one seller of a grant, or the account where there are several.
func (g *grant) subject() sim.Subject {
	if len(g.shops) == 1 {
		return sim.Subject{Kind: "shop", ID: g.shops[0].ID}
	}
	return sim.Subject{Kind: "account", ID: g.account.ID}
}

// in returns the store of a country, nil if the grant has none.
func (g *grant) in(country string) *sim.Shop {
	i := slices.IndexFunc(g.shops, func(shop *sim.Shop) bool { return shop.Region == country })
	if i < 0 {
		return nil
	}
	return g.shops[i]
}

// issue stores a pair of a grant. The subject stays that of the consent.
func (s *simulator) issue(g *grant, subject sim.Subject, refresh string) *sim.Pair {
	now := s.kit.Now().Truncate(time.Second)
	p := sim.Pair{
		App: g.app.ID, Subject: subject, Access: "50000" + sim.Random(55), Refresh: refresh, Data: &pairData{grant: g},
		ExpiresAt: now.Add(s.options.accessLife()), RefreshExpiresAt: g.ends,
	}
	if inTest(g.app) {
		p.ExpiresAt = now.Add(s.options.accessLifeTest())
	}
	if g.market {
		p.ExpiresAt = g.ends
	}
	if refresh == "" {
		p.Refresh = "50001" + sim.Random(55)
	}
	return s.kit.Ledger.Issue(p)
}

// refreshFor is how long after the consent an app can refresh.
func (s *simulator) refreshFor(app *sim.App) time.Duration {
	if inTest(app) {
		return s.options.refreshLifetimeTest()
	}
	return s.options.refreshLifetime()
}

// begin makes a grant of what a code was given for the latest of its sellers.
func (s *simulator) begin(g *grant) {
	now := s.kit.Now().Truncate(time.Second)
	if !g.market {
		g.ends = now.Add(s.refreshFor(g.app))
	}
	for _, old := range s.grants {
		same := old.app == g.app && old.account == g.account && slices.ContainsFunc(old.shops, func(shop *sim.Shop) bool { return slices.Contains(g.shops, shop) })
		if same && !old.over && s.options.reconsent() == "kills" {
			s.end(old)
		}
	}
	s.grants = append(s.grants, g)
}

// end ends every pair of a grant. Nothing is pushed about it.
func (s *simulator) end(g *grant) {
	g.over = true
	for _, p := range s.kit.Ledger.Holders() {
		if of(p) == g {
			s.kit.Ledger.Revoke(p.App, p.Subject)
		}
	}
}

// Revoke ends the grants of an account in every app, or takes one store out of them.
func (s *simulator) Revoke(named string) error {
	found := false
	for _, g := range s.grants {
		i := slices.IndexFunc(g.shops, func(shop *sim.Shop) bool { return shop.ID == named })
		switch {
		case g.over || g.account.ID != named && i < 0:
			continue
		case g.account.ID == named || len(g.shops) == 1:
			s.end(g)
		default:
			g.shops = slices.Delete(slices.Clone(g.shops), i, i+1)
		}
		found = true
	}
	if !found {
		return fmt.Errorf("no app has a grant of %q", named)
	}
	return nil
}

// rotation is what the switches say about a pair that was refreshed. One that another consent replaced lives on, if that
// did not end it.
func (s *simulator) rotation(p *sim.Pair) sim.Rotation {
	r := sim.Rotation{Grace: sim.Keep, Overlap: sim.Keep}
	if p == nil || !p.Data.(*pairData).refreshed {
		return r
	}
	if s.options.oldRefresh() == "dies_at_once" {
		r.Grace = 0
	}
	if s.options.oldAccess() == "dies" {
		r.Overlap = 0
	}
	return r
}

func (s *simulator) accessState(p *sim.Pair) sim.State {
	if p != nil && of(p).over {
		return sim.Revoked
	}
	return s.kit.Ledger.AccessState(p, s.rotation(p))
}

func (s *simulator) refreshState(p *sim.Pair) sim.State {
	if p != nil && of(p).over {
		return sim.Revoked
	}
	return s.kit.Ledger.RefreshState(p, s.rotation(p))
}

func stateWord(state sim.State) string {
	return [...]string{"unknown", "alive", "expired", "spent", "revoked"}[state]
}
