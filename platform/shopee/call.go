package shopee

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// base is what a signature covers, in this order and without separators. Token and id are empty for public calls.
type base struct {
	partner int64
	path    string
	at      time.Time
	token   gk.Secret
	id      string
}

// text is the string to sign. The token goes in as it is, although the query carries it encoded.
func (b base) text() string {
	return strconv.FormatInt(b.partner, 10) + b.path + strconv.FormatInt(b.at.Unix(), 10) + b.token.Reveal() + b.id
}

// sign returns the lower-case hex HMAC-SHA256 of a base string. The key is used as text, although it looks like hex.
func sign(app platform.App, b base) (string, error) {
	key := app.Secret("partner_key")
	if key.Empty() {
		return "", errors.New("shopee: partner_key is empty")
	}
	return digest(key, b.text()), nil
}

func digest(key gk.Secret, text string) string { return signing.HMACLower.Sign(text, key) }

// callPath is a whole path of the API: lower-case, no empty, dotted or encoded segment, no slash at the end. The signature
// covers it as it stands.
var callPath = regexp.MustCompile(`\A/api/v2(/[a-z0-9_]+){2,}\z`)

// Sign signs a call for a shop, a merchant, or, with subject partner, for the app itself. Identifiers, token, time and
// signature are ours: a call that brings its own is refused.
func (d driver) Sign(app platform.App, cred platform.Credential, call platform.Call) (*platform.Request, error) {
	permit := "grant"
	switch cred.Subject.Kind {
	case gk.KindPartner:
		permit = "app"
	case gk.KindShop, gk.KindMerchant:
		if cred.Token.Access.Empty() {
			return nil, &platform.BadCall{Field: "token", Why: "this kind of call needs an access token"}
		}
		if call.Shop != "" && call.Shop != cred.Subject.ID {
			return nil, &platform.BadCall{Field: "shop", Why: "is not the grant's"}
		}
	default:
		return nil, &platform.BadCall{Field: "subject", Why: "must be a shop, a merchant or the partner"}
	}
	if call.Operation != "" || len(call.Params) > 0 {
		return nil, &platform.BadCall{Field: "operation", Why: "calls of this platform have a method and a path"}
	}
	if call.Method != http.MethodGet && call.Method != http.MethodPost {
		return nil, &platform.BadCall{Field: "method", Why: "must be GET or POST"}
	}
	if !callPath.MatchString(call.Path) {
		return nil, &platform.BadCall{Field: "path", Why: "must be a whole lower-case path from /api/v2/, without query, encoding or slash at the end"}
	}
	if err := d.spec.Facts.CheckREST(call, permit); err != nil {
		return nil, err
	}
	if !call.Free {
		if err := d.checkBody(cred, call); err != nil {
			return nil, err
		}
	}
	req, err := d.request(app, "api", call.Method, call.Path, cred, call.Query, call.Body)
	if err != nil {
		return nil, err
	}
	for name, values := range call.Header {
		req.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	return req, nil
}

// checkBody refuses a body that names what only we may set. The platform reads identifiers from the query alone, but a
// caller who names another shop anywhere means another shop. One name is business there: a merchant's calls say which
// of its own shops they are about.
func (d driver) checkBody(cred platform.Credential, call platform.Call) error {
	if len(call.Body) == 0 {
		return nil
	}
	if call.Method == http.MethodGet {
		return &platform.BadCall{Field: "body", Why: "a GET has none"}
	}
	kind, params, err := mime.ParseMediaType(headerOf(call.Header, "Content-Type"))
	if err == nil && kind == "multipart/form-data" {
		return d.checkParts(call.Body, params["boundary"])
	}
	if headerOf(call.Header, "Content-Type") != "" && kind != "application/json" {
		return &platform.BadCall{Field: "body", Why: "must be JSON or multipart/form-data"}
	}
	members, err := platform.Members(call.Body)
	if err != nil {
		return &platform.BadCall{Field: "body", Why: err.Error()}
	}
	for _, m := range members {
		if m.Name == "shop_id" && cred.Subject.Kind == gk.KindMerchant && ownShop(cred, m.Value) {
			continue
		}
		if d.spec.Facts.Reserved.Has(m.Name) {
			return &platform.BadCall{Field: "body", Why: "names what only we may set (an identifier, token, time or signature); leave it out"}
		}
	}
	return nil
}

func (d driver) checkParts(body []byte, boundary string) error {
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &platform.BadCall{Field: "body", Why: "is not valid multipart/form-data"}
		}
		if d.spec.Facts.Reserved.Has(part.FormName()) {
			return &platform.BadCall{Field: "body", Why: "names what only we may set (an identifier, token, time or signature); leave it out"}
		}
	}
}

func ownShop(cred platform.Credential, value json.RawMessage) bool {
	var id platform.Int
	return json.Unmarshal(value, &id) == nil &&
		slices.ContainsFunc(cred.Shops, func(s gk.Shop) bool { return s.ID == id.String() && s.LostAt.IsZero() })
}

// headerOf reads a header whose name may not be in canonical form.
func headerOf(h http.Header, name string) string {
	for n, values := range h {
		if strings.EqualFold(n, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// request builds a signed request. The identifiers, the time and the signature travel in the query, also of a POST;
// never two ids at once, which the platform answers with a wrong sign.
func (d driver) request(app platform.App, endpoint, method, path string, cred platform.Credential, query url.Values, body []byte) (*platform.Request, error) {
	partner, err := partnerID(app)
	if err != nil {
		return nil, err
	}
	u, err := app.Base(endpoint, "")
	if err != nil {
		return nil, err
	}
	u.Path = path
	q := url.Values{}
	for name, values := range query {
		if slices.Contains([]string{"partner_id", "timestamp", "sign", "access_token"}, name) {
			return nil, &platform.BadCall{Field: "query", Why: "names " + name + ", which is added here; leave it out"}
		}
		q[name] = slices.Clone(values)
	}
	q.Set("partner_id", strconv.FormatInt(partner, 10))
	b := base{partner: partner, path: path, at: app.Now}
	idName := map[string]string{gk.KindShop: "shop_id", gk.KindMerchant: "merchant_id"}[cred.Subject.Kind]
	if idName != "" {
		if _, ok := idNumber(cred.Subject.ID); !ok {
			return nil, &platform.BadCall{Field: "subject", Why: "its id is not a number"}
		}
		b.token, b.id = cred.Token.Access, cred.Subject.ID
		if q.Has("shop_id") || q.Has("merchant_id") {
			return nil, &platform.BadCall{Field: "query", Why: "names an id beside the subject's, which the platform answers with a wrong sign; leave it out"}
		}
		q.Set(idName, b.id)
	}
	sent := url.Values{}
	for name, values := range q {
		sent[name] = values
	}
	sum, err := sign(app, b)
	if err != nil {
		return nil, err
	}
	q.Set("timestamp", strconv.FormatInt(app.Now.Unix(), 10))
	q.Set("sign", sum)
	if idName != "" {
		q.Set("access_token", cred.Token.Access.Reveal())
	}
	u.RawQuery = q.Encode()
	req := &platform.Request{
		Method: method, URL: u.String(), Header: http.Header{}, Body: body, Sent: sent, Signature: sum, SignedText: b.text(),
		Expires: app.Now.Add(time.Duration(d.spec.Facts.Limits.Clock)),
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}
