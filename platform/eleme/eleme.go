// Package eleme speaks the protocol of the Ele.me open platform (饿了么开放平台).
//
// Service-provider apps (profile enterprise) get a token from each merchant through the browser; merchants' own apps
// (profile personal) ask for theirs with client credentials. One token covers an account with all its shops, and no
// answer says whose it is: an inspection does. Read this file for links and callbacks, then token.go, call.go with sign.go,
// inspect.go, push.go; verify.go and mistakes.go explain other people's signatures.
package eleme

import (
	_ "embed"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
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
	_ platform.Puller    = driver{}
	_ platform.Verifier  = driver{}
)

// personal is the profile of an app that belongs to the merchant itself.
const personal = "personal"

type driver struct{ spec *platform.Spec }

// New returns the driver.
func New() platform.Driver { return driver{spec: platform.Load(platformTOML, faultsCSV)} }

// Spec returns the facts and the catalogue.
func (d driver) Spec() *platform.Spec { return d.spec }

// Link builds the authorization page. It is the same for Want.Cancel: whoever has agreed already is offered to cancel there.
func (d driver) Link(app platform.App, want platform.Want) (platform.Link, error) {
	if app.Profile == personal {
		return platform.Link{}, errors.New("eleme: authorize: a personal app has no authorization page; ask for its token instead")
	}
	if want.State == "" {
		return platform.Link{}, errors.New("eleme: authorize: state is required by the platform")
	}
	key, err := app.Setting("app_key")
	if err != nil {
		return platform.Link{}, err
	}
	callback, err := app.Callback()
	if err != nil {
		return platform.Link{}, err
	}
	base, err := app.Base("authorize", "")
	if err != nil {
		return platform.Link{}, err
	}
	base.Path = "/authorize"
	base.RawQuery = form{
		{"response_type", "code"}, {"client_id", key}, {"redirect_uri", callback}, {"state", want.State}, {"scope", "all"},
	}.encode()
	return platform.Link{URL: base.String()}, nil
}

// ReadCallback reads the browser's return. Without code and error the registered address was merely opened, as the
// merchant desktop client does.
func (d driver) ReadCallback(_ platform.App, in platform.Incoming) (platform.Callback, error) {
	polluted := func(why string) error {
		return &platform.BadCallback{Why: "eleme: callback: " + why, Fault: d.spec.Catalogue.Local(platform.StageAuthorize, "local:callback_polluted")}
	}
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
	cb := platform.Callback{State: params.Get("state"), Code: gk.NewSecret(code), Empty: code == "" && failure == ""}
	if failure != "" {
		// Our link always carries a redirect_uri; that tells two rows with the same text apart.
		q := platform.Query{Stage: platform.StageAuthorize, Codes: []string{failure}, Sent: url.Values{"redirect_uri": {"sent"}}}
		if text := unescapedOnceMore(params.Get("error_description")); text != "" {
			q.Texts = []string{text}
		}
		cb.Fault = d.spec.Catalogue.Fault(q, failure, 0)
	}
	params.Del("code")
	params.Del("state")
	cb.Params = params
	return cb, nil
}

// ExchangeRequest trades a code; it works once.
func (d driver) ExchangeRequest(app platform.App, cb platform.Callback) (*platform.Request, error) {
	if cb.Code.Empty() {
		return nil, errors.New("eleme: exchange: the callback has no code")
	}
	key, err := app.Setting("app_key")
	if err != nil {
		return nil, err
	}
	callback, err := app.Callback()
	if err != nil {
		return nil, err
	}
	return d.tokenRequest(app, "exchange", form{
		{"grant_type", "authorization_code"}, {"code", cb.Code.Reveal()}, {"redirect_uri", callback}, {"client_id", key},
	}, http.Header{})
}

// RefreshRequest spends the refresh token of an enterprise app's grant, or asks again for a personal app's token, whose
// first token is asked for in the same way.
func (d driver) RefreshRequest(app platform.App, cred platform.Credential) (*platform.Request, error) {
	if app.Profile == personal {
		fields, header := form{{"grant_type", "client_credentials"}}, http.Header{}
		// The document calls it a parameter, a PHP client of 2026 sends it as a header: so both.
		if chain := app.Settings["sand_box_chain_id"]; chain != "" && app.Environment == gk.Sandbox {
			fields = append(fields, field{"sand_box_chain_id", chain})
			header.Set("sand_box_chain_id", chain)
		}
		return d.tokenRequest(app, "token", fields, header)
	}
	if cred.Token.Refresh.Empty() {
		return nil, errors.New("eleme: refresh: there is no refresh token (client credentials are for the profile personal)")
	}
	return d.tokenRequest(app, "token", form{
		{"grant_type", "refresh_token"}, {"refresh_token", cred.Token.Refresh.Reveal()}, {"scope", "all"},
	}, http.Header{})
}

// tokenRequest builds a POST to /token. Key and secret travel raw in the Basic header, as four of five official SDKs
// send them; both consist of letters and digits.
func (d driver) tokenRequest(app platform.App, endpoint string, fields form, header http.Header) (*platform.Request, error) {
	key, err := app.Setting("app_key")
	if err != nil {
		return nil, err
	}
	secret := app.Secret("app_secret")
	if secret.Empty() {
		return nil, errors.New("eleme: app_secret is empty")
	}
	base, err := app.Base(endpoint, "")
	if err != nil {
		return nil, err
	}
	base.Path = "/token"
	header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(key+":"+secret.Reveal())))
	header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	header.Set("Accept", "application/json")
	return &platform.Request{
		Method: http.MethodPost, URL: base.String(), Header: header, Body: []byte(fields.encode()), Sent: fields.public(),
	}, nil
}

type field struct{ name, value string }

// form is the parameters of a request in the order in which they are sent.
type form []field

// encode writes the form with every value percent-encoded, a blank as %20: official SDKs that leave redirect_uri or state
// as they are break on an address with a query of its own.
func (f form) encode() string {
	parts := make([]string, len(f))
	for i, p := range f {
		parts[i] = p.name + "=" + strings.ReplaceAll(url.QueryEscape(p.value), "+", "%20")
	}
	return strings.Join(parts, "&")
}

// public returns what may be remembered of the form.
func (f form) public() url.Values {
	v := make(url.Values)
	for _, p := range f {
		if p.name != "code" && p.name != "refresh_token" {
			v.Add(p.name, p.value)
		}
	}
	return v
}

// unescapedOnceMore decodes an error_description that still has escapes after the query was read: the demos of the PHP
// and Go SDKs decode it themselves (2020).
func unescapedOnceMore(s string) string {
	if t, err := url.QueryUnescape(s); err == nil && strings.Contains(s, "%") {
		return t
	}
	return s
}
