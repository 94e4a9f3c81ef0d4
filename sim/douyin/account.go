package douyin

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// Profiles of apps.
const (
	tool    = "tool"     // bought in the service market
	selfUse = "self_use" // of one merchant for shops of its own, confirmed in their back office
)

// kinds are those of authorizing subjects.
var kinds = []string{"SHOP", "YunCang", "WuLiuShang", "WLGongYingShang", "MiniApp", "MCN", "DouKe", "Colonel"}

// AddApp adds an app or changes the one with the same app_key. A tool's redirect_uri is its registered callback. An
// app_secret may be a list, newest first; push_algorithm is md5 or hmac-sha256; forbidden, offline (not listed) and
// expired are true or false.
func (s *simulator) AddApp(settings sim.Settings) (*sim.App, error) {
	for name, want := range map[string][]string{"profile": {tool, selfUse}, "stage": {"online", "testing"}, "push_algorithm": {"md5", "hmac-sha256"}} {
		if got := settings.Text(name); got != "" && !slices.Contains(want, got) {
			return nil, fmt.Errorf("%s %q: want one of %s", name, got, strings.Join(want, ", "))
		}
	}
	if other := s.ofService(settings.Text("service_id")); other != nil && other.ID != settings.Text("app_key") {
		return nil, fmt.Errorf("service_id %s: another app has it", settings.Text("service_id"))
	}
	return s.newApp(settings), nil
}

func (s *simulator) newApp(settings sim.Settings) *sim.App {
	id := cmp.Or(settings.Text("app_key"), sim.Digits(19))
	app := s.kit.Apps.Put(id, settings)
	for name, value := range map[string]string{"app_key": id, "app_secret": uuid(), "service_id": sim.Digits(5), "profile": tool} {
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

var numberForm = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)

// AddShops makes shops. An order may name an auth_subject_type, such as YunCang: then it makes subjects that are no
// shops; and test: the test shop.
func (s *simulator) AddShops(order sim.ShopOrder) (sim.ShopsMade, error) {
	kind := cmp.Or(order.Extra.Text("auth_subject_type"), "SHOP")
	switch {
	case order.SubAccountOf != "" || order.Merchants > 0 || order.Owner != "":
		return sim.ShopsMade{}, fmt.Errorf("douyin has shops and other subjects only: no owners, merchants, sub-accounts")
	case !slices.Contains(kinds, kind):
		return sim.ShopsMade{}, fmt.Errorf("auth_subject_type %q: want one of %s", kind, strings.Join(kinds, ", "))
	case order.ID != "" && (!numberForm.MatchString(order.ID) || s.kit.Shops.Find("", order.ID) != nil):
		return sim.ShopsMade{}, fmt.Errorf("id %q: want a number that nobody has", order.ID)
	}
	var made sim.ShopsMade
	for n := range max(1, order.Count) {
		id, name := "", order.Name
		if n == 0 {
			id = order.ID
		} else if name != "" {
			name += " " + strconv.Itoa(n+1)
		}
		shop := s.newShop(id, name, kind)
		if order.Extra["test"] == true {
			shop.Facts["test"] = true
		}
		made.Shops = append(made.Shops, shop)
	}
	return made, nil
}

func (s *simulator) newShop(id, name, kind string) *sim.Shop {
	for id == "" || s.kit.Shops.Find("", id) != nil {
		id = sim.Digits(8)
	}
	return s.kit.Shops.Add(sim.Shop{
		ID: id, Kind: "shop", Name: cmp.Or(name, "示例店"+id), Facts: sim.Settings{"auth_subject_type": kind},
	})
}

func kindOf(shop *sim.Shop) string { return shop.Facts.Text("auth_subject_type") }

func subject(shop *sim.Shop) sim.Subject { return sim.Subject{Kind: "shop", ID: shop.ID} }

// uuid returns a random identifier in the form of RFC 9562, version 4.
func uuid() string {
	x := sim.Hex(30)
	return strings.Join([]string{x[:8], x[8:12], "4" + x[12:15], "a" + x[15:18], x[18:]}, "-")
}
