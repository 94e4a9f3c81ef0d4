// Package douyin is the Douyin shop platform in a box: the service market where shops buy and use tools, the console in
// which shops confirm apps of their own, the signed gateway with its token calls, and pushes. It is written from the
// platform's documents alone.
package douyin

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
	order   []*grant // as they were confirmed
	traffic map[string]*traffic
}

// New makes the simulator, with one tool and three shops. It is a [sim.Maker].
func New(kit *sim.Kit, _ []sim.Row) sim.Simulator {
	s := &simulator{kit: kit, mux: http.NewServeMux(), options: declare(kit.Options), grants: map[holder]*grant{}, traffic: map[string]*traffic{}}
	kit.Look = sim.Look{ZhCN: "抖店", ZhTW: "抖店", En: "Douyin shop", Color: "#1c2b5a"}
	kit.Faults.At(
		sim.Address{Path: "/authorize", Stages: []string{"authorize"}},
		sim.Address{Path: "/token/create", Stages: []string{"token"}, API: true},
		sim.Address{Path: "/token/refresh", Stages: []string{"refresh"}, API: true},
		sim.Address{Path: "/", Stages: []string{"call"}},
	)
	s.mux.HandleFunc("GET /{$}", s.market)
	s.mux.HandleFunc("POST /{$}", s.actInMarket)
	s.mux.HandleFunc("GET /authorize", s.authorize)
	s.mux.HandleFunc("POST /authorize", s.authorize)
	s.mux.HandleFunc("/", s.gateway)

	s.newApp(sim.Settings{})
	for _, name := range []string{"示例旗舰店一", "示例旗舰店二", "示例旗舰店三"} {
		s.newShop("", name, "SHOP")
	}
	return s
}

// ServeHTTP is the platform. The gateway takes a doubled slash where the switch says so; net/http would redirect it.
func (s *simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "//") && s.options.doubleSlash() {
		s.gateway(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Identify says what a request is about.
func (s *simulator) Identify(r *http.Request) sim.Identity {
	query := r.URL.Query()
	switch r.URL.Path {
	case "/":
		return sim.Identity{}
	case "/authorize":
		id := sim.Identity{Stage: "authorize", Sent: map[string]bool{"state": query.Get("state") != ""}}
		if app := s.ofService(query.Get("service_id")); app != nil {
			id.App = app.ID
		}
		return id
	}
	id := sim.Identity{Stage: "call", App: query.Get("app_key"), Sent: map[string]bool{}}
	for name := range query {
		id.Sent[name] = query.Get(name) != ""
	}
	params, _, err := readParams(r)
	if err != nil {
		return id // the gateway refuses it
	}
	switch methodOf(r) {
	case "token.create":
		id.Stage, id.Subject = "token", params.Text("shop_id")
		if params.Text("auth_id") != "" {
			id.Subject = params.Text("auth_id")
		}
		if code := s.kit.Ledger.Code(params.Text("code")); code != nil {
			id.Subject = code.Subject.ID
		}
	case "token.refresh":
		id.Stage = "refresh"
		if pair := s.kit.Ledger.ByRefresh(params.Text("refresh_token")); pair != nil {
			id.App, id.Subject = pair.App, pair.Subject.ID
		}
	default:
		if pair := s.kit.Ledger.ByAccess(query.Get("access_token")); pair != nil {
			id.App, id.Subject = pair.App, pair.Subject.ID
		}
	}
	return id
}

// methodOf is the method that a request names, or its path with dots for slashes.
func methodOf(r *http.Request) string {
	if method := r.URL.Query().Get("method"); method != "" {
		return method
	}
	return strings.ReplaceAll(strings.Trim(r.URL.Path, "/"), "/", ".")
}
