package taobao

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// Kinds of app: the tags that are fixed when an app is made.
const (
	subscription = "subscription"
	backOffice   = "back-office"
	xTao         = "xtao"
	shopModule   = "shop-module"
	newBusiness  = "new-business"
)

var profiles = []string{subscription, backOffice, xTao, shopModule, newBusiness}

// stages are how far an app is: a draft can get no grants.
var stages = []string{"online", "testing", "draft"}

// AddApp adds an app or changes the one with the same app_key.
//
// Beside app_key, app_secret, redirect_uri, profile and stage the simulator knows these settings: article_code and
// item_code (what sellers order), bound_accounts (the only ones that may authorize), most_sessions (cap of live grants),
// apis and ip_whitelist (all that the app may call, and from where), and "true" or "false" in blacklisted, no_session,
// sub_accounts and open_id_only.
func (s *simulator) AddApp(settings sim.Settings) (*sim.App, error) {
	for name, known := range map[string][]string{"profile": profiles, "stage": stages} {
		if value := settings.Text(name); value != "" && !slices.Contains(known, value) {
			return nil, fmt.Errorf("%s %q: want one of %s", name, value, strings.Join(known, ", "))
		}
	}
	return s.newApp(settings), nil
}

func (s *simulator) newApp(settings sim.Settings) *sim.App {
	id := cmp.Or(settings.Text("app_key"), sim.Digits(8))
	app := s.kit.Apps.Put(id, settings)
	for name, value := range map[string]string{
		"app_key": id, "app_secret": sim.Hex(32), "profile": subscription, "stage": "online",
		"article_code": "FW_GOODS-" + id, "item_code": "FW_GOODS-" + id + "-1",
	} {
		if app.Text(name) == "" {
			app.Settings[name] = value
		}
	}
	for _, seller := range s.kit.Shops.All() {
		s.firstOrder(app, seller)
	}
	return app
}

// is reports whether an app has a setting that says yes.
func is(app *sim.App, name string) bool {
	yes, _ := app.Settings[name].(bool)
	return yes || app.Text(name) == "true"
}

// orderBound reports whether grants of an app live as long as the seller's order.
func orderBound(app *sim.App) bool {
	profile := app.Text("profile")
	return app.Text("stage") == "online" && (profile == subscription || profile == shopModule)
}

// refreshable reports whether grants of an app can be refreshed.
func (s *simulator) refreshable(app *sim.App) bool {
	return orderBound(app) && (app.Text("profile") == subscription || s.options.moduleRefresh())
}

// endOf returns when a grant ends that an account gives to an app at this moment. A sub-account's grant never outlives
// the main account's.
func (s *simulator) endOf(app *sim.App, account *sim.Shop) time.Time {
	seller, now := s.mainOf(account), s.kit.Now()
	var end time.Time
	switch profile := app.Text("profile"); {
	case app.Text("stage") == "testing" || profile == xTao:
		end = now.Add(s.options.dayLife())
	case orderBound(app):
		end = orderEnd(seller, app)
	default:
		end = now.Add(s.options.yearLife())
	}
	if main := s.live(app, seller); account != seller && main != nil && main.ends.Before(end) {
		end = main.ends
	}
	return end
}
