package tiktokshop

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

const day = 24 * time.Hour

// durations are what a merchant can choose from.
var durations = []int{365, 180, 30}

// authorize is the page on which an account agrees, and before it the log-in.
func (s *simulator) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	ofCreator := r.URL.Path == "/alliance/creator/auth"
	app := s.ofService(query.Get("service_id"))
	if ofCreator {
		app = s.kit.Apps.Find(query.Get("app_key"))
	}
	switch {
	case app == nil && s.kit.Apps.Find(query.Get("service_id")) != nil:
		s.pageError(w, r, "service_id is wrong: it is no app_key")
		return
	case app == nil:
		s.pageError(w, r, "the service does not exist")
		return
	case ofCreator && query.Get("state") == "":
		s.pageError(w, r, "98001004: invalid params; detail:binding: expr_path=ttc_state, cause=missing required parameter")
		return
	case app.Text("redirect_uri") == "":
		s.pageError(w, r, "the app has no Redirect URL: set it in Partner Center")
		return
	}
	account := s.kit.Shops.Find("account", cmp.Or(r.PostFormValue("who"), r.PostFormValue(sim.FieldAccount)))
	if account == nil || (of(account).userType == creator) != ofCreator {
		s.kit.Show(w, r, s.logIn(r, ofCreator))
		return
	}
	s.kit.Call(r).About(app.ID, account.ID)
	if why := s.mayNot(app, account); why != "" {
		s.pageError(w, r, why)
		return
	}
	switch r.PostFormValue(sim.FieldDecision) {
	case sim.Approve:
		s.agreed(w, r, app, account)
	case sim.Deny:
		s.declined(w, r, app, s.options.decline())
	default:
		s.kit.Show(w, r, s.ask(r, app, account))
	}
}

// mayNot says why an account cannot authorize an app, nothing if it can.
func (s *simulator) mayNot(app *sim.App, account *sim.Shop) string {
	us := account.Region == "US"
	switch linked := app.Text("linked_seller"); {
	case us != (app.Text("region") == "us"):
		return "the app belongs to another region than the account: US and the rest of the world have apps of their own"
	case linked != "" && linked != account.ID:
		return "a custom app serves its own seller only"
	case len(scopesOf(app, of(account).userType)) == 0:
		return "the app has no scope for this kind of account"
	}
	return ""
}

func (s *simulator) pageError(w http.ResponseWriter, r *http.Request, text string) {
	s.kit.Show(w, r, sim.Page{Status: http.StatusBadRequest, Title: "授权失败 Authorization failed", Refusal: text})
}

func (s *simulator) logIn(r *http.Request, ofCreator bool) sim.Page {
	field := sim.Field{Name: sim.FieldAccount, Label: "账号 Account"}
	for _, account := range s.kit.Shops.All() {
		if account.Kind == "account" && (of(account).userType == creator) == ofCreator {
			field.Options = append(field.Options, sim.Choice{Value: account.ID, Label: account.Name + " (" + account.Region + ")"})
		}
	}
	return sim.Page{
		Title: "登录 Log in",
		Form:  &sim.Form{Action: r.URL.RequestURI(), Fields: []sim.Field{field}, Buttons: []sim.Button{{Label: "登录 Log in"}}},
	}
}

// ask is the page with the question. Sellers choose how long, creators what.
func (s *simulator) ask(r *http.Request, app *sim.App, account *sim.Shop) sim.Page {
	page := sim.Page{
		Title: "授权应用 Authorize app",
		Text:  []string{"账号 Account: " + account.Name, "应用 App: " + app.Title()},
		Form:  &sim.Form{Action: r.URL.RequestURI(), Hidden: map[string]string{"who": account.ID}, Buttons: sim.AgreeButtons()},
	}
	for _, shop := range s.kit.Shops.OwnedBy(account.ID) {
		page.Text = append(page.Text, "店铺 Shop: "+shop.Name+" ("+shop.Region+")")
	}
	if of(account).userType == creator {
		field := sim.Field{Name: "scopes", Label: "权限 Scopes", Many: true}
		for _, scope := range scopesOf(app, creator) {
			field.Options = append(field.Options, sim.Choice{Value: scope, Label: scope})
		}
		page.Form.Fields = []sim.Field{field}
		return page
	}
	field := sim.Field{Name: "days", Label: "授权期限 How long"}
	for _, days := range durations {
		field.Options = append(field.Options, sim.Choice{Value: strconv.Itoa(days), Label: strconv.Itoa(days) + " 天 days"})
	}
	page.Form.Fields = []sim.Field{field}
	return page
}

// agreed sends the account back with a code.
func (s *simulator) agreed(w http.ResponseWriter, r *http.Request, app *sim.App, account *sim.Shop) {
	g := &grant{app: app, account: account}
	scopes := scopesOf(app, of(account).userType)
	if of(account).userType == creator {
		chosen := r.PostForm["scopes"]
		scopes = slices.DeleteFunc(scopes, func(scope string) bool { return !slices.Contains(chosen, scope) })
		if len(scopes) == 0 {
			s.pageError(w, r, "choose at least one scope")
			return
		}
	} else {
		days, err := strconv.Atoi(cmp.Or(r.PostFormValue("days"), strconv.Itoa(durations[0])))
		if err != nil || days < 1 || days > durations[0] {
			s.pageError(w, r, "choose how long")
			return
		}
		g.ends = s.kit.Now().Truncate(time.Second).Add(time.Duration(days) * day)
	}
	s.sendBack(w, r, g, scopes, r.URL.Query().Has("state"))
}

