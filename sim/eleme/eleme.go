// Package eleme is the Ele.me open platform in a box: the authorization page, the token endpoints, the merchant API
// (protocol NOP 1.0.0) as far as a grant touches it, and message pushes. It is written from the platform's documents alone.
//
// Production and sandbox share the one base; the setting environment tells which of the two an app belongs to. Where the
// documents are silent the point is a switch.
package eleme

import (
	"net/http"
	"net/url"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// shanghai is the platform's zone, in which its days begin and its texts tell the time.
var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

type simulator struct {
	kit      *sim.Kit
	mux      *http.ServeMux
	options  options
	consents map[holder]*consent
	tokens   map[holder]*tally // token calls by app and account
	calls    map[string]*rate  // API calls by app
	orders   map[string]*order
	market   []marketMessage
	lost     []*message      // pushes that did not arrive, oldest first
	checked  map[string]bool // push addresses that answered the test
}

// New makes the simulator: an enterprise app, a personal one and one in the sandbox, and the test merchants. It is a
// [sim.Maker].
func New(kit *sim.Kit, _ []sim.Row) sim.Simulator {
	s := &simulator{
		kit:      kit,
		mux:      http.NewServeMux(),
		options:  declare(kit.Options),
		consents: map[holder]*consent{},
		tokens:   map[holder]*tally{},
		calls:    map[string]*rate{},
		orders:   map[string]*order{},
		checked:  map[string]bool{},
	}
	kit.Look = sim.Look{ZhCN: "饿了么", ZhTW: "餓了麼", En: "Ele.me", Color: "#00639c"}
	kit.Faults.At(
		sim.Address{Path: "/authorize", Stages: []string{"authorize"}},
		sim.Address{Path: "/token", Stages: []string{"token", "refresh"}},
		sim.Address{Path: "/identity", Stages: []string{"token", "refresh"}},
		sim.Address{Path: "/api/v1", Stages: []string{"call"}},
		sim.Address{Path: "/api/v1/", Stages: []string{"call"}},
	)
	s.mux.HandleFunc("GET /{$}", s.merchant)
	s.mux.HandleFunc("POST /{$}", s.actAsMerchant)
	s.mux.HandleFunc("GET /authorize", s.authorize)
	s.mux.HandleFunc("POST /authorize", s.authorize)
	s.mux.HandleFunc("POST /token", s.token)
	s.mux.HandleFunc("POST /identity", s.identity)
	s.mux.HandleFunc("POST /api/v1", s.api)
	s.mux.HandleFunc("POST /api/v1/{$}", s.api)
	s.addTestMerchants()
	s.putApp(sim.Settings{"name": "示例应用"})
	s.putApp(sim.Settings{"name": "示例商家应用", "profile": personal})
	s.putApp(sim.Settings{"name": "示例沙箱应用", "environment": sandbox})
	return s
}

// ServeHTTP is the platform.
func (s *simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Identify says what a request is about.
func (s *simulator) Identify(r *http.Request) sim.Identity {
	switch r.URL.Path {
	case "/authorize":
		query := r.URL.Query()
		return sim.Identity{Stage: "authorize", App: query.Get("client_id"), Subject: r.PostFormValue(sim.FieldAccount), Sent: sent(query)}
	case "/token", "/identity":
		return s.identifyToken(r)
	case "/api/v1", "/api/v1/":
		id := sim.Identity{Stage: "call"}
		if e, err := readEnvelope(r); err == nil {
			id.App, id.Subject = e.appKey(), s.holderOf(e.token()).account
		}
		return id
	}
	return sim.Identity{}
}

// identifyToken tells an exchange from a refresh. A personal app that asks again while it has a token refreshes it.
func (s *simulator) identifyToken(r *http.Request) sim.Identity {
	form := readForm(r)
	id := sim.Identity{Stage: "token", Sent: sent(form)}
	if b, text := readBasic(r); text == "" {
		id.App = b[0].key
	}
	switch form.Get("grant_type") {
	case "refresh_token":
		id.Stage = "refresh"
		if pair := s.kit.Ledger.ByRefresh(form.Get("refresh_token")); pair != nil {
			id.Subject = pair.Subject.ID
		}
	case "client_credentials":
		app := s.kit.Apps.Find(id.App)
		if app == nil || app.Text("profile") != personal {
			break
		}
		id.Subject = app.Text("account")
		if s.kit.Ledger.Latest(app.ID, subject(id.Subject)) != nil {
			id.Stage = "refresh"
		}
	default:
		if code := s.kit.Ledger.Code(form.Get("code")); code != nil {
			id.Subject = code.Subject.ID
		}
	}
	return id
}

// sent returns the names of the parameters that have a value.
func sent(values url.Values) map[string]bool {
	names := map[string]bool{}
	for name := range values {
		names[name] = values.Get(name) != ""
	}
	return names
}

// holder is an app and an account: what tokens and their limits belong to.
type holder struct{ app, account string }

// holderOf returns whose access token this is, nobody's if it was never issued.
func (s *simulator) holderOf(access string) holder {
	pair := s.kit.Ledger.ByAccess(access)
	if pair == nil {
		return holder{}
	}
	return holder{pair.App, pair.Subject.ID}
}

// subject is an account in the words of the kit.
func subject(account string) sim.Subject {
	return sim.Subject{Kind: kindAccount, ID: account}
}
