// Package tiktokshop speaks to TikTok Shop (Partner Center, API 202309 and later): one grant for each account, many shops
// under it, tokens by unsigned GET requests, calls signed over path, query and body.
package tiktokshop

import (
	_ "embed"
	"errors"
	"maps"
	"net/url"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

//go:embed platform.toml
var facts []byte

//go:embed faults.csv
var faults []byte

// Paths. The version of a call stands in its path.
const (
	authorizePath = "/open/authorize"
	creatorPath   = "/alliance/creator/auth"
	exchangePath  = "/api/v2/token/get"
	refreshPath   = "/api/v2/token/refresh"
	shopsPath     = "/authorization/202309/shops"
	assetsPath    = "/authorization/202405/category_assets"
)

// Forms of the link, one for each kind of account.
const (
	creator = "creator"
	partner = "partner"
)

// Kinds of account as answers number them.
const (
	creatorType = "1"
	partnerType = "3"
)

type driver struct{ spec *platform.Spec }

var (
	_ platform.Driver    = driver{}
	_ platform.Refresher = driver{}
	_ platform.Inspector = driver{}
	_ platform.Receiver  = driver{}
	_ platform.Verifier  = driver{}
)

// New returns the driver.
func New() platform.Driver { return driver{spec: platform.Load(facts, faults)} }

// Spec returns the facts and the catalogue.
func (d driver) Spec() *platform.Spec { return d.spec }

// Link builds the page where a seller, a creator or a partner agrees. Where the browser comes back to is set in Partner
// Center, and no part of the link.
func (d driver) Link(app platform.App, want platform.Want) (platform.Link, error) {
	if want.Cancel {
		return platform.Link{}, errors.New("tiktokshop: cancel: there is no page for it; the merchant ends the authorization in Seller Center, under My apps")
	}
	name, setting, path := "authorize", "service_id", authorizePath
	switch want.Form {
	case "", "seller":
	case creator:
		name, setting, path = creator, "app_key", creatorPath
		if want.State == "" {
			return platform.Link{}, errors.New("tiktokshop: authorize: state is empty; the page for creators needs one")
		}
	case partner:
		name = partner
	default:
		return platform.Link{}, errors.New("tiktokshop: authorize: form is none of seller, creator, partner")
	}
	id, err := app.Setting(setting)
	if err != nil {
		return platform.Link{}, err
	}
	if !app.Overridden(name) && app.Overridden("authorize") {
		name = "authorize" // an override stands for every page that a merchant opens
	}
	base, err := inRegion(app, want).Base(name, "")
	if err != nil {
		return platform.Link{}, err
	}
	query := url.Values{setting: {id}}
	if want.State != "" {
		query.Set("state", want.State)
	}
	base.Path, base.RawQuery = path, query.Encode()
	return platform.Link{URL: base.String()}, nil
}

// inRegion returns the app with the region of its links: a seller of the United States agrees on pages of their own,
// whatever the app's setting says.
func inRegion(app platform.App, want platform.Want) platform.App {
	for _, region := range []string{want.Extra.Get("region"), want.Hint.Region} {
		if strings.EqualFold(region, unitedStates) {
			app.Settings = maps.Clone(app.Settings)
			app.Settings["region"] = unitedStates
		}
	}
	return app
}

// unitedStates is the region that has pages of its own.
const unitedStates = "us"

// ReadCallback reads what the merchant's browser brings to the Redirect URL. Nothing in it is signed: it is a claim until
// the exchange succeeds. From the App Store of Seller Center it comes without a state.
func (d driver) ReadCallback(app platform.App, in platform.Incoming) (platform.Callback, error) {
	query, err := in.Query("code", "state", "error", "app_key", "locale", "shop_region")
	if err != nil {
		return platform.Callback{}, d.bad("local:callback_incomplete", err.Error())
	}
	if key := query.Get("app_key"); key != "" && app.Settings["app_key"] != "" && key != app.Settings["app_key"] {
		return platform.Callback{}, d.bad("local:app_key_mismatch", "app_key is another app's: do two apps share one Redirect URL?")
	}
	cb := platform.Callback{State: query.Get("state"), Params: query}
	code, refusal := query.Get("code"), query.Get("error")
	switch {
	case refusal != "" && refusal != none:
		q := platform.Query{Stage: platform.StageAuthorize, Codes: []string{refusal}}
		if words := query.Get("error_description"); words != "" && words != none {
			q.Texts = []string{words}
		}
		cb.Fault = d.spec.Catalogue.Fault(q, refusal, 0)
		cb.Fault.At = gk.At(app.Now)
	case code == none:
		return platform.Callback{}, d.bad("local:code_null", "code is the text null: the merchant did not agree")
	case code == "" && !query.Has("code") && !query.Has("state"):
		cb.Empty = true
	case code == "":
		return platform.Callback{}, d.bad("local:callback_incomplete", "code is missing")
	case !platform.PlainText(code):
		return platform.Callback{}, d.bad("local:callback_incomplete", "code holds a character that no code has")
	default:
		cb.Code = gk.NewSecret(code)
	}
	return cb, nil
}

// none is what the platform writes for nothing, as the value of a parameter.
const none = "null"

func (d driver) bad(row, why string) error {
	return &platform.BadCallback{Why: why, Fault: d.spec.Catalogue.Local(platform.StageAuthorize, row)}
}

// keyed returns the app's key and secret.
func keyed(app platform.App) (key string, secret gk.Secret, err error) {
	if key, err = app.Setting("app_key"); err != nil {
		return "", gk.Secret{}, err
	}
	if secret = app.Secret("app_secret"); secret.Empty() {
		return "", gk.Secret{}, errors.New("tiktokshop: app_secret is empty")
	}
	return key, secret, nil
}

// recipe signs calls; the text is path, parameters and body.
var recipe = signing.HMACAround
