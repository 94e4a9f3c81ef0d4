package shopee

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// sum is the platform's signature: the key's own bytes, although they look like hexadecimal digits.
func sum(key, base string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(base))
	return hex.EncodeToString(mac.Sum(nil))
}

// signed checks the common parameters of a request in the platform's order and returns the app. The suffix is what its
// kind of API signs after the timestamp.
func (s *simulator) signed(r *http.Request, suffix string) (*sim.App, *refusal) {
	q := r.URL.Query()
	id := q.Get("partner_id")
	if id == "" {
		return nil, no("error_param", "There is no partner_id in query.", "no partner_id in the query")
	}
	if !s.inRange(id) {
		return nil, no("error_param", "Partner_id is invalid, should be an integer between 0 and 4294967295.", "partner_id is no such integer")
	}
	if f := s.fresh(q.Get("timestamp")); f != nil {
		return nil, f
	}
	if q.Get("sign") == "" {
		return nil, no("error_param", "There is no sign in query.", "no sign in the query")
	}
	app := s.kit.Apps.Find(id)
	if app == nil {
		return nil, s.stranger()
	}
	base := id + r.URL.EscapedPath() + q.Get("timestamp") + suffix
	if !hmac.Equal([]byte(q.Get("sign")), []byte(sum(app.Text("partner_key"), base))) || both(q) {
		return nil, s.badSign(base)
	}
	if s.keyExpired(app) {
		return nil, no("error_partner_key_expired", "Your API partner key has expired, please reset the Live API Partner Key in Console to get a new valid partner key to call open api.", "the partner key is past its date")
	}
	return app, nil
}

// both tells of a request that names a shop and a merchant: the platform answers it like a wrong signature.
func both(q url.Values) bool { return q.Has("shop_id") && q.Has("merchant_id") }

func (s *simulator) inRange(id string) bool {
	if !isID(id) {
		return false
	}
	_, err := strconv.ParseUint(id, 10, 32)
	return err == nil || s.options.largeIDs()
}

func (s *simulator) fresh(timestamp string) *refusal {
	if timestamp == "" {
		return no("error_param", "no timestamp.", "no timestamp in the query")
	}
	seconds, err := strconv.ParseUint(timestamp, 10, 32)
	if err != nil {
		return no("error_param", "Timestamp is invalid, should be an integer between 0 and 4294967295.", "timestamp is no number of seconds")
	}
	if !s.kit.Near(time.Unix(int64(seconds), 0), s.options.tolerance()) {
		return no("error_param", "Timestamp is expired.", "timestamp is too far off")
	}
	return nil
}

func (s *simulator) stranger() *refusal {
	const why = "no app has this partner_id"
	switch s.options.unknownPartner() {
	case "error_sign":
		return no("error_sign", "Wrong sign.", why)
	case "error_auth":
		return no("error_auth", "partner_id is invalid", why)
	}
	return no("invalid_partner_id", "Invalid partner_id, please have a check.", why)
}

// badSign tells the log the length of what should have been signed: the text itself may hold a token.
func (s *simulator) badSign(base string) *refusal {
	why := fmt.Sprintf("sign does not fit the base string of %d bytes", len(base))
	if s.options.wrongSign() == "common.error_auth" {
		return no("common.error_auth", "Invalid sign", why)
	}
	return no("error_sign", "Wrong sign.", why)
}

// admitted checks what the console says of an app that calls: its addresses, its state, and its traffic. A link comes from
// a seller's browser, so it is not asked.
func (s *simulator) admitted(r *http.Request, app *sim.App) *refusal {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr // a network in memory has no ports
	}
	if found, empty := listed(app, "ip_whitelist", address); !empty && !found {
		return no("source_ip_undeclared", "Request Source IP ("+address+") is undeclared. Please declare all your IP addresses in the Shopee Open Platform Console > App list > IP Address Whitelist", "address is not whitelisted")
	}
	switch app.Text("status") {
	case appDeleted:
		return no("error_auth", "The App is deleted, and you'll be unable to make any API call.", "the app is deleted")
	case appFrozen:
		return no("partner_frozen", "The partner is frozen.", "the partner is frozen")
	case appCallRestricted, appSuspended:
		return no("error_api_call_restricted", "The App permission for api call have been restricted. If you’re a seller, contact the developer for more information. If you’re the developer, refer to the Open Platform Console for details.", "the app may not call")
	}
	if found, _ := listed(app, "denied_paths", r.URL.Path); found {
		return no("error_api_permission", "This app type has no permission to this API.", "the app's type may not call this")
	}
	return s.throttle(app)
}
