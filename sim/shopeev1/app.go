package shopeev1

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/grantkeep/grantkeep/sim"
)

const approved = "APPROVED"

// AddApp adds an app, or changes the one with the same partner_id.
func (s *simulator) AddApp(settings sim.Settings) (*sim.App, error) {
	if id := settings.Text("partner_id"); id != "" && !isID(id) {
		return nil, fmt.Errorf("partner_id %q: want a whole number", id)
	}
	if status := settings.Text("status"); status != "" && !slices.Contains([]string{approved, "PENDING", "REJECTED"}, status) {
		return nil, fmt.Errorf("status %q: want APPROVED, PENDING or REJECTED", status)
	}
	return s.putApp(settings), nil
}

func (s *simulator) putApp(settings sim.Settings) *sim.App {
	id := settings.Text("partner_id")
	if id == "" {
		id = sim.Digits(6)
	}
	if s.kit.Apps.Find(id) == nil {
		app := s.kit.Apps.Put(id, sim.Settings{
			"partner_key": sim.Hex(64), "push_key": sim.Hex(64), "environment": "production", "status": approved,
		})
		if settings.Text("stage") == "testing" {
			app.Settings["status"] = "PENDING"
		}
	}
	app := s.kit.Apps.Put(id, settings)
	app.Settings["partner_id"] = id
	return app
}

// app returns the app with an id that this host knows, nil if there is none: keys of the live and of the test
// environment are not interchangeable.
func (s *simulator) app(id string) *sim.App {
	app := s.kit.Apps.Find(id)
	if app == nil || s.options.plays() != "any" && s.options.plays() != app.Text("environment") {
		return nil
	}
	return app
}

// AddShops makes shops. With the id of a shop that exists it changes that shop.
func (s *simulator) AddShops(order sim.ShopOrder) (sim.ShopsMade, error) {
	var made sim.ShopsMade
	if order.Owner != "" || order.Merchants > 0 || order.SubAccountOf != "" {
		return made, errors.New("version 1 knows shops only: no owners, merchants or sub-accounts")
	}
	if order.ID != "" && !isID(order.ID) {
		return made, fmt.Errorf("id %q: want a whole number", order.ID)
	}
	for name := range order.Extra {
		if name != "status" && name != "region" && name != "sip_of" {
			return made, fmt.Errorf("unknown member %q: want status, region or sip_of", name)
		}
	}
	status := order.Extra.Text("status")
	if !slices.Contains([]string{"", "NORMAL", "BANNED", "FROZEN"}, status) {
		return made, fmt.Errorf("status %q: want NORMAL, BANNED or FROZEN", status)
	}
	if shop := s.shops[order.ID]; shop != nil {
		for name, value := range order.Extra {
			shop.Facts[name] = value
		}
		return sim.ShopsMade{Shops: []*sim.Shop{shop}}, nil
	}
	for i := range max(1, order.Count) {
		shop := sim.Shop{Name: order.Name, Region: order.Extra.Text("region"), Facts: order.Extra}
		if i == 0 {
			shop.ID = order.ID
		}
		made.Shops = append(made.Shops, s.addShop(shop))
	}
	return made, nil
}

func (s *simulator) addShop(shop sim.Shop) *sim.Shop {
	for shop.ID == "" || s.shops[shop.ID] != nil {
		shop.ID = sim.Digits(8)
	}
	shop.Kind = "shop"
	if shop.Name == "" {
		shop.Name = "Shop " + shop.ID
	}
	if shop.Region == "" {
		shop.Region = "TW"
	}
	facts := sim.Settings{"status": "NORMAL"}
	for name, value := range shop.Facts {
		facts[name] = value
	}
	shop.Facts = facts
	added := s.kit.Shops.Add(shop)
	s.shops[shop.ID] = added
	return added
}

// shopList is the console's list of the shops that are linked to an app: of live ones only.
func (s *simulator) shopList(w http.ResponseWriter, r *http.Request) {
	app := s.app(r.URL.Query().Get("partner_id"))
	if app == nil {
		http.Error(w, "partner_id: no such app", http.StatusNotFound)
		return
	}
	list := []fields{}
	for _, x := range s.living(app) {
		if app.Text("environment") != "sandbox" {
			list = append(list, fields{"shop_id": number(x.shop.ID), "area": x.shop.Region, "date": x.given.Unix()})
		}
	}
	writeJSON(w, http.StatusOK, fields{"shops": list})
}

// isID reports whether a text is a whole number as ids are.
func isID(text string) bool {
	_, err := strconv.ParseUint(text, 10, 63)
	return err == nil
}

// number is an id as answers carry it.
func number(id string) int64 {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		panic("sim: shopeev1: id that is no number: " + id) // isID let it in
	}
	return n
}
