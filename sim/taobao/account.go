package taobao

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// account is what the simulator keeps of a seller or sub-account.
type account struct {
	orders  map[string]*order // by app; of sellers
	openIDs map[string]string // by app
	groups  map[string]string // message group by app; of sellers
	// permits are the moments at which the seller's messages were permitted, by app.
	permits map[string]permit

	allowed   bool     // of a sub-account: the main account lets it use apps
	forbidden []string // of a sub-account: methods that it may not call
}

func newAccount() *account {
	return &account{orders: map[string]*order{}, openIDs: map[string]string{}, groups: map[string]string{}, permits: map[string]permit{}}
}

func dataOf(shop *sim.Shop) *account { return shop.Data.(*account) }

// mainOf returns the seller that an account belongs to: itself, unless it is a sub-account.
func (s *simulator) mainOf(shop *sim.Shop) *sim.Shop {
	if shop.Parent == "" {
		return shop
	}
	return s.kit.Shops.Find("account", shop.Parent)
}

// subID returns the number of a sub-account, empty for a main account.
func subID(shop *sim.Shop) string {
	_, sub, _ := strings.Cut(shop.ID, ":")
	return sub
}

// openID returns the id by which an app knows an account without learning its number.
func openID(app *sim.App, shop *sim.Shop) string {
	known := dataOf(shop).openIDs
	if known[app.ID] == "" {
		known[app.ID] = "AAH" + sim.Random(21)
	}
	return known[app.ID]
}

// subject names an account in the ledger, as the app itself knows it.
func subject(app *sim.App, shop *sim.Shop) sim.Subject {
	if is(app, "open_id_only") {
		return sim.Subject{Kind: "account", ID: openID(app, shop)}
	}
	return sim.Subject{Kind: "account", ID: shop.ID}
}

// account returns the account with an id, nick or open id, nil if there is none.
func (s *simulator) account(named string) *sim.Shop {
	for _, shop := range s.kit.Shops.All() {
		if shop.ID == named || shop.Name == named {
			return shop
		}
		for _, id := range dataOf(shop).openIDs {
			if id == named {
				return shop
			}
		}
	}
	return nil
}

var (
	userID = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
	subIDs = regexp.MustCompile(`^[1-9][0-9]{0,18}:[1-9][0-9]{0,18}$`)
)

// AddShops makes sellers or, for sub_account_of, sub-accounts of one. An order with the id of an account that exists
// changes it.
//
// Beside the common members: of a seller "order" (open, renew, close), "order_end" (a moment), "app" (whose order it is;
// without it, that of every app); of a sub-account "allowed" (true or false), "forbidden_apis" (method names).
func (s *simulator) AddShops(order sim.ShopOrder) (sim.ShopsMade, error) {
	if order.Merchants > 0 || order.Owner != "" {
		return sim.ShopsMade{}, fmt.Errorf("taobao has accounts only: no merchants, no owners; sub_account_of makes sub-accounts")
	}
	if known := s.kit.Shops.Find("account", order.ID); known != nil {
		return sim.ShopsMade{Shops: []*sim.Shop{known}}, s.change(known, order)
	}
	build := s.makeSeller
	if order.SubAccountOf != "" {
		build = s.makeSub
	}
	var made sim.ShopsMade
	for n := range max(1, order.Count) {
		one := order
		if n > 0 {
			one.ID = ""
			if one.Name != "" {
				one.Name += strconv.Itoa(n + 1)
			}
		}
		shop, err := build(one)
		if err != nil {
			return made, err
		}
		made.Shops = append(made.Shops, shop)
		if err := s.change(shop, one); err != nil {
			return made, err
		}
	}
	return made, nil
}

func (s *simulator) makeSeller(order sim.ShopOrder) (*sim.Shop, error) {
	if order.ID != "" && !userID.MatchString(order.ID) {
		return nil, fmt.Errorf("id %q: want a taobao_user_id, a number", order.ID)
	}
	return s.newSeller(order.ID, order.Name), nil
}

func (s *simulator) newSeller(id, nick string) *sim.Shop {
	for id == "" {
		if id = "22" + sim.Digits(11); s.kit.Shops.Find("", id) != nil {
			id = ""
		}
	}
	seller := s.kit.Shops.Add(sim.Shop{ID: id, Kind: "account", Name: cmp.Or(nick, "示例旗舰店"+id[len(id)-min(4, len(id)):]), Data: newAccount()})
	for _, app := range s.kit.Apps.All() {
		s.firstOrder(app, seller)
	}
	return seller
}

// makeSub makes a sub-account. It is allowed to use apps unless told, but may not call taobao.item.update.
func (s *simulator) makeSub(order sim.ShopOrder) (*sim.Shop, error) {
	main := s.kit.Shops.Find("account", order.SubAccountOf)
	if main == nil || main.Parent != "" {
		return nil, fmt.Errorf("sub_account_of %q: no such main account", order.SubAccountOf)
	}
	id := cmp.Or(order.ID, main.ID+":22"+sim.Digits(11))
	if userID.MatchString(id) {
		id = main.ID + ":" + id
	}
	if !subIDs.MatchString(id) || !strings.HasPrefix(id, main.ID+":") {
		return nil, fmt.Errorf("id %q: want a number, or %s: and a number", order.ID, main.ID)
	}
	if known := s.kit.Shops.Find("account", id); known != nil {
		return known, nil
	}
	data := newAccount()
	data.allowed, data.forbidden = true, []string{"taobao.item.update"}
	nick := main.Name + ":" + cmp.Or(order.Name, "客服"+id[len(id)-min(4, len(id)):])
	return s.kit.Shops.Add(sim.Shop{ID: id, Kind: "account", Name: nick, Parent: main.ID, Data: data}), nil
}

// change lays what an order of shops says beside id and name over an account.
func (s *simulator) change(shop *sim.Shop, order sim.ShopOrder) error {
	data, extra := dataOf(shop), order.Extra
	if allowed, ok := extra["allowed"].(bool); ok {
		data.allowed = allowed
	}
	if _, ok := extra["forbidden_apis"]; ok {
		data.forbidden = strings.Fields(extra.Text("forbidden_apis"))
	}
	for name := range extra {
		switch name {
		case "allowed", "forbidden_apis":
			if shop.Parent == "" {
				return fmt.Errorf("%s: a main account is always allowed to do everything", name)
			}
		case "order", "order_end", "app":
			if shop.Parent != "" {
				return fmt.Errorf("%s: orders are the main account's", name)
			}
		default:
			return fmt.Errorf("%s: want order, order_end, app, allowed or forbidden_apis", name)
		}
	}
	return s.changeOrders(shop, extra)
}
