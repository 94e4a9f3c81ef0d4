package taobao

import (
	"net/http"
	"net/url"

	"github.com/grantkeep/grantkeep/sim"
)

// market is the seller's side: the list 我购买的服务 and what can be done with an app there.
func (s *simulator) market(w http.ResponseWriter, r *http.Request) {
	s.kit.Show(w, r, s.marketPage(""))
}

func (s *simulator) marketPage(said string) sim.Page {
	apps := sim.Field{Name: "app", Label: "应用 App"}
	for _, app := range s.kit.Apps.All() {
		apps.Options = append(apps.Options, sim.Choice{Value: app.ID, Label: app.Title() + " (" + app.Text("profile") + ")"})
	}
	page := sim.Page{
		Title: "我购买的服务 Services I ordered",
		Form: &sim.Form{
			Fields: []sim.Field{s.accountField("账号 Account", s.kit.Shops.All()), apps},
			Buttons: []sim.Button{
				{Name: "do", Value: "use", Label: "立即使用 Use"},
				{Name: "do", Value: "order", Label: "订购或续订 Order or renew"},
				{Name: "do", Value: "close", Label: "关闭订单 Close the order"},
				{Name: "do", Value: "cancel", Label: "取消授权 Cancel the authorization"},
				{Name: "do", Value: "allow", Label: "允许子账号 Allow the sub-account"},
				{Name: "do", Value: "forbid", Label: "禁止子账号 Forbid the sub-account"},
			},
		},
	}
	for _, app := range s.kit.Apps.All() {
		for _, seller := range s.kit.Shops.All() {
			if o := dataOf(seller).orders[app.ID]; o != nil {
				page.Text = append(page.Text, seller.Name+" · "+app.ID+" · 到期 until "+topTime(o.end))
			}
		}
	}
	if said != "" {
		page.Text = append([]string{said}, page.Text...)
	}
	return page
}

func (s *simulator) actInMarket(w http.ResponseWriter, r *http.Request) {
	app := s.kit.Apps.Find(r.PostFormValue("app"))
	account := s.kit.Shops.Find("account", r.PostFormValue(sim.FieldAccount))
	if app == nil || account == nil {
		s.kit.Show(w, r, s.marketPage("请选择账号和应用。Choose an account and an app."))
		return
	}
	s.kit.Call(r).About(app.ID, subject(app, account).ID)
	does := r.PostFormValue("do")
	if does == "use" {
		s.use(w, r, app, account)
		return
	}
	s.kit.Show(w, r, s.marketPage(s.deal(does, app, account)))
}

// deal does what a button says and returns what came of it.
func (s *simulator) deal(does string, app *sim.App, account *sim.Shop) string {
	seller := s.mainOf(account)
	switch does {
	case "order":
		if !orderBound(app) {
			return "这个应用不用订购。This app is not ordered."
		}
		s.open(app, seller, later(s.kit.Now(), orderEnd(seller, app)).Add(s.options.orderLife()))
		return "已订购。Ordered."
	case "close":
		s.close(app, seller)
		return "订单已关闭。The order is closed."
	case "cancel":
		s.cancel(app, account)
		return "已取消授权。The authorization has ended."
	case "allow", "forbid":
		if account == seller {
			return "请选择子账号。Choose a sub-account."
		}
		dataOf(account).allowed = does == "allow"
		return "已保存。Saved."
	}
	return ""
}

// use is the entry from the marketplace: the platform itself opens the authorize page for the registered callback, with
// no state of the app's.
func (s *simulator) use(w http.ResponseWriter, r *http.Request, app *sim.App, account *sim.Shop) {
	link := url.Values{"response_type": {"code"}, "client_id": {app.ID}, "redirect_uri": {app.Text("redirect_uri")}, "view": {"web"}}
	if code, text := s.wrongLink(http.MethodGet, link); text != "" {
		s.authorizeError(w, r, link, code, text)
		return
	}
	s.arrive(w, r, link, account, false)
}
