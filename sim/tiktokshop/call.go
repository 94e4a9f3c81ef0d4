package tiktokshop

import (
	"cmp"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

const notListed = "Access denied. Your IP address is not in the IP allow list configured for this app."

// caller is who makes a call.
type caller struct {
	app   *sim.App
	grant *grant
	pair  *sim.Pair
	shop  *sim.Shop // named by the cipher, nil without one
	body  []byte
}

// How an endpoint names what it is about.
const (
	noCipher   = iota
	shopCipher // shop_cipher
	assetCipher
)

// endpoint is one call that a simulator knows.
type endpoint struct {
	methods  []string
	path     *regexp.Regexp // without the version
	userType int
	scope    string
	cipher   int
	upload   bool
	answer   func(s *simulator, w http.ResponseWriter, r *http.Request, c caller)
}

func path(text string) *regexp.Regexp { return regexp.MustCompile("^" + text + "$") }

var endpoints = []endpoint{
	{[]string{"GET"}, path("/authorization/V/shops"), seller, "seller.authorization.info", noCipher, false, (*simulator).authorizedShops},
	{[]string{"GET"}, path("/authorization/V/category_assets"), partner, "partner.authorization.info", noCipher, false, (*simulator).assets},
	{[]string{"GET"}, path("/seller/V/shops"), seller, "seller.authorization.info", noCipher, false, (*simulator).activeShops},
	{[]string{"GET", "PUT", "DELETE"}, path("/event/V/webhooks"), seller, "seller.authorization.info", shopCipher, false, (*simulator).eventAPI},
	{[]string{"GET"}, path("/order/V/orders"), seller, "seller.order.info", shopCipher, false, empty("orders")},
	{[]string{"POST"}, path("/order/V/orders/search"), seller, "seller.order.info", shopCipher, false, empty("orders")},
	{[]string{"GET"}, path("/product/V/categories"), seller, "seller.product.basic", shopCipher, false, empty("categories")},
	{[]string{"GET", "PUT", "DELETE"}, path("/product/V/products/[0-9]+"), seller, "seller.product.basic", shopCipher, false, empty("skus")},
	{[]string{"POST"}, path("/product/V/products/[0-9]+/partial_edit"), seller, "seller.product.basic", shopCipher, false, empty("skus")},
	{[]string{"POST"}, path("/product/V/images/upload"), seller, "seller.product.basic", noCipher, true, empty("warnings")},
	{[]string{"GET", "POST"}, path("/affiliate_creator/V/.+"), creator, "creator.showcase.read", noCipher, false, empty("items")},
	{[]string{"GET"}, path("/affiliate_partner/V/.+"), partner, "partner.authorization.info", assetCipher, false, empty("items")},
}

// call serves the signed API.
func (s *simulator) call(w http.ResponseWriter, r *http.Request) {
	c, ok := s.signedBy(w, r)
	if !ok || !s.tokenOf(w, r, &c) {
		return
	}
	e, ok := s.endpointOf(w, r)
	if !ok || !s.formOf(w, r, e) {
		return
	}
	if userType := of(c.grant.account).userType; userType != e.userType {
		s.refuse(w, r, "105001", "access token is invalid; detail:your user type can not access this interface", "user_type "+strconv.Itoa(userType))
		return
	}
	if !slices.Contains(c.pair.Scopes, e.scope) {
		s.refuse(w, r, "105005", "Access denied. The app is not authorized to access the endpoint because the access scopes granted for "+
			"the app or the access token do not contain the required access scope for the endpoint.", "the scope "+e.scope+" was not granted")
		return
	}
	if !s.cipherOf(w, r, e, &c) || !s.pour(w, r, c) {
		return
	}
	e.answer(s, w, r, c)
}

// signedBy looks at the app, the time and the signature of a call.
func (s *simulator) signedBy(w http.ResponseWriter, r *http.Request) (caller, bool) {
	query := r.URL.Query()
	c := caller{app: s.kit.Apps.Find(query.Get("app_key"))}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.refuse(w, r, "36009004", "Invalid request.", err.Error())
		return c, false
	}
	c.body = body
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == "multipart/form-data" {
		body = nil
	}
	right := func(secret string) bool { return query.Get("sign") == sign(secret, r.URL.Path, query, body) }
	switch {
	case c.app == nil:
		s.refuse(w, r, "36009004", "Invalid credentials. Invalid `app_key` query parameter.", "unknown app_key")
	case !s.listed(c.app, r):
		s.refuse(w, r, "36009033", notListed, "the caller's address is not in ip_allow_list")
	case query.Get("sign") == "":
		s.refuse(w, r, "36009004", "Missing credentials. The request does not include a required signature in the query.", "sign is missing")
	case !s.timely(w, r, query.Get("timestamp")):
	case !slices.ContainsFunc(secrets(c.app), right):
		s.refuse(w, r, "106001", "Invalid credentials. The `sign` query parameter is invalid.", "the signature differs")
	default:
		return c, true
	}
	return c, false
}

