package shoplazza

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// tokenRequest is the body of every token request, in the order in which the documents print it.
type tokenRequest struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Code         string `json:"code,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
	GrantType    string `json:"grant_type"`
	RedirectURI  string `json:"redirect_uri,omitempty"`
}

// ExchangeRequest trades a code at the store that the callback names. Where Callback.Params repeat the store, they
// must agree with the subject: a code may only be shown to the store that gave it.
func (d driver) ExchangeRequest(app platform.App, cb platform.Callback) (*platform.Request, error) {
	host := cb.Subject.Host
	if shop := cb.Params.Get("shop"); shop != "" {
		claimed, err := d.spec.HostOf("store", shop)
		if err != nil {
			return nil, err
		}
		if own, err := d.spec.HostOf("store", host); host != "" && (err != nil || own != claimed) {
			return nil, errors.New("shoplazza: exchange: the callback names another store than the subject")
		}
		host = claimed
	}
	if id := cb.Params.Get("store_id"); id != "" && cb.Subject.ID != "" && id != cb.Subject.ID {
		return nil, errors.New("shoplazza: exchange: the callback names another store than the subject")
	}
	code := cb.Code.Reveal()
	if code == "" {
		return nil, missing("exchange", "code")
	}
	if app.CallbackURL == "" {
		return nil, missing("exchange", "redirect_uri")
	}
	if host == "" {
		return nil, errNoStore
	}
	base, err := app.Base("exchange", host)
	if err != nil {
		return nil, err
	}
	return ask(app, "exchange", base, tokenPath, tokenRequest{Code: code, GrantType: "authorization_code", RedirectURI: app.CallbackURL})
}

// RefreshRequest spends the refresh token of a store; for the partner profile it asks with the app's own credentials.
// redirect_uri always goes along: the platform refuses a refresh without it (a vendor's report), although both official
// SDKs leave it out.
func (d driver) RefreshRequest(app platform.App, cred platform.Credential) (*platform.Request, error) {
	if forPartner(app, cred.Subject) {
		base, err := partnerBase(app, "token")
		if err != nil {
			return nil, err
		}
		return ask(app, "obtain", base, partnerPath, tokenRequest{GrantType: "client_credentials"})
	}
	refresh := cred.Token.Refresh.Reveal()
	switch {
	case app.Profile == "private":
		return nil, errors.New("shoplazza: refresh: a private app's token cannot be renewed")
	case refresh == "":
		return nil, missing("refresh", "refresh_token")
	case app.CallbackURL == "":
		return nil, missing("refresh", "redirect_uri")
	case cred.Subject.Host == "":
		return nil, errNoStore
	}
	base, err := app.Base("token", cred.Subject.Host)
	if err != nil {
		return nil, err
	}
	return ask(app, "refresh", base, tokenPath, tokenRequest{RefreshToken: refresh, GrantType: "refresh_token", RedirectURI: app.CallbackURL})
}

// ask completes a token request with the app's credentials.
func ask(app platform.App, step string, base *url.URL, path string, body tokenRequest) (*platform.Request, error) {
	body.ClientID, body.ClientSecret = app.Settings["client_id"], app.Secret("client_secret").Reveal()
	if body.ClientID == "" {
		return nil, missing(step, "client_id")
	}
	if body.ClientSecret == "" {
		return nil, missing(step, "client_secret")
	}
	text, err := plainJSON(body)
	if err != nil {
		return nil, err
	}
	base.Path = path
	sent := url.Values{"client_id": {body.ClientID}, "grant_type": {body.GrantType}}
	if body.RedirectURI != "" {
		sent.Set("redirect_uri", body.RedirectURI)
	}
	return &platform.Request{Method: http.MethodPost, URL: base.String(), Header: tokenHeader(), Body: text, Sent: sent}, nil
}

// plainJSON encodes without turning & into an escape: the body then reads like the documents.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// partnerSubject is whom the partner token belongs to: the app itself.
func partnerSubject(app platform.App) gk.Subject {
	return gk.Subject{Kind: gk.KindPartner, ID: app.Settings["client_id"]}
}
