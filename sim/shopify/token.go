package shopify

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

var errContentType = errors.New("content type is neither JSON nor a form")

// readParams reads the parameters of a token request, JSON or form. The secret is in the body only.
func readParams(r *http.Request) (map[string]string, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, errContentType
	}
	params := map[string]string{}
	switch kind {
	case "application/json":
		var values map[string]any
		d := json.NewDecoder(r.Body)
		d.UseNumber()
		if err := d.Decode(&values); err != nil {
			return nil, err
		}
		for name := range values {
			params[name] = sim.Settings(values).Text(name)
		}
	case "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return nil, err
		}
		for name := range r.PostForm {
			params[name] = r.PostForm.Get(name)
		}
	default:
		return nil, errContentType
	}
	return params, nil
}

// ask is a request of the token endpoint whose sender is proven.
type ask struct {
	app    *sim.App
	sent   map[string]string
	secret string
}

// token is the token endpoint: it serves every grant.
func (s *simulator) token(w http.ResponseWriter, r *http.Request) {
	sent, err := readParams(r)
	if err != nil {
		s.refuse(w, r, http.StatusBadRequest, "invalid_request", "The request is malformed", err.Error())
		return
	}
	if store := s.storeOfHost(r); store != nil && s.closed(w, r, store) {
		return
	}
	app := s.kit.Apps.Find(sent["client_id"])
	switch {
	case sent["client_id"] == "" || sent["client_secret"] == "":
		s.refuse(w, r, http.StatusBadRequest, "invalid_request", "client_id or client_secret is missing", "client_id or client_secret is missing")
	case app == nil && sent["grant_type"] == "client_credentials":
		s.refuse(w, r, http.StatusBadRequest, "application_cannot_be_found", "The application cannot be found", "unknown client_id")
	case app == nil || !slices.Contains(secrets(app), sent["client_secret"]):
		s.badSecret(w, r)
	case app.Text("profile") == ofStore:
		s.refuse(w, r, http.StatusBadRequest, "invalid_request", "The Shopify API application does not support oauth", "an app of a store takes no part in OAuth")
	default:
		s.serve(w, r, ask{app: app, sent: sent, secret: sent["client_secret"]})
	}
}

func (s *simulator) serve(w http.ResponseWriter, r *http.Request, a ask) {
	switch a.sent["grant_type"] {
	case "":
		s.exchange(w, r, a)
	case "refresh_token":
		s.refresh(w, r, a)
	case "client_credentials":
		s.credentials(w, r, a)
	case grantTrade:
		s.trade(w, r, a)
	default:
		s.refuse(w, r, http.StatusBadRequest, "unsupported_grant_type", "The grant type is not supported", "grant_type "+a.sent["grant_type"]+": a code comes without one")
	}
}

func (s *simulator) badSecret(w http.ResponseWriter, r *http.Request) {
	if s.options.badSecret() == "invalid_request" {
		s.refuse(w, r, http.StatusBadRequest, "invalid_request", "Could not find Shopify API application", "client_id or client_secret is wrong")
		return
	}
	s.refuse(w, r, http.StatusUnauthorized, "invalid_client", "client_id or client_secret is wrong", "client_id or client_secret is wrong")
}

// wants reads the parameter expiring: 1 asks for a pair, 0 or nothing for a token without an end.
func wants(expiring string) (bool, error) {
	switch expiring {
	case "1":
		return true, nil
	case "", "0":
		return false, nil
	}
	return false, fmt.Errorf("expiring: want 1 or 0")
}

func (s *simulator) exchange(w http.ResponseWriter, r *http.Request, a ask) {
	pair, err := wants(a.sent["expiring"])
	if a.sent["code"] == "" || err != nil {
		s.refuse(w, r, http.StatusBadRequest, "invalid_request", "The request lacks a parameter or is malformed", "code is missing, or expiring neither 1 nor 0")
		return
	}
	code := s.kit.Ledger.Code(a.sent["code"])
	state := s.kit.Ledger.CodeState(code)
	why := ""
	switch {
	case state != sim.Alive:
		why = "the code is " + [...]string{"unknown", "alive", "expired", "spent", "revoked"}[state]
	case code.App != a.app.ID:
		why = "the code was given to another app"
	case s.elsewhere(r, s.kit.Shops.Find("shop", code.Subject.ID)):
		why = "the code belongs to another store"
	case s.installed[place{a.app.ID, code.Subject.ID}] == nil:
		why = "the app was uninstalled since"
	}
	if why != "" {
		s.refuse(w, r, http.StatusBadRequest, "invalid_request", "The authorization code was not found or was already used", why)
		return
	}
	store := s.kit.Shops.Find("shop", code.Subject.ID)
	if s.closed(w, r, store) {
		return
	}
	s.kit.Ledger.Spend(code)
	if code.Data.(consentData).perUser {
		s.answer(w, r, s.forStaff(a, store, code.Scopes))
		return
	}
	s.acquire(w, r, a, store, code.Scopes, pair)
}

// acquire gives an app an offline token anew, which retires every refresh token before it.
func (s *simulator) acquire(w http.ResponseWriter, r *http.Request, a ask, store *sim.Shop, scopes []string, pair bool) {
	s.retire(a.app, store, nil)
	if pair {
		s.answer(w, r, s.mint(a.app, store, scopes, a.secret))
		return
	}
	s.answer(w, r, s.keep(a.app, store, sim.Pair{Access: "shpat_" + sim.Hex(32), Scopes: scopes}, endless, a.secret))
}

// forStaff makes an online token: it is no grant of the store's.
func (s *simulator) forStaff(a ask, store *sim.Shop, scopes []string) *sim.Pair {
	return s.keep(a.app, store, sim.Pair{
		Subject: sim.Subject{Kind: "staff", ID: store.ID + ":42"}, Access: "shpua_" + sim.Hex(32), Scopes: scopes,
		ExpiresAt: s.kit.Now().Truncate(time.Second).Add(86399 * time.Second),
	}, online, a.secret)
}

// refresh replaces a pair. The former refresh token works on until its successor is used.
func (s *simulator) refresh(w http.ResponseWriter, r *http.Request, a ask) {
	if a.sent["refresh_token"] == "" {
		s.refuse(w, r, http.StatusBadRequest, "invalid_request", "The request lacks refresh_token", "refresh_token is missing")
		return
	}
	p := s.kit.Ledger.ByRefresh(a.sent["refresh_token"])
	why := s.refreshTrouble(p, a.app)
	if why == "" && s.elsewhere(r, of(p).store) {
		why = "the refresh token belongs to another store"
	}
	if why != "" {
		s.refuse(w, r, http.StatusUnauthorized, "invalid_request", "This request requires an active refresh_token", why)
		return
	}
	t := of(p)
	if s.closed(w, r, t.store) {
		return
	}
	if !t.usedAt.IsZero() && s.options.repeat() == "same_pair" {
		s.answer(w, r, t.successor)
		return
	}
	s.retire(a.app, t.store, p)
	if s.options.refreshAnswer() == "without_refresh_token" {
		s.answer(w, r, s.keep(a.app, t.store, sim.Pair{
			Access: "shpat_" + sim.Hex(32), Refresh: p.Refresh, Scopes: p.Scopes, RefreshExpiresAt: p.RefreshExpiresAt,
			ExpiresAt: s.kit.Now().Truncate(time.Second).Add(s.options.accessLife()),
		}, expiring, a.secret))
		return
	}
	next := s.mint(a.app, t.store, p.Scopes, a.secret)
	if t.usedAt.IsZero() {
		t.usedAt, t.successor = s.kit.Now(), next
	}
	s.answer(w, r, next)
}
