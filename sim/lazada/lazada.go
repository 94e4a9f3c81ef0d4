// Package lazada is Lazada in a box: the page on which sellers agree, the signed gateway with its token calls and the
// part of the API that a grant touches, and pushes. It is written from the platform's documents alone.
//
// The hosts of the platform are one base here. A call tells its country by its Host: a name with the country among its
// labels, such as sg.localhost. At the bare base it stands for the first country of its grant, or for the one that the
// switch base_country names.
package lazada

import (
	"net/http"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

type simulator struct {
	kit           *sim.Kit
	mux           *http.ServeMux
	options       options
	grants        []*grant
	subscriptions map[[2]string]*subscription // by app and shop
	traffic       map[string]*traffic         // by app, and by app and path
	pushing       map[string]*pushing         // by app
}

// New makes the simulator, with one app, a cross-border seller with three stores and two local ones. It is a [sim.Maker].
func New(kit *sim.Kit, _ []sim.Row) sim.Simulator {
	s := &simulator{
		kit:           kit,
		mux:           http.NewServeMux(),
		options:       declare(kit.Options),
		subscriptions: map[[2]string]*subscription{},
		traffic:       map[string]*traffic{},
		pushing:       map[string]*pushing{},
	}
	kit.Look = sim.Look{ZhCN: "Lazada", ZhTW: "Lazada", En: "Lazada", Color: "#2a1a8f"}
	kit.Faults.At(
		sim.Address{Path: "/oauth/authorize", Stages: []string{"authorize"}},
		sim.Address{Path: "/rest" + createPath, Stages: []string{"token"}, API: true},
		sim.Address{Path: "/rest" + refreshPath, Stages: []string{"refresh"}, API: true},
		sim.Address{Path: "/rest/", Stages: []string{"call"}},
	)
	s.mux.HandleFunc("GET /{$}", s.console)
	s.mux.HandleFunc("POST /{$}", s.actInConsole)
	s.mux.HandleFunc("GET /oauth/authorize", s.authorize)
	s.mux.HandleFunc("POST /oauth/authorize", s.authorize)
	s.mux.HandleFunc("/rest/", s.gateway)

	s.newApp(sim.Settings{})
	cross := s.newAccount("", "")
	for _, region := range []string{"sg", "my", "th"} {
		s.newShop("", "Demo "+region, cross, region)
	}
	s.newShop("", "Demo vn", s.newAccount("", ""), "vn")
	s.newShop("", "Demo id", s.newAccount("", ""), "id")
	return s
}

// ServeHTTP is the platform.
func (s *simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Paths of the token calls, as they are signed.
const (
	createPath  = "/auth/token/create"
	refreshPath = "/auth/token/refresh"
)

// Identify says what a request is about.
func (s *simulator) Identify(r *http.Request) sim.Identity {
	if r.URL.Path == "/oauth/authorize" {
		query := r.URL.Query()
		id := sim.Identity{Stage: "authorize", App: query.Get("client_id"), Sent: map[string]bool{}}
		for name := range query {
			id.Sent[name] = query.Get(name) != ""
		}
		return id
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/rest")
	if !ok {
		return sim.Identity{}
	}
	id := sim.Identity{Stage: map[string]string{createPath: "token", refreshPath: "refresh"}[path], Sent: map[string]bool{}}
	params, err := readParams(r)
	if err != nil {
		params = r.URL.Query() // the gateway refuses it
	}
	for name := range params {
		id.Sent[name] = params.Get(name) != ""
	}
	id.App = params.Get("app_key")
	var pair *sim.Pair
	switch id.Stage {
	case "token":
		if code := s.kit.Ledger.Code(params.Get("code")); code != nil {
			id.Subject = code.Subject.ID
		}
	case "refresh":
		pair = s.kit.Ledger.ByRefresh(params.Get("refresh_token"))
	default:
		id.Stage = "call"
		pair = s.kit.Ledger.ByAccess(params.Get("access_token"))
	}
	if pair != nil {
		id.App, id.Subject = pair.App, pair.Subject.ID
	}
	return id
}
