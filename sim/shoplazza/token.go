package shoplazza

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

var errContentType = errors.New("content type is neither JSON nor a form")

// readParams reads the parameters of a token request, JSON or form. Client authentication is in the body only.
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

// token is the token endpoint of the stores.
func (s *simulator) token(w http.ResponseWriter, r *http.Request) {
	sent, err := readParams(r)
	if err != nil {
		s.refuse(w, r, "invalid_request", err.Error())
		return
	}
	app := s.client(sent)
	switch {
	case sent["grant_type"] == "":
		s.refuse(w, r, "invalid_request", "grant_type is missing")
	case app == nil:
		s.refuse(w, r, "invalid_client", "client_id or client_secret is wrong")
	case app.Text("profile") == "private":
		s.refuse(w, r, "unauthorized_client", "a private app takes no part in OAuth")
	case sent["grant_type"] == "authorization_code":
		s.exchange(w, r, app, sent)
	case sent["grant_type"] == "refresh_token":
		s.refresh(w, r, app, sent)
	default:
		s.refuse(w, r, "unsupported_grant_type", "grant_type "+sent["grant_type"])
	}
}

// client returns the app that a token request proves to come from, nil if it does not.
func (s *simulator) client(sent map[string]string) *sim.App {
	app := s.kit.Apps.Find(sent["client_id"])
	if app == nil || app.Text("client_secret") != sent["client_secret"] {
		return nil
	}
	return app
}

func (s *simulator) exchange(w http.ResponseWriter, r *http.Request, app *sim.App, sent map[string]string) {
	if sent["code"] == "" || sent["redirect_uri"] == "" {
		s.refuse(w, r, "invalid_request", "code or redirect_uri is missing")
		return
	}
	code := s.kit.Ledger.Code(sent["code"])
	switch state := s.kit.Ledger.CodeState(code); {
	case state == sim.Spent && s.options.codeReuseKills():
		s.kit.Ledger.Revoke(code.App, code.Subject)
		fallthrough
	case state != sim.Alive:
		s.refuse(w, r, "invalid_grant", "the code is "+stateWord(state))
	case code.App != app.ID:
		s.refuse(w, r, "invalid_grant", "the code was given to another app")
	case code.Redirect != sent["redirect_uri"]:
		s.refuse(w, r, "invalid_grant", "redirect_uri differs from the authorization's")
	case s.elsewhere(r, code.Subject):
		s.refuse(w, r, "invalid_grant", "the code belongs to another store")
	default:
		s.kit.Ledger.Spend(code)
		s.issue(w, r, sim.Pair{App: app.ID, Subject: code.Subject, Scopes: code.Scopes, Data: code.Redirect})
	}
}

func (s *simulator) refresh(w http.ResponseWriter, r *http.Request, app *sim.App, sent map[string]string) {
	if sent["refresh_token"] == "" {
		s.refuse(w, r, "invalid_request", "refresh_token is missing")
		return
	}
	pair := s.kit.Ledger.ByRefresh(sent["refresh_token"])
	switch state := s.kit.Ledger.RefreshState(pair, s.keeping(pair)); {
	case state == sim.Spent && s.options.reuseKills():
		s.kit.Ledger.Revoke(pair.App, pair.Subject)
		fallthrough
	case state != sim.Alive:
		s.refuse(w, r, "invalid_grant", "the refresh token is "+stateWord(state))
	case pair.App != app.ID:
		s.refuse(w, r, "invalid_grant", "the refresh token was issued to another app")
	case s.elsewhere(r, pair.Subject):
		s.refuse(w, r, "invalid_grant", "the refresh token belongs to another store")
	case sent["redirect_uri"] == "" && s.options.requireRedirect():
		s.refuse(w, r, "invalid_grant", "redirect_uri is missing")
	case sent["redirect_uri"] != pair.Data && s.options.matchRedirect():
		s.refuse(w, r, "invalid_grant", "redirect_uri differs from the authorization's")
	case !s.kit.Now().Before(pair.ExpiresAt) && !s.options.refreshAfterExpiry():
		s.refuse(w, r, "invalid_grant", "the access token has ended")
	default:
		s.issue(w, r, sim.Pair{App: app.ID, Subject: pair.Subject, Scopes: pair.Scopes, Data: pair.Data})
	}
}

// elsewhere reports whether a request was sent to the host of another store.
func (s *simulator) elsewhere(r *http.Request, of sim.Subject) bool {
	store := s.storeOfHost(r)
	return store != nil && store.ID != of.ID
}

// keeping returns what replacing a pair does to it.
func (s *simulator) keeping(p *sim.Pair) sim.Rotation {
	r := sim.Rotation{FirstUse: s.options.rotation() == "on_first_use"}
	unused := r.FirstUse && p != nil && p.RelievedAt.IsZero()
	if s.options.oldAccess() == "lives" || unused {
		r.Overlap = sim.Keep
	}
	return r
}

