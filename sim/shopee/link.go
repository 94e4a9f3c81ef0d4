package shopee

import (
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// link is what a seller gave an app: it may act for a shop or merchant until the end that the seller chose. Tokens come
// and go while it lasts.
type link struct {
	app   *sim.App
	shop  *sim.Shop // or merchant
	main  string    // the main account that gave it; empty: the shop's own
	given time.Time
	ends  time.Time
	state linkState
	warns bool // the end is near, and has been told
}

type linkState int

const (
	linkAlive   linkState = iota
	linkExpired           // its time is over
	linkEnded             // cancelled by the seller or the platform
)

type linkKey struct{ app, kind, id string }

// links are all that were ever given, oldest first. A new one takes the place of the one before.
type links struct {
	byKey map[linkKey]*link
	all   []*link
	due   time.Time // no living link is due before; zero: there is none
}

func (l *links) put(given link) *link {
	if at := given.due(); l.due.IsZero() || at.Before(l.due) {
		l.due = at
	}
	key := linkKey{given.app.ID, given.shop.Kind, given.shop.ID}
	if old := l.byKey[key]; old != nil {
		*old = given
		return old
	}
	l.byKey[key] = &given
	l.all = append(l.all, &given)
	return &given
}

func (l *links) find(app, kind, id string) *link { return l.byKey[linkKey{app, kind, id}] }

// alive returns the living links that fit, oldest first.
func (l *links) alive(fits func(*link) bool) []*link {
	var list []*link
	for _, x := range l.all {
		if x.state == linkAlive && fits(x) {
			list = append(list, x)
		}
	}
	return list
}

func (x *link) subject() sim.Subject {
	return sim.Subject{Kind: x.shop.Kind, ID: x.shop.ID}
}

// end is when an authorization given now for some days is over.
func (s *simulator) end(given time.Time, days int) time.Time {
	end := given.Add(time.Duration(days) * day)
	if s.options.authorizationEnd() == "exact" {
		return end
	}
	local := end.In(zone)
	return time.Date(local.Year(), local.Month(), local.Day(), 23, 59, 59, 0, zone)
}
