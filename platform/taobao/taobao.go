// Package taobao speaks the protocol of the Taobao and Tmall open platform (TOP, 淘宝开放平台).
//
// A token's end is fixed by the seller's order or by the kind of app; only subscription apps can refresh, and a refresh
// moves the short windows (r1 r2 w1 w2), never the end. Tokens are asked for at the OAuth address or, with the setting
// token_way = gateway, by signed calls. Read this file for links and callbacks, then token.go, sign.go with call.go,
// inspect.go, tmc.go (messages that are fetched), push.go (requests of the platform); verify.go and mistakes.go explain other people's
// signatures.
package taobao

import (
	_ "embed"
	"errors"
	"fmt"
	"net/http"
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
	_ platform.Refresher  = driver{}
	_ platform.Inspector  = driver{}
	_ platform.Subscriber = driver{}
	_ platform.Receiver   = driver{}
	_ platform.Puller     = driver{}
	_ platform.Verifier   = driver{}
)

type driver struct{ spec *platform.Spec }

// New returns the driver.
func New() platform.Driver { return driver{spec: platform.Load(platformTOML, faultsCSV)} }

// Spec returns the facts and the catalogue.
func (d driver) Spec() *platform.Spec { return d.spec }

// Link builds the authorization page. The form is the platform's view: web, tmall or wap, which has a host of its own.
func (d driver) Link(app platform.App, want platform.Want) (platform.Link, error) {
	if want.Cancel {
		return platform.Link{}, errors.New("taobao: cancel: the platform has no page that ends an authorization")
	}
	key, err := app.Setting("app_key")
	if err != nil {
		return platform.Link{}, err
	}
	callback, err := app.Callback()
	if err != nil {
		return platform.Link{}, err
	}
	view := want.Form
	if extra := want.Extra.Get("view"); extra != "" {
		view = extra
	}
	if view != "" && !slices.Contains(d.spec.Facts.Link.Forms, view) {
		return platform.Link{}, fmt.Errorf("taobao: authorize: view must be one of %s", strings.Join(d.spec.Facts.Link.Forms, ", "))
	}
	scopes := want.Scopes
	if len(scopes) == 0 {
		scopes = app.Scopes()
	}
	fields := signing.Pairs{{Name: "response_type", Value: "code"}, {Name: "client_id", Value: key}, {Name: "redirect_uri", Value: callback}}
	optional := signing.Pairs{{Name: "state", Value: want.State}, {Name: "view", Value: view}, {Name: "scope", Value: strings.Join(scopes, d.spec.Facts.Link.ScopeJoin)}}
	fields = append(fields, optional.Filled()...)
	for _, f := range fields {
		if strings.ContainsAny(f.Value, `<>'"`) {
			return platform.Link{}, fmt.Errorf("taobao: authorize: %s has a character that the platform refuses (< > and quotes)", f.Name)
		}
	}
	endpoint := "authorize"
	if view == "wap" && !app.Overridden("authorize") {
		endpoint = "authorize_wap"
	}
	base, err := app.Base(endpoint, "")
	if err != nil {
		return platform.Link{}, err
	}
	base.Path, base.RawQuery = "/authorize", fields.Encode()
	return platform.Link{URL: base.String()}, nil
}

// ReadCallback reads the browser's return; without a state it is the marketplace's entry. Tokens in the address
// (browser-side flow, legacy container) are not taken: tokens come from our own exchange only.
func (d driver) ReadCallback(_ platform.App, in platform.Incoming) (platform.Callback, error) {
	polluted := func(why string) error {
		return &platform.BadCallback{Why: "taobao: callback: " + why, Fault: d.spec.Catalogue.Local(platform.StageAuthorize, "local:callback_polluted")}
	}
	params, err := in.Params("code", "state", "error", "error_description")
	if err != nil {
		return platform.Callback{}, polluted(err.Error())
	}
	for _, name := range []string{"access_token", "refresh_token", "top_session", "top_parameters", "authString"} {
		if params.Has(name) {
			return platform.Callback{}, polluted(name + " is of a flow that is not accepted")
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
		cb.Fault = d.oauthFault(platform.Asked{Stage: platform.StageAuthorize}, failure, params.Get("error_description"), 0)
	}
	params.Del("code")
	params.Del("state")
	cb.Params = params
	return cb, nil
}

// ExchangeRequest trades a code, which works once, in the way that the setting token_way names.
func (d driver) ExchangeRequest(app platform.App, cb platform.Callback) (*platform.Request, error) {
	if cb.Code.Empty() {
		return nil, errors.New("taobao: exchange: the callback has no code")
	}
	if app.Settings["token_way"] == "gateway" {
		return d.gatewayToken(app, "taobao.top.auth.token.create", "code", cb.Code)
	}
	callback, err := app.Callback()
	if err != nil {
		return nil, err
	}
	return d.tokenRequest(app, "exchange", signing.Pairs{{Name: "grant_type", Value: "authorization_code"}, {Name: "code", Value: cb.Code.Reveal()}}, signing.Pairs{{Name: "redirect_uri", Value: callback}})
}

// RefreshRequest spends a refresh token. Whether the app can refresh is the platform's to say.
func (d driver) RefreshRequest(app platform.App, cred platform.Credential) (*platform.Request, error) {
	if cred.Token.Refresh.Empty() {
		return nil, errors.New("taobao: refresh: there is no refresh token")
	}
	if app.Settings["token_way"] == "gateway" {
		return d.gatewayToken(app, "taobao.top.auth.token.refresh", "refresh_token", cred.Token.Refresh)
	}
	return d.tokenRequest(app, "token", signing.Pairs{{Name: "grant_type", Value: "refresh_token"}, {Name: "refresh_token", Value: cred.Token.Refresh.Reveal()}}, nil)
}

// tokenRequest builds a POST to /token: the first fields, key and secret, the last fields.
func (d driver) tokenRequest(app platform.App, endpoint string, first, last signing.Pairs) (*platform.Request, error) {
	key, err := app.Setting("app_key")
	if err != nil {
		return nil, err
	}
	secret := app.Secret("app_secret")
	if secret.Empty() {
		return nil, errors.New("taobao: app_secret is empty")
	}
	base, err := app.Base(endpoint, "")
	if err != nil {
		return nil, err
	}
	base.Path = "/token"
	fields := slices.Concat(first, signing.Pairs{{Name: "client_id", Value: key}, {Name: "client_secret", Value: secret.Reveal()}}, last)
	return &platform.Request{
		Method: http.MethodPost, URL: base.String(), Header: formHeader(), Body: []byte(fields.Encode()), Sent: fields.Without(secretFields...).Values(),
	}, nil
}

func formHeader() http.Header {
	return http.Header{
		"Content-Type": {"application/x-www-form-urlencoded;charset=UTF-8"},
		"Accept":       {"application/json"},
	}
}
