// Package shoplazza is Shoplazza in a box: the authorize page of every store, the token endpoint, the part of the
// Open API that a grant touches, and webhooks. It is written from the platform's documents alone.
//
// All stores live at the one base. A request whose Host is a store's tells its store; else the code, the token or the
// merchant's choice on the log-in page does. Where the documents are silent it behaves like Doorkeeper, the OAuth server
// whose answers Shoplazza's resemble, and each such point is a switch.
package shoplazza

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// storeSuffix is what the host of every store ends in.
const storeSuffix = ".myshoplaza.com"

type simulator struct {
	kit      *sim.Kit
	mux      *http.ServeMux
	options  options
	webhooks []*webhook
	perApp   map[[2]string]*bucket // by app and store
	perStore map[string]*bucket
}

// New makes the simulator, with one public app and three stores. It is a [sim.Maker].
func New(kit *sim.Kit, _ []sim.Row) sim.Simulator {
	s := &simulator{
		kit:      kit,
		mux:      http.NewServeMux(),
		options:  declare(kit.Options),
		perApp:   map[[2]string]*bucket{},
		perStore: map[string]*bucket{},
	}
	kit.Look = sim.Look{ZhCN: "店匠", ZhTW: "店匠", En: "Shoplazza", Color: "#1d4ed8"}
	kit.Faults.At(
		sim.Address{Path: "/admin/oauth/authorize", Stages: []string{"authorize"}},
		sim.Address{Path: "/admin/oauth/token", Stages: []string{"token", "refresh"}},
		sim.Address{Path: "/partner/oauth/token", Stages: []string{"token", "refresh"}},
		sim.Address{Path: "/openapi/", Stages: []string{"call"}},
	)
	s.mux.HandleFunc("GET /{$}", s.stores)
	s.mux.HandleFunc("POST /{$}", s.actInStore)
	s.mux.HandleFunc("GET /admin/oauth/authorize", s.authorize)
	s.mux.HandleFunc("POST /admin/oauth/authorize", s.authorize)
	s.mux.HandleFunc("POST /admin/oauth/token", s.token)
	s.mux.HandleFunc("POST /partner/oauth/token", s.partnerToken)
	s.mux.HandleFunc("/openapi/{version}/{path...}", s.openAPI)
	s.mux.HandleFunc("/", s.notFound)

	s.newApp(sim.Settings{})
	for n := range 3 {
		s.newStore(fmt.Sprintf("Demo %d", n+1), "", "")
	}
	return s
}

// ServeHTTP is the platform.
func (s *simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *simulator) notFound(w http.ResponseWriter, r *http.Request) {
	s.kit.Call(r).Refuse("no such page")
	writeJSON(w, http.StatusNotFound, errorList("Not found"))
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
	case path == "/admin/oauth/token" || path == "/partner/oauth/token":
		return s.identifyToken(r)
	case strings.HasPrefix(path, "/openapi/"):
		id := sim.Identity{Stage: "call", App: r.Header.Get("App-Client-Id")}
		if pair := s.kit.Ledger.ByAccess(r.Header.Get("Access-Token")); pair != nil {
			id.App, id.Subject = pair.App, pair.Subject.ID
		}
		return id
	}
	return sim.Identity{}
}

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
	if sent["grant_type"] == "refresh_token" {
		id.Stage = "refresh"
		if pair := s.kit.Ledger.ByRefresh(sent["refresh_token"]); pair != nil {
			id.Subject = pair.Subject.ID
		}
		return id
	}
	if code := s.kit.Ledger.Code(sent["code"]); code != nil {
		id.Subject = code.Subject.ID
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
	for _, store := range s.kit.Shops.All() {
		if store.Host == host {
			return store
		}
	}
	return nil
}

// AddApp adds an app or changes the one with the same client_id.
func (s *simulator) AddApp(settings sim.Settings) (*sim.App, error) {
	switch profile := cmp.Or(settings.Text("profile"), "public"); profile {
	case "public", "private", "partner":
	default:
		return nil, fmt.Errorf("profile %q: want public, private or partner", profile)
	}
	return s.newApp(settings), nil
}

func (s *simulator) newApp(settings sim.Settings) *sim.App {
	id := cmp.Or(settings.Text("client_id"), sim.Random(43))
	known := s.kit.Apps.Find(id)
	app := s.kit.Apps.Put(id, settings)
	for name, value := range map[string]string{"client_id": id, "client_secret": sim.Random(43), "profile": "public"} {
		if app.Text(name) == "" {
			app.Settings[name] = value
		}
	}
	if known == nil && app.Text("profile") == "private" {
		for _, store := range s.kit.Shops.All() {
			s.installPrivate(app, store)
		}
	}
	return app
}

// installPrivate gives a private app the fixed token that a merchant copies out of the store's admin.
func (s *simulator) installPrivate(app *sim.App, store *sim.Shop) {
	s.kit.Ledger.Issue(sim.Pair{App: app.ID, Subject: subject(store), Access: sim.Random(43), Scopes: allScopes()})
}

func subject(store *sim.Shop) sim.Subject {
	return sim.Subject{Kind: "shop", ID: store.ID}
}