// timely looks at a signed time: from five minutes before to thirty seconds after the platform's clock.
func (s *simulator) timely(w http.ResponseWriter, r *http.Request, text string) bool {
	const before, after = 5 * time.Minute, 30 * time.Second
	const rule = "Invalid timestamp. The value of the `timestamp` query parameter must not "
	seconds, err := strconv.ParseInt(text, 10, 64)
	at := time.Unix(seconds, 0)
	switch {
	case err != nil || seconds < 0:
		s.refuse(w, r, "36009004", rule+"be lesser than 0.", "timestamp is no number of seconds")
	case s.kit.Near(at.Add((before-after)/2), (before+after)/2):
		return true
	case at.Before(s.kit.Now()):
		s.refuse(w, r, "36009004", rule+"be earlier than 5 minutes before the current time.", "timestamp is "+text)
	default:
		s.refuse(w, r, "36009004", rule+"exceed the current time by more than 30 seconds.", "timestamp is "+text)
	}
	return false
}

// listed reports whether an app takes calls from an address: it does from all unless it has a list.
func (s *simulator) listed(app *sim.App, r *http.Request) bool {
	list := strings.Fields(app.Text("ip_allow_list"))
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return len(list) == 0 || err == nil && slices.Contains(list, host)
}

// tokenOf looks at the access token.
func (s *simulator) tokenOf(w http.ResponseWriter, r *http.Request, c *caller) bool {
	p := s.kit.Ledger.ByAccess(accessToken(r))
	state := s.kit.Ledger.AccessState(p, s.rotation(p))
	switch {
	case state == sim.Expired:
		s.refuse(w, r, "105002", "Expired credentials. The `access_token` or `x-tts-access-token` header has expired.", "the access token has expired")
	case state == sim.Revoked:
		s.refuse(w, r, "105001", "access token is invalid; detail:your token has been deauthorized", "the grant is over")
	case state == sim.Spent:
		s.refuse(w, r, "105001", "access token is invalid", "the access token was renewed")
	case state != sim.Alive || p.App != c.app.ID:
		s.refuse(w, r, "36009004", "Invalid credentials. The `x-tts-access-token` header is invalid.", "the access token is unknown, or of another app")
	default:
		s.kit.Call(r).About(p.App, p.Subject.ID)
		s.kit.Ledger.Use(p)
		c.pair, c.grant = p, dataOf(p).grant
		return true
	}
	return false
}

var versionForm = regexp.MustCompile(`/([0-9]{6})(/|$)`)

// endpointOf finds what a path names. Versions live in the path.
func (s *simulator) endpointOf(w http.ResponseWriter, r *http.Request) (endpoint, bool) {
	version := versionForm.FindStringSubmatch(r.URL.Path)
	if version == nil {
		s.refuse(w, r, "36009009", "Invalid path. The specified path does not match any available endpoint.", "the path has no version")
		return endpoint{}, false
	}
	if version[1] < "202309" || version[1] > s.kit.Now().Format("200601") {
		s.refuse(w, r, "36009014", "The version name is invalid, please check and retry.", "version "+version[1])
		return endpoint{}, false
	}
	bare := strings.Replace(r.URL.Path, "/"+version[1], "/V", 1)
	for _, e := range endpoints {
		if !e.path.MatchString(bare) {
			continue
		}
		if !slices.Contains(e.methods, r.Method) {
			s.refuse(w, r, "36009010", "Invalid method. The HTTP method used is not supported by this endpoint.", "method "+r.Method)
			return e, false
		}
		return e, true
	}
	s.refuse(w, r, "36009009", "Invalid path. The specified path does not match any available endpoint.", "no such endpoint")
	return endpoint{}, false
}

// formOf looks at the media type of what is sent.
func (s *simulator) formOf(w http.ResponseWriter, r *http.Request, e endpoint) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case e.upload && (err != nil || kind != "multipart/form-data"):
		s.refuse(w, r, "36009023", "Invalid request format. The value of the `content-type` header must be `multipart/form-data`.", "media type "+kind)
	case !e.upload && r.Method != http.MethodGet && (err != nil || kind != "application/json"):
		s.refuse(w, r, "36009022", "Invalid request format. The request body format must be `application/json` for structured data or "+
			"`multipart/form-data` for binary files.", "media type "+kind)
	default:
		return true
	}
	return false
}

