package shopify

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/grantkeep/grantkeep/platform"
)

// Names of the token exchange (RFC 8693), as the documents print them.
const (
	tradeGrant   = "urn:ietf:params:oauth:grant-type:token-exchange"
	offlineToken = "urn:shopify:params:oauth:token-type:offline-access-token"
	idToken      = "urn:ietf:params:oauth:token-type:id_token"
)

// tokenRequest is the body of every token request, in the order in which the documents print it. An exchange of a code
// has no grant_type, and none has a redirect_uri.
type tokenRequest struct {
	ClientID       string `json:"client_id"`
	ClientSecret   string `json:"client_secret"`
	Code           string `json:"code,omitempty"`
	RefreshToken   string `json:"refresh_token,omitempty"`
	GrantType      string `json:"grant_type,omitempty"`
	Subject        string `json:"subject_token,omitempty"`
	SubjectType    string `json:"subject_token_type,omitempty"`
	RequestedToken string `json:"requested_token_type,omitempty"`
	Expiring       string `json:"expiring,omitempty"`
}

// ExchangeRequest trades a code, or the ID token that the embedded page brings, at the store that the callback names.
// Where Callback.Params repeat the store, they must agree with the subject: a code may only be shown to the store that
// gave it.
func (d driver) ExchangeRequest(app platform.App, cb platform.Callback) (*platform.Request, error) {
	if !byConsent(app) {
		return nil, errors.New("shopify: exchange: an app of the profile " + app.Profile + " has no code to exchange")
	}
	code, assertion := cb.Code.Reveal(), cb.Params.Get("id_token")
	host := cb.Subject.Host
	named := cb.Params.Get("shop")
	if code == "" && named == "" {
		named = storeIn(assertion)
	}
	if named != "" {
		claimed, err := d.spec.HostOf("store", named)
		if err != nil {
			return nil, err
		}
		if own, err := d.spec.HostOf("store", host); host != "" && (err != nil || own != claimed) {
			return nil, errors.New("shopify: exchange: the callback names another store than the subject")
		}
		host = claimed
	}
	body := tokenRequest{Code: code}
	switch {
	case code == "" && assertion == "":
		return nil, missing("exchange", "code")
	case code == "":
		body = tokenRequest{GrantType: tradeGrant, Subject: assertion, SubjectType: idToken, RequestedToken: offlineToken}
	}
	if expiring(app) {
		body.Expiring = "1"
	}
	return d.ask(app, "exchange", host, body)
}

// storeIn returns the host that an ID token says it is for, empty if it cannot be read. The platform checks the token;
// here it only tells where to send it.
func storeIn(assertion string) string {
	_, rest, _ := strings.Cut(assertion, ".")
	payload, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return ""
	}
	dest, _ := strings.CutPrefix(platform.JSONText(platform.JSONObject(text)["dest"]), "https://")
	return dest
}

// RefreshRequest spends the refresh token of a store. A token without an end, which came alone, is traded for a pair; an
// app of the own organisation asks with its own credentials.
func (d driver) RefreshRequest(app platform.App, cred platform.Credential) (*platform.Request, error) {
	host, refresh, access := cred.Subject.Host, cred.Token.Refresh.Reveal(), cred.Token.Access.Reveal()
	switch {
	case app.Profile == organisation:
		return d.ask(app, "obtain", host, tokenRequest{GrantType: "client_credentials"})
	case !expiring(app):
		return nil, errors.New("shopify: refresh: a token of the profile " + app.Profile + " has no end and cannot be renewed")
	case refresh != "":
		return d.ask(app, "token", host, tokenRequest{RefreshToken: refresh, GrantType: "refresh_token"})
	case access == "":
		return nil, missing("refresh", "refresh_token")
	}
	return d.ask(app, "token", host, tokenRequest{
		GrantType: tradeGrant, Subject: access, SubjectType: offlineToken, RequestedToken: offlineToken, Expiring: "1",
	})
}

// ask completes a token request with the app's credentials.
func (d driver) ask(app platform.App, step, host string, body tokenRequest) (*platform.Request, error) {
	body.ClientID, body.ClientSecret = app.Settings["client_id"], app.Secret("client_secret").Reveal()
	switch {
	case body.ClientID == "":
		return nil, missing(step, "client_id")
	case body.ClientSecret == "":
		return nil, missing(step, "client_secret")
	case host == "":
		return nil, errNoStore
	}
	endpoint := "token"
	if step == "exchange" {
		endpoint = step
	}
	base, err := app.Base(endpoint, host)
	if err != nil {
		return nil, err
	}
	text, err := plainJSON(body)
	if err != nil {
		return nil, err
	}
	base.Path = tokenPath
	sent := url.Values{"client_id": {body.ClientID}}
	for name, value := range map[string]string{
		"grant_type": body.GrantType, "subject_token_type": body.SubjectType, "expiring": body.Expiring,
	} {
		if value != "" {
			sent.Set(name, value)
		}
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
