package tiktokshop

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// Kinds of accounts, as user_type writes them.
const (
	seller  = 0
	creator = 1
	partner = 3
)

var userTypes = map[string]int{"seller": seller, "creator": creator, "partner": partner}

// about is what the simulator knows of an account or shop.
type about struct {
	userType int
	state    string // inactive_shop, inactive_seller, or empty
}

func of(account *sim.Shop) *about { return account.Data.(*about) }

// AddApp adds an app or changes the one with the same app_key. Its redirect_uri is the Redirect URL of Partner Center:
// without one no merchant comes back. An app_secret may be a list, newest first.
func (s *simulator) AddApp(settings sim.Settings) (*sim.App, error) {
	if region := settings.Text("region"); region != "" && region != "row" && region != "us" {
		return nil, fmt.Errorf("region %q: want row or us", region)
	}
	if other := s.ofService(settings.Text("service_id")); other != nil && other.ID != settings.Text("app_key") {
		return nil, fmt.Errorf("service_id %s: another app has it", settings.Text("service_id"))
	}
	return s.newApp(settings), nil
}

func (s *simulator) newApp(settings sim.Settings) *sim.App {
	id := cmp.Or(settings.Text("app_key"), "6g"+strings.ToLower(sim.Random(11)))
	app := s.kit.Apps.Put(id, settings)
	for name, value := range map[string]string{"app_key": id, "app_secret": sim.Hex(40), "service_id": sim.Digits(19), "region": "row"} {
		if app.Text(name) == "" {
			app.Settings[name] = value
		}
	}
	return app
}

// ofService returns the app whose links carry a service_id, nil if there is none.
func (s *simulator) ofService(id string) *sim.App {
	i := slices.IndexFunc(s.kit.Apps.All(), func(app *sim.App) bool { return id != "" && app.Text("service_id") == id })
	if i < 0 {
		return nil
	}
	return s.kit.Apps.All()[i]
}

func secrets(app *sim.App) []string { return strings.Fields(app.Text("app_secret")) }

// scopesOf are the scopes that an app has switched on for a kind of account.
func scopesOf(app *sim.App, userType int) []string {
	scopes := strings.FieldsFunc(app.Text("scopes"), func(c rune) bool { return c == ' ' || c == ',' })
	if len(scopes) == 0 {
		scopes = []string{
			"seller.authorization.info", "seller.order.info", "seller.product.basic", "creator.showcase.read", "creator.affiliate.info",
			"partner.authorization.info",
		}
	}
	prefix := map[int]string{seller: "seller.", creator: "creator.", partner: "partner."}[userType]
	return slices.DeleteFunc(scopes, func(scope string) bool { return !strings.HasPrefix(scope, prefix) })
}

var (
	regionForm = regexp.MustCompile(`^[A-Z]{2}$`)
	digitsOnly = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
)

// AddShops makes shops. An order may name a region (GB without one), a state (inactive_shop, inactive_seller) and a
// user_type: creator and partner make accounts without shops. The owner is the account of a seller, made if need be.
func (s *simulator) AddShops(order sim.ShopOrder) (sim.ShopsMade, error) {
	region := cmp.Or(strings.ToUpper(order.Extra.Text("region")), "GB")
	state, kind := order.Extra.Text("state"), cmp.Or(order.Extra.Text("user_type"), "seller")
	userType, known := userTypes[kind]
	switch {
	case order.SubAccountOf != "" || order.Merchants > 0:
		return sim.ShopsMade{}, fmt.Errorf("tiktokshop has sellers with shops, creators and partners: no merchants, no sub-accounts")
	case !known:
		return sim.ShopsMade{}, fmt.Errorf("user_type %q: want seller, creator or partner", kind)
	case !regionForm.MatchString(region):
		return sim.ShopsMade{}, fmt.Errorf("region %q: want two letters", region)
	case state != "" && state != "inactive_shop" && state != "inactive_seller":
		return sim.ShopsMade{}, fmt.Errorf("state %q: want inactive_shop or inactive_seller", state)
	case order.ID != "" && s.kit.Shops.Find("", order.ID) != nil:
		return sim.ShopsMade{}, fmt.Errorf("id %q: taken", order.ID)
	case order.ID != "" && userType == seller && !digitsOnly.MatchString(order.ID):
		return sim.ShopsMade{}, fmt.Errorf("id %q: a shop's id is a number", order.ID)
	}
	var made sim.ShopsMade
	for n := range max(1, order.Count) {
		id, name := "", order.Name
		if n == 0 {
			id = order.ID
		} else if name != "" {
			name += " " + strconv.Itoa(n+1)
		}
		if userType != seller {
			made.Shops = append(made.Shops, s.newAccount(id, name, userType, region))
			continue
		}
		account := s.kit.Shops.Find("account", order.Owner)
		if account == nil {
			account = s.newAccount(order.Owner, name, seller, region)
		}
		shop := s.newShop(id, name, account, region)
		of(shop).state = state
		made.Shops = append(made.Shops, shop)
	}
	return made, nil
}

// newAccount makes an account. Its id is the open_id that every app knows it by.
func (s *simulator) newAccount(id, name string, userType int, region string) *sim.Shop {
	id = cmp.Or(id, sim.Random(54))
	return s.kit.Shops.Add(sim.Shop{
		ID: id, Kind: "account", Name: cmp.Or(name, "Demo "+id[:6]), Region: region, Data: &about{userType: userType},
		Facts: sim.Settings{"user_type": userType},
	})
}

func (s *simulator) newShop(id, name string, account *sim.Shop, region string) *sim.Shop {
	id = cmp.Or(id, sim.Digits(19))
	return s.kit.Shops.Add(sim.Shop{
		ID: id, Kind: "shop", Name: cmp.Or(name, "Demo "+id[:6]), Region: region, Owner: account.ID, Data: &about{},
		Facts: sim.Settings{"cipher": prefix(region) + sim.Random(40), "code": region + strings.ToUpper(sim.Random(8))},
	})
}

// prefix is how tokens, codes and ciphers of a region begin.
func prefix(region string) string {
	if region == "US" {
		return "TTP_"
	}
	return "ROW_"
}
