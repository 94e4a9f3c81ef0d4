package shopify

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// Names of a token exchange.
const (
	grantTrade  = "urn:ietf:params:oauth:grant-type:token-exchange"
	typeID      = "urn:ietf:params:oauth:token-type:id_token"
	typeOffline = "urn:shopify:params:oauth:token-type:offline-access-token"
	typeOnline  = "urn:shopify:params:oauth:token-type:online-access-token"
)

// skew is how far the clocks of two machines may differ over an ID token.
const skew = 10 * time.Second

// trade exchanges a token for another: an ID token for a new token, or an old token without an end for a pair.
func (s *simulator) trade(w http.ResponseWriter, r *http.Request, a ask) {
	wanted := a.sent["requested_token_type"]
	pair, err := wants(a.sent["expiring"])
	switch kind := a.sent["subject_token_type"]; {
	case a.sent["subject_token"] == "" || err != nil || wanted != typeOffline && wanted != typeOnline:
		s.refuse(w, r, http.StatusBadRequest, "invalid_request", "The request lacks a parameter or is malformed",
			"subject_token is missing, requested_token_type is none, or expiring neither 1 nor 0")
	case kind == typeID:
		s.fromID(w, r, a, pair, wanted == typeOnline)
	case kind != typeOffline:
		s.refuse(w, r, http.StatusBadRequest, "invalid_request", "The subject_token_type is not supported", "subject_token_type "+kind)
	case !pair || wanted != typeOffline:
		s.badSubject(w, r, "a trade brings an expiring offline pair only: expiring=1 is missing")
	default:
		s.migrate(w, r, a)
	}
}

func (s *simulator) badSubject(w http.ResponseWriter, r *http.Request, why string) {
	s.refuse(w, r, http.StatusBadRequest, "invalid_subject_token", "The subject token is not valid", why)
}

// fromID gives an embedded app a token for an ID token.
func (s *simulator) fromID(w http.ResponseWriter, r *http.Request, a ask, pair, perUser bool) {
	c, err := openToken(secrets(a.app), a.sent["subject_token"])
	now := s.kit.Now()
	var store *sim.Shop
	for _, shop := range s.kit.Shops.All() {
		if c.Dest == "https://"+shop.Host {
			store = shop
		}
	}
	switch {
	case err != nil:
		s.badSubject(w, r, err.Error())
	case now.After(time.Unix(c.Expires, 0).Add(skew)) || now.Add(skew).Before(time.Unix(c.NotBefore, 0)):
		s.badSubject(w, r, "the ID token has expired, or is not valid yet")
	case c.Audience != a.app.ID || store == nil || c.Issuer != c.Dest+"/admin" || s.elsewhere(r, store):
		s.badSubject(w, r, "the ID token is of another app or store")
	case s.installed[place{a.app.ID, store.ID}] == nil:
		s.badSubject(w, r, "the app is not installed")
	case s.closed(w, r, store):
	case perUser:
		s.answer(w, r, s.forStaff(a, store, s.installed[place{a.app.ID, store.ID}].scopes))
	default:
		s.acquire(w, r, a, store, s.installed[place{a.app.ID, store.ID}].scopes, pair)
	}
}

// migrate trades a token without an end for a pair, once. The same request brings the same pair for a week, until that
// pair is refreshed or another token acquired.
func (s *simulator) migrate(w http.ResponseWriter, r *http.Request, a ask) {
	p := s.kit.Ledger.ByAccess(a.sent["subject_token"])
	switch {
	case p == nil || p.App != a.app.ID:
		s.badSubject(w, r, "the old token is unknown, or of another app")
		return
	case of(p).kind != endless:
		s.badSubject(w, r, "only an offline token without an end can be traded; this one is "+of(p).kind)
		return
	case s.elsewhere(r, of(p).store):
		s.badSubject(w, r, "the old token belongs to another store")
		return
	case s.closed(w, r, of(p).store):
		return
	case of(p).successor != nil:
		s.migrateAgain(w, r, a, p)
		return
	}
	if why := s.accessTrouble(p); why != "" {
		s.badSubject(w, r, why)
		return
	}
	t := of(p)
	s.retire(a.app, t.store, nil)
	t.usedAt, t.ended, t.retired = s.kit.Now(), true, false
	t.successor = s.mint(a.app, t.store, p.Scopes, a.secret)
	s.answer(w, r, t.successor)
}

func (s *simulator) migrateAgain(w http.ResponseWriter, r *http.Request, a ask, old *sim.Pair) {
	t := of(old)
	next := of(t.successor)
	now := s.kit.Now()
	switch {
	case !now.Before(t.usedAt.Add(s.options.tradeWindow())):
		s.badSubject(w, r, "the old token was traded, too long ago to be repeated")
	case !next.usedAt.IsZero() || next.retired || !t.successor.RevokedAt.IsZero():
		s.badSubject(w, r, "the pair that the old token was traded for is in use, or over")
	case next.secret != a.secret:
		s.badSubject(w, r, "the trade is repeated with another secret")
	default:
		if !now.Before(t.successor.ExpiresAt) {
			t.successor.ExpiresAt = now.Truncate(time.Second).Add(s.options.accessLife())
		}
		s.answer(w, r, t.successor)
	}
}

