package shopify_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim/simtest"
)

func TestCallsAreRefusedByStatus(t *testing.T) {
	w := start(t)
	token := w.pair(w.Shop(0))["access_token"].(string)
	for _, c := range []struct {
		method, path, kind, token string
		want                      int
		says                      string
	}{
		{"GET", api + "shop.json", "", "wrong", 401, "[API] Invalid API key or access token"},
		{"GET", api + "shop.json", "", "", 401, "unrecognized login"},
		{"GET", api + "customers.json", "", token, 403, "requires merchant approval for read_customers scope"},
		{"GET", api + "nothing.json", "", token, 404, "Not Found"},
		{"GET", api + "shop", "", token, 404, "Not Found"},
		{"GET", "/admin/api/2031-01/shop.json", "", token, 404, "Not Found"},
		{"GET", "/elsewhere", "", token, 404, "Not Found"},
		{"PATCH", api + "products.json", "application/json", token, 406, "Not Acceptable"},
		{"POST", api + "products.json", "text/plain", token, 400, "Bad Request"},
		{"POST", api + "products.json", "application/json", token, 422, `{"errors":{"title":["can't be blank"]}}`},
		{"GET", graphql, "", token, 406, "Not Acceptable"},
		{"POST", graphql, "application/graphql", token, 400, "Bad Request"},
	} {
		r := w.Ask(c.method, w.Base+c.path, c.kind, "{}", "X-Shopify-Access-Token", c.token)
		if r.Status != c.want || !strings.Contains(r.Text, c.says) || r.Body == nil {
			t.Errorf("%s %s = %d %s, want %d %s", c.method, c.path, r.Status, r.Text, c.want, c.says)
		}
	}
	if r := w.Ask("GET", w.Base+api+"shop.json", "", "", "Authorization", "Bearer "+token); r.Status != 401 || !strings.Contains(w.lastWhy(), "X-Shopify-Access-Token") {
		t.Errorf("token in Authorization = %d, %s", r.Status, w.lastWhy())
	}
	if r := w.Ask("GET", w.Base+api+"shop.json", "", "", "X-Shopify-Access-Token", token, "Host", "demo-2.localhost"); r.Status != 401 {
		t.Errorf("token at another store's host = %d, want 401", r.Status)
	}
}

