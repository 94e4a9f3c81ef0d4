// Package shopee is the Shopee Open Platform, version 2, in a box.
//
// It is written from the platform's documents alone. What they leave open is a switch; where they contradict each other,
// the switch's default is the reading that the documents favour.
//
// The public host, the host of the authorization pages and the console are one base here, because regions differ in
// nothing else. What a seller or developer does outside the API goes through the control calls:
//
//   - POST /shopee/apps takes partner_id, partner_key, push_key, push_url, redirect_domain (or redirect_uri, of which the
//     domain counts), environment (production, sandbox), status (Online, Developing, New authorizations restricted,
//     API calls restricted, Suspended, Frozen, Deleted), key_expires_at, ip_whitelist and denied_paths.
//   - POST /shopee/shops with the id of an existing shop changes it: status (NORMAL, BANNED, FROZEN), disconnected,
//     registered. A shop made with sip_of is an affiliate of that shop.
//   - POST /console/resend_code and /console/upgrade_code on the platform's own port hand out the codes of those names.
package shopee

import (
	"net/http"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

type simulator struct {
	kit      *sim.Kit
	options  options
	mux      http.ServeMux
	apis     map[string]api
	sessions map[string]*session
	traffic  map[string]*traffic
	senders  map[string]*sender

	shops      map[string]*sim.Shop   // by id
	affiliates map[string][]*sim.Shop // by the id of their primary shop
	links      links
	pairs      map[pairKey]*sim.Pair
}

// New returns a simulator with one app, three shops of their own, and a main account with two shops, a merchant and a
// sub-account.
func New(kit *sim.Kit, _ []sim.Row) sim.Simulator {
	s := &simulator{
		kit:      kit,
		options:  declare(kit.Options),
		sessions: map[string]*session{},
		traffic:  map[string]*traffic{},
		senders:  map[string]*sender{},

		shops:      map[string]*sim.Shop{},
		affiliates: map[string][]*sim.Shop{},
		links:      links{byKey: map[linkKey]*link{}},
		pairs:      map[pairKey]*sim.Pair{},
	}
	for _, path := range []string{"/auth", "/cancel_auth", "/authorize", pathAuthorize, pathCancel} {
		kit.Look = sim.Look{ZhCN: "虾皮", ZhTW: "蝦皮", En: "Shopee", Color: "#c2361c"}
		kit.Faults.At(sim.Address{Path: path, Stages: []string{"authorize"}})
	}
	for _, path := range []string{pathToken, pathResend, pathUpgrade, pathRefresh, pathSetPush} {
		kit.Faults.At(sim.Address{Path: path, Stages: []string{stage(path)}, API: true})
	}
	kit.Faults.At(sim.Address{Path: "/api/", Stages: []string{"call"}})
	s.apis = s.catalogue()
	s.route()
	kit.Clock.Register(s.hook())

	s.putApp(sim.Settings{})
	for range 3 {
		s.addShop(sim.Shop{})
	}
	main := s.addAccount("")
	merchant := s.addMerchant(main)
	for range 2 {
		s.addShop(sim.Shop{Owner: main.ID, Merchant: merchant.ID})
	}
	s.addSubAccount(main)
	return s
}

func (s *simulator) route() {
	s.mux.HandleFunc("GET /auth", s.openLink)
	s.mux.HandleFunc("GET /cancel_auth", s.openLink)
	s.mux.HandleFunc("GET "+pathAuthorize, s.signedLink)
	s.mux.HandleFunc("GET "+pathCancel, s.signedLink)
	s.mux.HandleFunc("GET /authorize", s.showPage)
	s.mux.HandleFunc("POST /authorize", s.submitPage)
	s.mux.HandleFunc("POST /console/resend_code", s.giveResendCode)
	s.mux.HandleFunc("POST /console/upgrade_code", s.giveUpgradeCode)
	s.mux.HandleFunc("/api/", s.serveAPI)
}

// ServeHTTP is the platform. Whatever has fallen due since the last request happens first.
func (s *simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.tick(s.kit.Now())
	s.mux.ServeHTTP(w, r)
}

// zone is the platform's day: 00:00 is at UTC+8.
var zone = time.FixedZone("UTC+8", 8*60*60)
