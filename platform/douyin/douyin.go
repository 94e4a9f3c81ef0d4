// Package douyin speaks the protocol of the Douyin shop open platform (抖店开放平台, op.jinritemai.com), which is not the
// one for video accounts.
//
// Tool apps are bought in the service market, where a shop agrees; self-use apps belong to the shop's own company and ask
// for tokens without a page. Token requests are ordinary signed calls. A refresh before the last hour of the access token
// returns the same pair. Read this file for links and callbacks, then token.go, sign.go with call.go, inspect.go and
// push.go; verify.go and mistakes.go explain other people's signatures.
package douyin

import (
	_ "embed"
	"errors"

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

// selfUse is the profile of an app that belongs to the shop's own company.
const selfUse = "self_use"

type driver struct{ spec *platform.Spec }

// New returns the driver.
func New() platform.Driver { return driver{spec: platform.Load(platformTOML, faultsCSV)} }

// Spec returns the facts and the catalogue.
func (d driver) Spec() *platform.Spec { return d.spec }

// Link builds the service market's page. It takes the number of the service, never the app key, and no callback: the
// market returns to the registered one.
func (d driver) Link(app platform.App, want platform.Want) (platform.Link, error) {
	if want.Cancel {
		return platform.Link{}, errors.New("douyin: cancel: the platform has no page that ends an authorization; the shop does it in 授权管理")
	}
	if app.Profile == selfUse {
		return platform.Link{}, errors.New("douyin: authorize: a self-use app has no authorization page; the shop confirms in its back office, then ask for the token")
	}
	service, err := app.Setting("service_id")
	if err != nil {
		return platform.Link{}, err
	}
	base, err := app.Base("authorize", "")
	if err != nil {
		return platform.Link{}, err
	}
	fields := signing.Pairs{{Name: "service_id", Value: service}}
	if want.State != "" {
		fields = append(fields, signing.Pair{Name: "state", Value: want.State})
	}
	base.Path, base.RawQuery = "/authorize", fields.Encode()
	return platform.Link{URL: base.String()}, nil
}

// ReadCallback reads the browser's return; without a state it is the market's own entry.
func (d driver) ReadCallback(app platform.App, in platform.Incoming) (platform.Callback, error) {
	polluted := func(why string) error {
		return &platform.BadCallback{Why: "douyin: callback: " + why, Fault: d.spec.Catalogue.Local(platform.StageAuthorize, "local:no_code")}
	}
	params, err := in.Params("code", "state", "error", "error_description")
	if err != nil {
		return platform.Callback{}, polluted(err.Error())
	}
	for name, setting := range map[string]string{"app_key": "app_key", "app_id": "app_key", "service_id": "service_id"} {
		if told, ours := params.Get(name), app.Settings[setting]; told != "" && ours != "" && told != ours {
			return platform.Callback{}, polluted(name + " is another app's")
		}
	}
	code, failure := params.Get("code"), params.Get("error")
	if code != "" && failure != "" {
		return platform.Callback{}, polluted("both code and error")
	}
	if !platform.PlainText(code) || !platform.StateText(params.Get("state")) {
		return platform.Callback{}, polluted("code or state has characters that do not belong there")
	}
	cb := platform.Callback{State: params.Get("state"), Code: gk.NewSecret(code), Empty: code == "" && failure == ""}
	if failure != "" {
		q := platform.Query{Stage: platform.StageAuthorize, Codes: []string{failure}}
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
