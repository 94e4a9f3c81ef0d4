// Package shopee drives Shopee's Open API v2: tokens per shop and per merchant, refreshed every four hours.
//
// shopee.go makes the links and reads the callbacks, token.go trades and refreshes, call.go signs, diagnose.go reads what went
// wrong, inspect.go asks who lives, push.go hears what the platform tells, verify.go explains a signature. Facts stand in platform.toml,
// error texts in faults.csv, oddities in README.md.
package shopee

import (
	_ "embed"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shopeecore"
)

//go:embed platform.toml
var platformTOML []byte

//go:embed faults.csv
var faultsCSV []byte

var (
	_ platform.Refresher = driver{}
	_ platform.Inspector = driver{}
	_ platform.Census    = driver{}
	_ platform.Receiver  = driver{}
	_ platform.Puller    = driver{}
	_ platform.Verifier  = driver{}
)

type driver struct{ spec *platform.Spec }

// New returns the driver.
func New() platform.Driver { return driver{platform.Load(platformTOML, faultsCSV)} }

// Spec returns facts and catalogue.
func (d driver) Spec() *platform.Spec { return d.spec }

// Forms of the link.
const (
	formOpen   = "open"   // an unsigned page that returns our state
	formSigned = "signed" // a signed link without a state of its own
)

// Link builds the page where a seller agrees or withdraws, in either form. The redirect of a signed link is not covered
// by its signature; the open form is the default.
func (d driver) Link(app platform.App, want platform.Want) (platform.Link, error) {
	partner, err := partnerID(app)
	if err != nil {
		return platform.Link{}, err
	}
	redirect, err := redirectOf(app, want.State == "")
	if err != nil {
		return platform.Link{}, err
	}
	finish := time.Duration(d.spec.Facts.Link.Finish)
	switch want.Form {
	case "", formOpen:
		page, err := openPage(app, want, partner, redirect)
		return platform.Link{URL: page, Finish: finish}, err
	case formSigned:
		link, err := d.signedLink(app, want, partner, redirect)
		link.Finish = finish
		return link, err
	}
	return platform.Link{}, &platform.BadCall{Field: "form", Why: "is neither open nor signed"}
}

