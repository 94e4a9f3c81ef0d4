package lazada

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

const missing = "The request is missing a required parameter"

// spread is how far a signed time may be from the platform's.
const spread = 7200 * time.Second

// countryOf returns the country that a request's Host tells, empty if it tells none.
func countryOf(r *http.Request) string {
	host := strings.ToLower(r.Host)
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if net.ParseIP(host) != nil {
		return ""
	}
	for _, label := range strings.Split(host, ".") {
		if slices.Contains(countries, label) {
			return label
		}
	}
	return ""
}

// gateway serves every signed call. It looks at the app first, then at the path, the time, the signature and the limits.
func (s *simulator) gateway(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/rest")
	params, err := readParams(r)
	app := s.kit.Apps.Find(params.Get("app_key"))
	isToken := path == createPath || path == refreshPath
	switch {
	case params.Get("app_key") == "":
		s.refuse(w, r, "MissingParameter", missing, "app_key is missing")
	case app == nil:
		s.refuse(w, r, "InvalidAppKey", "The specified App Key is invalid", "unknown app_key")
	case !isToken && calls[path].answer == nil:
		s.refuse(w, r, "InvalidApiPath", "The specified API path is invalid", "no such path")
	case isToken && countryOf(r) != "" && !s.options.tokenOnCountryHosts():
		s.refuse(w, r, "InvalidApiPath", "The specified API path is invalid", "token calls go to the host of authorization")
	case s.options.needPartner() && params.Get("partner_id") == "":
		s.refuse(w, r, "MissingPartner", "Missing partner", "partner_id is missing")
	case err != nil:
		s.refuse(w, r, "IncompleteSignature", incomplete, err.Error())
	case !s.timely(w, r, params.Get("timestamp")):
	case !s.signed(w, r, app, path, params):
	case !s.listed(app, r):
		s.refuse(w, r, "AppWhiteIpLimit", "The caller ip is not in the white list of the app", "the caller's address is not in ip_allow_list")
	case !s.pour(w, r, app, path):
	case isToken:
		s.tokenCall(w, r, app, path, params)
	default:
		s.call(w, r, app, path, params)
	}
}

// timely looks at a signed time: milliseconds, or a text in UTC.
func (s *simulator) timely(w http.ResponseWriter, r *http.Request, text string) bool {
	if text == "" {
		s.refuse(w, r, "MissingParameter", missing, "timestamp is missing")
		return false
	}
	at, err := time.Parse(time.RFC3339, text)
	if ms, bad := strconv.ParseInt(text, 10, 64); bad == nil {
		at, err = time.UnixMilli(ms), nil
	}
	if err != nil || !s.kit.Near(at, spread) {
		s.refuse(w, r, "IllegalTimestamp", "The timestamp is expired", "timestamp "+text)
		return false
	}
	return true
}

const incomplete = "The request signature does not conform to platform standards"

// signed looks at the signature.
func (s *simulator) signed(w http.ResponseWriter, r *http.Request, app *sim.App, path string, params url.Values) bool {
	method := params.Get("sign_method")
	signer := sign
	switch {
	case params.Get("sign") == "" || method == "":
		s.refuse(w, r, "MissingParameter", missing, "sign or sign_method is missing")
		return false
	case method == "hmac" && s.options.hmacMD5():
		signer = signMD5
	case method != "sha256":
		s.refuse(w, r, "IncompleteSignature", incomplete, "sign_method "+method)
		return false
	}
	texts := []string{signedText(path, params, false)}
	if s.options.emptyValues() == "both" {
		texts = append(texts, signedText(path, params, true))
	}
	for _, secret := range secrets(app) {
		for _, text := range texts {
			if params.Get("sign") == signer(secret, text) {
				return true
			}
		}
	}
	s.refuse(w, r, "IncompleteSignature", incomplete, "the signature differs")
	return false
}

// listed reports whether an app takes calls from an address: it does from all unless it has a list.
func (s *simulator) listed(app *sim.App, r *http.Request) bool {
	list := strings.Fields(app.Text("ip_allow_list"))
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return len(list) == 0 || err == nil && slices.Contains(list, host)
}

// traffic counts the calls of a day or of a second.
type traffic struct {
	span  int64
	calls int
}

