package taobao

import (
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// gmt8 is the platform's time.
var gmt8 = time.FixedZone("GMT+8", 8*60*60)

// tokenParams reads the parameters of a token request: a form, or, as some clients do it, the query.
func tokenParams(r *http.Request) (url.Values, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == "multipart/form-data" {
		if err := r.ParseMultipartForm(mostForm); err != nil {
			return nil, err
		}
		return r.Form, nil
	}
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	return r.Form, nil
}

// token is the token endpoint.
func (s *simulator) token(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		s.tokenError(w, r, refusal{"", wrongMethod})
		return
	}
	sent, err := tokenParams(r)
	if err != nil {
		s.tokenError(w, r, refusal{"", "OAUTH SERVER ERROR:" + err.Error()})
		return
	}
	pair, no := s.trade(sent)
	s.answerPair(w, r, pair, no)
}

// answerPair answers with a pair, or with why there is none.
func (s *simulator) answerPair(w http.ResponseWriter, r *http.Request, pair *sim.Pair, no *refusal) {
	if no != nil {
		s.tokenError(w, r, *no)
		return
	}
	s.kit.Call(r).About(pair.App, pair.Subject.ID)
	s.kit.Call(r).Accept("pair issued")
	writeBody(w, http.StatusOK, jsonType, jsonText(s.tokenAnswer(s.kit.Apps.Find(pair.App), pair), false))
}

// trade gives a pair for a code or a refresh token, or tells why not.
func (s *simulator) trade(sent url.Values) (*sim.Pair, *refusal) {
	app := s.kit.Apps.Find(sent.Get("client_id"))
	switch kind := sent.Get("grant_type"); {
	case hasXSS(sent):
		return nil, &refusal{"", xss}
	case sent.Get("client_id") == "":
		return nil, &refusal{"", noClient}
	case kind == "":
		return nil, &refusal{"", "grant type is empty"}
	case app == nil:
		return nil, &refusal{"", unknownClient + sent.Get("client_id")}
	case is(app, "blacklisted"):
		return nil, &refusal{"", blacklisted}
	case app.Text("app_secret") != sent.Get("client_secret"):
		return nil, &refusal{"", "client_secret is invalidate"}
	case kind == "authorization_code":
		if no := s.wrongReturn(app, sent); no != nil {
			return nil, no
		}
		return s.exchange(app, sent.Get("code"))
	case kind == "refresh_token":
		return s.refresh(app, sent.Get("refresh_token"))
	}
	return nil, &refusal{"", "the grant type unsupported"}
}

// wrongReturn checks the address that an exchange over the token endpoint repeats.
func (s *simulator) wrongReturn(app *sim.App, sent url.Values) *refusal {
	redirect, code := sent.Get("redirect_uri"), s.kit.Ledger.Code(sent.Get("code"))
	switch {
	case sent.Get("code") == "":
		return &refusal{"", noCode}
	case redirect == "":
		return &refusal{"", noRedirect}
	case !s.callbackMatches(app, redirect):
		return &refusal{invalidClient, mismatch}
	case s.options.sameRedirect() && code != nil && code.Redirect != redirect:
		return &refusal{"", wrongRedirect}
	}
	return nil
}

const noCode = "authorize code is empty"

// exchange gives a pair for a code, which works once. It is dead as well when its grant has ended meanwhile.
func (s *simulator) exchange(app *sim.App, text string) (*sim.Pair, *refusal) {
	code := s.kit.Ledger.Code(text)
	switch state := s.kit.Ledger.CodeState(code); {
	case text == "":
		return nil, &refusal{"", noCode}
	case state == sim.Expired && code.App == app.ID:
		return nil, &refusal{"", "authorize code expire"}
	case state != sim.Alive || code.App != app.ID:
		return nil, &refusal{invalidClient, "authorize code " + text + " invalidate,please authorize again."}
	}
	account := code.Data.(*sim.Shop)
	g := s.live(app, account)
	if g == nil {
		return nil, &refusal{invalidClient, "authorize code " + text + " invalidate,please authorize again."}
	}
	s.kit.Ledger.Spend(code)
	return s.issue(app, account, g), nil
}

// refresh gives a pair for a refresh token: its windows are open again, its end is the grant's.
func (s *simulator) refresh(app *sim.App, text string) (*sim.Pair, *refusal) {
	pair := s.kit.Ledger.ByRefresh(text)
	switch {
	case text == "":
		return nil, &refusal{"", "refresh token is empty"}
	case is(app, "no_session"):
		return nil, &refusal{"", needsNoSession}
	case pair == nil && !wellFormed.MatchString(text):
		return nil, &refusal{"", "refresh token is error:" + text}
	case s.kit.Ledger.RefreshState(pair, sim.Rotation{Grace: sim.Keep}) != sim.Alive || pair.App != app.ID:
		return nil, &refusal{"", badRefreshToken}
	}
	h := heldOf(pair)
	g := s.grantOf(app, pair)
	if g == nil || !s.refreshable(app) || h.spent && s.options.singleUse() {
		return nil, &refusal{"", badRefreshToken}
	}
	if today := s.kit.Now().In(gmt8).Format(time.DateOnly); g.day != today {
		g.day, g.refreshes = today, 0
	}
	if g.refreshes >= s.options.refreshesADay() {
		return nil, &refusal{"", "refresh times limit exceed"}
	}
	g.refreshes++
	h.spent = true
	return s.issue(app, h.account, g), nil
}

// grantOf returns the grant that a pair hangs on, nil if that one has ended.
func (s *simulator) grantOf(app *sim.App, p *sim.Pair) *grant {
	g := s.live(app, heldOf(p).account)
	if g == nil || p.IssuedAt.Before(g.given) {
		return nil
	}
	return g
}
