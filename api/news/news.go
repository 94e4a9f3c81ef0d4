// Package news has the routes of what happened: events, their stream, and the webhooks and alarms that they are sent to.
package news

import (
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/notify"
)

// newsRoutes are the routes of what happened: events, and where they are sent.
type newsRoutes struct {
	*door.Door
	news     *notify.News
	teller   notify.Teller
	streams  *streams
	stopping <-chan struct{}
}

// Route adds them. Streams end when stopping is closed.
func Route(d *door.Door, news *notify.News, stopping <-chan struct{}) {
	s := newsRoutes{Door: d, news: news, teller: notify.Teller{Store: d.Store, Keeper: d.Keeper}, streams: new(streams), stopping: stopping}
	s.routeEvents()
	s.routeStream()
	s.routeWebhooks()
	s.routeAlarms()
}
