package eleme

import (
	"net/http"

	"github.com/grantkeep/grantkeep/sim"
)

// merchant is the merchant's own page: what happens at a shop without the app.
func (s *simulator) merchant(w http.ResponseWriter, r *http.Request) {
	s.kit.Show(w, r, s.desk(""))
}

func (s *simulator) desk(said string) sim.Page {
	shops := sim.Field{Name: "shop", Label: "店铺 Shop"}
	for _, shop := range s.kit.Shops.All() {
		if shop.Kind == kindShop {
			shops.Options = append(shops.Options, sim.Choice{Value: shop.ID, Label: shop.Name + " (" + shop.ID + ")"})
		}
	}
	apps := sim.Field{Name: "app", Label: "应用 App"}
	for _, app := range s.kit.Apps.All() {
		apps.Options = append(apps.Options, sim.Choice{Value: app.ID, Label: app.Text("name") + " (" + app.ID + ")"})
	}
	page := sim.Page{
		Title: "商家后台 Merchant desk",
		Form: &sim.Form{
			Fields: []sim.Field{shops, apps},
			Buttons: []sim.Button{
				{Name: "do", Value: "order", Label: "模拟下单 Place an order"},
				{Name: "do", Value: "cancel", Label: "解除授权 Remove the app from the shop"},
				{Name: "do", Value: "open", Label: "打开应用 Open the app"},
			},
		},
	}
	if said != "" {
		page.Text = []string{said}
	}
	return page
}

func (s *simulator) actAsMerchant(w http.ResponseWriter, r *http.Request) {
	app, shop := s.kit.Apps.Find(r.PostFormValue("app")), s.kit.Shops.Find(kindShop, r.PostFormValue("shop"))
	if app == nil || shop == nil {
		s.kit.Show(w, r, s.desk("请选择店铺和应用。Choose a shop and an app."))
		return
	}
	s.kit.Call(r).About(app.ID, shop.Owner)
	switch r.PostFormValue("do") {
	case "order":
		o := s.placeOrder(shop)
		s.kit.Show(w, r, s.desk("已下单。Order "+o.OrderID+" was placed; the apps of this shop are told."))
	case "cancel":
		s.cancel(app, shop.Owner, []string{shop.ID})
		s.kit.Show(w, r, s.desk("已解除。The app may not act for this shop any more."))
	case "open":
		s.open(w, r, app)
	default:
		s.kit.Show(w, r, s.desk(""))
	}
}

// open leads to the callback without code or error, as the merchants' desktop client does.
func (s *simulator) open(w http.ResponseWriter, r *http.Request, app *sim.App) {
	if app.Text("redirect_uri") == "" {
		s.kit.Show(w, r, s.desk("应用没有登记回调地址。The app has no redirect_uri: set it with the control call apps."))
		return
	}
	http.Redirect(w, r, app.Text("redirect_uri"), http.StatusSeeOther)
}