func (s *simulator) count(key string, span time.Duration) int {
	now := s.kit.Now().Unix() / int64(span/time.Second)
	t := s.traffic[key]
	if t == nil || t.span != now {
		t = &traffic{span: now}
		s.traffic[key] = t
	}
	t.calls++
	return t.calls
}

// pour counts a call against the quota of the day and the rate of the API.
func (s *simulator) pour(w http.ResponseWriter, r *http.Request, app *sim.App, path string) bool {
	quota := s.options.dailyQuota()
	if quota == 0 {
		quota = 10000000
		if inTest(app) {
			quota = 10000
		}
	}
	switch {
	case s.count(app.ID, day) > quota:
		s.refuse(w, r, "OPEN_API_CALL_EXCEED_LIMIT", "open api call exceed limit", "over the quota of the day")
	case path != createPath && path != refreshPath && s.count(app.ID+path, time.Second) > s.options.rate():
		s.refuse(w, r, "ApiCallLimit", "Api access frequency exceeds the limit. this ban will last 1 seconds", "over the rate of the API")
	default:
		return true
	}
	return false
}

// caller is who makes a call, and at which store it ends.
type caller struct {
	app    *sim.App
	grant  *grant
	shop   *sim.Shop
	params url.Values
}

// oneCall is a call that this simulator knows.
type oneCall struct {
	write  bool   // POST only
	needs  string // a parameter
	answer func(s *simulator, w http.ResponseWriter, r *http.Request, c caller)
}

var calls = map[string]oneCall{
	"/seller/get":            {answer: (*simulator).sellerGet},
	"/orders/get":            {needs: "created_after", answer: empty(map[string]any{"count": "0", "countTotal": "0", "orders": []any{}})},
	"/order/get":             {needs: "order_id", answer: empty(map[string]any{"statuses": []any{}})},
	"/products/get":          {answer: empty(map[string]any{"total_products": 0, "products": []any{}})},
	"/product/update":        {write: true, needs: "payload", answer: empty(map[string]any{})},
	"/image/upload":          {write: true, answer: empty(map[string]any{"image": map[string]any{}})},
	"/product/global/update": {write: true, answer: (*simulator).globalUpdate},
	"/im/session/list":       {answer: (*simulator).chat},
}

// call serves what needs an access token.
func (s *simulator) call(w http.ResponseWriter, r *http.Request, app *sim.App, path string, params url.Values) {
	known := calls[path]
	if strings.HasPrefix(path, "/im/") && app.Settings["chat"] != true {
		s.refuse(w, r, "InsufficientPermission", "App does not have permission to access this api", "chat needs an app of its own")
		return
	}
	p := s.kit.Ledger.ByAccess(params.Get("access_token"))
	state := s.accessState(p)
	if params.Get("access_token") == "" {
		s.refuse(w, r, "MissingParameter", "Missing parameter: access_token", "")
		return
	}
	if p != nil && p.App == app.ID && of(p).market && state == sim.Expired {
		s.refuse(w, r, "AppNotSubscribed", "The seller has not subscribed the app", "the subscription is over")
		return
	}
	if state != sim.Alive || p.App != app.ID {
		s.refuse(w, r, "IllegalAccessToken", "The specified access token is invalid or expired", "the access token is "+stateWord(state)+", or of another app")
		return
	}
	s.kit.Call(r).About(p.App, p.Subject.ID)
	s.kit.Ledger.Use(p)
	c := caller{app: app, grant: of(p), params: params}
	country := countryOf(r)
	if base := s.options.baseCountry(); country == "" && base != "first" {
		country = base
	}
	c.shop = c.grant.shops[0]
	if country != "" {
		c.shop = c.grant.in(country)
	}
	switch {
	case c.shop == nil && len(c.grant.shops) > 1:
		s.refuse(w, r, "TRANSFER_ERROR_NATION_NOT_IN_LIST", "nation not in list", "the grant holds no store in "+country)
	case c.shop == nil:
		s.refuse(w, r, "117", "E0117: seller is not found", "the grant holds no store in "+country)
	case c.shop.Facts.Text("state") == "not_verified":
		s.refuse(w, r, "SellerNotVerified", "Seller is not verified", "")
	case c.shop.Facts.Text("state") == "not_active":
		s.refuse(w, r, "SellerNotActive", "Seller is not active", "")
	case known.write && r.Method != http.MethodPost:
		s.refuse(w, r, "InvalidApi", "The specified API is invalid", "writing calls are POST")
	case known.needs != "" && params.Get(known.needs) == "":
		s.refuse(w, r, "1", "E001: Parameter "+known.needs+" is mandatory", "")
	default:
		known.answer(s, w, r, c)
	}
}

