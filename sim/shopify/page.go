package shopify

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// stores is a store's admin as far as apps are concerned.
func (s *simulator) stores(w http.ResponseWriter, r *http.Request) {
	s.kit.Show(w, r, s.adminPage(""))
}

func (s *simulator) adminPage(said string) sim.Page {
	stores := sim.Field{Name: "store", Label: "店铺 Store"}
	for _, store := range s.kit.Shops.All() {
		stores.Options = append(stores.Options, sim.Choice{Value: store.ID, Label: store.Name + " (" + store.Host + ")"})
	}
	apps := sim.Field{Name: "app", Label: "应用 App"}
	for _, app := range s.kit.Apps.All() {
		apps.Options = append(apps.Options, sim.Choice{Value: app.ID, Label: app.Title()})
	}
	page := sim.Page{
		Title: "店铺后台 Store admin",
		Form: &sim.Form{
			Fields: []sim.Field{stores, apps, {Name: "scopes", Label: "新权限 New scopes, comma list"}},
			Buttons: []sim.Button{
				{Name: "do", Value: "open", Label: "安装或打开应用 Install or open app"},
				{Name: "do", Value: "uninstall", Label: "卸载应用 Uninstall app"},
				{Name: "do", Value: "scopes", Label: "更改权限 Change scopes"},
				{Name: "do", Value: "order", Label: "模拟下单 Place an order"},
				{Name: "do", Value: "data_request", Label: "顾客要求查看资料 Customer asks for data"},
				{Name: "do", Value: "redact", Label: "删除顾客资料 Delete a customer's data"},
			},
		},
	}
	if said != "" {
		page.Text = []string{said}
	}
	return page
}

func (s *simulator) actInStore(w http.ResponseWriter, r *http.Request) {
	app, store := s.kit.Apps.Find(r.PostFormValue("app")), s.kit.Shops.Find("shop", r.PostFormValue("store"))
	if app == nil || store == nil {
		s.kit.Show(w, r, s.adminPage("请选择店铺和应用。Choose a store and an app."))
		return
	}
	s.kit.Call(r).About(app.ID, store.ID)
	here := s.installed[place{app.ID, store.ID}]
	action := r.PostFormValue("do")
	if here == nil && action != "open" {
		s.kit.Show(w, r, s.adminPage("这家店铺没有安装该应用。The app is not installed here."))
		return
	}
	said := "通知已发出。The notice is on its way."
	switch action {
	case "open":
		s.open(w, r, app, store)
		return
	case "uninstall":
		s.uninstall(app, store)
		said = "已卸载。The app was removed; its tokens are dead."
	case "scopes":
		before := here.scopes
		here.scopes = splitScopes(r.PostFormValue("scopes"))
		for _, p := range s.pairs[place{app.ID, store.ID}] {
			p.Scopes = here.scopes
		}
		s.fire(app, store, "app/scopes_update", scopesBody(app, store, before, here.scopes), 0)
	case "order":
		s.fire(app, store, "orders/create", []byte(`{"id":`+sim.Digits(10)+`}`), 0)
	case "data_request":
		s.fire(app, store, "customers/data_request", privacyBody(store, dataRequest()), 0)
	case "redact":
		s.fire(app, store, "customers/redact", privacyBody(store, customerRedact()), 0)
	}
	s.kit.Show(w, r, s.adminPage(said))
}

// open opens the App URL as the admin does: with a signed query, and an ID token for apps that are embedded.
func (s *simulator) open(w http.ResponseWriter, r *http.Request, app *sim.App, store *sim.Shop) {
	if app.Text("app_url") == "" {
		s.kit.Show(w, r, s.adminPage("应用没有 App URL。The app has no app_url: set it with the control call apps."))
		return
	}
	query := url.Values{}
	if app.Settings["embedded"] == true {
		query = url.Values{
			"embedded": {"1"}, "locale": {"zh-CN"}, "session": {sim.Hex(32)},
			"id_token": {s.idToken(app, store)},
		}
		s.installed[place{app.ID, store.ID}] = &installation{scopes: appScopes(app)} // managed installation
	}
	to, err := s.signed(app.Text("app_url"), app, store, query)
	if err != nil {
		s.kit.Show(w, r, s.adminPage("app_url: "+err.Error()))
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// idToken writes what a page inside the admin gets: it lives one minute.
func (s *simulator) idToken(app *sim.App, store *sim.Shop) string {
	now := s.kit.Now().Unix()
	home := "https://" + store.Host
	return signToken(secrets(app)[0], claims{
		Issuer: home + "/admin", Dest: home, Audience: app.ID, Subject: "42", Expires: now + 60, NotBefore: now, IssuedAt: now,
		ID: uuid(), Session: uuid(),
	})
}

// uuid returns a random identifier in the form of RFC 9562, version 4.
func uuid() string {
	x := sim.Hex(30)
	return strings.Join([]string{x[:8], x[8:12], "4" + x[12:15], "a" + x[15:18], x[18:]}, "-")
}
