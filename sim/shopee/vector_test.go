package shopee_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim"
	shopeesim "github.com/grantkeep/grantkeep/sim/shopee"
)

// TestSignKnownAnswers makes the requests of the platform's page with the signatures that it prints, and expects each to
// be refused for a reason that is looked at after the signature.
func TestSignKnownAnswers(t *testing.T) {
	const token = "74303067744f6b656e30303030303030"
	clock := sim.NewClock()
	if err := clock.Set(t.Context(), time.Unix(1760000000, 0)); err != nil {
		t.Fatal(err)
	}
	kit := sim.NewKit("shopee", clock, nil, "https://partner.shopeemobile.com", http.DefaultTransport)
	box := shopeesim.New(kit, nil)
	key := "0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdef0123456789abcdef"
	if _, err := box.AddApp(sim.Settings{"partner_id": "2008899", "partner_key": key}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ method, path, query, sign, want string }{
		{"GET", "/api/v2/shop/auth_partner", "redirect=https%3A%2F%2Fhub.example.org%2Fcb", "2af3bb8b848be30c3f1d556f2e2120b0c53ad106e6300c7f6dc3e2fe2e46e1b6", "auth_shop=True"},
		{"GET", "/api/v2/shop/cancel_auth_partner", "redirect=https%3A%2F%2Fhub.example.org%2Fcb", "c34d99dcec5c5102731168760cb610e9e6146f0e833768f7d72a7d3b8624fcc6", "cancel_auth_shop=True"},
		{"POST", "/api/v2/auth/token/get", "", "bf7519fbe48480c9f89abcfc04f8fc0637369d1c922f38bd55823853b3e1dce4", "parameter invalid"},
		{"POST", "/api/v2/auth/access_token/get", "", "a1e40d3fb30ead6df638e48cf3594e0b5091b36c5632ce6d30fd7495eb6fd0e6", "parameter invalid"},
		{"GET", "/api/v2/public/get_shops_by_partner", "", "64443c2ac0ec6aefa38f6cd67c983b670b4fed30d040403d3c62531ddde5c3b4", `"authed_shop_list":[]`},
		{"GET", "/api/v2/shop/get_shop_info", "access_token=" + token + "&shop_id=77001234", "7607801d4d32867fc2ade324b55d5d2b790a49478dbb86772ec4067f7e35eef9", "Invalid access_token."},
		{"GET", "/api/v2/merchant/get_merchant_info", "access_token=" + token + "&merchant_id=1009001", "ead3733dc102f19809c2fdee45196ed5479e5be4ca6dabc9572a9d7e6546dd34", "Invalid access_token."},
	} {
		for sign, want := range map[string]string{c.sign: c.want, strings.Repeat("0", 64): "Wrong sign."} {
			r := httptest.NewRequest(c.method, "https://partner.shopeemobile.com"+c.path+"?partner_id=2008899&timestamp=1760000000&sign="+sign+"&"+c.query, nil)
			got := httptest.NewRecorder()
			kit.Handler(box).ServeHTTP(got, r)
			if all := got.Header().Get("Location") + got.Body.String(); !strings.Contains(all, want) {
				t.Errorf("%s signed %s = %s, want %s", c.path, sign, all, want)
			}
		}
	}
}

// sent is a push that a simulator wanted to send to an address that this machine does not have.
type sent struct {
	authorization, body string
}

type post chan sent

func (p post) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	p <- sent{r.Header.Get("Authorization"), string(body)}
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: r}, nil
}