func (s *simulator) sellerGet(w http.ResponseWriter, _ *http.Request, c caller) {
	s.success(w, map[string]any{
		"name": c.shop.Name, "seller_id": json.Number(sellerID(c.shop)), "short_code": c.shop.Facts.Text("short_code"), "status": "ACTIVE",
		"verified": true, "cb": len(c.grant.shops) > 1, "location": strings.ToUpper(c.shop.Region), "email": c.grant.account.Name,
	})
}

// globalUpdate is served by the Malaysian host only.
func (s *simulator) globalUpdate(w http.ResponseWriter, r *http.Request, c caller) {
	if c.shop.Region != "my" {
		s.refuse(w, r, "E1000", "E1000: use MY endpoint", "")
		return
	}
	s.success(w, map[string]any{})
}

func (s *simulator) chat(w http.ResponseWriter, _ *http.Request, _ caller) {
	s.success(w, map[string]any{"session_list": []any{}})
}

// empty answers a call with nothing in it.
func empty(data any) func(*simulator, http.ResponseWriter, *http.Request, caller) {
	return func(s *simulator, w http.ResponseWriter, _ *http.Request, _ caller) { s.success(w, data) }
}

func (s *simulator) success(w http.ResponseWriter, data any) {
	writeJSON(w, http.StatusOK, map[string]any{"code": "0", "data": data, "request_id": requestID()})
}

// Say answers a request with a row of the catalogue.
func (s *simulator) Say(w http.ResponseWriter, r *http.Request, row sim.Row) {
	call := s.kit.Call(r)
	app := s.kit.Apps.Find(call.App)
	kind, number, _ := strings.Cut(row.Code, ":")
	switch {
	case kind == "push":
		s.sayPush(w, r, number, row.Example)
	case call.Stage == "authorize" && row.Code != "" && app != nil && s.wrongLink(r, app) == "":
		s.kit.Call(r).Refuse("%s", row.Code)
		sendBack(w, r, url.Values{"error": {row.Code}})
	case call.Stage == "authorize":
		s.pageError(w, r, cmp.Or(row.Example, row.Code))
	case strings.HasPrefix(row.Example, "<"):
		s.kit.Call(r).Refuse("a page instead of an answer")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte(row.Example)) // the kit keeps it: this cannot fail
	default:
		s.refuse(w, r, cmp.Or(row.Code, "InternalError"), row.Example, "fault on demand")
	}
}

// types are the kinds of faults that are not the caller's.
var types = map[string]string{
	"IllegalAccessToken": "ISP", "InternalError": "ISP", "1000": "ISP", "5": "ISP", "6": "ISP", "15": "ISP", "30": "ISP",
	"UnknownRuntimeException": "ISP", "ServiceTimeout": "ISP", "IopSystemFlowlimit": "SYSTEM", "ServiceCurrentlimit": "SYSTEM",
	"TRAFFIC_CONTROL": "SYSTEM", "901": "SYSTEM",
}

// refuse answers with a code and a text, with HTTP 200. The log has the reason, or the text.
func (s *simulator) refuse(w http.ResponseWriter, r *http.Request, code, text, why string) {
	s.kit.Call(r).Refuse("%s: %s", code, cmp.Or(why, text))
	writeJSON(w, http.StatusOK, map[string]any{"type": cmp.Or(types[code], "ISV"), "code": code, "message": text, "request_id": requestID()})
}

func requestID() string { return "0ba2" + sim.Digits(21) }

func writeJSON(w http.ResponseWriter, status int, value any) {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // only values of this package are written
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(bytes.TrimSuffix(body.Bytes(), []byte("\n"))) // the kit keeps it: this cannot fail
}