func TestARetiredVersionIsAnsweredByTheOldest(t *testing.T) {
	w := start(t)
	if err := w.Running.Clock.Set(t.Context(), time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	token := w.pair(w.Shop(0))["access_token"]
	r := w.call("GET", "/admin/api/2024-01/shop.json", token, "")
	if r.Status != 200 || r.Header.Get("X-Shopify-API-Version") != "2026-01" || r.Header.Get("X-Shopify-API-Deprecated-Reason") == "" {
		t.Errorf("old version = %d %v", r.Status, r.Header)
	}
	r = w.call("GET", "/admin/api/2026-10/shop.json", token, "")
	if r.Header.Get("X-Shopify-API-Version") != "2026-10" || r.Header.Get("X-Shopify-API-Deprecated-Reason") != "" {
		t.Errorf("latest version = %v", r.Header)
	}
}

func TestRESTSaysHowFullItsBucketIs(t *testing.T) {
	w := start(t)
	token := w.pair(w.Shop(0))["access_token"]
	var r simtest.Reply
	for range 45 {
		if r = w.call("GET", api+"shop.json", token, ""); r.Status == 429 {
			break
		}
	}
	if r.Status != 429 || !strings.HasSuffix(r.Header.Get("Retry-After"), ".0") || r.Header.Get("X-Shopify-Shop-Api-Call-Limit") != "40/40" ||
		!strings.Contains(r.Text, "Exceeded 2 calls per second for api client") {
		t.Errorf("over the limit = %d %v %s", r.Status, r.Header, r.Text)
	}
	w.Advance(2 * time.Second)
	if r := w.call("GET", api+"shop.json", token, ""); r.Status != 200 {
		t.Errorf("call after the leak = %d", r.Status)
	}
}

func TestGraphQLThrottlesInsideHTTP200(t *testing.T) {
	w := start(t)
	token := w.pair(w.Shop(0))["access_token"]
	const dear = "{ orders(first: 250) { nodes { a { b { c } } } } }" // 752 points
	for range 2 {
		w.ask(token, dear)
	}
	r := w.ask(token, dear)
	cost := r.Body["extensions"].(map[string]any)["cost"].(map[string]any)
	status := cost["throttleStatus"].(map[string]any)
	if r.Status != 200 || !strings.Contains(r.Text, `"code":"THROTTLED"`) || cost["actualQueryCost"] != nil || r.Body["data"] != nil {
		t.Fatalf("third query = %d %s", r.Status, r.Text)
	}
	requested, _ := cost["requestedQueryCost"].(json.Number).Int64()
	left, _ := status["currentlyAvailable"].(json.Number).Int64()
	rate, _ := status["restoreRate"].(json.Number).Int64()
	w.Advance(time.Duration((requested-left)/rate+1) * time.Second)
	if r := w.ask(token, dear); strings.Contains(r.Text, "THROTTLED") {
		t.Errorf("query after the wait = %s", r.Text)
	}
	if r := w.ask(token, "{ orders(first: 500) { nodes { a { b { c } } } } }"); !strings.Contains(r.Text, "exceeds the single query max cost limit (1000)") {
		t.Errorf("one dear query = %s", r.Text)
	}
}

func TestGraphQLErrorsComeInsideHTTP200(t *testing.T) {
	w := start(t)
	token := w.good(w.token(map[string]string{"code": w.consent(w.Shop(0), "scope", "write_orders").Get("code"), "expiring": "1"}))["access_token"]
	for query, want := range map[string]string{
		"{ products(first: 1) { nodes { id } } }": "Access denied for products field. Required access: `read_products` access scope.",
		"{ shop { id prise } }":                   "Field 'prise' doesn't exist on type 'Shop'",
		"{ nothing }":                             "Field 'nothing' doesn't exist on type 'QueryRoot'",
		"mutation { explode { id } }":             "Field 'explode' doesn't exist on type 'Mutation'",
		"{ shop }":                                "Field must have selections",
		"{ shop { id }":                           "Parse error",
		"{ orders(first: 1) { nodes { id } pageInfo { hasNextPage } } }": `"data":{"orders":{"nodes":[],"pageInfo":{"hasNextPage":false}}}`,
		"query q($n: Int) { s: shop { __typename n: name } }":            `"data":{"s":{"__typename":"Shop","n":"Demo 1"}}`,
	} {
		if r := w.ask(token, query); r.Status != 200 || !strings.Contains(r.Text, want) {
			t.Errorf("%s = %d %s, want %s", query, r.Status, r.Text, want)
		}
	}
	both := w.ask(token, "{ shop { id } products(first: 1) { nodes { id } } }")
	if data := both.Body["data"].(map[string]any); data["products"] != nil || data["shop"] == nil || both.Body["errors"] == nil {
		t.Errorf("half refused = %s, want data beside the error", both.Text)
	}
}

func TestScopesAreTold(t *testing.T) {
	w := start(t)
	token := w.pair(w.Shop(0))["access_token"]
	r := w.call("GET", "/admin/oauth/access_scopes.json", token, "")
	if !strings.Contains(r.Text, `"handle":"read_orders"`) || !strings.Contains(r.Text, `"handle":"write_products"`) {
		t.Errorf("scopes = %s", r.Text)
	}
}

func TestStoresOfOtherKindsAreRefused(t *testing.T) {
	w := start(t)
	for _, body := range []string{
		`{"merchants":1}`, `{"sub_account_of":"1"}`, `{"id":"demo"}`, `{"id":"` + w.Shop(0) + `"}`, `{"state":"closed"}`, `{"plan":"free"}`,
	} {
		if r := w.Ask("POST", w.Control+"/shopify/shops", "application/json", body); r.Status != 422 {
			t.Errorf("shops %s = %d %s, want 422", body, r.Status, r.Text)
		}
	}
	for _, body := range []string{`{"profile":"private"}`, `{"created_at":"soon"}`} {
		if r := w.Ask("POST", w.Control+"/shopify/apps", "application/json", body); r.Status != 422 {
			t.Errorf("apps %s = %d %s, want 422", body, r.Status, r.Text)
		}
	}
	made := w.Do("POST", "/shopify/shops", map[string]any{"name": "Odd Ones", "count": 2, "state": "402"})["shops"].([]any)
	if host := made[1].(map[string]any)["host"]; host != "odd-ones-2.myshopify.com" {
		t.Errorf("host = %v", host)
	}
	pair := w.Do("POST", "/shopify/consent", map[string]any{"url": w.link(), "shops": []any{made[0].(map[string]any)["id"]}})
	if pair["callback"] == "" {
		t.Errorf("consent of a frozen store = %v", pair)
	}
}
