package tiktokshop

import (
	"net/http"
	"slices"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// early is how long before its end a refresh may bring the same pair.
const early = time.Hour

// farEnd is what token answers show for an authorization that never ends.
var farEnd = time.Date(2125, 1, 1, 0, 0, 0, 0, time.UTC)

// tokenApp returns the app that a token request proves to come from, nil after it has answered.
func (s *simulator) tokenApp(w http.ResponseWriter, r *http.Request, need ...string) *sim.App {
	if r.Method != http.MethodGet {
		s.notFoundText(w, r, "token endpoints take GET only")
		return nil
	}
	query := r.URL.Query()
	app := s.kit.Apps.Find(query.Get("app_key"))
	for _, name := range append(need, "app_key", "app_secret") {
		if query.Get(name) == "" {
			s.refuse(w, r, "98001004", "Invalid param", name+" is missing")
			return nil
		}
	}
	switch {
	case app == nil:
		s.refuse(w, r, "36009004", "Invalid credentials. Invalid `app_key` query parameter.", "unknown app_key")
	case !slices.Contains(secrets(app), query.Get("app_secret")):
		s.refuse(w, r, "36009004", "Invalid credentials. Invalid `app_key` or `app_secret` query parameter.", "app_secret is wrong")
	case !s.listed(app, r):
		s.refuse(w, r, "36009033", notListed, "the caller's address is not in ip_allow_list")
	default:
		return app
	}
	return nil
}

// tokenGet exchanges a code.
func (s *simulator) tokenGet(w http.ResponseWriter, r *http.Request) {
	app := s.tokenApp(w, r, "auth_code", "grant_type")
	if app == nil {
		return
	}
	query := r.URL.Query()
	code := s.kit.Ledger.Code(query.Get("auth_code"))
	state := s.kit.Ledger.CodeState(code)
	switch {
	case query.Get("grant_type") != "authorized_code":
		s.refuse(w, r, "98001004", "Invalid param", "grant_type is not authorized_code")
	case state != sim.Alive:
		s.refuse(w, r, "36004004", "Invalid auth code.", "the code is "+stateWord(state))
	case code.App != app.ID:
		s.refuse(w, r, "36004005", "can not find related auth record", "the code was given to another app")
	default:
		s.kit.Ledger.Spend(code)
		g := code.Data.(*grant)
		at := holder{app.ID, g.account.ID}
		if s.options.reauthorization() == "dies" {
			s.outdate(at)
		}
		s.grants[at] = g
		s.answer(w, r, s.issue(g, "", code.Scopes))
		s.warn(g)
	}
}

// outdate ends the pairs of a grant that is given anew.
func (s *simulator) outdate(at holder) {
	if g := s.grants[at]; g != nil {
		s.kit.Ledger.Revoke(at.app, subject(g.account))
	}
}

// tokenRefresh refreshes a pair. The end of the authorization stays where it is.
func (s *simulator) tokenRefresh(w http.ResponseWriter, r *http.Request) {
	app := s.tokenApp(w, r, "refresh_token")
	if app == nil {
		return
	}
	query := r.URL.Query()
	if grant := query.Get("grant_type"); s.options.strictGrantType() && grant != "refresh_token" {
		s.refuse(w, r, "98001004", "Invalid param", "grant_type is not refresh_token")
		return
	}
	p := s.kit.Ledger.ByRefresh(query.Get("refresh_token"))
	state := s.kit.Ledger.RefreshState(p, s.rotation(p))
	switch {
	case state == sim.Expired:
		s.refuse(w, r, "36004001", "rt has expired", "the authorization has ended")
	case state != sim.Alive:
		s.refuse(w, r, "36004005", "can not find related auth record", "the refresh token is "+stateWord(state))
	case p.App != app.ID:
		s.refuse(w, r, "36004005", "can not find related auth record", "the refresh token was issued to another app")
	case !s.options.refreshAfterEnd() && !s.kit.Now().Before(p.ExpiresAt):
		s.refuse(w, r, "36004005", "can not find related auth record", "the access token has ended")
	case s.options.earlyRefresh() == "same_pair" && s.kit.Now().Add(early).Before(p.ExpiresAt):
		s.answer(w, r, p)
	default:
		text := ""
		if s.options.refreshText() == "same" {
			text = p.Refresh
		}
		dataOf(p).refreshed = true
		s.answer(w, r, s.issue(dataOf(p).grant, text, p.Scopes))
	}
}

func stateWord(state sim.State) string {
	return [...]string{"unknown", "alive", "expired", "spent", "revoked"}[state]
}

// tokenAnswer is a pair as the platform writes it: the ends are moments in spite of their names.
type tokenAnswer struct {
	AccessToken     string   `json:"access_token"`
	AccessExpireIn  int64    `json:"access_token_expire_in"`
	RefreshToken    string   `json:"refresh_token"`
	RefreshExpireIn int64    `json:"refresh_token_expire_in"`
	OpenID          string   `json:"open_id"`
	SellerName      string   `json:"seller_name"`
	Region          string   `json:"seller_base_region"`
	UserType        int      `json:"user_type"`
	Scopes          []string `json:"granted_scopes,omitempty"`
}

func (s *simulator) answer(w http.ResponseWriter, r *http.Request, p *sim.Pair) {
	g := dataOf(p).grant
	ends := p.AuthorizationExpiresAt
	if ends.IsZero() {
		ends = farEnd
	}
	told := func(end time.Time) int64 {
		if s.options.expireIn() == "seconds_left" {
			return int64(end.Sub(s.kit.Now().Truncate(time.Second)) / time.Second)
		}
		return end.Unix()
	}
	a := tokenAnswer{
		AccessToken: p.Access, AccessExpireIn: told(p.ExpiresAt), RefreshToken: p.Refresh, RefreshExpireIn: told(ends),
		OpenID: g.account.ID, UserType: of(g.account).userType,
	}
	if a.UserType == seller {
		a.SellerName, a.Region = g.account.Name, g.account.Region
	}
	if s.options.grantedScopes() == "told" {
		a.Scopes = p.Scopes
	}
	s.kit.Call(r).About(p.App, g.account.ID)
	s.kit.Call(r).Accept("pair given, generation %d", p.Generation)
	s.success(w, a)
}
