package shopify

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// wrong is what a link or request deserves: the platform's code and text.
type wrong struct{ code, text string }

// consentData is what a code was given for, beside its store.
type consentData struct{ perUser bool }

// authorize is the page on which a merchant agrees, and before it, when the host does not tell the store, the log-in.
func (s *simulator) authorize(w http.ResponseWriter, r *http.Request) {
	if bad := s.wrongLink(r); bad.code != "" {
		s.authorizeError(w, r, bad.code, bad.text)
		return
	}
	query := r.URL.Query()
	app := s.kit.Apps.Find(query.Get("client_id"))
	store := s.storeOfHost(r)
	if store == nil {
		store = s.kit.Shops.Find("shop", cmp.Or(r.PostFormValue("store"), r.PostFormValue(sim.FieldAccount)))
	}
	if store == nil {
		s.kit.Show(w, r, s.logIn(r))
		return
	}
	s.kit.Call(r).About(app.ID, store.ID)
	scopes := splitScopes(query.Get("scope"))
	if len(scopes) == 0 {
		scopes = appScopes(app) // managed installation: those of the configuration
	}
	here := s.installed[place{app.ID, store.ID}]
	unchanged := here != nil && slices.Equal(here.scopes, scopes)
	switch decision := r.PostFormValue(sim.FieldDecision); {
	case decision == sim.Approve && r.PostFormValue("person") == "staff":
		s.authorizeError(w, r, "invalid_request", "Your account does not have permission to grant the requested access for this app.")
	case decision == sim.Approve || unchanged && !s.options.askAgain():
		s.agreed(w, r, app, store, scopes)
	case decision == sim.Deny:
		s.authorizeError(w, r, "access_denied", "The merchant did not agree")
	default:
		s.kit.Show(w, r, sim.Page{
			Title: "安装应用 Install app",
			Text:  []string{"店铺 Store: " + store.Name + " (" + store.Host + ")", "应用 App: " + app.Title(), "权限 Scopes: " + strings.Join(scopes, ", ")},
			Form: &sim.Form{
				Action: r.URL.RequestURI(), Hidden: map[string]string{"store": store.ID}, Buttons: sim.AgreeButtons(),
				Fields: []sim.Field{{Name: "person", Label: "登录的人 Who is logged in", Options: []sim.Choice{
					{Value: "owner", Label: "店主 Owner"}, {Value: "staff", Label: "无权安装的员工 Staff without the permission"},
				}}},
			},
		})
	}
}

// wrongLink returns the error that an authorization link deserves.
func (s *simulator) wrongLink(r *http.Request) wrong {
	query := r.URL.Query()
	app := s.kit.Apps.Find(query.Get("client_id"))
	redirect, err := url.Parse(query.Get("redirect_uri"))
	switch {
	case query.Get("client_id") == "" || query.Get("redirect_uri") == "":
		return wrong{"invalid_request", "client_id or redirect_uri is missing"}
	case app == nil:
		return wrong{"invalid_request", "Could not find Shopify API application with api_key " + query.Get("client_id")}
	case app.Text("profile") == ofStore:
		return wrong{"invalid_request", "The Shopify API application does not support oauth"}
	case err != nil || redirect.Host == "" || redirect.Fragment != "" || !app.Allows(query.Get("redirect_uri")):
		return wrong{"invalid_request", "The redirect_uri is not whitelisted"}
	}
	entry, err := url.Parse(app.Text("app_url"))
	if s.options.matchAppURL() && err == nil && entry.Host != "" && entry.Hostname() != redirect.Hostname() {
		return wrong{"invalid_request", "The redirect_uri and application url must have matching hosts"}
	}
	for _, scope := range splitScopes(query.Get("scope")) {
		switch {
		case !knownScope(scope):
			return wrong{"invalid_scope", "The access scope is invalid: " + scope}
		case slices.Contains(restricted, scope) && !approved(app, scope):
			return wrong{"missing_shopify_permission", "missing_shopify_permission: " + scope}
		}
	}
	return wrong{}
}