// credentials gives an app of the organisation a token for one of its stores.
func (s *simulator) credentials(w http.ResponseWriter, r *http.Request, a ask) {
	store := s.storeOfHost(r)
	if store == nil {
		store = s.onlyStore(a.app)
	}
	switch {
	case store == nil:
		s.refuse(w, r, http.StatusBadRequest, "app_not_installed", "The application is not installed on this shop",
			"nothing tells the store: neither the Host, nor is the app installed on one store only")
	case a.app.Text("profile") != organisation || a.app.Text("organisation") != store.Owner:
		s.refuse(w, r, http.StatusBadRequest, "shop_not_permitted", "Client credentials cannot be performed on this shop.",
			"the store is not in the organisation of the app")
	case s.installed[place{a.app.ID, store.ID}] == nil:
		s.refuse(w, r, http.StatusBadRequest, "app_not_installed", "The application is not installed on this shop", "the app is not installed")
	case s.closed(w, r, store):
	default:
		if former := s.kit.Ledger.Latest(a.app.ID, subject(store)); former != nil && s.options.secondCredentials() == "first_ends" {
			of(former).ended = true
		}
		s.answer(w, r, s.keep(a.app, store, sim.Pair{
			Access: "shpat_" + sim.Hex(32), Scopes: s.installed[place{a.app.ID, store.ID}].scopes,
			ExpiresAt: s.kit.Now().Truncate(time.Second).Add(s.options.credentialsLife()),
		}, credentials, a.secret))
	}
}

// onlyStore returns the store that an app is installed on, nil if there is none or more than one.
func (s *simulator) onlyStore(app *sim.App) *sim.Shop {
	var only *sim.Shop
	for _, store := range s.kit.Shops.All() {
		if s.installed[place{app.ID, store.ID}] == nil {
			continue
		}
		if only != nil {
			return nil
		}
		only = store
	}
	return only
}

// tokenAnswer is what the token endpoint gives. It names no store.
type tokenAnswer struct {
	AccessToken      string `json:"access_token"`
	Scope            string `json:"scope"`
	ExpiresIn        *int64 `json:"expires_in,omitempty"`
	RefreshToken     string `json:"refresh_token,omitempty"`
	RefreshExpiresIn *int64 `json:"refresh_token_expires_in,omitempty"`
	UserScope        string `json:"associated_user_scope,omitempty"`
	User             any    `json:"associated_user,omitempty"`
}

// answer writes a token and what is left of its life.
func (s *simulator) answer(w http.ResponseWriter, r *http.Request, p *sim.Pair) {
	t := of(p)
	now := s.kit.Now().Truncate(time.Second)
	a := tokenAnswer{AccessToken: p.Access, Scope: strings.Join(s.toldScopes(p.Scopes), ","), RefreshToken: p.Refresh}
	left := func(end time.Time) *int64 {
		seconds := max(0, int64(end.Sub(now)/time.Second))
		return &seconds
	}
	refreshed := s.kit.Call(r).Stage == "refresh"
	if !p.ExpiresAt.IsZero() && (!refreshed || s.options.refreshAnswer() != "without_expires_in") {
		a.ExpiresIn = left(p.ExpiresAt)
	}
	if refreshed && t.kind == expiring && s.options.refreshAnswer() == "without_refresh_token" {
		a.RefreshToken = ""
	}
	if a.RefreshToken != "" {
		a.RefreshExpiresIn = left(p.RefreshExpiresAt)
	}
	if t.kind == online {
		a.UserScope = a.Scope
		a.User = map[string]any{"id": 42, "first_name": "Demo", "account_owner": false, "collaborator": false}
	}
	s.kit.Call(r).About(p.App, t.store.ID)
	s.kit.Call(r).Accept("%s token given", t.kind)
	writeJSON(w, http.StatusOK, a)
}

// toldScopes leaves out what another scope includes.
func (s *simulator) toldScopes(scopes []string) []string {
	if s.options.impliedReads() == "told" {
		var told []string
		for _, scope := range scopes {
			if resource, ok := strings.CutPrefix(scope, "write_"); ok && !slices.Contains(scopes, "read_"+resource) {
				told = append(told, "read_"+resource)
			}
			told = append(told, scope)
		}
		return told
	}
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool {
		resource, read := strings.CutPrefix(scope, "read_")
		return read && slices.Contains(scopes, "write_"+resource)
	})
}
