package shopify

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// Topics that are about a grant.
const (
	uninstalled   = "app/uninstalled"
	scopesChanged = "app/scopes_update"
)

// privacyTopics are requests about personal data, with the member of the body that lists the orders they are about.
var privacyTopics = map[string]string{
	"customers/data_request": "orders_requested", "customers/redact": "orders_to_redact", "shop/redact": "",
}

// mostOrders bounds the orders of one request that are passed on; a body of 256 KiB holds more.
const mostOrders = 1000

// taken is the answer that the platform wants within five seconds.
var taken = platform.Answer{Status: http.StatusOK, ContentType: "text/plain; charset=utf-8", Body: []byte("ok")}

// Receive checks a webhook and reads it. The signature covers the raw body only; topic and store are headers that anybody
// who has seen one genuine webhook can change, so a notice is a reason to ask, never a proof. Where the store that the
// body names is not the header's, it is about nobody.
func (d driver) Receive(app platform.App, in platform.Incoming) (platform.Delivery, error) {
	if in.Method != "" && in.Method != http.MethodPost {
		return platform.Delivery{}, &platform.BadCallback{Why: "not a POST"}
	}
	matched, err := d.provePush(app, in)
	if err != nil {
		return platform.Delivery{Answer: platform.Answer{Status: http.StatusUnauthorized}}, err
	}
	topic := header(in, "Topic")
	notice := platform.Notice{Kind: platform.NoticeOther, Dedup: header(in, "Webhook-Id")}
	switch topic {
	case uninstalled:
		notice.Kind = platform.NoticeRevoked
	case scopesChanged:
		notice.Kind = platform.NoticeAuthorized
	}
	if orders, ok := privacyTopics[topic]; ok {
		notice.Kind, notice.Privacy = platform.NoticePrivacy, privacyOf(topic, orders, in.Body)
		notice.Fault = d.spec.Catalogue.Local(platform.StagePush, topic)
	}
	if at, err := time.Parse(time.RFC3339Nano, header(in, "Triggered-At")); err == nil {
		notice.At = at.UTC()
	}
	if store, ok := d.about(in, topic); ok {
		notice.Subjects = []gk.Subject{store}
	}
	if !platform.PlainText(notice.Dedup) || notice.Dedup == "" {
		notice.Dedup = platform.DedupOf(topic + "\n" + header(in, "Shop-Domain") + "\n" + string(in.Body))
	}
	return platform.Delivery{Notices: []platform.Notice{notice}, Answer: taken, Matched: matched.String()}, nil
}

// privacyOf reads the ids of a request about personal data. What else the body says of a customer is left behind.
func privacyOf(topic, orders string, body []byte) *platform.Privacy {
	out := &platform.Privacy{Topic: topic}
	var said map[string]json.RawMessage
	if json.Unmarshal(body, &said) != nil {
		return out // the store that it is about stands in the headers
	}
	id := func(member string) string {
		var of struct {
			ID json.RawMessage `json:"id"`
		}
		if json.Unmarshal(said[member], &of) != nil {
			return ""
		}
		return onlyID(of.ID)
	}
	out.Customer, out.Request = id("customer"), id("data_request")
	var list []json.RawMessage
	if json.Unmarshal(said[orders], &list) != nil {
		return out
	}
	for _, raw := range list[:min(len(list), mostOrders)] {
		if order := onlyID(raw); order != "" {
			out.Orders = append(out.Orders, order)
		}
	}
	return out
}

func onlyID(raw json.RawMessage) string {
	if id := platform.JSONText(raw); isID(id) {
		return id
	}
	return ""
}

// header reads a header of a webhook, which newer deliveries ("Events") send without the X. Repeated, it says nothing.
func header(in platform.Incoming, name string) string {
	for _, prefix := range []string{"X-Shopify-", "Shopify-"} {
		if values := in.Header.Values(prefix + name); len(values) == 1 {
			return values[0]
		}
	}
	return ""
}

// provePush tries every secret of the app: while one is replaced, the oldest signs.
func (d driver) provePush(app platform.App, in platform.Incoming) (signing.Match, error) {
	given := header(in, "Hmac-Sha256")
	if given == "" {
		return signing.Match{}, &platform.BadCallback{
			Why:   "X-Shopify-Hmac-Sha256 is missing or repeated",
			Fault: d.spec.Catalogue.Local(platform.StagePush, "local:webhook_hmac_mismatch"),
		}
	}
	body := string(in.Body)
	match, err := signing.HMACBase64.Prove(app, body, given, "client_secret")
	if err == nil {
		return match, nil
	}
	made := func(r signing.Recipe, text, sign string) bool {
		_, err := r.Prove(app, text, sign, "client_secret")
		return err == nil
	}
	_, noBase64 := base64.StdEncoding.DecodeString(given)
	why := ""
	switch {
	case made(signing.HMACLower, body, strings.ToLower(given)):
		why = "X-Shopify-Hmac-Sha256 is hex, as callbacks have it: webhooks have base64"
	case made(signing.HMACBase64, body, strings.NewReplacer("-", "+", "_", "/").Replace(given)),
		made(signing.HMACBase64, body, given+strings.Repeat("=", (4-len(given)%4)%4)):
		why = "X-Shopify-Hmac-Sha256 is base64 for addresses or without padding: the standard alphabet is wanted"
	case made(signing.HMACBase64, strings.TrimRight(body, "\r\n"), given), made(signing.HMACBase64, body+"\n", given):
		why = "the body differs from what was signed by a line end: sign the raw bytes as they came"
	case rewritten(in.Body, func(text string) bool { return made(signing.HMACBase64, text, given) }):
		why = "the body was serialised again after signing: sign the raw bytes as they came"
	case noBase64 != nil:
		why = "X-Shopify-Hmac-Sha256 is not base64"
	default:
		return signing.Match{}, err
	}
	return signing.Match{}, fmt.Errorf("%w: %s", platform.ErrForged, why)
}

// rewritten reports whether another way to write the same JSON is what was signed.
func rewritten(body []byte, signed func(string) bool) bool {
	var v any
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return false
	}
	sorted, err := plainJSON(v)
	if err != nil {
		return false
	}
	compact := string(sorted)
	return signed(compact) || signed(strings.ReplaceAll(compact, "/", `\/`)) ||
		signed(strings.NewReplacer(`":`, `": `, `,"`, `, "`).Replace(compact))
}

// about returns the store that a webhook is about: by its number in the body, which is signed, and its host.
func (d driver) about(in platform.Incoming, topic string) (gk.Subject, bool) {
	var body map[string]json.RawMessage
	if json.Unmarshal(in.Body, &body) != nil {
		body = nil // it names nobody; the proof holds all the same
	}
	id, host := platform.JSONText(body["shop_id"]), platform.JSONText(body["shop_domain"])
	if topic == uninstalled { // the body is the store itself; elsewhere id is an order's or a product's
		id, host = platform.JSONText(body["id"]), platform.JSONText(body["myshopify_domain"])
	}
	if !isID(id) {
		id = ""
	}
	told, toldErr := d.spec.HostOf("store", header(in, "Shop-Domain"))
	signed, signedErr := d.spec.HostOf("store", host)
	switch {
	case toldErr == nil && signedErr == nil && told != signed:
		return gk.Subject{}, false
	case signedErr == nil:
		return gk.Subject{Kind: gk.KindShop, ID: id, Host: signed}, true
	case toldErr == nil:
		return gk.Subject{Kind: gk.KindShop, ID: id, Host: told}, true
	}
	return gk.Subject{Kind: gk.KindShop, ID: id}, id != ""
}
