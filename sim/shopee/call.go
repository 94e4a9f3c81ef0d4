package shopee

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// call is one request to an API whose signature is right.
type call struct {
	line  *sim.Call
	app   *sim.App
	link  *link // of shop and merchant APIs
	query url.Values
	body  body
}

// body is a JSON object as the caller sent it.
type body map[string]any

func (b body) has(name string) bool { return b[name] != nil }

// text returns a member as text: numbers in decimal, anything else as nothing.
func (b body) text(name string) string {
	switch v := b[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// only reports whether exactly one of some members is there, and a whole number.
func (b body) only(names ...string) bool {
	count, whole := 0, false
	for _, name := range names {
		if b.has(name) {
			n, ok := b[name].(json.Number)
			count, whole = count+1, ok && isID(n.String())
		}
	}
	return count == 1 && whole
}

// samePartner checks that the partner_id of the body, an integer, is the one that signed.
func (c *call) samePartner() *refusal {
	if n, ok := c.body["partner_id"].(json.Number); !ok || n.String() != c.app.ID {
		return paramInvalid("partner_id in the body is not the integer of the query")
	}
	return nil
}

// api is one endpoint.
type api struct {
	kind  string // what it signs beside partner, path and timestamp: empty (public), shop, merchant
	trade bool   // closed to affiliate shops and to sellers who have not registered
	bare  bool   // the answer's members stand beside error and message, not in response
	serve func(c *call) (fields, *refusal)
}

// serveAPI answers a call: signature first, then what it is allowed, then what it asks.
func (s *simulator) serveAPI(w http.ResponseWriter, r *http.Request) {
	if s.options.suspended() || strings.HasPrefix(r.URL.Path, "/api/v1/") {
		s.refuse(w, r, no("api_suspended", "The API is offline. Please call v2 API instead.", "this version is shut down"))
		return
	}
	a, known := s.apis[r.Method+" "+r.URL.Path]
	if !known {
		s.refuse(w, r, no("error_param", textOffline, "no such endpoint"))
		return
	}
	c, f := s.admit(r, a)
	if f != nil {
		s.refuse(w, r, f)
		return
	}
	if a.trade {
		f = mayTrade(c.link.shop)
	}
	var out fields
	if f == nil {
		out, f = a.serve(c)
	}
	if f != nil {
		s.refuse(w, r, f)
		return
	}
	if !a.bare {
		out = fields{"response": out}
	}
	s.answer(w, out)
}

// admit checks a request in the order in which the platform's messages show that it does.
func (s *simulator) admit(r *http.Request, a api) (*call, *refusal) {
	q := r.URL.Query()
	suffix := ""
	if a.kind != "" {
		suffix = q.Get("access_token") + q.Get(a.kind+"_id")
	}
	app, f := s.signed(r, suffix)
	if f == nil {
		f = s.admitted(r, app)
	}
	if f != nil {
		return nil, f
	}
	c := &call{line: s.kit.Call(r), app: app, query: q}
	if a.kind != "" {
		if c.link, f = s.authorized(app, a.kind, q); f != nil {
			return nil, f
		}
	}
	if r.Method != http.MethodPost {
		return c, nil
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, no("error_data", "parse data failed", "the body cannot be read")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&c.body); err != nil && len(text) > 0 {
		return nil, no("error_data", "parse data failed", "the body is no JSON object")
	}
	return c, nil
}

// authorized checks access token, id and link of a shop's or merchant's call.
func (s *simulator) authorized(app *sim.App, kind string, q url.Values) (*link, *refusal) {
	token, id := q.Get("access_token"), q.Get(kind+"_id")
	switch {
	case token == "":
		return nil, no("error_param", "There is no access_token in query.", "no access_token in the query")
	case id == "":
		return nil, no("error_param", "There is no "+kind+"_id in query.", "no "+kind+"_id in the query")
	case !s.inRange(id):
		return nil, no("error_param", kind+"_id is invalid, should be an integer between 0 and 4294967295.", kind+"_id is no such integer")
	}
	x := s.links.find(app.ID, kind, id)
	pair := s.pairs[pairKey{token, sim.Subject{Kind: kind, ID: id}}]
	if pair == nil || pair.App != app.ID || pair.Access != token {
		if x == nil && s.kit.Ledger.ByAccess(token) != nil {
			return nil, s.notLinked(kind)
		}
		return nil, s.badToken("the access token is not this subject's")
	}
	if x == nil || x.state == linkEnded {
		return nil, s.notLinked(kind)
	}
	if state := s.accessState(pair); state != sim.Alive {
		return nil, s.badToken("the access token is expired, replaced or revoked")
	}
	if kind == kindShop && status(x.shop) == shopBanned {
		return nil, no("shop_banned", textBanned, "the shop is banned")
	}
	s.kit.Ledger.Use(pair)
	return x, nil
}

func mayTrade(shop *sim.Shop) *refusal {
	switch {
	case shop.Facts.Text("sip_of") != "":
		return no("error_ashop_api_permission", "Affiliate shop has no permission.", "this is an affiliate shop")
	case shop.Facts["registered"] == false:
		return no("error_kyc_auth", "Please complete Seller Registration on Shopee Seller Center first.", "the seller has not registered")
	}
	return nil
}

func (s *simulator) badToken(why string) *refusal {
	return no(s.options.badToken(), "Invalid access_token.", why)
}

func (s *simulator) notLinked(kind string) *refusal {
	const why = "the subject is not linked to this app"
	if kind != kindShop {
		return no(kind+"_no_linked", "Partner and "+kind+" has no linked.", why)
	}
	switch s.options.noLink() {
	case "partner_shop_no_link":
		return no("partner_shop_no_link", "Invalid partner_id or shop_id.", why)
	case "error_auth":
		return no("error_auth", "Invalid partner_id or shopid.", why)
	case "error_permission":
		return no("error_permission", "Please link shop and partner first.", why)
	}
	return no("shop_no_linked", "Partner and shop has no linked.", why)
}
