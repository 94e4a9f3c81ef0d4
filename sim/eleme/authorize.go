package eleme

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

var cancelled = failure{"access_denied", "Authorization is cancelled"}

// authorize is the page on which a merchant logs in and then agrees or, having agreed before, may cancel.
func (s *simulator) authorize(w http.ResponseWriter, r *http.Request) {
	if wrong := s.wrongLink(r.URL.Query()); wrong != (failure{}) {
		s.refuseLink(w, r, wrong)
		return
	}
	app := s.kit.Apps.Find(r.URL.Query().Get("client_id"))
	account := s.kit.Shops.Find(kindAccount, r.PostFormValue(sim.FieldAccount))
	if account == nil {
		s.kit.Show(w, r, s.logIn(r))
		return
	}
	s.kit.Call(r).About(app.ID, account.ID)
	if app.Text("environment") == sandbox && stateOf(account) == noTester {
		s.refuseLink(w, r, failure{"access_denied", "Please use the specified sandbox account for testing"})
		return
	}
	switch r.PostFormValue(sim.FieldDecision) {
	case sim.Approve:
		s.agreed(w, r, app, account)
	case sim.Deny:
		s.cancel(app, account.ID, s.shopsOf(account.ID))
		s.refuseLink(w, r, cancelled)
	default:
		s.kit.Show(w, r, s.agreement(r, app, account))
	}
}

// wrongLink returns the error that an authorization link deserves, none if it is right.
func (s *simulator) wrongLink(query url.Values) failure {
	app, wrong := s.wrongClient(query)
	if wrong != (failure{}) {
		return wrong
	}
	switch kind, scope := query.Get("response_type"), query.Get("scope"); {
	case kind == "":
		return failure{"invalid_request", "The requested response_type is required"}
	case kind != "code":
		return failure{"unsupported_response_type", "The requested response_type must be set to 'code'"}
	case scope == "":
		return failure{"invalid_request", "The requested scope is required"}
	case scope != "all":
		return failure{"invalid_scope", "The requested scope is invalid, value must be set to 'all'"}
	case query.Get("state") == "":
		return failure{"invalid_request", "The requested state is required"}
	case unlaunched(app):
		return notLaunched
	}
	return failure{}
}

// wrongClient looks at what must be right before anybody is redirected. A personal app has no such page: nobody but its
// own account ever uses it.
func (s *simulator) wrongClient(query url.Values) (*sim.App, failure) {
	if query.Get("client_id") == "" {
		return nil, failure{"invalid_request", "The requested client_id is required"}
	}
	app := s.kit.Apps.Find(query.Get("client_id"))
	if app == nil || app.Text("profile") == personal {
		return nil, failure{"invalid_client", "Invalid client_id"}
	}
	return app, s.wrongRedirect(app, query.Get("redirect_uri"))
}

func (s *simulator) wrongRedirect(app *sim.App, redirect string) failure {
	registered := app.Text("redirect_uri")
	if redirect == "" || registered == "" && s.options.callbackRequired() {
		return failure{"invalid_request", "The requested redirect_uri is required"}
	}
	sent := redirect
	if s.options.callbackMatch() == "ignore_query" {
		sent, _, _ = strings.Cut(sent, "?")
		registered, _, _ = strings.Cut(registered, "?")
	}
	at, err := url.Parse(redirect)
	if err != nil || at.Host == "" || registered != "" && registered != sent {
		return failure{"invalid_request", "The requested redirect_uri does not match the background callback url."}
	}
	return failure{}
}

func (s *simulator) logIn(r *http.Request) sim.Page {
	field := sim.Field{Name: sim.FieldAccount, Label: "商家账号 Account"}
	for _, account := range s.kit.Shops.All() {
		if account.Kind != kindAccount {
			continue
		}
		var names []string
		for _, shop := range s.kit.Shops.OwnedBy(account.ID) {
			names = append(names, shop.Name)
		}
		field.Options = append(field.Options, sim.Choice{Value: account.ID, Label: account.Name + " (" + strings.Join(names, ", ") + ")"})
	}
	return sim.Page{
		Title: "商家登录 Log in",
		Form: &sim.Form{
			Action:  r.URL.RequestURI(),
			Fields:  []sim.Field{field},
			Buttons: []sim.Button{{Label: "登录 Log in"}},
		},
	}
}

