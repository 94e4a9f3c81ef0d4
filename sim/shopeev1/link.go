package shopeev1

import (
	"context"
	"fmt"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// link is what a seller gave an app. It is all that a grant consists of: there are no tokens.
type link struct {
	app   *sim.App
	shop  *sim.Shop
	given time.Time
	ends  time.Time
	state linkState
}

type linkState int

const (
	linkAlive linkState = iota
	linkExpired
	linkCancelled
)

type linkKey struct{ app, shop string }

// rule is the day on which authorizations began to end. Older ones got as many years as it took to reach it.
var rule = time.Date(2020, time.March, 4, 0, 0, 0, 0, time.UTC)

func (s *simulator) give(app *sim.App, shop *sim.Shop) {
	now := s.kit.Now()
	x := &link{app: app, shop: shop, given: now, ends: now.Add(s.options.life())}
	for x.ends.Before(rule) {
		x.ends = x.ends.Add(365 * day)
	}
	key := linkKey{app.ID, shop.ID}
	if old := s.linked[key]; old != nil {
		*old = *x
	} else {
		s.linked[key] = x
		s.order = append(s.order, x)
	}
	s.kit.Ledger.Issue(sim.Pair{App: app.ID, Subject: x.subject(), AuthorizationExpiresAt: x.ends})
	s.pushGiven(x)
}

func (x *link) subject() sim.Subject { return sim.Subject{Kind: "shop", ID: x.shop.ID} }

// living returns the living links of an app, oldest first.
func (s *simulator) living(app *sim.App) []*link {
	var list []*link
	for _, x := range s.order {
		if x.app == app && x.state == linkAlive {
			list = append(list, x)
		}
	}
	return list
}

func (s *simulator) cancel(x *link) {
	x.state = linkCancelled
	s.kit.Ledger.Revoke(x.app.ID, x.subject())
	s.pushEnd(x, "user cancel shop authorization", fmt.Sprintf("shop id %s (%s) has been canceled authorization successfully", x.shop.ID, x.shop.Region))
}

// Revoke ends the authorization of a shop in every app.
func (s *simulator) Revoke(subject string) error {
	found := false
	for _, x := range s.order {
		if x.shop.ID == subject && x.state == linkAlive {
			found = true
			s.cancel(x)
		}
	}
	if !found {
		return fmt.Errorf("no app is linked to %q", subject)
	}
	return nil
}

// hook makes authorizations end at their time.
func (s *simulator) hook() sim.Hook {
	return sim.Hook{
		Next: func(time.Time, time.Time) (next time.Time) {
			s.kit.Do(func() { next = s.next() })
			return next
		},
		Settle: func(ctx context.Context, now time.Time) error {
			s.kit.Do(func() { s.tick(now) })
			return s.kit.Pushes.Settle(ctx)
		},
	}
}

func (s *simulator) next() time.Time {
	var next time.Time
	for _, x := range s.order {
		if x.state == linkAlive && (next.IsZero() || x.ends.Before(next)) {
			next = x.ends
		}
	}
	return next
}

// tick ends what is over.
func (s *simulator) tick(now time.Time) {
	for _, x := range s.order {
		if x.state == linkAlive && !now.Before(x.ends) {
			x.state = linkExpired
			s.pushEnd(x, "expiry", "The authorization is expired.")
		}
	}
}
