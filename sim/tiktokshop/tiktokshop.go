// Package tiktokshop is TikTok Shop in a box: the pages on which sellers, creators and partners agree, the token
// endpoints, the signed part of the API that a grant touches, and webhooks. It is written from the platform's documents
// alone.
//
// All hosts of the platform are the one base. The link of a partner has the path of a seller's: there the kind of the
// account that logs in decides.
package tiktokshop

import (
	"net/http"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

type simulator struct {
	kit     *sim.Kit
	mux     *http.ServeMux
	options options
	grants  map[holder]*grant
	traffic map[string]*window // by app, shop and endpoint
	hooks   map[event]string   // addresses set by the event API
}

// New makes the simulator, with one app, three sellers, a creator and a partner. It is a [sim.Maker].
func New(kit *sim.Kit, _ []sim.Row) sim.Simulator {
	s := &simulator{
		kit:     kit,
		mux:     http.NewServeMux(),
		options: declare(kit.Options),
		grants:  map[holder]*grant{},
		traffic: map[string]*window{},
		hooks:   map[event]string{},
	}
	s.mux.HandleFunc("GET /{$}", s.center)
	s.mux.HandleFunc("POST /{$}", s.actInCenter)
	for _, path := range []string{"/open/authorize", "/alliance/creator/auth"} {
		kit.Look = sim.Look{ZhCN: "TikTok Shop", ZhTW: "TikTok Shop", En: "TikTok Shop", Color: "#0b6b6e"}
		kit.Faults.At(sim.Address{Path: path, Stages: []string{"authorize"}})
		s.mux.HandleFunc("GET "+path, s.authorize)
		s.mux.HandleFunc("POST "+path, s.authorize)
	}
	kit.Faults.At(
		sim.Address{Path: "/api/v2/token/get", Stages: []string{"token"}},
		sim.Address{Path: "/api/v2/token/refresh", Stages: []string{"refresh"}},
		sim.Address{Path: "/", Stages: []string{"call"}},
	)
	s.mux.HandleFunc("/api/v2/token/get", s.tokenGet)
	s.mux.HandleFunc("/api/v2/token/refresh", s.tokenRefresh)
	s.mux.HandleFunc("/", s.call)

	s.newApp(sim.Settings{})
	cross := s.newAccount("", "Demo seller 1", seller, "GB")
	for _, region := range []string{"GB", "DE", "FR"} {
		s.newShop("", "Demo "+region, cross, region)
	}
	s.newShop("", "Demo ID", s.newAccount("", "Demo seller 2", seller, "ID"), "ID")
	s.newShop("", "Demo US", s.newAccount("", "Demo seller 3", seller, "US"), "US")
	s.newAccount("", "Demo creator", creator, "GB")
	s.newAccount("", "Demo partner", partner, "GB")
	return s
}

// ServeHTTP is the platform.
func (s *simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Identify says what a request is about.
func (s *simulator) Identify(r *http.Request) sim.Identity {
	query := r.URL.Query()
	id := sim.Identity{App: query.Get("app_key"), Sent: map[string]bool{}}
	for name := range query {
		id.Sent[name] = query.Get(name) != ""
	}
	switch path := r.URL.Path; {
	case path == "/":
		return sim.Identity{}
	case path == "/open/authorize" || path == "/alliance/creator/auth":
		id.Stage = "authorize"
		if app := s.ofService(query.Get("service_id")); app != nil {
			id.App = app.ID
		}
	case path == "/api/v2/token/get":
		id.Stage = "token"
		if code := s.kit.Ledger.Code(query.Get("auth_code")); code != nil {
			id.Subject = code.Subject.ID
		}
	case strings.HasPrefix(path, "/api/v2/token/"):
		id.Stage = "refresh"
		if pair := s.kit.Ledger.ByRefresh(query.Get("refresh_token")); pair != nil {
			id.Subject = pair.Subject.ID
		}
	default:
		id.Stage = "call"
		if pair := s.kit.Ledger.ByAccess(accessToken(r)); pair != nil {
			id.App, id.Subject = pair.App, pair.Subject.ID
		}
	}
	return id
}

// accessToken is the token of a call: in its header, or in the query as it was before.
func accessToken(r *http.Request) string {
	if token := r.Header.Get("x-tts-access-token"); token != "" {
		return token
	}
	return r.URL.Query().Get("access_token")
}
