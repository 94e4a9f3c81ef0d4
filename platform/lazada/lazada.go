// Package lazada speaks the protocol of the Lazada Open Platform.
//
// One consent covers a seller of one country, or, across borders, the sellers of several: one token, and for each country
// an API host of its own. Token requests go to one host for all. Read this file for links and callbacks, then token.go
// with sellers.go, call.go with country.go, inspect.go, push.go; verify.go and mistakes.go explain other people's
// signatures. AliExpress, Daraz and Miravia speak the same gateway; what they share is package signing's upper HMAC over
// path and sorted pairs.
package lazada

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

var (
	//go:embed platform.toml
	platformTOML []byte
	//go:embed faults.csv
	faultsCSV []byte
)

var (
	_ platform.Refresher = driver{}
	_ platform.Inspector = driver{}
	_ platform.Receiver  = driver{}
	_ platform.Verifier  = driver{}
)

type driver struct{ spec *platform.Spec }

// New returns the driver.
func New() platform.Driver { return driver{spec: platform.Load(platformTOML, faultsCSV)} }

// Spec returns the facts and the catalogue.
func (d driver) Spec() *platform.Spec { return d.spec }

// Link builds the authorization page. The form, or the parameter country, narrows the page's choice of countries; cb is
// the choice of several at once.
func (d driver) Link(app platform.App, want platform.Want) (platform.Link, error) {
	if want.Cancel {
		return platform.Link{}, errors.New("lazada: cancel: the platform has no page that ends an authorization; the seller does it in Seller Center")
	}
	key, err := app.Setting("app_key")
	if err != nil {
		return platform.Link{}, err
	}
	callback, err := app.Callback()
	if err != nil {
		return platform.Link{}, err
	}
	choice := want.Form
	if extra := want.Extra.Get("country"); extra != "" {
		choice = extra
	}
	choice = strings.ToLower(strings.ReplaceAll(choice, " ", ""))
	if choice == d.spec.Facts.Link.Forms[0] {
		choice = ""
	}
	for country := range strings.SplitSeq(choice, ",") {
		if choice != "" && (country == d.spec.Facts.Link.Forms[0] || !slices.Contains(d.spec.Facts.Link.Forms, country)) {
			return platform.Link{}, fmt.Errorf("lazada: authorize: country must be a comma list of %s", strings.Join(d.spec.Facts.Link.Forms[1:], ", "))
		}
	}
	base, err := app.Base("authorize", "")
	if err != nil {
		return platform.Link{}, err
	}
	fields := signing.Pairs{
		{Name: "response_type", Value: "code"}, {Name: "client_id", Value: key}, {Name: "redirect_uri", Value: callback},
		{Name: "state", Value: want.State}, {Name: "force_auth", Value: "true"}, {Name: "country", Value: choice},
	}.Filled()
	base.Path, base.RawQuery = "/oauth/authorize", fields.Encode()
	return platform.Link{URL: base.String()}, nil
}

// codeOf is the app key inside a code: 0_APPKEY_letters.
var codeOf = regexp.MustCompile(`\A[0-9]_([0-9]+)_`)

// ReadCallback reads the browser's return. It names no seller; the code names the app.
func (d driver) ReadCallback(app platform.App, in platform.Incoming) (platform.Callback, error) {
	polluted := func(why string) error { return &platform.BadCallback{Why: "lazada: callback: " + why} }
	params, err := in.Params("code", "state", "error", "error_description")
	if err != nil {
		return platform.Callback{}, polluted(err.Error())
	}
	code, failure := params.Get("code"), params.Get("error")
	if code != "" && failure != "" {
		return platform.Callback{}, polluted("both code and error")
	}
	if !platform.PlainText(code) || !platform.StateText(params.Get("state")) {
		return platform.Callback{}, polluted("code or state has characters that do not belong there")
	}
	ours := strings.TrimSpace(app.Settings["app_key"])
	for _, told := range []string{params.Get("app_key"), params.Get("client_id"), appIn(code)} {
		if told != "" && ours != "" && told != ours {
			return platform.Callback{}, polluted("it is another app's: the code or a parameter names another app key")
		}
	}
	cb := platform.Callback{State: params.Get("state"), Code: gk.NewSecret(code), Empty: code == "" && failure == ""}
	if failure != "" {
		q := platform.Query{Stage: platform.StageAuthorize, Codes: []string{failure}, Texts: []string{failure}}
		if text := params.Get("error_description"); text != "" {
			q.Texts = []string{text}
		}
		cb.Fault = d.spec.Catalogue.Fault(q, failure, 0)
	}
	params.Del("code")
	params.Del("state")
	cb.Params = params
	return cb, nil
}

func appIn(code string) string {
	if m := codeOf.FindStringSubmatch(code); m != nil {
		return m[1]
	}
	return ""
}
