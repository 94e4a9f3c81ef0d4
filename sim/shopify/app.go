package shopify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// Kinds of apps.
const (
	public       = "public"
	custom       = "custom"       // custom distribution, with pairs
	customFixed  = "custom_fixed" // the same app on the platform: it asks for tokens without an end
	organisation = "organisation" // of the organisation that owns the stores: client credentials
	ofStore      = "store"        // made inside a store's admin: one token that the merchant copies
)

// AddApp adds an app or changes the one with the same client_id. A client_secret may be a list, newest first: all of it
// is in force, and the tokens that a secret minted end when it is missing from a later list.
func (s *simulator) AddApp(settings sim.Settings) (*sim.App, error) {
	profile := cmp.Or(settings.Text("profile"), public)
	if !slices.Contains([]string{public, custom, customFixed, organisation, ofStore}, profile) {
		return nil, fmt.Errorf("profile %q: want public, custom, custom_fixed, organisation or store", profile)
	}
	if at := settings.Text("created_at"); at != "" {
		if _, err := time.Parse(time.RFC3339, at); err != nil {
			return nil, fmt.Errorf("created_at: want a time as RFC 3339 writes it")
		}
	}
	return s.newApp(settings), nil
}

func (s *simulator) newApp(settings sim.Settings) *sim.App {
	id := cmp.Or(settings.Text("client_id"), sim.Hex(32))
	known := s.kit.Apps.Find(id)
	app := s.kit.Apps.Put(id, settings)
	for name, value := range map[string]string{"client_id": id, "client_secret": "shpss_" + sim.Hex(32), "profile": public} {
		if app.Text(name) == "" {
			app.Settings[name] = value
		}
	}
	if known == nil {
		for _, store := range s.kit.Shops.All() {
			s.installByHand(app, store)
		}
	}
	return app
}

// secrets are those in force, newest first.
func secrets(app *sim.App) []string { return strings.Fields(app.Text("client_secret")) }

// oldest is the secret that signs pushes.
func oldest(app *sim.App) string {
	all := secrets(app)
	return all[len(all)-1]
}

// installByHand does what needs no OAuth: a member of the organisation installs the app, or copies an app's token.
func (s *simulator) installByHand(app *sim.App, store *sim.Shop) {
	at := place{app.ID, store.ID}
	switch app.Text("profile") {
	case organisation:
		if app.Text("organisation") == store.Owner {
			s.installed[at] = &installation{scopes: appScopes(app)}
		}
	case ofStore:
		s.installed[at] = &installation{scopes: appScopes(app)}
		s.keep(app, store, sim.Pair{Access: "shpat_" + sim.Hex(32), Scopes: appScopes(app)}, endless, secrets(app)[0])
	}
}

// appScopes are the scopes of an app's configuration.
func appScopes(app *sim.App) []string {
	if scopes := splitScopes(app.Text("scopes")); len(scopes) > 0 {
		return scopes
	}
	return []string{"read_orders", "write_products"}
}

// splitScopes takes a comma list; a list in an app's settings comes joined by blanks.
func splitScopes(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' })
}

// resources are what scopes are made of: read_ and write_ with each.
var resources = []string{
	"orders", "products", "customers", "inventory", "locations", "fulfillments", "draft_orders", "discounts", "price_rules",
	"themes", "content", "files", "shipping", "script_tags", "checkouts", "reports", "translations", "publications",
	"assigned_fulfillment_orders", "merchant_managed_fulfillment_orders", "returns", "metaobjects",
}

// restricted are scopes that the platform has to approve of first.
var restricted = []string{"read_all_orders", "read_users"}

func knownScope(scope string) bool {
	resource, ok := strings.CutPrefix(scope, "read_")
	if !ok {
		resource, ok = strings.CutPrefix(scope, "write_")
	}
	return ok && slices.Contains(resources, resource) || slices.Contains(restricted, scope)
}

// approved reports whether the platform lets an app have something that needs its approval.
func approved(app *sim.App, what string) bool {
	return slices.Contains(splitScopes(app.Text("approved")), what)
}

// may reports whether scopes include one: write_x includes read_x.
func may(scopes []string, want string) bool {
	resource, read := strings.CutPrefix(want, "read_")
	return slices.Contains(scopes, want) || read && slices.Contains(scopes, "write_"+resource)
}
