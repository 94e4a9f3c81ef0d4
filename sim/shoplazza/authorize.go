package shoplazza

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// resources are what scopes are made of: read_ and write_ with each.
var resources = []string{
	"shop", "themes", "shop_navigation", "product", "collection", "comments", "payment_info", "order", "customer", "price_rules",
	"gift_cards", "app_proxy", "data", "script_tags", "finance", "search_api",
}

func allScopes() []string {
	scopes := []string{"write_cart_transform"}
	for _, name := range resources {
		scopes = append(scopes, "read_"+name, "write_"+name)
	}
	return scopes
}

// splitScopes takes a list with blanks or commas.
func splitScopes(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == ',' || c == '+' })
}

// authorize is the page on which a merchant agrees, and before it, when the host does not tell the store, the log-in.
func (s *simulator) authorize(w http.ResponseWriter, r *http.Request) {
	if code := s.wrongLink(r); code != "" {
		s.authorizeError(w, r, code, texts[code])
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
	switch r.PostFormValue(sim.FieldDecision) {
	case sim.Approve:
		s.agreed(w, r, app, store, scopes)
	case sim.Deny:
		s.authorizeError(w, r, "access_denied", texts["access_denied"])
	default:
		s.kit.Show(w, r, sim.Page{
			Title: "授权应用 Install app",
			Text:  []string{"店铺 Store: " + store.Name + " (" + store.Host + ")", "应用 App: " + app.Title(), "权限 Scopes: " + cmp.Or(strings.Join(scopes, ", "), onlyScope)},
			Form:  &sim.Form{Action: r.URL.RequestURI(), Hidden: map[string]string{"store": store.ID}, Buttons: sim.AgreeButtons()},
		})
	}
}

// onlyScope is what a link without scopes asks for.
const onlyScope = "read_shop"

// wrongLink returns the error that an authorization link deserves, empty if it is right.
func (s *simulator) wrongLink(r *http.Request) string {
	query := r.URL.Query()
	for _, name := range []string{"client_id", "redirect_uri", "response_type"} {
		if query.Get(name) == "" {
			return "invalid_request"
		}
	}
	app := s.kit.Apps.Find(query.Get("client_id"))
	if app == nil || app.Text("profile") == "private" {
		return "invalid_client"
	}
	redirect, err := url.Parse(query.Get("redirect_uri"))
	if err != nil || redirect.Host == "" || redirect.Fragment != "" || !app.Allows(query.Get("redirect_uri")) {
		return "invalid_redirect_uri"
	}
	if query.Get("response_type") != "code" {
		return "unsupported_response_type"
	}
	may := allScopes()
	if allowed := app.Text("allowed_scopes"); allowed != "" {
		may = splitScopes(allowed)
	}
	for _, scope := range splitScopes(query.Get("scope")) {
		if !slices.Contains(may, scope) {
			return "invalid_scope"
		}
	}
	return ""
}

func (s *simulator) logIn(r *http.Request) sim.Page {
	field := sim.Field{Name: sim.FieldAccount, Label: "店铺 Store"}
	for _, store := range s.kit.Shops.All() {
		field.Options = append(field.Options, sim.Choice{Value: store.ID, Label: store.Name + " (" + store.Host + ")"})
	}
	return sim.Page{
		Title: "登录店铺 Log in",
		Text:  []string{"所有店铺都在这个地址，请选择一家。All stores live at this address: choose one."},
		Form: &sim.Form{
			Action:  r.URL.RequestURI(),
			Fields:  []sim.Field{field},
			Buttons: []sim.Button{{Label: "登录 Log in"}},
		},
	}
}

// agreed sends the merchant back with a code.
func (s *simulator) agreed(w http.ResponseWriter, r *http.Request, app *sim.App, store *sim.Shop, scopes []string) {
	query := r.URL.Query()
	if len(scopes) == 0 {
		scopes = []string{onlyScope}
	}
	if s.options.grantScopes() == "without_last" {
		scopes = scopes[:len(scopes)-1]
	}
	now := s.kit.Now()
	code := s.kit.Ledger.AddCode(sim.Code{
		Code: sim.Random(43), App: app.ID, Subject: subject(store), Redirect: query.Get("redirect_uri"),
		Scopes: scopes, Ends: now.Add(s.options.codeLife()),
	})
	back := map[string]string{"code": code.Code, "shop": store.Host}
	if s.options.callbackExtras() {
		back["store_id"], back["timestamp"] = store.ID, strconv.FormatInt(now.Unix(), 10)
	}
	s.kit.Call(r).Accept("code given")
	s.sendBack(w, r, app, back, true)
}

// sendBack redirects to the app with a query, its state and, if it is to be signed, its hmac.
func (s *simulator) sendBack(w http.ResponseWriter, r *http.Request, app *sim.App, back map[string]string, sign bool) {
	query := r.URL.Query()
	if query.Has("state") {
		back["state"] = query.Get("state")
	}
	to, err := signed(query.Get("redirect_uri"), app.Text("client_secret"), back, s.options.signature() == "encoded")
	if err != nil {
		s.kit.Show(w, r, sim.Page{Status: http.StatusBadRequest, Title: "Error", Refusal: "redirect_uri: " + err.Error()})
		return
	}
	if !sign {
		to = without(to, "hmac")
	}
	http.Redirect(w, r, to, http.StatusFound)
}

func without(address, name string) string {
	at, err := url.Parse(address)
	if err != nil {
		return address // it was written by signed
	}
	values := at.Query()
	values.Del(name)
	at.RawQuery = values.Encode()
	return at.String()
}

// authorizeError tells an error of the authorize page: on the page, or at the callback where the switches say so.
func (s *simulator) authorizeError(w http.ResponseWriter, r *http.Request, code, text string) {
	wrong := s.wrongLink(r)
	app := s.kit.Apps.Find(r.URL.Query().Get("client_id"))
	backward := app != nil && wrong != "invalid_client" && wrong != "invalid_redirect_uri" && wrong != "invalid_request"
	if backward && (code == "access_denied" && s.options.denyCallback() != "none" || code != "access_denied" && s.options.authorizeErrors() == "callback") {
		s.kit.Call(r).Refuse("%s", code)
		back := map[string]string{"error": code, "error_description": text}
		store := s.kit.Shops.Find("shop", s.kit.Call(r).Subject)
		sign := s.options.denyCallback() == "signed" && store != nil
		if sign {
			back["shop"] = store.Host
		}
		s.sendBack(w, r, app, back, sign)
		return
	}
	status := map[string]int{
		"invalid_client": http.StatusUnauthorized, "access_denied": http.StatusOK,
		"server_error": http.StatusInternalServerError, "temporarily_unavailable": http.StatusServiceUnavailable,
	}[code]
	s.kit.Show(w, r, sim.Page{
		Status:  cmp.Or(status, http.StatusBadRequest),
		Title:   "授权失败 An error has occurred",
		Refusal: strings.TrimSpace(code + ": " + text),
	})
}
