package api

import (
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/news"
	"github.com/grantkeep/grantkeep/api/staff"
	"github.com/grantkeep/grantkeep/api/use"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Options is what the API is made of. Keeper, Consent, Store, Drivers and APIURL are required.
type Options struct {
	Keeper  *keeper.Keeper
	Consent *consent.Flow
	Store   store.Store
	Drivers []platform.Driver // in the order in which they are listed
	APIURL  string            // scheme://host[:port]; requests for another host are refused
	Version string            // of the program, for the OpenAPI document
	Log     *slog.Logger
	Metrics *prometheus.Registry // nil: one of its own; cmd may serve it on a listener of its own
	Bodies  int64                // bytes of all bodies of calls that are kept at once; 0: 64 MiB
	Uses    *door.Uses           // counts uses of tokens; whoever made it runs it. nil: one of its own, which is never written down

	News     *notify.News    // webhooks and alarms; required
	Stopping <-chan struct{} // closed when the server stops: streams end then; nil: never
}

type server struct {
	*door.Door
	o       Options
	consent *consent.Flow
	written func() ([]byte, error) // the OpenAPI document, written at the first asking
}

// New makes the handler of the whole API. It panics if APIURL is no address: whoever starts the process has checked it.
func New(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	o.Metrics.MustRegister(newGauges(o))
	d := door.New(door.Options{
		Keeper: o.Keeper, Store: o.Store, URL: o.APIURL, Version: o.Version, Log: o.Log, Metrics: o.Metrics, Bodies: o.Bodies, Uses: o.Uses,
	})
	s := &server{Door: d, o: o, consent: o.Consent}
	s.routeApps()
	s.routeAuthorizations()
	s.routeGrants()
	s.routeGrantLink()
	s.routeImport()
	s.routeExport()
	s.routeChecks()
	straight := use.Route(d)
	news.Route(d, o.News, o.Stopping)
	staff.Route(d)
	s.routePlatforms()
	s.routeExplain()
	s.routeOperation()
	s.document()
	return d.Face(s.thawed(straight(d.Mux)))
}