func openPage(app platform.App, want platform.Want, partner int64, redirect string) (string, error) {
	q := url.Values{
		"partner_id": {strconv.FormatInt(partner, 10)}, "auth_type": {"seller"},
		"redirect_uri": {redirect}, "response_type": {"code"},
	}
	for name, values := range want.Extra {
		if name != "auth_type" || len(values) != 1 || !slices.Contains([]string{"seller", "supplier", "user"}, values[0]) {
			return "", &platform.BadCall{Field: "auth_type", Why: "is the only extra parameter of an open link: seller, supplier or user"}
		}
		q.Set(name, values[0])
	}
	if want.State != "" {
		q.Set("state", want.State)
	}
	u, err := app.Base("authorize", "")
	if err != nil {
		return "", err
	}
	u.Path = "/auth"
	if want.Cancel {
		u.Path = "/cancel_auth"
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func (d driver) signedLink(app platform.App, want platform.Want, partner int64, redirect string) (platform.Link, error) {
	if len(want.Extra) > 0 {
		return platform.Link{}, &platform.BadCall{Field: "extra", Why: "a signed link takes no further parameter"}
	}
	if want.State != "" {
		redirect = platform.WithQuery(redirect, "state="+url.QueryEscape(want.State))
	}
	endpoint := "signed"
	if app.Overridden("authorize") {
		endpoint = "authorize" // an override of the pages stands for both forms
	}
	u, err := app.Base(endpoint, "")
	if err != nil {
		return platform.Link{}, err
	}
	u.Path = "/api/v2/shop/auth_partner"
	if want.Cancel {
		u.Path = "/api/v2/shop/cancel_auth_partner"
	}
	b := base{partner: partner, path: u.Path, at: app.Now}
	sum, err := sign(app, b)
	if err != nil {
		return platform.Link{}, err
	}
	u.RawQuery = url.Values{
		"partner_id": {strconv.FormatInt(partner, 10)}, "timestamp": {strconv.FormatInt(app.Now.Unix(), 10)},
		"sign": {sum}, "redirect": {redirect},
	}.Encode()
	return platform.Link{URL: u.String(), Signature: sum, SignedText: b.text(), Expires: app.Now.Add(time.Duration(d.spec.Facts.Link.Life))}, nil
}

// partnerID returns the app's id on the platform, as the whole number that bodies carry.
func partnerID(app platform.App) (int64, error) { return shopeecore.PartnerID(app) }

// idNumber reads an id: digits only, without leading zeros, above zero, within int64. The platform documents 32 bits and
// sends longer ones.
func idNumber(text string) (int64, bool) { return shopeecore.Number(text) }

// redirectOf returns the registered callback address. What the platform or we add to its query must not stand there
// already, or the callback would carry it twice and be refused; a state may, where none is added.
func redirectOf(app platform.App, ownState bool) (string, error) {
	if app.CallbackURL == "" {
		return "", errors.New("shopee: redirect_uri is empty")
	}
	u, err := url.Parse(app.CallbackURL)
	if err != nil || u.Host == "" || u.Fragment != "" || u.User != nil {
		return "", errors.New("shopee: redirect_uri must be an absolute address without fragment")
	}
	for name := range u.Query() {
		if slices.Contains(telling, strings.ToLower(name)) && !(ownState && name == "state") {
			return "", errors.New("shopee: the query of redirect_uri holds a name that the callback needs: " + strings.Join(telling, ", "))
		}
	}
	return app.CallbackURL, nil
}

// telling are the callback's parameters that decide something: one that comes twice, in any case, spoils the callback.
var telling = []string{"code", "state", "shop_id", "main_account_id", "resend_code", "upgrade_code"}

// ReadCallback reads what the seller's browser brought back. Nothing in it is signed: the exchange proves the pair of
// code and id. A recovery code (resend_code, upgrade_code) comes from a person and never together with a state.
func (d driver) ReadCallback(app platform.App, in platform.Incoming) (platform.Callback, error) {
	q, err := in.Query(telling...)
	if err != nil {
		return platform.Callback{}, d.badCallback(err.Error())
	}
	cb := platform.Callback{State: q.Get("state"), Params: url.Values{}}
	for name, values := range q {
		if name != "code" && name != "state" {
			cb.Params[name] = values
		}
	}
	var why string
	if cb.Subject, why = claimed(q); why != "" {
		return platform.Callback{}, d.badCallback(why)
	}
	code := q.Get("code")
	switch {
	case q.Has("resend_code") || q.Has("upgrade_code"):
		if cb.State != "" || q.Has("code") || q.Has("resend_code") && q.Has("upgrade_code") {
			return platform.Callback{}, d.badCallback("a recovery code comes alone")
		}
		return cb, nil
	case cb.State != "" && !q.Has("code"): // so a cancellation comes back, as far as known; its authorization tells
		cb.Cancel = true
		return cb, nil
	case !plausible(code):
		return platform.Callback{}, d.badCallback("it lacks a code")
	case cb.Subject.Kind == "":
		return platform.Callback{}, d.badCallback("it names neither shop_id nor main_account_id")
	}
	cb.Code = gk.NewSecret(code)
	return cb, nil
}

// claimed reads whom a callback names, a shop or a main account; why says what is wrong with it.
func claimed(q url.Values) (subject gk.Subject, why string) {
	if q.Has("shop_id") && q.Has("main_account_id") {
		return subject, "it names a shop and a main account"
	}
	for name, kind := range map[string]string{"shop_id": gk.KindShop, "main_account_id": gk.KindMainAccount} {
		if !q.Has(name) {
			continue
		}
		if _, ok := idNumber(q.Get(name)); !ok {
			return subject, name + " is not a number"
		}
		subject = gk.Subject{Kind: kind, ID: q.Get(name)}
	}
	return subject, ""
}

// plausible reports whether a text can be a code: today 32 hex digits, but opaque by contract.
func plausible(code string) bool {
	return code != "" && len(code) <= 512 && !strings.ContainsFunc(code, func(r rune) bool { return r <= ' ' || r > '~' })
}

func (d driver) badCallback(why string) error {
	return &platform.BadCallback{Why: why, Fault: d.spec.Catalogue.Local(platform.StageAuthorize, "hub_callback_missing_id")}
}
