package eleme

import (
	"cmp"
	"net/http"
	"net/url"

	"github.com/grantkeep/grantkeep/sim"
)

var (
	notLaunched     = failure{"access_denied", "Production resources can only be has access to online application"}
	notYetOrdered   = failure{"invalid_request", "The requested merchant has not yet been ordered service"}
	unknownCode     = failure{"unauthorized_client", "Unauthorized code"}
	archivedRefresh = failure{"Unauthorized client", "无效的refreshtoken"}
	deniedRefresh   = failure{"unauthorized_client", "Unauthorized refresh_token"}
	refreshExpired  = failure{"access_denied", "The requested refresh token is expired."}
)

// token is the token endpoint.
func (s *simulator) token(w http.ResponseWriter, r *http.Request) {
	app, wrong := s.client(r)
	form := readForm(r)
	if wrong == (failure{}) {
		wrong = wrongGrant(app, form)
	}
	if wrong != (failure{}) {
		s.refuse(w, r, wrong)
		return
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		s.exchange(w, r, app, form)
	case "refresh_token":
		s.refresh(w, r, app, form)
	default:
		s.obtain(w, r, app, form)
	}
}

// wrongGrant returns what is wrong with a token request whatever it asks for.
func wrongGrant(app *sim.App, form url.Values) failure {
	mine := map[string]string{"authorization_code": enterprise, "refresh_token": enterprise, "client_credentials": personal}
	grant := form.Get("grant_type")
	switch {
	case len(form) == 0:
		return failure{"invalid_request", "The http requested body is required"}
	case grant == "":
		return failure{"invalid_request", "The requested grant_type is required"}
	case mine[grant] == "":
		return failure{"unsupported_grant_type", "Unsupported grant_type"}
	case mine[grant] != app.Text("profile"):
		return failure{"unsupported_grant_type", "The requested grant_type does not match the client authorization type"}
	case unlaunched(app):
		return notLaunched
	}
	return failure{}
}

// spendCode takes a code in. Whoever presents it rightly uses it up, whatever the answer is.
func (s *simulator) spendCode(app *sim.App, form url.Values) (*sim.Code, failure) {
	code := s.kit.Ledger.Code(form.Get("code"))
	switch redirect := form.Get("redirect_uri"); {
	case form.Get("code") == "":
		return nil, failure{"invalid_request", "The requested code is required"}
	case redirect == "":
		return nil, failure{"invalid_request", "The requested redirect_uri is required"}
	case form.Has("client_id") && form.Get("client_id") != app.ID:
		return nil, failure{"invalid_client", "Invalid client_id"}
	case s.kit.Ledger.CodeState(code) != sim.Alive || code.App != app.ID:
		return nil, unknownCode
	case code.Redirect != redirect:
		return nil, failure{"invalid_request", "The requested redirect_uri does not match the background callback url."}
	}
	return code, failure{}
}

func (s *simulator) exchange(w http.ResponseWriter, r *http.Request, app *sim.App, form url.Values) {
	code, wrong := s.spendCode(app, form)
	if wrong != (failure{}) {
		s.refuse(w, r, wrong)
		return
	}
	h := holder{app.ID, code.Subject.ID}
	s.kit.Call(r).About(h.app, h.account)
	if wrong := s.tooOften(h); wrong != (failure{}) {
		s.refuse(w, r, wrong)
		return
	}
	s.kit.Ledger.Spend(code)
	switch c := s.consents[h]; {
	case c == nil || len(c.shops) == 0:
		s.refuse(w, r, unknownCode)
	case s.stateOfID(h.account) == notOrdered:
		s.refuse(w, r, notYetOrdered)
	default:
		s.issue(w, r, app, h.account)
	}
}

func (s *simulator) refresh(w http.ResponseWriter, r *http.Request, app *sim.App, form url.Values) {
	if form.Get("refresh_token") == "" {
		s.refuse(w, r, failure{"invalid_request", "The requested refresh_token is required"})
		return
	}
	pair := s.kit.Ledger.ByRefresh(form.Get("refresh_token"))
	if pair == nil || pair.App != app.ID {
		s.refuse(w, r, s.strangeRefresh(pair))
		return
	}
	h := holder{app.ID, pair.Subject.ID}
	s.kit.Call(r).About(h.app, h.account)
	wrong := s.tooOften(h)
	if wrong == (failure{}) {
		wrong = s.wrongRefresh(pair)
	}
	if wrong != (failure{}) {
		s.refuse(w, r, wrong)
		return
	}
	s.issue(w, r, app, h.account)
}

// strangeRefresh says what becomes of a refresh token that is nobody's, or another app's.
func (s *simulator) strangeRefresh(pair *sim.Pair) failure {
	switch which := s.options.unknownRefresh(); {
	case pair != nil || which == "unauthorized":
		return deniedRefresh
	case which == "invalid_request":
		return failure{"invalid_request", "Unauthorized refresh token."}
	}
	return archivedRefresh
}

// wrongRefresh returns why a pair cannot be refreshed, nothing if it can.
func (s *simulator) wrongRefresh(pair *sim.Pair) failure {
	state := s.stateOfID(pair.Subject.ID)
	switch s.kit.Ledger.RefreshState(pair, s.rotation(pair)) {
	case sim.Alive, sim.Unknown:
	case sim.Spent:
		return archivedRefresh
	case sim.Expired:
		return refreshExpired
	case sim.Revoked:
		if s.options.revokedRefresh() == "cancelled" {
			return cancelled
		}
		return deniedRefresh
	}
	switch spoilt := s.consents[holder{pair.App, pair.Subject.ID}].spoilt; {
	case (spoilt || state == invalid) && s.options.invalidShop() == "expired":
		return refreshExpired
	case spoilt || state == invalid:
		return failure{"Unauthorized client", "当前店铺已失效,不允许刷新token"}
	case state == notOrdered:
		return notYetOrdered
	}
	return failure{}
}

// obtain gives a personal app a token for its own account. In the sandbox a chain account can be named instead, as a
// parameter or as a header.
func (s *simulator) obtain(w http.ResponseWriter, r *http.Request, app *sim.App, form url.Values) {
	account := app.Text("account")
	if chain := cmp.Or(form.Get("sand_box_chain_id"), r.Header.Get("sand_box_chain_id")); chain != "" && app.Text("environment") == sandbox {
		account = chain
	}
	if owner := s.kit.Shops.Find(kindAccount, account); owner == nil || app.Text("environment") == sandbox && stateOf(owner) == noTester {
		s.refuse(w, r, failure{"access_denied", "Please use the specified sandbox account for testing"})
		return
	}
	h := holder{app.ID, account}
	s.kit.Call(r).About(h.app, h.account)
	if wrong := s.tooOften(h); wrong != (failure{}) {
		s.refuse(w, r, wrong)
		return
	}
	s.give(h, s.shopsOf(account))
	s.issue(w, r, app, account)
}
