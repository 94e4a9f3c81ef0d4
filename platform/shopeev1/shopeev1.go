// Package shopeev1 drives Shopee's Open API v1: no tokens; the app's key and a shop's id are the whole credential.
//
// shopeev1.go makes the links and reads the callbacks, inspect.go asks who is linked, call.go signs and diagnoses,
// push.go hears what the platform tells, verify.go explains a signature. Facts stand in platform.toml, error texts in faults.csv, the
// history and the way to v2 in README.md.
package shopeev1

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
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
	_ platform.Inspector = driver{}
	_ platform.Census    = driver{}
	_ platform.Receiver  = driver{}
	_ platform.Verifier  = driver{}
)

type driver struct{ spec *platform.Spec }

// New returns the driver.
func New() platform.Driver { return driver{platform.Load(platformTOML, faultsCSV)} }

// Spec returns facts and catalogue.
func (d driver) Spec() *platform.Spec { return d.spec }

// Link builds the page where a seller agrees or withdraws. The link has no state of its own: it stands in the redirect's
// query, which the token covers. The token is a plain SHA-256 of key and redirect, taken before the redirect is encoded.
func (d driver) Link(app platform.App, want platform.Want) (platform.Link, error) {
	partner, err := partnerID(app)
	if err != nil {
		return platform.Link{}, err
	}
	key := app.Secret("partner_key")
	if key.Empty() {
		return platform.Link{}, errors.New("shopeev1: partner_key is empty")
	}
	if want.Form != "" || len(want.Extra) > 0 {
		return platform.Link{}, &platform.BadCall{Field: "form", Why: "this platform has one form of link, without further parameters"}
	}
	redirect, err := redirectOf(app, want.State == "")
	if err != nil {
		return platform.Link{}, err
	}
	if want.State != "" {
		redirect = platform.WithQuery(redirect, "state="+url.QueryEscape(want.State))
	}
	u, err := app.Base("authorize", "")
	if err != nil {
		return platform.Link{}, err
	}
	u.Path = "/api/v1/shop/auth_partner"
	if want.Cancel {
		u.Path = "/api/v1/shop/cancel_auth_partner"
	}
	sum := sha256.Sum256([]byte(key.Reveal() + redirect))
	token := hex.EncodeToString(sum[:])
	u.RawQuery = url.Values{"id": {strconv.FormatInt(partner, 10)}, "token": {token}, "redirect": {redirect}}.Encode()
	return platform.Link{URL: u.String(), Signature: token, SignedText: key.String() + redirect, Finish: time.Duration(d.spec.Facts.Link.Finish)}, nil
}

// partnerID returns the app's id on the platform, as the whole number that bodies carry.
func partnerID(app platform.App) (int64, error) { return shopeecore.PartnerID(app) }

// idNumber reads an id: digits only, without leading zeros, above zero, within int64.
func idNumber(text string) (int64, bool) { return shopeecore.Number(text) }

// telling are the callback's parameters that decide something: one that comes twice, in any case, spoils the callback.
var telling = []string{"shop_id", "state", "code"}

// redirectOf returns the registered callback address; what comes back in its query must not stand there already.
func redirectOf(app platform.App, ownState bool) (string, error) {
	if app.CallbackURL == "" {
		return "", errors.New("shopeev1: redirect_uri is empty")
	}
	u, err := url.Parse(app.CallbackURL)
	if err != nil || u.Host == "" || u.Fragment != "" || u.User != nil {
		return "", errors.New("shopeev1: redirect_uri must be an absolute address without fragment")
	}
	for name := range u.Query() {
		if slices.Contains(telling, strings.ToLower(name)) && !(ownState && name == "state") {
			return "", errors.New("shopeev1: the query of redirect_uri holds a name that the callback needs: " + strings.Join(telling, ", "))
		}
	}
	return app.CallbackURL, nil
}

// ReadCallback reads what the seller's browser brought back: a shop's id that anybody could have written. After a
// cancellation even that may be missing. A code, which some sellers' browsers bring, means nothing.
func (d driver) ReadCallback(_ platform.App, in platform.Incoming) (platform.Callback, error) {
	q, err := in.Query(telling...)
	if err != nil {
		return platform.Callback{}, &platform.BadCallback{Why: err.Error()}
	}
	cb := platform.Callback{State: q.Get("state"), Params: url.Values{}, Cancel: q.Get("state") != "" && !q.Has("shop_id")}
	for name, values := range q {
		if name != "state" && name != "code" {
			cb.Params[name] = values
		}
	}
	if cb.Cancel { // so a cancellation may come back; its authorization tells
		return cb, nil
	}
	if _, ok := idNumber(q.Get("shop_id")); !ok {
		return platform.Callback{}, &platform.BadCallback{Why: "it needs a shop_id of digits"}
	}
	cb.Subject = gk.Subject{Kind: gk.KindShop, ID: q.Get("shop_id")}
	return cb, nil
}

// ExchangeRequest returns nil: there is nothing to trade.
func (d driver) ExchangeRequest(platform.App, platform.Callback) (*platform.Request, error) {
	return nil, nil
}

// ReadIssues turns the claimed shop into a grant without a token. The claim proves nothing: only an inspection that
// finds the shop linked after our click makes it true.
func (d driver) ReadIssues(_ platform.App, asked platform.Asked, _ platform.Reply) ([]platform.Issue, error) {
	shop := asked.Claimed
	if shop.Kind == "" {
		shop = asked.Subject
	}
	if _, ok := idNumber(shop.ID); !ok || shop.Kind != gk.KindShop {
		return nil, &platform.Garbled{Why: "it names no shop"}
	}
	if asked.Subject.Kind != "" && !shop.Same(asked.Subject) {
		return nil, d.spec.Catalogue.Mismatch(asked.Stage)
	}
	return []platform.Issue{{Subject: shop, Shops: []gk.Shop{{ID: shop.ID}}}}, nil
}
