// Package shopify speaks to Shopify: OAuth 2.0 at each store's own host, expiring offline tokens with a refresh token that
// stays usable until its successor is used, and the trade of a token without an end for such a pair.
package shopify

import (
	_ "embed"
	"errors"
	"net/http"
	"net/url"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

//go:embed platform.toml
var facts []byte

//go:embed faults.csv
var faults []byte

// Paths, with the version of the Admin API that the driver itself asks. A retired version is answered by the oldest
// supported one, in which the question reads the same.
const (
	authorizePath = "/admin/oauth/authorize"
	tokenPath     = "/admin/oauth/access_token"
	graphqlPath   = "/admin/api/2026-10/graphql.json"
	appPath       = "/admin/api_permissions/current.json"
)

// Profiles, as the facts name them.
const (
	customFixed  = "custom_fixed" // an app that asks for tokens without an end
	organisation = "organisation" // client credentials for each store of the own organisation
	pasted       = "store"        // a token that a store's admin shows once
)

type driver struct{ spec *platform.Spec }

var (
	_ platform.Driver    = driver{}
	_ platform.Refresher = driver{}
	_ platform.Inspector = driver{}
	_ platform.Receiver  = driver{}
	_ platform.Starter   = driver{}
	_ platform.Revoker   = driver{}
	_ platform.Verifier  = driver{}
)

// New returns the driver.
func New() platform.Driver { return driver{spec: platform.Load(facts, faults)} }

// Spec returns the facts and the catalogue.
func (d driver) Spec() *platform.Spec { return d.spec }

// Link builds the page of a store where its merchant agrees. Without the parameter grant_options[] the token is the
// app's rather than one person's, which is the only kind that is kept.
func (d driver) Link(app platform.App, want platform.Want) (platform.Link, error) {
	switch {
	case want.Cancel:
		return platform.Link{}, errors.New("shopify: cancel: there is no page for it; the merchant uninstalls the app in the store's admin")
	case !byConsent(app):
		return platform.Link{}, errors.New("shopify: authorize: an app of the profile " + app.Profile + " is not authorized by a link")
	case app.Settings["client_id"] == "":
		return platform.Link{}, missing("authorize", "client_id")
	case app.CallbackURL == "":
		return platform.Link{}, missing("authorize", "redirect_uri")
	case want.Hint.Host == "":
		return platform.Link{}, errors.New("shopify: authorize: subject.host, the store's host, is needed, such as demo-7.myshopify.com")
	}
	base, err := app.Base("authorize", want.Hint.Host)
	if err != nil {
		return platform.Link{}, err
	}
	query := url.Values{"client_id": {app.Settings["client_id"]}, "redirect_uri": {app.CallbackURL}}
	scopes := want.Scopes
	if len(scopes) == 0 {
		scopes = app.Scopes()
	}
	if len(scopes) > 0 {
		query.Set("scope", strings.Join(scopes, d.spec.Facts.Link.ScopeJoin))
	}
	if want.State != "" {
		query.Set("state", want.State)
	}
	base.Path, base.RawQuery = authorizePath, query.Encode()
	return platform.Link{URL: base.String()}, nil
}

// byConsent reports whether a merchant authorizes an app by a link.
func byConsent(app platform.App) bool { return app.Profile != organisation && app.Profile != pasted }

// expiring reports whether an app's tokens are pairs that end.
func expiring(app platform.App) bool { return byConsent(app) && app.Profile != customFixed }

// missing names a setting that a step needs.
func missing(step, setting string) error {
	return errors.New("shopify: " + step + ": " + setting + " is empty")
}

var errNoStore = errors.New("shopify: the grant has no store host")

// storeOf is a store of which the host alone may be known.
func storeOf(id, host string) gk.Subject {
	if id == "" {
		return gk.Subject{Host: host}
	}
	return gk.Subject{Kind: gk.KindShop, ID: id, Host: host}
}

// tokenHeader is what every token request carries. Without Accept a refusal comes as a page for people.
func tokenHeader() http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
}