func (s *simulator) logIn(r *http.Request) sim.Page {
	field := sim.Field{Name: sim.FieldAccount, Label: "店铺 Store"}
	for _, store := range s.kit.Shops.All() {
		field.Options = append(field.Options, sim.Choice{Value: store.ID, Label: store.Name + " (" + store.Host + ")"})
	}
	return sim.Page{
		Title: "登录店铺 Log in",
		Text:  []string{"所有店铺都在这个地址，请选择一家。All stores live at this address: choose one."},
		Form:  &sim.Form{Action: r.URL.RequestURI(), Fields: []sim.Field{field}, Buttons: []sim.Button{{Label: "登录 Log in"}}},
	}
}

// agreed installs the app and sends the merchant back with a code.
func (s *simulator) agreed(w http.ResponseWriter, r *http.Request, app *sim.App, store *sim.Shop, scopes []string) {
	query := r.URL.Query()
	if s.options.grantScopes() == "without_last" && len(scopes) > 1 {
		scopes = scopes[:len(scopes)-1]
	}
	s.installed[place{app.ID, store.ID}] = &installation{scopes: scopes}
	code := s.kit.Ledger.AddCode(sim.Code{
		Code: sim.Hex(32), App: app.ID, Subject: subject(store), Redirect: query.Get("redirect_uri"), Scopes: scopes,
		Ends: s.kit.Now().Add(s.options.codeLife()), Data: consentData{perUser: query.Get("grant_options[]") == "per-user"},
	})
	s.kit.Call(r).Accept("code given")
	s.sendBack(w, r, app, store, url.Values{"code": {code.Code}})
}

// sendBack redirects to the app with a signed query.
func (s *simulator) sendBack(w http.ResponseWriter, r *http.Request, app *sim.App, store *sim.Shop, back url.Values) {
	query := r.URL.Query()
	if query.Has("state") {
		back.Set("state", query.Get("state"))
	}
	to, err := s.signed(query.Get("redirect_uri"), app, store, back)
	if err != nil {
		s.kit.Show(w, r, sim.Page{Status: http.StatusBadRequest, Title: "Error", Refusal: "redirect_uri: " + err.Error()})
		return
	}
	http.Redirect(w, r, to, http.StatusFound)
}

// signed lays a query with the store, the time and the hmac over an address.
func (s *simulator) signed(address string, app *sim.App, store *sim.Shop, query url.Values) (string, error) {
	at, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	for name, values := range at.Query() {
		query[name] = values
	}
	query.Set("shop", store.Host)
	query.Set("timestamp", strconv.FormatInt(s.kit.Now().Unix(), 10))
	if host := "admin.shopify.com/store/" + label(store); s.options.hostParameter() == "unpadded" {
		query.Set("host", base64.RawStdEncoding.EncodeToString([]byte(host)))
	} else if s.options.hostParameter() == "padded" {
		query.Set("host", base64.StdEncoding.EncodeToString([]byte(host)))
	}
	secret := oldest(app)
	if s.options.callbackSecret() == "newest" {
		secret = secrets(app)[0]
	}
	query.Set("hmac", signQuery(secret, s.options.signing(), query))
	at.RawQuery = query.Encode()
	return at.String(), nil
}

// authorizeError shows an error of the authorize page. A refusal by the merchant comes back only where a switch says so.
func (s *simulator) authorizeError(w http.ResponseWriter, r *http.Request, code, text string) {
	app := s.kit.Apps.Find(r.URL.Query().Get("client_id"))
	store := s.kit.Shops.Find("shop", s.kit.Call(r).Subject)
	if code == "access_denied" && s.options.refusal() == "access_denied" && app != nil && store != nil {
		s.kit.Call(r).Refuse("access_denied")
		s.sendBack(w, r, app, store, url.Values{"error": {code}, "error_description": {text}})
		return
	}
	status := http.StatusBadRequest
	if code == "access_denied" {
		status = http.StatusOK // the browser is back in the store's admin
	}
	s.kit.Show(w, r, sim.Page{Status: status, Title: "授权失败 Oauth error", Refusal: "Oauth error " + code + ": " + text})
}
