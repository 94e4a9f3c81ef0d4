package shopify_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func (w *world) subscribe(topic, address string, token any) {
	w.Helper()
	r := w.call("POST", api+"webhooks.json", token, `{"webhook":{"topic":"`+topic+`","address":"`+address+`"}}`)
	if r.Status != 201 {
		w.Fatalf("subscribe = %d %s", r.Status, r.Text)
	}
}

func next(t *testing.T, got chan *http.Request) *http.Request {
	t.Helper()
	select {
	case r := <-got:
		return r
	case <-time.After(5 * time.Minute):
		t.Fatal("no webhook came")
		return nil
	}
}

func TestUninstallKillsTheTokensAndTells(t *testing.T) {
	w := start(t)
	address, got := hook(t, 200)
	w.app(map[string]any{"client_secret": "hush", "push_url": address})
	pair := w.pair(w.Shop(0))
	w.Do("POST", "/shopify/revoke", map[string]string{"subject": w.Shop(0)})
	r := next(t, got)
	if r.Header.Get("X-Shopify-Topic") != "app/uninstalled" || r.Header.Get("X-Shopify-Shop-Domain") != w.Shops[0]["host"] ||
		!strings.HasPrefix(r.Header.Get("Body"), `{"id":`+w.Shop(0)+`,`) || !strings.Contains(r.Header.Get("Body"), `"myshopify_domain":"demo-1.myshopify.com"`) {
		t.Errorf("webhook = %v", r.Header)
	}
	for _, name := range []string{"X-Shopify-Hmac-Sha256", "X-Shopify-API-Version", "X-Shopify-Webhook-Id", "X-Shopify-Event-Id", "X-Shopify-Triggered-At"} {
		if r.Header.Get(name) == "" {
			t.Errorf("webhook lacks %s", name)
		}
	}
	if r := w.call("GET", api+"shop.json", pair["access_token"], ""); r.Status != 401 {
		t.Errorf("call after the uninstall = %d, want 401", r.Status)
	}
	w.dead("refresh after the uninstall", w.refresh(pair["refresh_token"]))
	again := w.pair(w.Shop(0)) // the store's data is to be deleted all the same
	w.Advance(49 * time.Hour)
	r = next(t, got)
	if r.Header.Get("X-Shopify-Topic") != "shop/redact" || r.Header.Get("Body") != `{"shop_domain":"demo-1.myshopify.com","shop_id":`+w.Shop(0)+`}` {
		t.Errorf("two days later = %v", r.Header)
	}
	w.good(w.refresh(again["refresh_token"]))
}

func TestPrivacyTopicsGoToTheAppsOwnAddress(t *testing.T) {
	w := start(t)
	address, got := hook(t, 200)
	w.app(map[string]any{"push_url": address})
	pair := w.pair(w.Shop(0))
	for button, want := range map[string][2]string{
		"data_request": {"customers/data_request", `"data_request":{"id":9999}`},
		"redact":       {"customers/redact", `"orders_to_redact":[299938]`},
		"scopes":       {"app/scopes_update", `"current":["read_orders"]`},
	} {
		w.act(button, "scopes", "read_orders")
		if r := next(t, got); r.Header.Get("X-Shopify-Topic") != want[0] || !strings.Contains(r.Header.Get("Body"), want[1]) {
			t.Errorf("%s = %v", button, r.Header)
		}
	}
	r := w.call("POST", api+"webhooks.json", pair["access_token"], `{"webhook":{"topic":"customers/redact","address":"`+address+`"}}`)
	if r.Status != 422 {
		t.Errorf("subscription to a compliance topic = %d %s, want 422", r.Status, r.Text)
	}
	if r := w.call("GET", api+"products.json", pair["access_token"], ""); r.Status != 403 {
		t.Errorf("call after the scopes were taken = %d, want 403", r.Status)
	}
}

func TestTheOldestSecretSignsPushes(t *testing.T) {
	w := start(t)
	address, got := hook(t, 200)
	w.app(map[string]any{"client_secret": []string{"new", "old"}, "push_url": address})
	w.pair2(w.Shop(0), "new")
	w.act("redact")
	both := next(t, got).Header.Get("X-Shopify-Hmac-Sha256")
	w.Do("POST", "/shopify/apps", map[string]any{"client_id": w.App["client_id"], "client_secret": "old"})
	w.act("redact")
	if alone := next(t, got).Header.Get("X-Shopify-Hmac-Sha256"); alone != both {
		t.Errorf("signed %s with both secrets in force, want %s of the oldest", both, alone)
	}
}

// pair2 obtains a pair with one of several secrets.
func (w *world) pair2(shop, secret string) map[string]any {
	w.Helper()
	return w.good(w.token(map[string]string{"code": w.consent(shop).Get("code"), "expiring": "1", "client_secret": secret}))
}

func TestASubscriptionEndsAfterEightRepeats(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0))
	address, got := hook(t, 500)
	w.subscribe("orders/create", address, pair["access_token"])
	w.act("order")
	w.Advance(3 * time.Hour)
	first := next(t, got)
	for len(got) > 0 {
		if r := <-got; r.Header.Get("X-Shopify-Webhook-Id") != first.Header.Get("X-Shopify-Webhook-Id") || r.Header.Get("Body") != first.Header.Get("Body") {
			t.Errorf("repeat = %v, want what came first", r.Header)
		}
	}
	w.Advance(2 * time.Hour)
	attempts := 0
	for _, c := range w.Do("GET", "/shopify/calls", nil)["calls"].([]any) {
		if c.(map[string]any)["stage"] == "push" {
			attempts++
		}
	}
	if attempts != 9 {
		t.Errorf("attempts = %d, want the first and 8 repeats", attempts)
	}
	again := w.good(w.refresh(pair["refresh_token"]))
	if r := w.call("GET", api+"webhooks.json", again["access_token"], ""); r.Text != `{"webhooks":[]}` {
		t.Errorf("subscriptions = %s, want none", r.Text)
	}
}

func TestSubscriptionsByQuery(t *testing.T) {
	w := start(t)
	token := w.pair(w.Shop(0))["access_token"]
	create := func(topic, address string) string {
		return w.ask(token, `mutation { webhookSubscriptionCreate(topic: `+topic+`, webhookSubscription: {uri: "`+address+
			`", format: JSON}) { webhookSubscription { id topic } userErrors { field message } } }`).Text
	}
	w.says(`"topic":"ORDERS_CREATE"`, create("ORDERS_CREATE", "https://hub.example/push"))
	w.says("Address for this topic has already been taken", create("ORDERS_CREATE", "https://hub.example/push"))
	w.says("Address is not allowed", create("ORDERS_CREATE", "http://hub.example/push"))
	w.says(`"topic":"APP_UNINSTALLED"`, create("APP_UNINSTALLED", "https://hub.example/push"))
	w.says("ORDERS_CREATE", w.ask(token, "{ webhookSubscriptions(first: 5) { nodes { topic uri } } }").Text)
}

func TestAnAppGivesItsStoreBack(t *testing.T) {
	w := start(t)
	for _, back := range []func(token any) int{
		func(token any) int { return w.call("DELETE", "/admin/api_permissions/current.json", token, "").Status },
		func(token any) int {
			return w.ask(token, "mutation { appUninstall { app { id } userErrors { message } } }").Status
		},
	} {
		pair := w.pair(w.Shop(0))
		if status := back(pair["access_token"]); status != 200 {
			t.Errorf("giving back = %d", status)
		}
		w.dead("refresh after giving back", w.refresh(pair["refresh_token"]))
	}
}
