package shopify

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

var (
	digitsOnly = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
	notInLabel = regexp.MustCompile(`[^a-z0-9]+`)
)

// AddShops makes stores. Beside what all platforms know, an order may name a state and a plan, as the switches
// shop_state and plan write them; owner is the organisation of the stores.
func (s *simulator) AddShops(order sim.ShopOrder) (sim.ShopsMade, error) {
	if order.SubAccountOf != "" || order.Merchants > 0 {
		return sim.ShopsMade{}, fmt.Errorf("shopify has stores only: no merchants, no sub-accounts")
	}
	if order.ID != "" && (!digitsOnly.MatchString(order.ID) || s.kit.Shops.Find("", order.ID) != nil) {
		return sim.ShopsMade{}, fmt.Errorf("id %q: want a number that no store has", order.ID)
	}
	for name, want := range map[string][]string{"state": {"open", "402", "423", "inactive"}, "plan": {"standard", "advanced", "plus"}} {
		if got := order.Extra.Text(name); got != "" && !slices.Contains(want, got) {
			return sim.ShopsMade{}, fmt.Errorf("%s %q: want one of %s", name, got, strings.Join(want, ", "))
		}
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
		made.Shops = append(made.Shops, s.newStore(name, id, order))
	}
	return made, nil
}

func (s *simulator) newStore(name, id string, order sim.ShopOrder) *sim.Shop {
	for id == "" || s.kit.Shops.Find("", id) != nil {
		id = sim.Digits(9)
	}
	name = cmp.Or(name, "Demo "+id)
	made := sim.Shop{ID: id, Kind: "shop", Name: name, Owner: order.Owner, Host: s.freeLabel(name, id) + storeSuffix}
	for _, fact := range []string{"state", "plan"} {
		if value := order.Extra.Text(fact); value != "" {
			if made.Facts == nil {
				made.Facts = sim.Settings{}
			}
			made.Facts[fact] = value
		}
	}
	store := s.kit.Shops.Add(made)
	for _, app := range s.kit.Apps.All() {
		s.installByHand(app, store)
	}
	return store
}

// freeLabel makes the label of a host out of a store's name.
func (s *simulator) freeLabel(name, id string) string {
	label := strings.Trim(notInLabel.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if label == "" || len(label) > 50 {
		label = "demo-" + id
	}
	taken := func(shop *sim.Shop) bool { return shop.Host == label+storeSuffix }
	if slices.ContainsFunc(s.kit.Shops.All(), taken) {
		label += "-" + id
	}
	return label
}

func label(store *sim.Shop) string { return strings.TrimSuffix(store.Host, storeSuffix) }

func (s *simulator) state(store *sim.Shop) string {
	return cmp.Or(store.Facts.Text("state"), s.options.shopState())
}

func (s *simulator) planOf(store *sim.Shop) string {
	return cmp.Or(store.Facts.Text("plan"), s.options.plan())
}

// Revoke removes every app from a store, named by its id or host.
func (s *simulator) Revoke(named string) error {
	i := slices.IndexFunc(s.kit.Shops.All(), func(shop *sim.Shop) bool { return shop.ID == named || shop.Host == named })
	if i < 0 {
		return fmt.Errorf("no store %q", named)
	}
	for _, app := range s.kit.Apps.All() {
		s.uninstall(app, s.kit.Shops.All()[i])
	}
	return nil
}

// uninstall ends an app at a store: the tokens are dead before the webhook is on its way, and two days later the
// platform asks for the store's data to be deleted, even if the app is back by then.
func (s *simulator) uninstall(app *sim.App, store *sim.Shop) {
	at := place{app.ID, store.ID}
	if s.installed[at] == nil {
		return
	}
	delete(s.installed, at)
	for _, p := range s.pairs[at] {
		s.kit.Ledger.Revoke(p.App, p.Subject)
	}
	s.fire(app, store, "app/uninstalled", shopResource(store), 0)
	s.fire(app, store, "shop/redact", privacyBody(store, nil), redactDelay)
	s.drop(func(h *webhook) bool { return h.app == app.ID && h.store == store.ID })
}
