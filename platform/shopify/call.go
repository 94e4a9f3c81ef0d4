package shopify

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// tokenName is the header that carries the access token. The platform does not read Authorization.
const tokenName = "X-Shopify-Access-Token"

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
	if cred.Subject.Host == "" {
		return nil, errNoStore
	}
	base, err := app.Base("api", cred.Subject.Host)
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
		header.Set("Content-Type", "application/json")
	}
	header.Set(tokenName, cred.Token.Access.Reveal())
	return &platform.Request{
		Method: call.Method, URL: address, Header: header, Body: call.Body, Sent: url.Values(http.Header(call.Query).Clone()),
	}, nil
}

// RevokeRequest takes the app out of the store: the platform knows no other way to give a permission back.
func (d driver) RevokeRequest(app platform.App, cred platform.Credential) (*platform.Request, error) {
	return d.request(app, cred, platform.Call{Method: http.MethodDelete, Path: appPath})
}

// VerifyCall checks a call as the platform does: it looks for the token in one header and nowhere else. The token itself
// is compared where app.Token holds one.
func (d driver) VerifyCall(app platform.App, in platform.Incoming) error {
	if err := checkToken(app, in.Header); err != nil {
		return err
	}
	u, err := url.Parse(in.URL)
	if err != nil {
		return errors.New("the address cannot be read")
	}
	if u.Host != "" && !app.AllowsHost(u.Scheme, u.Host) {
		return errors.New("the host is not a store's: use https and the host that ends in " + d.spec.Facts.ShopSuffix)
	}
	if d.spec.Facts.Permit(u.Path) != "grant" {
		return errors.New("the path is none of the Admin API: it begins with /admin/api/ and a version")
	}
	writes := []string{http.MethodPost, http.MethodPut, http.MethodPatch}
	form := in.Header.Get("Content-Type")
	if slices.Contains(writes, in.Method) && !strings.HasPrefix(form, "application/json") && !strings.HasPrefix(form, "application/graphql") {
		return errors.New("the header Content-Type is not application/json")
	}
	return nil
}

// checkToken finds the one header that carries the token, and says what is wrong with it.
func checkToken(app platform.App, header http.Header) error {
	tokens := header.Values(tokenName)
	switch {
	case len(tokens) == 0 && header.Get("Authorization") != "":
		return errors.New("the token stands in Authorization; the Admin API reads the header " + tokenName + " only")
	case len(tokens) == 0:
		return errors.New("the header " + tokenName + " is missing")
	case len(tokens) > 1:
		return errors.New("the header " + tokenName + " is repeated")
	case tokens[0] == "" || strings.ContainsFunc(tokens[0], func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("the header " + tokenName + " is empty or holds a blank")
	}
	if app.Token != nil && !app.Token.Token.Access.Empty() && !app.Token.Token.Access.Equal(gk.NewSecret(tokens[0])) {
		return errors.New("the header " + tokenName + " holds another token than this grant's")
	}
	return nil
}
