// Package shoplazza speaks to Shoplazza (店匠): OAuth 2.0 with rotating refresh tokens, each store on a host of its own.
package shoplazza

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

// Paths and the version of the Open API that we ask. 2022-01 answers bare resources and is the oldest that all stores serve.
const (
	authorizePath = "/admin/oauth/authorize"
	tokenPath     = "/admin/oauth/token"
	partnerPath   = "/partner/oauth/token"
	shopPath      = "/openapi/2022-01/shop"
	scopesPath    = "/openapi/2022-01/oauth/access_scopes"
	webhooksPath  = "/openapi/2022-01/webhooks"
)

// partner is the profile whose one grant is the app itself.
const partner = "partner"

type driver struct{ spec *platform.Spec }

var (
	_ platform.Driver     = driver{}
	_ platform.Refresher  = driver{}
	_ platform.Inspector  = driver{}
	_ platform.Subscriber = driver{}
	_ platform.Receiver   = driver{}
	_ platform.Starter    = driver{}
	_ platform.Verifier   = driver{}
)

// New returns the driver.
func New() platform.Driver { return driver{spec: platform.Load(facts, faults)} }

// Spec returns the facts and the catalogue.
func (d driver) Spec() *platform.Spec { return d.spec }

// Link builds the page of a store where its merchant agrees. The store's host must be known.
func (d driver) Link(app platform.App, want platform.Want) (platform.Link, error) {
	switch {
	case want.Cancel:
		return platform.Link{}, errors.New("shoplazza: cancel: there is no page for it; the merchant uninstalls the app in the store's admin")
	case app.Profile != "public":
		return platform.Link{}, errors.New("shoplazza: authorize: only public apps are authorized by a link")
	case app.Settings["client_id"] == "":
		return platform.Link{}, missing("authorize", "client_id")
	case app.CallbackURL == "":
		return platform.Link{}, missing("authorize", "redirect_uri")
	case want.Hint.Host == "":
		return platform.Link{}, errors.New("shoplazza: authorize: the store's host is needed, such as demo-7.myshoplaza.com")
	}
	base, err := app.Base("authorize", want.Hint.Host)
	if err != nil {
		return platform.Link{}, err
	}
	query := url.Values{
		"client_id":     {app.Settings["client_id"]},
		"redirect_uri":  {app.CallbackURL},
		"response_type": {"code"},
	}
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

// missing names a setting that a step needs.
func missing(step, setting string) error {
	return errors.New("shoplazza: " + step + ": " + setting + " is empty")
}

// partnerBase is where the Partner API lives. An override of the named endpoint stands for it too, as it stands for
// every store.
func partnerBase(app platform.App, name string) (*url.URL, error) {
	if !app.Overridden(partner) && app.Overridden(name) {
		app.Endpoints = map[string]string{partner: app.Endpoints[name]}
	}
	return app.Base(partner, "")
}

// forPartner reports whether a credential is the app's own rather than a store's.
func forPartner(app platform.App, subject gk.Subject) bool {
	return subject.Kind == gk.KindPartner || subject.Kind == "" && app.Profile == partner
}

// tokenHeader is what every token request carries.
func tokenHeader() http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
}
