package shopee

import (
	"fmt"
	"slices"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// Kinds of what can log in or be linked.
const (
	kindShop     = "shop"
	kindMerchant = "merchant"
	kindMain     = "main_account"
	kindSub      = "account" // a sub-account: it has a parent
)

const (
	shopNormal = "NORMAL"
	shopBanned = "BANNED"
	shopFrozen = "FROZEN"
)

// changes are the members by which an order changes or describes a shop.
var changes = []string{"status", "disconnected", "registered", "region", "environment", "sip_of"}

// AddShops makes shops, with an owner below a main account, or a sub-account of one. With the id of a shop that exists it
// changes that shop.
func (s *simulator) AddShops(order sim.ShopOrder) (sim.ShopsMade, error) {
	if err := s.sound(order); err != nil {
		return sim.ShopsMade{}, err
	}
	if order.SubAccountOf != "" {
		sub := s.addSubAccount(s.account(order.SubAccountOf))
		return sim.ShopsMade{Shops: []*sim.Shop{sub}}, nil
	}
	if shop := s.shops[order.ID]; shop != nil {
		return sim.ShopsMade{Shops: []*sim.Shop{shop}}, s.change(shop, order)
	}
	var made sim.ShopsMade
	if order.Merchants > 0 && order.Owner == "" {
		order.Owner = s.addAccount("").ID
	}
	merchant := ""
	for range order.Merchants {
		made.Merchants = append(made.Merchants, s.addMerchant(s.account(order.Owner)))
		merchant = made.Merchants[0].ID
	}
	for i := range max(1, order.Count) {
		shop := sim.Shop{Name: order.Name, Owner: order.Owner, Merchant: merchant, Region: order.Extra.Text("region"), Facts: order.Extra}
		if i == 0 {
			shop.ID = order.ID
		}
		if order.Owner != "" {
			s.account(order.Owner)
		}
		made.Shops = append(made.Shops, s.addShop(shop))
	}
	return made, nil
}

func (s *simulator) sound(order sim.ShopOrder) error {
	for _, id := range []string{order.ID, order.Owner, order.SubAccountOf} {
		if id != "" && !isID(id) {
			return fmt.Errorf("id %q: want a whole number", id)
		}
	}
	for name := range order.Extra {
		if !slices.Contains(changes, name) {
			return fmt.Errorf("unknown member %q: want one of %s", name, strings.Join(changes, ", "))
		}
	}
	status := order.Extra.Text("status")
	if status != "" && status != shopNormal && status != shopBanned && status != shopFrozen {
		return fmt.Errorf("status %q: want %s, %s or %s", status, shopNormal, shopBanned, shopFrozen)
	}
	if shop := s.shops[order.ID]; shop != nil && shop.Kind != kindShop {
		return fmt.Errorf("id %s is a %s already", order.ID, shop.Kind)
	}
	for _, id := range []string{order.Owner, order.SubAccountOf} {
		if owner := s.shops[id]; owner != nil && owner.Kind != kindMain {
			return fmt.Errorf("id %s is a %s, not a main account", id, owner.Kind)
		}
	}
	return nil
}

// change does to a shop what the platform or its seller does: ban, freeze and restore it, or take it from its main account.
func (s *simulator) change(shop *sim.Shop, order sim.ShopOrder) error {
	if order.Name != "" {
		shop.Name = order.Name
	}
	before := status(shop)
	for name, value := range order.Extra {
		shop.Facts[name] = value
	}
	if status(shop) == shopFrozen && before != shopFrozen {
		s.endShop(shop, cancelAbnormal)
	}
	if order.Extra["disconnected"] == true {
		if shop.Owner == "" {
			return fmt.Errorf("shop %s has no main account to be disconnected from", shop.ID)
		}
		s.disconnect(shop)
	}
	return nil
}

func (s *simulator) addShop(shop sim.Shop) *sim.Shop {
	shop.Kind = kindShop
	if shop.ID == "" {
		shop.ID = s.freshID(8)
	}
	if shop.Name == "" {
		shop.Name = "Shop " + shop.ID
	}
	if shop.Region == "" {
		shop.Region = "TW"
	}
	facts := sim.Settings{"status": shopNormal}
	for name, value := range shop.Facts {
		facts[name] = value
	}
	shop.Facts = facts
	added := s.add(shop)
	if primary := facts.Text("sip_of"); primary != "" {
		s.affiliates[primary] = append(s.affiliates[primary], added)
	}
	return added
}

// account returns a main account, which is made when there is none of that id.
func (s *simulator) account(id string) *sim.Shop {
	if account := s.shops[id]; account != nil {
		return account
	}
	return s.addAccount(id)
}

func (s *simulator) addAccount(id string) *sim.Shop {
	if id == "" {
		id = s.freshID(6)
	}
	return s.add(sim.Shop{ID: id, Kind: kindMain, Name: "Main account " + id})
}

// addMerchant makes a merchant: only cross-border sellers have them.
func (s *simulator) addMerchant(owner *sim.Shop) *sim.Shop {
	id := s.freshID(7)
	return s.add(sim.Shop{ID: id, Kind: kindMerchant, Name: "Merchant " + id, Owner: owner.ID, Region: "CN"})
}

func (s *simulator) addSubAccount(of *sim.Shop) *sim.Shop {
	id := s.freshID(9)
	return s.add(sim.Shop{ID: id, Kind: kindSub, Name: "Sub-account " + id, Parent: of.ID})
}

// add keeps an index of its own: the ids of shops, merchants and accounts are all different here.
func (s *simulator) add(shop sim.Shop) *sim.Shop {
	added := s.kit.Shops.Add(shop)
	s.shops[shop.ID] = added
	return added
}

func (s *simulator) freshID(digits int) string {
	for {
		if id := sim.Digits(digits); s.shops[id] == nil {
			return id
		}
	}
}

func status(shop *sim.Shop) string { return shop.Facts.Text("status") }
