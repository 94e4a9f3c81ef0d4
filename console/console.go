// Package console serves the pages for the vendor's own people: what is broken, why, whose move it is, and what to send.
//
// The pages are whole without JavaScript: links, forms, and answers of 303. A GET changes nothing but what a login link
// is for. Everything that is dangerous has a page of its own that asks first. A page holds no token and no secret, except for a link or
// a key at the moment of its making, which is shown that once and therefore answered without a redirect.
package console

import (
	"embed"
	"log/slog"
	"net/http"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/console/demo"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/entry"
	"github.com/grantkeep/grantkeep/console/live"
	"github.com/grantkeep/grantkeep/console/outlets"
	"github.com/grantkeep/grantkeep/console/provider"
	"github.com/grantkeep/grantkeep/console/session"
	"github.com/grantkeep/grantkeep/console/settings"
	"github.com/grantkeep/grantkeep/console/tools"
	"github.com/grantkeep/grantkeep/console/upkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/people"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// Options is what the console is made of. Keeper, Consent, Store, Drivers, News and URL are required.
type Options struct {
	Keeper  *keeper.Keeper
	Consent *consent.Flow
	Store   store.Store
	Drivers []platform.Driver // in the order in which they are listed
	URL     string            // scheme://host[:port] under which people reach the console
	Base    string            // path before every page but the log-in: "/console" where faces share an address
	Version string
	Log     *slog.Logger
	APIURL  string                     // of the API, for commands that are shown
	News    *notify.News               // where what happens is told
	NewKey  func() (gk.Secret, []byte) // makes the text of an API key and its hash
	Now     func() time.Time           // the clock on the wall, by which logins live; nil: the machine's
	Demo    Demo                       // nil unless this is the demo
	// Provider tells who somebody is who has no password here; nil: there is none.
	Provider *provider.Provider
	// Stopping is closed when the server stops: streams end then; nil: never.
	Stopping <-chan struct{}
}

// Demo is what the console's dark bar moves.
type Demo = demo.Demo

// console answers the requests.
type console struct {
	*desk.Desk
	o        Options
	keeper   *keeper.Keeper
	consent  *consent.Flow
	store    store.Store
	throttle *session.Throttle
	hashing  people.Hashing
	codes    session.Codes
	counts   *lately[census]
}

//go:embed console.css console.js locale/*.toml
var files embed.FS

// New returns the handler of every page. It panics on a mistake in the embedded catalogues, which is one of the build.
func New(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &console{
		o: o, keeper: o.Keeper, consent: o.Consent, store: o.Store, hashing: people.NewHashing(), throttle: session.NewThrottle(o.Now),
		codes:  session.Codes{Vault: o.Keeper.Vault()},
		counts: &lately[census]{now: o.Now},
		Desk: &desk.Desk{
			Keeper: o.Keeper, Store: o.Store, Drivers: o.Drivers, Base: o.Base, Log: o.Log, Now: o.Now, Texts: loadTexts(), Mux: http.NewServeMux(),
			Sessions: session.New(o.Store, o.Now, strings.HasPrefix(o.URL, "https://")),
		},
	}
	c.Known, c.Stage = c.known, c.environment
	if o.Demo != nil {
		c.Demo = o.Demo
	}
	protection := http.NewCrossOriginProtection()
	// Behind a proxy the Host header may be another than the one that the browser sees.
	if err := protection.AddTrustedOrigin(o.URL); err != nil {
		panic("console: URL must be scheme://host[:port]: " + err.Error())
	}
	protection.SetDenyHandler(http.HandlerFunc(c.CrossOrigin))
	c.routes()
	return c.guarded(protection.Handler(c.Mux))
}

// routes lists every page with the role that it wants.
func (c *console) routes() {
	mux, on := c.Mux, c.On
	base := c.o.Base
	mux.HandleFunc("GET "+base+"/console.css", c.asset("console.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET "+base+"/console.js", c.asset("console.js", "text/javascript; charset=utf-8"))
	if base != "" {
		on("GET ", store.RoleSupport, c.overview)
	}
	on("GET /{$}", store.RoleSupport, c.overview)
	on("POST /search", store.RoleSupport, c.search)

	on("GET /grants", store.RoleSupport, c.grants)
	on("POST /grants/searches", store.RoleSupport, c.saveSearch)
	on("POST /grants/bulk", store.RoleSupport, c.askLinks)
	on("POST /grants/links", store.RoleSupport, c.makeLinks)
	on("POST /grants/refresh", store.RoleOperator, c.refreshMany)
	on("GET /grants/{id}", store.RoleSupport, c.grant)
	on("POST /grants/{id}/link", store.RoleSupport, c.grantLink)
	on("POST /grants/{id}/refresh", store.RoleOperator, c.grantRefresh)
	on("POST /grants/{id}/owner", store.RoleOperator, c.grantOwner)
	on("GET /grants/{id}/revoke", store.RoleOperator, c.askRevoke)
	on("POST /grants/{id}/revoke", store.RoleOperator, c.revoke)

	on("GET /links", store.RoleSupport, c.links)
	on("GET /links/new", store.RoleSupport, c.linkForm)
	on("POST /links/new", store.RoleSupport, c.newLink)
	on("GET /links/{id}/withdraw", store.RoleSupport, c.askWithdraw)
	on("POST /links/{id}/withdraw", store.RoleSupport, c.withdraw)

	on("GET /apps", store.RoleSupport, c.apps)
	on("GET /apps/new", store.RoleAdministrator, c.appForm)
	on("POST /apps/new", store.RoleAdministrator, c.newApp)
	on("GET /apps/{id}", store.RoleSupport, c.app)
	on("POST /apps/{id}/check", store.RoleOperator, c.appCheck)
	on("POST /apps/{id}/obtain", store.RoleOperator, c.obtain)
	on("GET /apps/{id}/stop", store.RoleAdministrator, c.askStop)
	on("POST /apps/{id}/stop", store.RoleAdministrator, c.stopApp)
	on("POST /apps/{id}/start", store.RoleAdministrator, c.startApp)
	on("POST /apps/{id}", store.RoleAdministrator, c.changeApp)
	on("GET /apps/{id}/remove", store.RoleAdministrator, c.askRemoveApp)
	on("POST /apps/{id}/remove", store.RoleAdministrator, c.removeApp)

	on("GET /explain", store.RoleSupport, c.explainPage)
	on("POST /explain", store.RoleSupport, c.explain)
	on("GET /explain/{platform}", store.RoleSupport, c.browse)
	on("GET /events", store.RoleSupport, c.events)

	entry.Route(c.Desk, entry.Options{Throttle: c.throttle, Hashing: c.hashing, Codes: c.codes, Provider: c.o.Provider, Endless: c.o.Demo != nil})
	settings.Route(c.Desk, settings.Options{URL: c.o.URL, NewKey: c.o.NewKey, Throttle: c.throttle, Hashing: c.hashing, Codes: c.codes})
	outlets.Route(c.Desk, c.o.News)
	upkeep.Route(c.Desk, c.o.APIURL)
	tools.Route(c.Desk)
	live.Route(c.Desk, c.o.Stopping)
	if c.o.Demo != nil {
		demo.Route(c.Desk, c.o.Demo)
	}
	if base != "" {
		on("GET /", store.RoleSupport, c.noPage)
	} else {
		mux.HandleFunc("GET /", c.Inside(store.RoleSupport, c.noPage))
	}
}

// noPage answers for addresses that do not exist.
func (c *console) noPage(*desk.Visit) error { return store.ErrNotFound }

// guarded sets the headers that every answer carries.
func (c *console) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "+
			"base-uri 'none'; frame-ancestors 'none'; form-action 'self'")
		// Under no-referrer a browser posts "Origin: null"; to other origins this sends as little.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Robots-Tag", "noindex")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if strings.HasPrefix(c.o.URL, "https://") {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		r.Body = http.MaxBytesReader(w, r.Body, longestForm)
		next.ServeHTTP(w, r)
	})
}

// longestForm is how much of a posted form is read, in bytes.
const longestForm = 256 << 10

func (c *console) asset(name, kind string) http.HandlerFunc {
	data, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(data) // the client is gone; there is nobody to tell
	}
}
