// Package shopeev1 is the Shopee Open Platform, version 1, in a box: no tokens, a partner key and a shop id are enough.
//
// It is written from the platform's documents and old clients' copies of them. What they leave open is a switch.
//
// What happens outside of the API goes through the control calls: POST /shopeev1/apps takes partner_id, partner_key,
// push_key, push_url, environment (production, sandbox) and status (APPROVED, PENDING, REJECTED); POST /shopeev1/shops
// with the id of an existing shop changes its status (NORMAL, BANNED, FROZEN). GET /console/shops?partner_id= on the
// platform's own port is the console's Shop List, which the sandbox leaves empty.
package shopeev1

import (
	"net/http"

	"github.com/grantkeep/grantkeep/sim"
)

type simulator struct {
	kit      *sim.Kit
	options  options
	mux      http.ServeMux
	calls    map[string]func(c *call) (fields, *refusal)
	sessions map[string]*session
	traffic  map[string]*traffic
	settings map[string]fields // what push/set_config was told, by app

	shops  map[string]*sim.Shop // by id
	linked map[linkKey]*link
	order  []*link // oldest first
}

// New returns a simulator with one app and three shops.
func New(kit *sim.Kit, _ []sim.Row) sim.Simulator {
	s := &simulator{
		kit:      kit,
		options:  declare(kit.Options),
		sessions: map[string]*session{},
		traffic:  map[string]*traffic{},
		settings: map[string]fields{},
		shops:    map[string]*sim.Shop{},
		linked:   map[linkKey]*link{},
	}
	kit.Look = sim.Look{ZhCN: "虾皮（API v1）", ZhTW: "蝦皮（API v1）", En: "Shopee (API v1)", Color: "#c2361c"}
	kit.Faults.At(
		sim.Address{Path: pathAuthorize, Stages: []string{"authorize"}},
		sim.Address{Path: pathCancel, Stages: []string{"authorize"}},
		sim.Address{Path: "/authorize", Stages: []string{"authorize"}},
		sim.Address{Path: "/api/", Stages: []string{"call"}},
	)
	s.calls = s.catalogue()
	s.mux.HandleFunc("GET "+pathAuthorize, s.openLink)
	s.mux.HandleFunc("GET "+pathCancel, s.openLink)
	s.mux.HandleFunc("GET /authorize", s.showPage)
	s.mux.HandleFunc("POST /authorize", s.submitPage)
	s.mux.HandleFunc("GET /console/shops", s.shopList)
	s.mux.HandleFunc("/api/v1/", s.serveAPI)
	kit.Clock.Register(s.hook())

	s.putApp(sim.Settings{})
	for range 3 {
		s.addShop(sim.Shop{})
	}
	return s
}

// ServeHTTP is the platform. Whatever has fallen due since the last request happens first.
func (s *simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.tick(s.kit.Now())
	s.mux.ServeHTTP(w, r)
}
