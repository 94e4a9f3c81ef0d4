package douyin

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// holder is an app and a subject.
type holder struct{ app, shop string }

// States of an authorization, as open.getAuthInfo writes them.
const (
	waiting   = 0
	normal    = 1
	cancelled = 2
	expired   = 3
)

// grant is what a subject agreed to with an app: an authorization, and for a tool the order in the market beside it.
type grant struct {
	app            *sim.App
	shop           *sim.Shop
	state          int
	since, changed time.Time
	ends           time.Time // of the authorization
	orderEnds      time.Time // of the order; zero: a self-use app has none
}

// pairData is what the platform keeps beside a pair.
type pairData struct {
	grant     *grant
	from      *sim.Pair // what it is a refresh of
	next      *sim.Pair // what a refresh of it brought
	refreshed time.Time
	late      bool // it was refreshed after the end of its access token
	over      bool // its successor was refreshed in turn
	collided  bool
}

func of(p *sim.Pair) *pairData { return p.Data.(*pairData) }

// stateOf is the state of an authorization at this moment.
func (s *simulator) stateOf(g *grant) int {
	if g.state == normal && !s.kit.Now().Before(g.ends) {
		return expired
	}
	return g.state
}

// trouble is the refusal that an authorization deserves, empty while it stands.
func (s *simulator) trouble(g *grant) (code, text, why string) {
	switch state := s.stateOf(g); {
	case g.app.Settings["forbidden"] == true:
		return "30001:dop.app-forbidden", "应用被禁用", "the app is forbidden"
	case state == cancelled:
		return "30001:dop.authorization-closed", "授权已被关闭", "the shop cancelled the authorization"
	case state != normal:
		return "30001:dop.authorization-no-existed", "授权不存在", "the authorization has ended, or was never confirmed"
	case !g.orderEnds.IsZero() && !s.kit.Now().Before(g.orderEnds):
		return "30001:dop.authorization-no-existed", "授权不存在", "the order in the market has ended"
	}
	return "", "", ""
}

// confirm makes an authorization stand. One that stands already keeps its beginning.
func (s *simulator) confirm(app *sim.App, shop *sim.Shop) *grant {
	at := holder{app.ID, shop.ID}
	g := s.grants[at]
	if g == nil {
		g = &grant{app: app, shop: shop}
		s.grants[at] = g
		s.order = append(s.order, g)
	}
	now := s.kit.Now().Truncate(time.Second)
	if s.stateOf(g) != normal {
		g.state, g.since = normal, now
	}
	g.changed, g.ends = now, now.Add(s.options.authorizationLife())
	return g
}

// buy adds to the order of a tool.
func (s *simulator) buy(g *grant, life time.Duration) {
	if now := s.kit.Now().Truncate(time.Second); g.orderEnds.Before(now) {
		g.orderEnds = now
	}
	g.orderEnds = g.orderEnds.Add(life)
}

// makePair makes a pair, from another one if a refresh did.
func (s *simulator) makePair(g *grant, from *sim.Pair) *sim.Pair {
	now := s.kit.Now().Truncate(time.Second)
	return s.kit.Ledger.Issue(sim.Pair{
		App: g.app.ID, Subject: subject(g.shop), Access: uuid(), Refresh: uuid(), ExpiresAt: now.Add(s.options.accessLife()),
		RefreshExpiresAt: now.Add(s.options.refreshLife()), AuthorizationExpiresAt: earlier(g.ends, g.orderEnds),
		Data: &pairData{grant: g, from: from},
	})
}

// earlier returns the earlier of two ends; zero is none.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || !a.IsZero() && a.Before(b) {
		return a
	}
	return b
}

// accessState tells whether an access token works: an old one for an hour after a refresh in the last hour, and not at
// all after a later one.
func (s *simulator) accessState(p *sim.Pair) sim.State {
	if p == nil {
		return sim.Unknown
	}
	d, now := of(p), s.kit.Now()
	switch {
	case !p.RevokedAt.IsZero():
		return sim.Revoked
	case d.over || d.late || d.next != nil && !now.Before(d.refreshed.Add(s.options.lastHour())):
		return sim.Spent
	case d.next == nil && !now.Before(p.ExpiresAt):
		return sim.Expired // a refreshed one lives its hour, even if that is longer than it had
	}
	return sim.Alive
}

// refreshState tells whether a refresh token works.
func (s *simulator) refreshState(p *sim.Pair) sim.State {
	if p == nil {
		return sim.Unknown
	}
	d, now := of(p), s.kit.Now()
	switch {
	case !p.RevokedAt.IsZero():
		return sim.Revoked
	case d.over:
		return sim.Spent
	case d.next != nil && d.late && s.options.afterEndLost() == "dead":
		return sim.Spent
	case d.next != nil && !now.Before(d.refreshed.Add(s.options.lastHour())):
		return sim.Spent
	case !now.Before(p.RefreshExpiresAt):
		return sim.Expired
	}
	return sim.Alive
}

// refreshed returns the pair that a refresh brings: the same one while its access token has more than an hour left.
func (s *simulator) refreshed(p *sim.Pair) *sim.Pair {
	d, now := of(p), s.kit.Now()
	switch {
	case d.next != nil:
		return d.next // the answer was lost
	case now.Add(s.options.lastHour()).Before(p.ExpiresAt):
		return p
	}
	for q := d.from; q != nil; q = of(q).from {
		of(q).over = true // a pair dies when the one that came of it is refreshed
	}
	d.refreshed, d.late = now, !now.Before(p.ExpiresAt)
	d.next = s.makePair(d.grant, p)
	return d.next
}

// live is the pair that token.create gives again, nil if there is none that lives.
func (s *simulator) live(g *grant) *sim.Pair {
	p := s.kit.Ledger.Latest(g.app.ID, subject(g.shop))
	if s.accessState(p) != sim.Alive {
		return nil
	}
	return p
}

// cancel ends an authorization. As far as is known nothing is pushed about it.
func (s *simulator) cancel(g *grant) {
	g.state, g.changed = cancelled, s.kit.Now().Truncate(time.Second)
	s.kit.Ledger.Revoke(g.app.ID, subject(g.shop))
}

// Revoke ends the authorizations of a subject in every app.
func (s *simulator) Revoke(named string) error {
	found := slices.DeleteFunc(slices.Clone(s.order), func(g *grant) bool { return g.shop.ID != named || s.stateOf(g) != normal })
	if len(found) == 0 {
		return fmt.Errorf("no app has an authorization of %q", named)
	}
	for _, g := range found {
		s.cancel(g)
	}
	return nil
}

// first is the subject that authorized an app first.
func (s *simulator) first(app *sim.App) *grant {
	for _, g := range s.order {
		if g.app == app && s.stateOf(g) == normal && cmp.Or(kindOf(g.shop), "SHOP") == "SHOP" {
			return g
		}
	}
	return nil
}
