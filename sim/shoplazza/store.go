package shoplazza

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

var (
	digitsOnly = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
	labelForm  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	notInLabel = regexp.MustCompile(`[^a-z0-9]+`)
)

// AddShops makes stores. An order with the id of a store that exists renames it: the name becomes the label of its host.
func (s *simulator) AddShops(order sim.ShopOrder) (sim.ShopsMade, error) {
	if order.SubAccountOf != "" || order.Merchants > 0 {
		return sim.ShopsMade{}, fmt.Errorf("shoplazza has stores only: no merchants, no sub-accounts")
	}
	if order.ID != "" && !digitsOnly.MatchString(order.ID) {
		return sim.ShopsMade{}, fmt.Errorf("id %q: a store's id is a number", order.ID)
	}
	if store := s.kit.Shops.Find("shop", order.ID); store != nil && order.ID != "" {
		return sim.ShopsMade{Shops: []*sim.Shop{store}}, s.rename(store, order.Name)
	}
	var made sim.ShopsMade
	for n := range max(1, order.Count) {
		name, id := order.Name, ""
		if n == 0 {
			id = order.ID
		}
		if name != "" && n > 0 {
			name += " " + strconv.Itoa(n+1)
		}
		made.Shops = append(made.Shops, s.newStore(name, id, order.Owner))
	}
	return made, nil
}

func (s *simulator) newStore(name, id, owner string) *sim.Shop {
	for id == "" || s.kit.Shops.Find("shop", id) != nil {
		id = sim.Digits(7)
	}
	name = cmp.Or(name, "Demo "+id)
	store := s.kit.Shops.Add(sim.Shop{ID: id, Kind: "shop", Name: name, Owner: owner, Host: s.freeLabel(name, id) + storeSuffix})
	for _, app := range s.kit.Apps.All() {
		if app.Text("profile") == "private" {
			s.installPrivate(app, store)
		}
	}
	return store
}

// freeLabel makes the label of a host out of a store's name.
func (s *simulator) freeLabel(name, id string) string {
	label := strings.Trim(notInLabel.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if !labelForm.MatchString(label) {
		label = "demo-" + id
	}
	if s.taken(label) {
		label = label[:min(len(label), 40)] + "-" + id
	}
	return label
}

func (s *simulator) taken(label string) bool {
	return slices.ContainsFunc(s.kit.Shops.All(), func(shop *sim.Shop) bool { return shop.Host == label+storeSuffix })
}

// rename gives a store another host. Its id stays: that is why apps must know it by the id.
func (s *simulator) rename(store *sim.Shop, label string) error {
	if label+storeSuffix == store.Host || label == "" {
		return nil
	}
	if !labelForm.MatchString(label) || s.taken(label) {
		return fmt.Errorf("name %q: want a free label of lower-case letters, digits and hyphens", label)
	}
	store.Host, store.Name = label+storeSuffix, label
	return nil
}

// Revoke removes every app from a store, named by its id or host; or ends the app-level token of a client id.
func (s *simulator) Revoke(named string) error {
	if s.kit.Apps.Find(named) != nil {
		s.kit.Ledger.Revoke(named, sim.Subject{Kind: "partner", ID: named})
		return nil
	}
	i := slices.IndexFunc(s.kit.Shops.All(), func(shop *sim.Shop) bool { return shop.ID == named || shop.Host == named })
	if i < 0 {
		return fmt.Errorf("no store %q", named)
	}
	for _, app := range s.kit.Apps.All() {
		s.uninstall(app.ID, s.kit.Shops.All()[i].ID)
	}
	return nil
}

// uninstall ends an app at a store: the tokens are dead before the webhook is on its way.
func (s *simulator) uninstall(appID, storeID string) {
	app, store := s.kit.Apps.Find(appID), s.kit.Shops.Find("shop", storeID)
	if app == nil || store == nil {
		return
	}
	latest := s.kit.Ledger.Latest(appID, subject(store))
	if latest == nil || !latest.RevokedAt.IsZero() {
		return
	}
	s.kit.Ledger.Revoke(appID, subject(store))
	body, err := json.Marshal(map[string]string{"id": store.ID})
	if err != nil {
		panic(err) // two texts always marshal
	}
	s.fire(app, store, "app/uninstalled", body)
	s.drop(func(h *webhook) bool { return h.app == appID && h.store == storeID })
}

// stores is a store's admin as far as apps are concerned.
func (s *simulator) stores(w http.ResponseWriter, r *http.Request) {
	s.kit.Show(w, r, s.admin(""))
}

func (s *simulator) admin(said string) sim.Page {
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
			Fields: []sim.Field{stores, apps, {Name: "label", Label: "新店铺名 New label of the host"}},
			Buttons: []sim.Button{
				{Name: "do", Value: "install", Label: "安装应用 Add app"},
				{Name: "do", Value: "uninstall", Label: "卸载应用 Remove app"},
				{Name: "do", Value: "rename", Label: "改名 Rename store"},
				{Name: "do", Value: "order", Label: "模拟下单 Place an order"},
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
		s.kit.Show(w, r, s.admin("请选择店铺和应用。Choose a store and an app."))
		return
	}
	s.kit.Call(r).About(app.ID, store.ID)
	switch r.PostFormValue("do") {
	case "install":
		s.install(w, r, app, store)
	case "uninstall":
		s.uninstall(app.ID, store.ID)
		s.kit.Show(w, r, s.admin("已卸载。The app was removed; its tokens are dead."))
	case "rename":
		said := "已改名。The store was renamed."
		if err := s.rename(store, r.PostFormValue("label")); err != nil {
			said = err.Error()
		}
		s.kit.Show(w, r, s.admin(said))
	case "order":
		s.fire(app, store, "orders/create", []byte(`{"id":"`+uuid()+`"}`))
		s.kit.Show(w, r, s.admin("已下单。The webhook orders/create is on its way, if the app has one."))
	default:
		s.kit.Show(w, r, s.admin(""))
	}
}

// install opens the App URL as the app store does: with a signed query.
func (s *simulator) install(w http.ResponseWriter, r *http.Request, app *sim.App, store *sim.Shop) {
	if app.Text("app_url") == "" {
		s.kit.Show(w, r, s.admin("应用没有 App URL。The app has no app_url: set it with the control call apps."))
		return
	}
	query := map[string]string{"install_from": "app_store", "shop": store.Host, "store_id": store.ID}
	to, err := signed(app.Text("app_url"), app.Text("client_secret"), query, s.options.signature() == "encoded")
	if err != nil {
		s.kit.Show(w, r, s.admin("app_url: "+err.Error()))
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
