package shopee

import (
	"context"
	"fmt"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// warning is how long before its end an authorization is told by push 12.
const warning = 7 * day

// Reasons for which a link ends, as push 2 writes them in authorize_type.
const (
	cancelShop         = "user cancel shop authorization"
	cancelMerchant     = "user cancel merchant authorization"
	cancelExpiry       = "expiry"
	cancelAbnormal     = "App status is abnormal"
	cancelDisconnected = "shop and main account is disconnected"
)

func userCancel(x *link) string {
	if x.shop.Kind == kindMerchant {
		return cancelMerchant
	}
	return cancelShop
}

// finish ends a link and tells the app why by push 2.
func (s *simulator) finish(x *link, state linkState, why string) {
	x.state = state
	if state == linkEnded {
		s.kit.Ledger.Revoke(x.app.ID, x.subject())
	}
	s.pushEnd(x, why)
}

// Revoke ends the authorization of a shop or merchant in every app, or all that a main account gave.
func (s *simulator) Revoke(subject string) error {
	found := s.links.alive(func(x *link) bool { return x.shop.ID == subject || x.main == subject })
	if len(found) == 0 {
		return fmt.Errorf("no app is linked to %q", subject)
	}
	for _, x := range found {
		s.finish(x, linkEnded, userCancel(x))
	}
	return nil
}

// endShop ends every link of a shop.
func (s *simulator) endShop(shop *sim.Shop, why string) {
	for _, x := range s.links.alive(func(x *link) bool { return x.shop == shop }) {
		s.finish(x, linkEnded, why)
	}
}

// disconnect takes a shop from its main account, and ends what that account gave of it.
func (s *simulator) disconnect(shop *sim.Shop) {
	for _, x := range s.links.alive(func(x *link) bool { return x.shop == shop && x.main == shop.Owner }) {
		s.finish(x, linkEnded, cancelDisconnected)
	}
	shop.Owner, shop.Merchant = "", ""
}

// endAll ends every link of an app that is suspended or deleted. The app is told by every answer it gets.
func (s *simulator) endAll(app *sim.App) {
	for _, x := range s.links.alive(func(x *link) bool { return x.app == app }) {
		x.state = linkEnded
		s.kit.Ledger.Revoke(app.ID, x.subject())
	}
}

// hook makes what falls due between requests happen at its time.
func (s *simulator) hook() sim.Hook {
	return sim.Hook{
		Next: func(time.Time, time.Time) (next time.Time) {
			s.kit.Do(func() { next = s.links.due })
			return next
		},
		Settle: func(ctx context.Context, now time.Time) error {
			s.kit.Do(func() { s.tick(now) })
			return s.kit.Pushes.Settle(ctx)
		},
	}
}

// due returns when a link is next to be warned of, or ends.
func (x *link) due() time.Time {
	if x.warns {
		return x.ends
	}
	return x.ends.Add(-warning)
}

// next returns the first moment at which a living link is due, zero if there is none.
func (l *links) next() time.Time {
	var next time.Time
	for _, x := range l.all {
		if at := x.due(); x.state == linkAlive && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

// tick ends what is over, and warns of what will be.
func (s *simulator) tick(now time.Time) {
	if s.links.due.IsZero() || now.Before(s.links.due) {
		return
	}
	warned := map[*sim.App]bool{}
	for _, x := range s.links.alive(func(x *link) bool { return !now.Before(x.due()) }) {
		if !now.Before(x.ends) {
			s.finish(x, linkExpired, cancelExpiry)
			continue
		}
		x.warns, warned[x.app] = true, true
	}
	for _, app := range s.kit.Apps.All() {
		if warned[app] {
			s.pushExpiring(app, now)
		}
	}
	s.links.due = s.links.next()
}