func stateWord(state sim.State) string {
	return [...]string{"unknown", "alive", "expired", "spent", "revoked"}[state]
}

// tokenAnswer is a pair as the platform writes it.
type tokenAnswer struct {
	AccessToken  string  `json:"access_token"`
	TokenType    string  `json:"token_type"`
	ExpiresIn    *int64  `json:"expires_in,omitempty"`
	RefreshToken string  `json:"refresh_token,omitempty"`
	Scope        *string `json:"scope,omitempty"`
	CreatedAt    *int64  `json:"created_at,omitempty"`
	StoreID      string  `json:"store_id,omitempty"`
	StoreName    string  `json:"store_name,omitempty"`
	ExpiresAt    int64   `json:"expires_at"`
	Locale       string  `json:"locale,omitempty"`
}

// issue stores a pair and answers with it. expires_in is what is left in whole seconds, so it may be one below the life.
func (s *simulator) issue(w http.ResponseWriter, r *http.Request, p sim.Pair) {
	created := s.kit.Now().Truncate(time.Second)
	p.Access, p.Refresh = sim.Random(43), sim.Random(43)
	p.ExpiresAt = created.Add(s.options.accessLife())
	if life := s.options.refreshLife(); life > 0 {
		p.RefreshExpiresAt = created.Add(life)
	}
	s.kit.Ledger.Issue(p)
	store := s.kit.Shops.Find("shop", p.Subject.ID)
	label, _, _ := strings.Cut(store.Host, ".")
	a := tokenAnswer{
		AccessToken: p.Access, TokenType: "Bearer", RefreshToken: p.Refresh,
		StoreID: store.ID, StoreName: label, ExpiresAt: p.ExpiresAt.Unix(),
	}
	if !s.options.shortAnswer() {
		at, left, scope := created.Unix(), p.ExpiresAt.Unix()-created.Unix()-1, strings.Join(p.Scopes, " ")
		a.CreatedAt, a.ExpiresIn, a.Scope, a.Locale = &at, &left, &scope, "zh-CN"
	}
	s.kit.Call(r).About(p.App, p.Subject.ID)
	s.kit.Call(r).Accept("pair issued")
	writeJSON(w, http.StatusOK, a)
}

// refuse answers with one of the standard errors and notes the true reason in the log, which the platform does not tell.
func (s *simulator) refuse(w http.ResponseWriter, r *http.Request, code, why string) {
	s.tokenError(w, r, code, texts[code])
	s.kit.Call(r).Refuse("%s: %s", code, why)
}

// tokenError answers as Doorkeeper does.
func (s *simulator) tokenError(w http.ResponseWriter, r *http.Request, code, text string) {
	s.kit.Call(r).Refuse("%s: %s", code, text)
	status := http.StatusBadRequest
	switch code {
	case "invalid_grant":
		status = s.options.grantStatus()
	case "invalid_client":
		status = s.options.clientStatus()
		w.Header().Set("WWW-Authenticate", `Bearer realm="Doorkeeper", error="invalid_client"`)
	case "unauthorized_client":
		status = http.StatusForbidden
	}
	w.Header().Set("Pragma", "no-cache")
	writeJSON(w, status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{code, text})
}

// partnerToken is the endpoint of the Partner API: a token for the app itself. It takes no codes.
func (s *simulator) partnerToken(w http.ResponseWriter, r *http.Request) {
	sent, err := readParams(r)
	if err != nil {
		s.refuse(w, r, "invalid_request", err.Error())
		return
	}
	app := s.client(sent)
	switch {
	case sent["grant_type"] == "":
		s.refuse(w, r, "invalid_request", "grant_type is missing")
	case sent["grant_type"] != "client_credentials":
		s.refuse(w, r, "unsupported_grant_type", "the partner endpoint takes client_credentials only")
	case app == nil:
		s.refuse(w, r, "invalid_client", "client_id or client_secret is wrong")
	default:
		created := s.kit.Now().Truncate(time.Second)
		ends := created.Add(s.options.partnerLife())
		p := s.kit.Ledger.Issue(sim.Pair{
			App: app.ID, Subject: sim.Subject{Kind: "partner", ID: app.ID}, Access: sim.Random(43), ExpiresAt: ends,
		})
		at, left := created.Unix(), int64(s.options.partnerLife()/time.Second)
		s.kit.Call(r).About(app.ID, app.ID)
		s.kit.Call(r).Accept("partner token issued")
		writeJSON(w, http.StatusOK, tokenAnswer{AccessToken: p.Access, TokenType: "Bearer", ExpiresIn: &left, CreatedAt: &at, ExpiresAt: ends.Unix()})
	}
}
