package sim

import (
	"cmp"
	"encoding/json"
	"maps"
)

// App is an application as the platform knows it.
type App struct {
	ID       string // the platform's id: client_id, partner_id, app_key
	Settings Settings
}

// Text returns one of the app's settings as text.
func (a *App) Text(name string) string { return a.Settings.Text(name) }

// Title is what people call the app: its name, or its id where it has none.
func (a *App) Title() string { return cmp.Or(a.Text("name"), a.ID) }

// MarshalJSON writes the settings in clear: they are made up.
func (a *App) MarshalJSON() ([]byte, error) { return json.Marshal(map[string]any(a.Settings)) }

// Allows reports whether the app may send merchants back to an address: any, as long as it has none set, and that one
// to the letter once it is.
func (a *App) Allows(redirect string) bool {
	set := a.Text("redirect_uri")
	return redirect != "" && (set == "" || set == redirect)
}

// Apps are the applications registered at a platform.
type Apps struct {
	list []*App
}

// Put adds an app, or lays settings over those of the app with the same id.
func (a *Apps) Put(id string, settings Settings) *App {
	app := a.Find(id)
	if app == nil {
		app = &App{ID: id, Settings: Settings{}}
		a.list = append(a.list, app)
	}
	maps.Copy(app.Settings, settings)
	return app
}

// Find returns the app with an id, nil if there is none.
func (a *Apps) Find(id string) *App {
	for _, app := range a.list {
		if app.ID == id {
			return app
		}
	}
	return nil
}

// All returns the apps, oldest first.
func (a *Apps) All() []*App { return a.list }

// Shop is a shop, or what a platform has in its place: a merchant, an account.
type Shop struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind"` // shop, merchant, main_account, account
	Name     string   `json:"name"`
	Host     string   `json:"host,omitempty"`
	Owner    string   `json:"owner,omitempty"`  // the account that owns it and logs in for it
	Parent   string   `json:"parent,omitempty"` // the main account of a sub-account
	Region   string   `json:"region,omitempty"`
	Merchant string   `json:"merchant,omitempty"` // the merchant it belongs to
	Facts    Settings `json:"facts,omitempty"`    // what else a simulator shows of it
	Data     any      `json:"-"`                  // what the simulator keeps beside
}

// Shops are the shops, merchants and accounts of a platform.
type Shops struct {
	list []*Shop
}

// Add adds a shop.
func (s *Shops) Add(shop Shop) *Shop {
	s.list = append(s.list, &shop)
	return &shop
}

// Find returns the shop of a kind (empty: of any) with an id, nil if there is none.
func (s *Shops) Find(kind, id string) *Shop {
	for _, shop := range s.list {
		if shop.ID == id && (kind == "" || shop.Kind == kind) {
			return shop
		}
	}
	return nil
}

// OwnedBy returns what an account owns.
func (s *Shops) OwnedBy(owner string) []*Shop {
	var owned []*Shop
	for _, shop := range s.list {
		if shop.Owner == owner {
			owned = append(owned, shop)
		}
	}
	return owned
}

// All returns everything, oldest first.
func (s *Shops) All() []*Shop { return s.list }

// ShopOrder asks for shops.
type ShopOrder struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Count        int    `json:"count"` // how many; 0: one
	Owner        string `json:"owner"` // main account or chain account that owns them
	Merchants    int    `json:"merchants"`
	SubAccountOf string `json:"sub_account_of"`
	// Extra holds the members that only one platform knows, such as a region.
	Extra Settings `json:"-"`
}

// ShopsMade is what an order made.
type ShopsMade struct {
	Shops     []*Shop `json:"shops"`
	Merchants []*Shop `json:"merchants,omitempty"`
}
