// Package taobao is the open platform of Taobao and Tmall in a box: the authorize page, the token endpoint, the
// gateway with its messages and order look-ups, and what a seller does in the marketplace. It is written from the
// platform's documents alone; each point that they leave open is a switch.
//
// A grant belongs to an account, a seller or a sub-account, and hangs for most kinds of app on the seller's order. The
// page at / is the seller's: orders, the entry 立即使用, the end of a grant, and what a sub-account may do. The legacy
// container answers refreshes only; message websockets and the batch gateway are not here.
package taobao

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

type simulator struct {
	kit     *sim.Kit
	mux     *http.ServeMux
	options options
	methods map[string]method
	grants  map[grantKey]*grant
	traffic map[[2]string]*traffic // by app and method
	queue   []*message             // of all apps, oldest first
	lastID  int64
}

// New makes the simulator, with one subscription app and three sellers who have ordered it. It is a [sim.Maker].
func New(kit *sim.Kit, _ []sim.Row) sim.Simulator {
	s := &simulator{
		kit:     kit,
		mux:     http.NewServeMux(),
		options: declare(kit.Options),
		grants:  map[grantKey]*grant{},
		traffic: map[[2]string]*traffic{},
	}
	kit.Look = sim.Look{ZhCN: "淘宝", ZhTW: "淘寶", En: "Taobao", Color: "#b34700"}
	kit.Faults.At(
		sim.Address{Path: "/authorize", Stages: []string{"authorize"}},
		sim.Address{Path: "/token", Stages: []string{"token", "refresh"}},
		sim.Address{Path: "/container/refresh", Stages: []string{"refresh"}},
		sim.Address{Path: "/router/rest", Stages: []string{"call", "token", "refresh"}, API: true},
	)
	s.methods = s.table()
	s.mux.HandleFunc("/authorize", s.authorize)
	s.mux.HandleFunc("/token", s.token)
	s.mux.HandleFunc("GET /logoff", s.logOff)
	s.mux.HandleFunc("/router/rest", s.gateway)
	s.mux.HandleFunc("/container/refresh", s.containerRefresh)
	s.mux.HandleFunc("GET /{$}", s.market)
	s.mux.HandleFunc("POST /{$}", s.actInMarket)
	s.mux.HandleFunc("/", s.notFound)

	s.newApp(sim.Settings{})
	for n := range 3 {
		s.newSeller("", fmt.Sprintf("示例旗舰店%d", n+1))
	}
	return s
}

// ServeHTTP is the platform.
func (s *simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *simulator) notFound(w http.ResponseWriter, r *http.Request) {
	s.kit.Call(r).Refuse("no such page")
	http.Error(w, "no such page", http.StatusNotFound)
}

// Identify says what a request is about.
func (s *simulator) Identify(r *http.Request) sim.Identity {
	switch r.URL.Path {
	case "/authorize":
		link := r.URL.Query()
		id := sim.Identity{Stage: "authorize", App: link.Get("client_id"), Sent: sent(link)}
		if account := s.kit.Shops.Find("account", r.PostFormValue(sim.FieldAccount)); account != nil {
			id.Subject = account.ID
		}
		return id
	case "/token":
		params, err := tokenParams(r)
		if err != nil {
			return sim.Identity{Stage: "token"} // the handler refuses it
		}
		return s.identifyToken(params.Get("grant_type") == "refresh_token", params.Get("client_id"), params)
	case "/container/refresh":
		params := r.URL.Query()
		return s.identifyToken(true, params.Get("appkey"), params)
	case "/router/rest":
		return s.identifyCall(r)
	}
	return sim.Identity{}
}

func (s *simulator) identifyToken(refresh bool, app string, params url.Values) sim.Identity {
	id := sim.Identity{Stage: "token", App: app, Sent: sent(params)}
	if refresh {
		id.Stage = "refresh"
		if pair := s.kit.Ledger.ByRefresh(params.Get("refresh_token")); pair != nil {
			id.Subject = pair.Subject.ID
		}
		return id
	}
	if code := s.kit.Ledger.Code(params.Get("code")); code != nil {
		id.Subject = code.Subject.ID
	}
	return id
}

func (s *simulator) identifyCall(r *http.Request) sim.Identity {
	params, _, err := callParams(r)
	if err != nil {
		return sim.Identity{Stage: "call"} // the handler refuses it
	}
	values := url.Values{}
	for name, value := range params {
		values.Set(name, value)
	}
	if does, ok := strings.CutPrefix(params["method"], "taobao.top.auth.token."); ok {
		return s.identifyToken(does == "refresh", params["app_key"], values)
	}
	id := sim.Identity{Stage: "call", App: params["app_key"], Sent: sent(values)}
	if pair := s.kit.Ledger.ByAccess(params["session"]); pair != nil {
		id.Subject = pair.Subject.ID
	}
	return id
}

// sent tells which parameters hold something.
func sent(params url.Values) map[string]bool {
	names := map[string]bool{}
	for name := range params {
		names[name] = params.Get(name) != ""
	}
	return names
}