// TestPushKnownAnswer lets an authorization end and compares the push with the one that the platform's page prints.
func TestPushKnownAnswer(t *testing.T) {
	out := make(post, 10)
	clock := sim.NewClock()
	w := startWith(t, sim.Options{Clock: clock, Out: out})
	end := time.Unix(1760000000, 0)
	if err := clock.Set(t.Context(), end.Add(-7*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	w.App = w.Do("POST", "/shopee/apps", map[string]string{
		"partner_id": "2008899", "push_url": "https://hub.example.org/push/shopee", "push_key": strings.Repeat("a1b2c3d4e5f60718293a4b5c6d7e8f90", 2),
	})
	w.Do("POST", "/shopee/shops", map[string]string{"id": "77001234"})
	w.Set("authorization_end", "exact")
	w.agree(map[string]any{"shops": []string{"77001234"}, "fields": map[string]string{"validity": "7"}})
	w.Advance(8 * 24 * time.Hour)

	const body = `{"data":{"authorize_type":"expiry","shopid":77001234,"success":1,"extra":"The authorization is expired."},"code":2,"partner_id":2008899,"timestamp":1760000000}`
	want := sent{"53bea8ab6e2ead61e5a3c4a79648b7ccbfe36e5aab73075cac6dfd4c3f520103", body}
	var got sent
	for len(out) > 0 {
		got = <-out
	}
	if got != want {
		t.Errorf("last push = %v, want %v", got, want)
	}
}

func TestAuthorizationEndKnownAnswers(t *testing.T) {
	w := start(t)
	for given, ends := range map[int64]string{1741944925: "1773503999", 1650624369: "1682179199"} {
		if err := w.Running.Clock.Set(t.Context(), time.Unix(given, 0)); err != nil {
			t.Fatal(err)
		}
		pair := w.pair(w.Shop(0), "365")
		r := w.info(w.Shop(0), text(pair, "access_token"))
		if got := r.Body["expire_time"]; got == nil || got.(interface{ String() string }).String() != ends {
			t.Errorf("an authorization of %d ends at %v, want %s", given, got, ends)
		}
	}
}

func TestLinksAreChecked(t *testing.T) {
	w := start(t)
	id := w.Setting("partner_id")
	bad := func(name, link, want string) {
		t.Helper()
		if r := w.ask("GET", link, "", ""); r.code() != want {
			t.Errorf("%s = %d %s, want %s", name, r.Status, r.Text, want)
		}
	}
	const invalid = "error_param parameter invalid"
	bad("no partner", w.link("partner_id", ""), "error_param There is no partner_id in query.")
	bad("partner of letters", w.link("partner_id", "abc"), "error_param Partner_id is invalid, should be an integer between 0 and 4294967295.")
	bad("unknown partner", w.link("partner_id", "77"), "invalid_partner_id Invalid partner_id, please have a check.")
	bad("another auth_type", w.link("auth_type", "user"), invalid)
	bad("another response_type", w.link("response_type", "token"), invalid)
	bad("a redirect without host", w.link("redirect_uri", "/cb"), invalid)

	signed := w.signed("/api/v2/shop/auth_partner", "", "", "", "redirect", callback)
	at := w.Now()
	q := func(change ...string) string {
		u, err := url.Parse(signed)
		if err != nil {
			t.Fatal(err)
		}
		values := u.Query()
		for i := 0; i+1 < len(change); i += 2 {
			values.Set(change[i], change[i+1])
		}
		u.RawQuery = values.Encode()
		return u.String()
	}
	bad("no timestamp", q("timestamp", ""), "error_param no timestamp.")
	bad("milliseconds", q("timestamp", "1760000000000"), "error_param Timestamp is invalid, should be an integer between 0 and 4294967295.")
	bad("no sign", q("sign", ""), "error_param There is no sign in query.")
	bad("a wrong sign", q("sign", "00"), "error_sign Wrong sign.")
	if r := w.ask("GET", q("redirect", "https://elsewhere.example/"), "", ""); r.Status != 302 {
		t.Errorf("another redirect under the same sign = %d %s, want it taken: it is not signed", r.Status, r.Text)
	}
	w.Set("timestamps", "strict")
	w.Advance(5*time.Minute + time.Second)
	bad("a link "+w.Now().Sub(at).String()+" old", signed, "error_param Timestamp is expired.")

	w.Do("POST", "/shopee/apps", map[string]string{"partner_id": id, "redirect_domain": "HUB.example.org"})
	if r := w.ask("GET", w.link(), "", ""); r.Status != 302 {
		t.Errorf("redirect to the declared domain = %d %s", r.Status, r.Text)
	}
	const domain = "error_param The domain of redirect_uri is not consistent with the Redirect URL Domain declared in console."
	bad("another domain", w.link("redirect_uri", "https://hub.example.org.evil.example/"), domain)
	bad("another domain, signed", w.signed("/api/v2/shop/auth_partner", "", "", "", "redirect", "https://evil.example/"), domain)
}