// cipherOf looks for the cipher that an endpoint needs, and refuses one that it does not need.
func (s *simulator) cipherOf(w http.ResponseWriter, r *http.Request, e endpoint, c *caller) bool {
	query := r.URL.Query()
	shop, asset := query.Get("shop_cipher"), query.Get("category_asset_cipher")
	for _, named := range s.shops(c.grant) {
		if named.Facts.Text("cipher") == shop && shop != "" {
			c.shop = named
		}
	}
	switch {
	case e.cipher != shopCipher && shop != "":
		s.refuse(w, r, "36009004", "Unexpected identifier. The `shop_cipher` query parameter is not required for this request.", "")
	case e.cipher != assetCipher && asset != "":
		s.refuse(w, r, "36009004", "Unexpected identifier. The `category_asset_cipher` query parameter is not required for this request.", "")
	case e.cipher == shopCipher && shop == "":
		s.refuse(w, r, "106013", "Missing identifier. The `shop_cipher` query parameter is required to identify the target shop.", "")
	case e.cipher == shopCipher && c.shop == nil:
		s.refuse(w, r, "36009004", "Invalid identifier. The `shop_cipher` query parameter is invalid.", "the cipher is of no shop of this grant")
	case e.cipher == assetCipher && asset != s.assetCipher(c.grant):
		s.refuse(w, r, "101000", "Invalid query or header. The `category_asset_cipher` query parameter or `x-tts-access-token` header is invalid.", "")
	case c.shop != nil && of(c.shop).state == "inactive_shop":
		s.refuse(w, r, "36009043", "The shop is inactive.", "")
	case c.shop != nil && of(c.shop).state == "inactive_seller":
		s.refuse(w, r, "36009044", "The seller is inactive.", "")
	default:
		return true
	}
	return false
}

// window counts the calls of one second.
type window struct {
	second int64
	calls  int
}

// pour counts a call of an app at an endpoint of a shop.
func (s *simulator) pour(w http.ResponseWriter, r *http.Request, c caller) bool {
	who := c.grant.account.ID
	if c.shop != nil {
		who = c.shop.ID
	}
	key := c.app.ID + " " + who + " " + r.Method + " " + r.URL.Path
	second := s.kit.Now().Unix()
	t := s.traffic[key]
	if t == nil || t.second != second {
		t = &window{second: second}
		s.traffic[key] = t
	}
	if t.calls++; t.calls > s.options.rate() {
		s.refuse(w, r, "36009002", "Too many requests. You've made too many requests in a short period of time.", "over the rate of the endpoint")
		return false
	}
	return true
}

// authorizedShops lists the shops of a grant, and the cipher by which calls name each.
func (s *simulator) authorizedShops(w http.ResponseWriter, _ *http.Request, c caller) {
	list := []any{}
	kind := "LOCAL"
	if len(s.kit.Shops.OwnedBy(c.grant.account.ID)) > 1 {
		kind = "CROSS_BORDER"
	}
	for _, shop := range s.shops(c.grant) {
		list = append(list, map[string]any{
			"id": shop.ID, "name": shop.Name, "region": shop.Region, "seller_type": kind,
			"cipher": shop.Facts.Text("cipher"), "code": shop.Facts.Text("code"),
		})
	}
	s.success(w, map[string]any{"shops": list})
}

func (s *simulator) activeShops(w http.ResponseWriter, _ *http.Request, c caller) {
	list := []any{}
	for _, shop := range s.shops(c.grant) {
		if of(shop).state == "" {
			list = append(list, map[string]any{"id": shop.ID, "region": shop.Region})
		}
	}
	s.success(w, map[string]any{"shops": list})
}

func (s *simulator) assetCipher(g *grant) string {
	return prefix(g.account.Region) + "asset_" + g.account.ID
}

func (s *simulator) assets(w http.ResponseWriter, _ *http.Request, c caller) {
	s.success(w, map[string]any{"category_assets": []any{map[string]any{
		"cipher": s.assetCipher(c.grant), "target_market": c.grant.account.Region, "category": map[string]any{"id": "1", "name": "Demo"},
	}}})
}

// empty answers a call with a list that has nothing in it.
func empty(name string) func(*simulator, http.ResponseWriter, *http.Request, caller) {
	return func(s *simulator, w http.ResponseWriter, _ *http.Request, _ caller) {
		s.success(w, map[string]any{name: []any{}, "total_count": 0, "next_page_token": ""})
	}
}

// mayPush says whether the platform would push to an address.
func (s *simulator) mayPush(address string) bool {
	at, err := url.Parse(address)
	if err != nil || at.Host == "" || len(address) > 255 {
		return false
	}
	if !s.options.pushAddressRule() {
		return true
	}
	return at.Scheme == "https" && at.Port() == "" && net.ParseIP(at.Hostname()) == nil && cmp.Or(at.Hostname(), "localhost") != "localhost"
}