// sendBack redirects to the app's Redirect URL with a code.
func (s *simulator) sendBack(w http.ResponseWriter, r *http.Request, g *grant, scopes []string, withState bool) {
	code := s.kit.Ledger.AddCode(sim.Code{
		Code: prefix(g.account.Region) + sim.Random(60), App: g.app.ID, Subject: subject(g.account), Scopes: scopes,
		Ends: s.kit.Now().Add(s.options.codeLife()), Data: g,
	})
	back := url.Values{"code": {code.Code}}
	if s.options.callbackExtras() {
		back.Set("app_key", g.app.ID)
		back.Set("locale", "en-GB")
		back.Set("shop_region", g.account.Region)
	}
	if withState {
		back.Set("state", strings.TrimSpace(r.URL.Query().Get("state")))
	}
	s.kit.Call(r).About(g.app.ID, g.account.ID)
	s.kit.Call(r).Accept("code given")
	redirect(w, r, g.app, back)
}

// declined sends the account back without a code: it is the text null.
func (s *simulator) declined(w http.ResponseWriter, r *http.Request, app *sim.App, code string) {
	back := url.Values{"code": {"null"}, "error": {code}}
	if code == "auth_denied" && r.URL.Query().Has("state") {
		back.Set("state", r.URL.Query().Get("state"))
	}
	s.kit.Call(r).Refuse("%s", code)
	redirect(w, r, app, back)
}

func redirect(w http.ResponseWriter, r *http.Request, app *sim.App, back url.Values) {
	at, err := url.Parse(app.Text("redirect_uri"))
	if err != nil || at.Host == "" {
		http.Error(w, "the app's Redirect URL is no address", http.StatusBadRequest)
		return
	}
	values := at.Query()
	for name := range back {
		values.Set(name, back.Get(name))
	}
	at.RawQuery = values.Encode()
	http.Redirect(w, r, at.String(), http.StatusFound)
}

// center is Seller Center, as far as apps are concerned.
func (s *simulator) center(w http.ResponseWriter, r *http.Request) {
	s.kit.Show(w, r, s.centerPage(""))
}

func (s *simulator) centerPage(said string) sim.Page {
	accounts := sim.Field{Name: "who", Label: "账号 Account"}
	for _, account := range s.kit.Shops.All() {
		if account.Kind == "account" {
			accounts.Options = append(accounts.Options, sim.Choice{Value: account.ID, Label: account.Name})
		}
	}
	apps := sim.Field{Name: "app", Label: "应用 App"}
	for _, app := range s.kit.Apps.All() {
		apps.Options = append(apps.Options, sim.Choice{Value: app.ID, Label: app.Title()})
	}
	page := sim.Page{Title: "卖家中心 Seller Center", Form: &sim.Form{
		Fields: []sim.Field{accounts, apps},
		Buttons: []sim.Button{
			{Name: "do", Value: "install", Label: "从应用商店安装 Install from the App Store"},
			{Name: "do", Value: "remove", Label: "取消授权 Remove all access"},
			{Name: "do", Value: "tokopedia", Label: "推送 Tokopedia 状态 Send the Tokopedia status"},
		},
	}}
	if said != "" {
		page.Text = []string{said}
	}
	return page
}

func (s *simulator) actInCenter(w http.ResponseWriter, r *http.Request) {
	app, account := s.kit.Apps.Find(r.PostFormValue("app")), s.kit.Shops.Find("account", r.PostFormValue("who"))
	if app == nil || account == nil {
		s.kit.Show(w, r, s.centerPage("请选择账号和应用。Choose an account and an app."))
		return
	}
	s.kit.Call(r).About(app.ID, account.ID)
	g := s.grants[holder{app.ID, account.ID}]
	switch do := r.PostFormValue("do"); {
	case do == "install" && app.Text("redirect_uri") == "":
		s.pageError(w, r, "the app has no Redirect URL: set it in Partner Center")
	case do == "install" && s.mayNot(app, account) != "":
		s.pageError(w, r, s.mayNot(app, account))
	case do == "install": // no state: nobody asked for it
		g := &grant{app: app, account: account}
		if of(account).userType != creator {
			g.ends = s.kit.Now().Truncate(time.Second).Add(time.Duration(durations[0]) * day)
		}
		s.sendBack(w, r, g, scopesOf(app, of(account).userType), false)
	case g == nil || g.over:
		s.kit.Show(w, r, s.centerPage("没有授权。The app has no grant."))
	case do == "remove":
		s.end(g)
		s.kit.Show(w, r, s.centerPage("已取消。The app's tokens are dead."))
	default:
		s.pushTokopedia(g)
		s.kit.Show(w, r, s.centerPage("已发送。Sent."))
	}
}
