package lazada

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// authorize is the page on which a seller agrees, and before it the log-in.
func (s *simulator) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	app := s.kit.Apps.Find(query.Get("client_id"))
	if text := s.wrongLink(r, app); text != "" {
		s.pageError(w, r, text)
		return
	}
	account := s.kit.Shops.Find("account", cmp.Or(r.PostFormValue("who"), r.PostFormValue(sim.FieldAccount)))
	if account == nil {
		s.kit.Show(w, r, s.logIn(r))
		return
	}
	s.kit.Call(r).About(app.ID, account.ID)
	sites := s.sites(account, query.Get("country"))
	if len(sites) == 0 {
		s.pageError(w, r, "Incorrect account or password")
		return
	}
	switch r.PostFormValue(sim.FieldDecision) {
	case sim.Approve:
		s.agreed(w, r, app, account, sites)
	case sim.Deny:
		s.declined(w, r, app, "access_denied")
	default:
		field := sim.Field{Name: sim.FieldShops, Label: "站点 Sites", Many: true}
		for _, shop := range sites {
			field.Options = append(field.Options, sim.Choice{Value: shop.ID, Label: shop.Name + " (" + strings.ToUpper(shop.Region) + ")"})
		}
		s.kit.Show(w, r, sim.Page{
			Title: "授权应用 Authorize app",
			Text:  []string{"账号 Account: " + account.Name, "应用 App: " + app.Title()},
			Form: &sim.Form{
				Action: r.URL.RequestURI(), Hidden: map[string]string{"who": account.ID}, Fields: []sim.Field{field}, Buttons: sim.AgreeButtons(),
			},
		})
	}
}

// wrongLink returns what the page says of a link that is wrong.
func (s *simulator) wrongLink(r *http.Request, app *sim.App) string {
	query := r.URL.Query()
	for _, name := range []string{"client_id", "redirect_uri", "response_type"} {
		if query.Get(name) == "" {
			return "Missing parameter"
		}
	}
	switch {
	case app == nil:
		return "The specified App Key is invalid"
	case query.Get("response_type") != "code":
		return "unsupported_response_type"
	case !s.mayReturn(app, query.Get("redirect_uri")):
		return "Redirect uri does not match the callback URL of the APP"
	case app.Settings["offline"] == true:
		return "The application is not online"
	}
	return ""
}

// mayReturn reports whether sellers may be sent back to an address.
func (s *simulator) mayReturn(app *sim.App, redirect string) bool {
	at, err := url.Parse(redirect)
	if err != nil || at.Host == "" || at.Fragment != "" {
		return false
	}
	if app.Allows(redirect) || s.options.redirectURI() == "exact" {
		return app.Allows(redirect)
	}
	own, err := url.Parse(app.Text("redirect_uri"))
	return err == nil && own.Hostname() == at.Hostname()
}

// sites are the stores of an account that a link's country lets it choose from: cb, or a list of countries.
func (s *simulator) sites(account *sim.Shop, country string) []*sim.Shop {
	stores := s.stores(account)
	wanted := strings.Split(strings.ToLower(country), ",")
	if country == "" || slices.Contains(wanted, "cb") {
		return stores
	}
	return slices.DeleteFunc(stores, func(shop *sim.Shop) bool { return !slices.Contains(wanted, shop.Region) })
}

func (s *simulator) pageError(w http.ResponseWriter, r *http.Request, text string) {
	s.kit.Show(w, r, sim.Page{Title: "授权失败 Authorization failed", Refusal: text})
}

func (s *simulator) logIn(r *http.Request) sim.Page {
	field := sim.Field{Name: sim.FieldAccount, Label: "账号 Account"}
	for _, account := range s.kit.Shops.All() {
		if account.Kind == "account" {
			field.Options = append(field.Options, sim.Choice{Value: account.ID, Label: account.Name})
		}
	}
	return sim.Page{
		Title: "登录 Seller Center",
		Form:  &sim.Form{Action: r.URL.RequestURI(), Fields: []sim.Field{field}, Buttons: []sim.Button{{Label: "登录 Log in"}}},
	}
}

// agreed sends the seller back with a code, unless the app's policy is against it: that ends on a page of the platform.
func (s *simulator) agreed(w http.ResponseWriter, r *http.Request, app *sim.App, account *sim.Shop, sites []*sim.Shop) {
	chosen := r.PostForm[sim.FieldShops]
	g := &grant{app: app, account: account}
	for _, shop := range sites {
		if slices.Contains(chosen, shop.ID) {
			g.shops = append(g.shops, shop)
		}
	}
	if len(g.shops) == 0 {
		s.pageError(w, r, "Missing parameter: choose a site")
		return
	}
	switch app.Text("policy") {
	case listed:
		codes := strings.Fields(app.Text("short_codes"))
		for _, shop := range g.shops {
			if !slices.Contains(codes, shop.Facts.Text("short_code")) {
				s.pageError(w, r, "seller is not in the whitelist")
				return
			}
		}
	case bySubscrib:
		if !s.local(account) {
			break // cross-border sellers are exempt
		}
		sub := s.subscriptions[[2]string{app.ID, g.shops[0].ID}]
		if sub == nil || !s.kit.Now().Before(sub.ends) {
			s.pageError(w, r, "Please subscribe to the application first")
			return
		}
		g.market, g.ends = true, sub.ends
	}
	code := s.kit.Ledger.AddCode(sim.Code{
		Code: "0_" + app.ID + "_" + sim.Random(14), App: app.ID, Subject: g.subject(), Redirect: r.URL.Query().Get("redirect_uri"),
		Ends: s.kit.Now().Add(s.options.codeLife()), Data: g,
	})
	s.kit.Call(r).Accept("code given")
	sendBack(w, r, url.Values{"code": {code.Code}})
}