// agreement asks a merchant. One who agreed before is offered to cancel in place of a refusal.
func (s *simulator) agreement(r *http.Request, app *sim.App, account *sim.Shop) sim.Page {
	field := sim.Field{Name: sim.FieldShops, Label: "授权店铺 Shops", Many: true}
	for _, shop := range s.kit.Shops.OwnedBy(account.ID) {
		field.Options = append(field.Options, sim.Choice{Value: shop.ID, Label: shop.Name + " (" + shop.ID + ")"})
	}
	page := sim.Page{
		Title: "授权应用 Authorize",
		Text:  []string{"账号 Account: " + account.Name, "应用 App: " + app.Title()},
		Form: &sim.Form{
			Action:  r.URL.RequestURI(),
			Hidden:  map[string]string{sim.FieldAccount: account.ID},
			Fields:  []sim.Field{field},
			Buttons: sim.AgreeButtons(),
		},
	}
	if c := s.consents[holder{app.ID, account.ID}]; c != nil && len(c.shops) > 0 {
		page.Text = append(page.Text, "您已授权该应用。You have authorized this app.")
		page.Form.Buttons[0].Label = "重新授权 Authorize again"
		page.Form.Buttons[1].Label = "取消授权 Cancel the authorization"
	}
	return page
}

// agreed sends the merchant back with a code for the shops chosen.
func (s *simulator) agreed(w http.ResponseWriter, r *http.Request, app *sim.App, account *sim.Shop) {
	var shops []string
	for _, id := range s.shopsOf(account.ID) {
		for _, chosen := range r.PostForm[sim.FieldShops] {
			if chosen == id {
				shops = append(shops, id)
			}
		}
	}
	if len(shops) == 0 {
		s.kit.Show(w, r, s.agreement(r, app, account))
		return
	}
	s.give(holder{app.ID, account.ID}, shops)
	query := r.URL.Query()
	code := s.kit.Ledger.AddCode(sim.Code{
		Code: sim.Hex(32), App: app.ID, Subject: subject(account.ID), Redirect: query.Get("redirect_uri"),
		Ends: s.kit.Now().Add(s.options.codeLife()),
	})
	s.kit.Call(r).Accept("code given")
	sendBack(w, r, url.Values{"code": {code.Code}})
}

// refuseLink tells an error of the authorization page: as JSON, or at the callback what a merchant's cancellation is and
// whatever the switch sends there.
func (s *simulator) refuseLink(w http.ResponseWriter, r *http.Request, f failure) {
	byMerchant := f == cancelled || f.code == "unauthorized_client"
	if f == cancelled && s.options.cancelError() == "unauthorized_client" {
		f.code = "unauthorized_client"
	}
	_, wrong := s.wrongClient(r.URL.Query())
	if wrong != (failure{}) || !byMerchant && s.options.authorizeErrors() == "json" {
		s.refuse(w, r, f)
		return
	}
	s.kit.Call(r).Refuse("%s: %s", f.code, f.text)
	sendBack(w, r, url.Values{"error": {f.code}, "error_description": {f.text}})
}

// sendBack redirects to the callback of a link that [simulator.wrongClient] has let pass.
func sendBack(w http.ResponseWriter, r *http.Request, back url.Values) {
	to, err := url.Parse(r.URL.Query().Get("redirect_uri"))
	if err != nil {
		panic("sim: eleme: " + err.Error()) // it was parsed before
	}
	if state := r.URL.Query().Get("state"); state != "" {
		back.Set("state", state)
	}
	if to.RawQuery != "" {
		to.RawQuery += "&"
	}
	to.RawQuery += back.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to.String(), http.StatusFound)
}
