package eleme

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"

	"github.com/grantkeep/grantkeep/sim"
)

const (
	kindShop    = "shop"
	kindAccount = "account"
)

// States of an account and its shops, told as the fact state.
const (
	normal     = "normal"
	invalid    = "invalid"     // closed down or taken offline: no refresh
	notOrdered = "not_ordered" // has not ordered the app in the service market, or the order has run out
	noTester   = "no_tester"   // no test account of the sandbox
)

// numberForm is that of ids: they are numbers of 64 bits.
var numberForm = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)

// addTestMerchants makes one merchant for each situation: the first shop is the single one of its account.
func (s *simulator) addTestMerchants() {
	s.newShop("示例小店", "", s.newAccount("", normal))
	chain := s.newAccount("", normal)
	for n := range 3 {
		s.newShop(fmt.Sprintf("示例连锁 %d 号店", n+1), "", chain)
	}
	s.newShop("失效店铺", "", s.newAccount("", invalid))
	s.newShop("未订购服务的店铺", "", s.newAccount("", notOrdered))
	s.newShop("非沙箱测试店铺", "", s.newAccount("", noTester))
}

// AddShops makes shops. Each has an account of its own unless the order names the owner, which is made if need be. An order
// with the id of a shop that exists renames it. The member state changes what the platform thinks of the account.
func (s *simulator) AddShops(order sim.ShopOrder) (sim.ShopsMade, error) {
	if order.SubAccountOf != "" || order.Merchants > 0 {
		return sim.ShopsMade{}, fmt.Errorf("eleme has accounts and shops only: no merchants, no sub-accounts")
	}
	for name, id := range map[string]string{"id": order.ID, "owner": order.Owner} {
		if id != "" && !numberForm.MatchString(id) {
			return sim.ShopsMade{}, fmt.Errorf("%s %q: want a number of at most 18 digits", name, id)
		}
	}
	state := order.Extra.Text("state")
	switch state {
	case "", normal, invalid, notOrdered, noTester:
	default:
		return sim.ShopsMade{}, fmt.Errorf("state %q: want %s, %s, %s or %s", state, normal, invalid, notOrdered, noTester)
	}
	if shop := s.kit.Shops.Find(kindShop, order.ID); shop != nil && order.ID != "" {
		shop.Name = cmp.Or(order.Name, shop.Name)
		s.setState(s.kit.Shops.Find(kindAccount, shop.Owner), state)
		return sim.ShopsMade{Shops: []*sim.Shop{shop}}, nil
	}
	var made sim.ShopsMade
	for n := range max(1, order.Count) {
		account := s.kit.Shops.Find(kindAccount, order.Owner)
		if account == nil {
			account = s.newAccount(order.Owner, normal)
		}
		s.setState(account, state)
		name, id := order.Name, ""
		if n == 0 {
			id = order.ID
		}
		if name != "" && n > 0 {
			name += " " + strconv.Itoa(n+1)
		}
		made.Shops = append(made.Shops, s.newShop(name, id, account))
	}
	return made, nil
}

func (s *simulator) newAccount(id, state string) *sim.Shop {
	for id == "" || s.kit.Shops.Find("", id) != nil {
		id = sim.Digits(18)
	}
	return s.kit.Shops.Add(sim.Shop{ID: id, Kind: kindAccount, Name: "user" + id[len(id)-min(len(id), 6):], Facts: sim.Settings{"state": state}})
}

// newShop makes a shop whose merchant has ordered the app, if its state says so.
func (s *simulator) newShop(name, id string, account *sim.Shop) *sim.Shop {
	for id == "" || s.kit.Shops.Find("", id) != nil {
		id = sim.Digits(7)
	}
	// The facts are one map: what the account is, its shops are.
	shop := s.kit.Shops.Add(sim.Shop{ID: id, Kind: kindShop, Name: cmp.Or(name, "示例店铺 "+id), Owner: account.ID, Facts: account.Facts})
	if stateOf(account) != notOrdered {
		s.market = append(s.market, marketMessage{json.Number(account.ID), json.Number(id), s.kit.Now().UnixMilli()})
	}
	return shop
}

func stateOf(account *sim.Shop) string { return account.Facts.Text("state") }

func (s *simulator) stateOfID(account string) string {
	return stateOf(s.kit.Shops.Find(kindAccount, account))
}

// setState changes an account. Once its shops are invalid, what it granted stays dead after they recover.
func (s *simulator) setState(account *sim.Shop, state string) {
	if state == "" {
		return
	}
	account.Facts["state"] = state
	if state != invalid {
		return
	}
	for key, c := range s.consents {
		if key.account == account.ID {
			c.spoilt = true
		}
	}
}

// shopsOf returns the ids of an account's shops.
func (s *simulator) shopsOf(account string) []string {
	var ids []string
	for _, shop := range s.kit.Shops.OwnedBy(account) {
		ids = append(ids, shop.ID)
	}
	return ids
}
