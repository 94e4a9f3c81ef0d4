// Package shopify is Shopify in a box: the authorize page of every store, the token endpoint with its five grants, the
// part of the Admin API that a grant touches, webhooks and privacy notices. It is written from the platform's documents
// alone.
//
// All stores live at the one base. A request whose Host is a store's, or the label of that host below localhost, tells
// its store; else the code, the token or the merchant's choice on the log-in page does. Client credentials carry none of
// these: without such a Host they stand for the only store that the app is installed on.
package shopify

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// storeSuffix is what the host of every store ends in.
const storeSuffix = ".myshopify.com"

// place is an app at a store.
type place struct{ app, store string }

// installation is an app that a merchant has agreed to.
type installation struct{ scopes []string }

type simulator struct {
	kit       *sim.Kit
	mux       *http.ServeMux
	options   options
	installed map[place]*installation
	pairs     map[place][]*sim.Pair // every pair ever made, oldest first
	webhooks  []*webhook
	rest      map[place]*bucket
	points    map[place]*bucket
}

// New makes the simulator, with one public app and three stores. It is a [sim.Maker].
func New(kit *sim.Kit, _ []sim.Row) sim.Simulator {
	s := &simulator{
		kit:       kit,
		mux:       http.NewServeMux(),
		options:   declare(kit.Options),
		installed: map[place]*installation{},
		pairs:     map[place][]*sim.Pair{},
		rest:      map[place]*bucket{},
		points:    map[place]*bucket{},
	}
	kit.Look = sim.Look{ZhCN: "Shopify", ZhTW: "Shopify", En: "Shopify", Color: "#2f6b0f"}
	kit.Faults.At(
		sim.Address{Path: "/admin/oauth/authorize", Stages: []string{"authorize"}},
		sim.Address{Path: "/admin/oauth/access_token", Stages: []string{"token", "refresh"}},
		sim.Address{Path: "/admin/", Stages: []string{"call"}},
	)
	s.mux.HandleFunc("GET /{$}", s.stores)
	s.mux.HandleFunc("POST /{$}", s.actInStore)
	s.mux.HandleFunc("GET /admin/oauth/authorize", s.authorize)
	s.mux.HandleFunc("POST /admin/oauth/authorize", s.authorize)
	s.mux.HandleFunc("POST /admin/oauth/access_token", s.token)
	s.mux.HandleFunc("/admin/oauth/access_scopes.json", s.admin(s.accessScopes))
	s.mux.HandleFunc("/admin/api_permissions/current.json", s.admin(s.giveBack))
	s.mux.HandleFunc("/admin/api/{version}/graphql.json", s.admin(s.graphQL))
	s.mux.HandleFunc("/admin/api/{version}/{path...}", s.admin(s.restAPI))
	s.mux.HandleFunc("/", s.notFound)

	s.newApp(sim.Settings{})
	for n := range 3 {
		s.newStore(fmt.Sprintf("Demo %d", n+1), "", sim.ShopOrder{})
	}
	return s
}

// ServeHTTP is the platform.
func (s *simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *simulator) notFound(w http.ResponseWriter, r *http.Request) {
	s.apiError(w, r, http.StatusNotFound, "Not Found", "no such page")
}

// Identify says what a request is about.
func (s *simulator) Identify(r *http.Request) sim.Identity {
	switch path := r.URL.Path; {
	case path == "/admin/oauth/authorize":
		query := r.URL.Query()
		id := sim.Identity{Stage: "authorize", App: query.Get("client_id"), Sent: map[string]bool{}}
		for name := range query {
			id.Sent[name] = query.Get(name) != ""
		}
		if store := s.storeOfHost(r); store != nil {
			id.Subject = store.ID
		}
		return id
	case path == "/admin/oauth/access_token":
		return s.identifyToken(r)
	case strings.HasPrefix(path, "/admin/"):
		id := sim.Identity{Stage: "call"}
		if pair := s.kit.Ledger.ByAccess(r.Header.Get("X-Shopify-Access-Token")); pair != nil {
			id.App, id.Subject = pair.App, of(pair).store.ID
		}
		return id
	}
	return sim.Identity{}
}

// identifyToken tells a code and an ID token, which a merchant stands behind, from what is asked for without one.
func (s *simulator) identifyToken(r *http.Request) sim.Identity {
	id := sim.Identity{Stage: "token"}
	sent, err := readParams(r)
	if err != nil {
		return id // the handler refuses it
	}
	id.App, id.Sent = sent["client_id"], map[string]bool{}
	for name, value := range sent {
		id.Sent[name] = value != ""
	}
	var pair *sim.Pair
	switch {
	case sent["grant_type"] == "refresh_token":
		id.Stage, pair = "refresh", s.kit.Ledger.ByRefresh(sent["refresh_token"])
	case sent["grant_type"] == "client_credentials":
		id.Stage = "refresh"
	case sent["grant_type"] == grantTrade && sent["subject_token_type"] == typeOffline:
		id.Stage, pair = "refresh", s.kit.Ledger.ByAccess(sent["subject_token"])
	case s.kit.Ledger.Code(sent["code"]) != nil:
		id.Subject = s.kit.Ledger.Code(sent["code"]).Subject.ID
	}
	if pair != nil {
		id.Subject = of(pair).store.ID
	}
	if store := s.storeOfHost(r); store != nil && id.Subject == "" {
		id.Subject = store.ID
	}
	return id
}

// storeOfHost returns the store that the Host header names, nil if it names none.
func (s *simulator) storeOfHost(r *http.Request) *sim.Shop {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(host)
	if label, ok := strings.CutSuffix(host, ".localhost"); ok {
		host = label + storeSuffix
	}
	for _, store := range s.kit.Shops.All() {
		if store.Host == host {
			return store
		}
	}
	return nil
}

// elsewhere reports whether a request was sent to the host of another store.
func (s *simulator) elsewhere(r *http.Request, of *sim.Shop) bool {
	store := s.storeOfHost(r)
	return store != nil && store != of
}

func subject(store *sim.Shop) sim.Subject { return sim.Subject{Kind: "shop", ID: store.ID} }

// endlessUntil is when tokens without an end are over for every public app, and endlessBefore when an app had to be made
// to be allowed them until then.
var (
	endlessUntil  = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	endlessBefore = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
)
