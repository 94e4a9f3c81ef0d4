package tiktokshop

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// tokenName is the header that carries the access token. It is not signed.
const tokenName = "X-Tts-Access-Token"

// ours are names of a query that say for whom a call speaks: on behalf of a grant they come from its shops.
var ours = platform.Reserved{Names: []string{"shop_cipher", "category_asset_cipher", "shop_id"}}

// unsigned are the parameters that no signature covers.
var unsigned = []string{"sign", "access_token"}

// Sign signs a call. A shop of the grant that the caller names adds its cipher; endpoints about the account refuse one, so
// nothing is added unasked.
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
	query := make(url.Values, len(call.Query)+4)
	for name, values := range call.Query {
		plain, err := url.QueryUnescape(name)
		if !call.Free && (err != nil || ours.Has(name) || ours.Has(plain)) {
			return nil, &platform.BadCall{Field: "query", Why: "names a shop itself; name it in call.shop, its cipher is added"}
		}
		if len(values) > 1 {
			return nil, &platform.BadCall{Field: "query", Why: "holds a name twice, of which only the first value would be signed; join lists with commas"}
		}
		query[name] = values
	}
	if call.Shop != "" {
		name, cipher, err := cipherOf(cred, call.Shop)
		if err != nil {
			return nil, err
		}
		query.Set(name, cipher)
	}
	call.Query = query
	return d.request(app, cred, call)
}

// cipherOf returns the parameter that names a shop of a grant, or a category asset of a partner's.
func cipherOf(cred platform.Credential, shop string) (name, cipher string, err error) {
	i := slices.IndexFunc(cred.Shops, func(s gk.Shop) bool { return s.ID == shop })
	if i < 0 || cred.Shops[i].Facts["cipher"] == "" {
		return "", "", &platform.BadCall{Field: "shop", Why: "is none whose cipher this grant knows; without a grant put the cipher into query"}
	}
	if cred.Facts["user_type"] == partnerType {
		return "category_asset_cipher", cred.Shops[i].Facts["cipher"], nil
	}
	return "shop_cipher", cred.Shops[i].Facts["cipher"], nil
}

// request signs a call without looking at who wrote it.
func (d driver) request(app platform.App, cred platform.Credential, call platform.Call) (*platform.Request, error) {
	key, secret, err := keyed(app)
	if err != nil {
		return nil, err
	}
	if cred.Token.Access.Empty() {
		return nil, &platform.BadCall{Field: "token", Why: "is empty: the call needs an access token"}
	}
	base, err := app.Base("api", "")
	if err != nil {
		return nil, err
	}
	header := call.Header.Clone()
	if header == nil {
		header = make(http.Header)
	}
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json") // wanted of a GET too
	}
	if call.Query == nil {
		call.Query = make(url.Values)
	}
	sent := url.Values(http.Header(call.Query).Clone())
	call.Query.Set("app_key", key)
	call.Query.Set("timestamp", strconv.FormatInt(app.Now.Unix(), 10))
	text := signedText(call.Path, call.Query, header.Get("Content-Type"), call.Body)
	sign := recipe.Sign(text, secret)
	call.Query.Set("sign", sign)
	address, err := call.URL(base)
	if err != nil {
		return nil, err
	}
	header.Set(tokenName, cred.Token.Access.Reveal())
	return &platform.Request{
		Method: call.Method, URL: address, Header: header, Body: call.Body, Sent: sent, Signature: sign,
		SignedText: recipe.Masked(text), Expires: app.Now.Add(time.Duration(d.spec.Facts.Limits.Clock)),
	}, nil
}

// signedText is path, then names and values without anything between them, sorted by name, then the body as it is sent. A
// multipart body is left out. Of a name that stands twice the first value counts.
func signedText(path string, query url.Values, mediaType string, body []byte) string {
	var pairs signing.Pairs
	for _, p := range signing.Of(query).Without(unsigned...) {
		if len(pairs) == 0 || pairs[len(pairs)-1].Name != p.Name {
			pairs = append(pairs, p)
		}
	}
	text := path + pairs.Joined("", "")
	if !multipart(mediaType) {
		text += string(body)
	}
	return text
}

// multipart reports whether a media type, without its case and what follows it, is that of files.
func multipart(mediaType string) bool {
	kind, _, _ := strings.Cut(mediaType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "multipart/form-data")
}
