package shoplazza

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Sign puts the access token on a call: there is no signature, so whoever sees the request can repeat it.
func (d driver) Sign(app platform.App, cred platform.Credential, call platform.Call) (*platform.Request, error) {
	if call.Operation != "" || len(call.Params) > 0 || len(call.System) > 0 {
		return nil, &platform.BadCall{Field: "operation", Why: "belongs to other platforms; give method and path"}
	}
	if call.Method == "" {
		call.Method = http.MethodGet
	}
	call.Method = strings.ToUpper(call.Method)
	if err := d.spec.Facts.CheckREST(call, "grant"); err != nil {
		return nil, err
	}
	return d.request(app, cred, call)
}

// request builds a call without looking at who wrote it.
func (d driver) request(app platform.App, cred platform.Credential, call platform.Call) (*platform.Request, error) {
	if cred.Token.Access.Empty() {
		return nil, &platform.BadCall{Field: "token", Why: "is empty: the call needs an access token"}
	}
	base, err := d.apiBase(app, cred.Subject)
	if err != nil {
		return nil, err
	}
	address, err := call.URL(base)
	if err != nil {
		return nil, err
	}
	header := call.Header.Clone()
	if header == nil {
		header = make(http.Header)
	}
	write := call.Method != http.MethodGet && call.Method != http.MethodHead && call.Method != http.MethodDelete
	if (write || len(call.Body) > 0) && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json") // a missing one can give 400
	}
	header.Set("Access-Token", cred.Token.Access.Reveal())
	if forPartner(app, cred.Subject) {
		header.Set("App-Client-Id", app.Settings["client_id"])
	}
	return &platform.Request{
		Method: call.Method, URL: address, Header: header, Body: call.Body, Sent: url.Values(http.Header(call.Query).Clone()),
	}, nil
}

func (d driver) apiBase(app platform.App, subject gk.Subject) (*url.URL, error) {
	if forPartner(app, subject) {
		return partnerBase(app, "api")
	}
	if subject.Host == "" {
		return nil, errNoStore
	}
	return app.Base("api", subject.Host)
}

// VerifyCall checks a call as the platform does: it looks for the token in the header Access-Token and nowhere else.
// The token itself is compared where app.Token holds one.
func (d driver) VerifyCall(app platform.App, in platform.Incoming) error {
	tokens := in.Header.Values("Access-Token")
	switch {
	case len(tokens) == 0 && in.Header.Get("Authorization") != "":
		return errors.New("the token stands in Authorization; the platform reads the header Access-Token only")
	case len(tokens) == 0:
		return errors.New("the header Access-Token is missing")
	case len(tokens) > 1:
		return errors.New("the header Access-Token is repeated")
	case !isToken(tokens[0]) || tokens[0] == "":
		return errors.New("the header Access-Token is empty or holds a blank")
	}
	if app.Token != nil && !app.Token.Token.Access.Empty() && !app.Token.Token.Access.Equal(gk.NewSecret(tokens[0])) {
		return errors.New("the header Access-Token holds another token than this grant's")
	}
	u, err := url.Parse(in.URL)
	if err != nil {
		return errors.New("the address cannot be read")
	}
	if u.Host != "" && !app.AllowsHost(u.Scheme, u.Host) {
		return errors.New("the host is not a store's: use https and the system domain")
	}
	if d.spec.Facts.Permit(u.Path) != "grant" {
		return errors.New("the path is none of the Open API: it begins with /openapi/ and a version")
	}
	writes := []string{http.MethodPost, http.MethodPut, http.MethodPatch}
	if slices.Contains(writes, in.Method) && !strings.HasPrefix(in.Header.Get("Content-Type"), "application/json") {
		return errors.New("the header Content-Type is not application/json")
	}
	return nil
}
