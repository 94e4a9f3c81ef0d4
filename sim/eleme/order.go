package eleme

import (
	"encoding/json"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// order is an order that a customer placed at a shop.
type order struct {
	OrderID   string      `json:"orderId"`
	ShopID    json.Number `json:"shopId"`
	ShopName  string      `json:"shopName"`
	CreatedAt string      `json:"createdAt"` // in the platform's zone, without naming it
	Total     json.Number `json:"totalPrice"`
	Status    string      `json:"status"`
}

// getShop and updateShop are ordinary calls about one shop.
func (s *simulator) getShop(c apiCall) (any, failure) {
	shop, wrong := s.shopOf(c)
	if wrong != (failure{}) {
		return nil, wrong
	}
	return shopAnswer{json.Number(shop.ID), shop.Name}, failure{}
}

func (s *simulator) updateShop(c apiCall) (any, failure) {
	shop, wrong := s.shopOf(c)
	properties, ok := c.params["properties"].(map[string]any)
	switch {
	case wrong != (failure{}):
		return nil, wrong
	case !ok:
		return nil, validationFailed
	}
	if name := sim.Settings(properties).Text("name"); name != "" {
		shop.Name = name
	}
	return shopAnswer{json.Number(shop.ID), shop.Name}, failure{}
}

// shopOf returns the shop that a call names, if the token covers it.
func (s *simulator) shopOf(c apiCall) (*sim.Shop, failure) {
	id := c.params.Text("shopId")
	switch {
	case !numberForm.MatchString(id):
		return nil, validationFailed
	case !s.covers(c.holder, id):
		return nil, permissionDenied
	}
	return s.kit.Shops.Find(kindShop, id), failure{}
}

func (s *simulator) getOrder(c apiCall) (any, failure) {
	id := c.params.Text("orderId")
	o := s.orders[id]
	switch {
	case id == "":
		return nil, validationFailed
	case o == nil:
		return nil, businessException
	case !s.covers(c.holder, o.ShopID.String()):
		return nil, permissionDenied
	}
	return o, failure{}
}

// placeOrder does what a customer does, and tells the apps that the shop's account has authorized.
func (s *simulator) placeOrder(shop *sim.Shop) *order {
	o := &order{
		OrderID: sim.Digits(18), ShopID: json.Number(shop.ID), ShopName: shop.Name,
		CreatedAt: s.localText(s.kit.Now()), Total: "28.50", Status: "unprocessed",
	}
	s.orders[o.OrderID] = o
	for _, app := range s.kit.Apps.All() {
		if s.covers(holder{app.ID, shop.Owner}, shop.ID) {
			s.push(app, shop.Owner, shop.ID, typeOrder, string(jsonText(o)))
		}
	}
	return o
}

// localText writes a time as the platform does: in its zone, without naming it.
func (s *simulator) localText(at time.Time) string {
	return at.In(shanghai).Format("2006-01-02T15:04:05")
}