// declined answers a refusal: on the page, or by the callback where the switch says so.
func (s *simulator) declined(w http.ResponseWriter, r *http.Request, app *sim.App, code string) {
	if code == "access_denied" && s.options.refusal() == "none" {
		s.pageError(w, r, code)
		return
	}
	s.kit.Call(r).Refuse("%s", code)
	sendBack(w, r, url.Values{"error": {code}})
}

func sendBack(w http.ResponseWriter, r *http.Request, back url.Values) {
	query := r.URL.Query()
	at, err := url.Parse(query.Get("redirect_uri"))
	if err != nil {
		http.Error(w, "redirect_uri is no address", http.StatusBadRequest)
		return
	}
	all := at.Query()
	for name := range back {
		all.Set(name, back.Get(name))
	}
	if query.Has("state") {
		all.Set("state", query.Get("state"))
	}
	at.RawQuery = all.Encode()
	http.Redirect(w, r, at.String(), http.StatusFound)
}

// subscriptionLife is how long a subscription of the service market runs.
const subscriptionLife = 30 * day

// console is the service market, Seller Center and the vendor's console in one.
func (s *simulator) console(w http.ResponseWriter, r *http.Request) {
	s.kit.Show(w, r, s.consolePage(""))
}

func (s *simulator) consolePage(said string) sim.Page {
	stores := sim.Field{Name: "shop", Label: "店铺 Store"}
	for _, shop := range s.kit.Shops.All() {
		if shop.Kind == "shop" {
			stores.Options = append(stores.Options, sim.Choice{Value: shop.ID, Label: shop.Name + " (" + shop.ID + ")"})
		}
	}
	apps := sim.Field{Name: "app", Label: "应用 App"}
	for _, app := range s.kit.Apps.All() {
		apps.Options = append(apps.Options, sim.Choice{Value: app.ID, Label: app.Title()})
	}
	page := sim.Page{Title: "控制台 Console", Form: &sim.Form{
		Fields: []sim.Field{stores, apps},
		Buttons: []sim.Button{
			{Name: "do", Value: "subscribe", Label: "订购 30 天 Subscribe for 30 days"},
			{Name: "do", Value: "remove", Label: "取消授权 Remove the store from the app"},
			{Name: "do", Value: "close", Label: "店铺停用 Close the store"},
			{Name: "do", Value: "normal", Label: "店铺恢复 Open the store"},
			{Name: "do", Value: "order", Label: "模拟下单 Place an order"},
			{Name: "do", Value: "verify", Label: "验证推送地址 Verify the push address"},
			{Name: "do", Value: "push_on", Label: "重新开启推送 Switch pushing on"},
		},
	}}
	if said != "" {
		page.Text = []string{said}
	}
	return page
}

func (s *simulator) actInConsole(w http.ResponseWriter, r *http.Request) {
	app, shop := s.kit.Apps.Find(r.PostFormValue("app")), s.kit.Shops.Find("shop", r.PostFormValue("shop"))
	if app == nil || shop == nil {
		s.kit.Show(w, r, s.consolePage("请选择店铺和应用。Choose a store and an app."))
		return
	}
	s.kit.Call(r).About(app.ID, shop.ID)
	said := "完成。Done."
	switch r.PostFormValue("do") {
	case "subscribe":
		at := [2]string{app.ID, shop.ID}
		if s.subscriptions[at] == nil || s.subscriptions[at].ends.Before(s.kit.Now()) {
			s.subscriptions[at] = &subscription{ends: s.kit.Now().Truncate(time.Second)}
		}
		s.subscriptions[at].ends = s.subscriptions[at].ends.Add(subscriptionLife)
	case "remove":
		if err := s.Revoke(shop.ID); err != nil {
			said = err.Error()
		}
	case "close", "normal":
		delete(shop.Facts, "state")
		if r.PostFormValue("do") == "close" {
			shop.Facts["state"] = "not_active"
		}
		s.pushState(app, shop, r.PostFormValue("do"))
	case "order":
		s.pushOrder(app, shop)
	case "verify":
		s.pushTest(app)
	case "push_on":
		delete(s.pushing, app.ID)
	}
	s.kit.Show(w, r, s.consolePage(said))
}
