package lazada

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

var countries = []string{"sg", "my", "th", "vn", "ph", "id"}

// Policies by which sellers may join an app.
const (
	anySeller  = "any"    // any login
	listed     = "list"   // sellers whose short code stands in the app's short_codes
	bySubscrib = "market" // local sellers subscribe in the service market first
)

// subscription is that of a local seller in the service market.
type subscription struct{ ends time.Time }

// AddApp adds an app or changes the one with the same app_key. Beside the names of the contract it takes policy (any,
// list, market), short_codes, ip_allow_list, chat and offline. An app_secret may be a list, newest first.
func (s *simulator) AddApp(settings sim.Settings) (*sim.App, error) {
	if policy := settings.Text("policy"); policy != "" && !slices.Contains([]string{anySeller, listed, bySubscrib}, policy) {
		return nil, fmt.Errorf("policy %q: want any, list or market", policy)
	}
	if stage := settings.Text("stage"); stage != "" && stage != "online" && stage != "testing" {
		return nil, fmt.Errorf("stage %q: want online or testing", stage)
	}
	return s.newApp(settings), nil
}

func (s *simulator) newApp(settings sim.Settings) *sim.App {
	id := cmp.Or(settings.Text("app_key"), sim.Digits(6))
	app := s.kit.Apps.Put(id, settings)
	for name, value := range map[string]string{"app_key": id, "app_secret": sim.Random(32)} {
		if app.Text(name) == "" {
			app.Settings[name] = value
		}
	}
	return app
}

func secrets(app *sim.App) []string { return strings.Fields(app.Text("app_secret")) }

func inTest(app *sim.App) bool { return app.Text("stage") == "testing" }

var sellerForm = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)

// AddShops makes stores. An order may name a region (sg without one) and a state (not_verified, not_active). A store's id
// is its country and seller_id, sg:1000777: seller ids are unique within a country only. The owner is an account; one
// with several stores is a cross-border seller.
func (s *simulator) AddShops(order sim.ShopOrder) (sim.ShopsMade, error) {
	region := cmp.Or(strings.ToLower(order.Extra.Text("region")), "sg")
	seller := order.ID
	if country, id, ok := strings.Cut(order.ID, ":"); ok {
		region, seller = country, id
	}
	switch state := order.Extra.Text("state"); {
	case order.SubAccountOf != "" || order.Merchants > 0:
		return sim.ShopsMade{}, fmt.Errorf("lazada has accounts and stores only: no merchants, no sub-accounts")
	case !slices.Contains(countries, region):
		return sim.ShopsMade{}, fmt.Errorf("region %q: want one of %s", region, strings.Join(countries, ", "))
	case state != "" && state != "not_verified" && state != "not_active":
		return sim.ShopsMade{}, fmt.Errorf("state %q: want not_verified or not_active", state)
	case seller != "" && (!sellerForm.MatchString(seller) || s.kit.Shops.Find("", region+":"+seller) != nil):
		return sim.ShopsMade{}, fmt.Errorf("id %q: want the number of a seller that its country does not have", order.ID)
	}
	var made sim.ShopsMade
	for n := range max(1, order.Count) {
		id, name := "", order.Name
		if n == 0 {
			id = seller
		} else if name != "" {
			name += " " + strconv.Itoa(n+1)
		}
		account := s.kit.Shops.Find("account", order.Owner)
		if account == nil {
			account = s.newAccount(order.Owner, "")
		}
		if slices.ContainsFunc(s.stores(account), func(other *sim.Shop) bool { return other.Region == region }) {
			return made, fmt.Errorf("owner %s: an account has one store in a country", account.ID)
		}
		shop := s.newShop(id, name, account, region)
		if state := order.Extra.Text("state"); state != "" {
			shop.Facts["state"] = state
		}
		made.Shops = append(made.Shops, shop)
	}
	return made, nil
}

// newAccount makes an account: its name is the mail that logs in.
func (s *simulator) newAccount(id, name string) *sim.Shop {
	id = cmp.Or(id, sim.Digits(6))
	return s.kit.Shops.Add(sim.Shop{ID: id, Kind: "account", Name: cmp.Or(name, "shop"+id+"@example.com")})
}

func (s *simulator) newShop(seller, name string, account *sim.Shop, region string) *sim.Shop {
	seller = cmp.Or(seller, sim.Digits(9))
	return s.kit.Shops.Add(sim.Shop{
		ID: region + ":" + seller, Kind: "shop", Name: cmp.Or(name, "Demo "+seller), Region: region, Owner: account.ID,
		Facts: sim.Settings{"short_code": strings.ToUpper(region + sim.Random(6))},
	})
}

func (s *simulator) stores(account *sim.Shop) []*sim.Shop { return s.kit.Shops.OwnedBy(account.ID) }

func sellerID(shop *sim.Shop) string { return strings.TrimPrefix(shop.ID, shop.Region+":") }

// local reports whether an account sells in one country only.
func (s *simulator) local(account *sim.Shop) bool { return len(s.stores(account)) == 1 }
