package shoplazza_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim/simtest"
)

func TestShopHasANumericID(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0))
	r := w.call("GET", "/openapi/2022-01/shop", pair["access_token"], "")
	shop, _ := r.Body["shop"].(map[string]any)
	if id, ok := shop["id"].(json.Number); !ok || id.String() != w.Shop(0) || shop["system_domain"] != w.Shops[0]["host"] {
		t.Errorf("shop = %s, want the number %s", r.Text, w.Shop(0))
	}
	r = w.call("GET", "/openapi/2026-01/shop", pair["access_token"], "")
	if _, ok := r.Body["data"].(map[string]any); !ok {
		t.Errorf("shop of a later version = %s, want an envelope", r.Text)
	}
	r = w.call("GET", "/openapi/2022-01/oauth/access_scopes", pair["access_token"], "")
	if want := `{"access_scopes":[{"handle":"read_shop"},{"handle":"read_order"}]}`; r.Text != want {
		t.Errorf("scopes = %s, want %s", r.Text, want)
	}
}

func TestCallsAreRefusedByStatus(t *testing.T) {
	w := start(t)
	token := w.pair(w.Shop(0))["access_token"].(string)
	api := w.Base + "/openapi/2022-01/"
	for _, c := range []struct {
		method, path, kind, token string
		want                      int
	}{
		{"GET", "shop", "", "wrong", 401},
		{"GET", "shop", "", "", 401},
		{"GET", "products", "", token, 403},
		{"GET", "nothing", "", token, 404},
		{"DELETE", "shop", "application/json", token, 405},
		{"POST", "webhooks", "text/plain", token, 400},
		{"POST", "webhooks", "application/json", token, 422},
	} {
		r := w.Ask(c.method, api+c.path, c.kind, "{}", "Access-Token", c.token)
		if r.Status != c.want || r.Body == nil {
			t.Errorf("%s %s (%s) = %d %s, want %d", c.method, c.path, c.kind, r.Status, r.Text, c.want)
		}
	}
	if r := w.Ask("GET", api+"shop", "", "", "Authorization", "Bearer "+token); r.Status != 401 {
		t.Errorf("token in Authorization = %d, want 401", r.Status)
	}
}

func TestBucketRunsFullAndLeaks(t *testing.T) {
	w := start(t)
	token := w.pair(w.Shop(0))["access_token"]
	w.Do("POST", "/shoplazza/options", map[string]any{"app_bucket": 3, "app_leak": 1})
	var r simtest.Reply
	for range 5 {
		r = w.call("GET", "/openapi/2022-01/shop", token, "")
	}
	if r.Status != 429 || r.Header.Get("Retry-After") == "" || r.Header.Get("X-Shoplazza-Shop-Api-Call-Limit") != "3/3" {
		t.Errorf("fifth call = %d %v, want 429 with its headers", r.Status, r.Header)
	}
	w.Advance(2 * time.Second)
	if r := w.call("GET", "/openapi/2022-01/shop", token, ""); r.Status != 200 {
		t.Errorf("call after the leak = %d, want 200", r.Status)
	}
}

func TestPartnerEndpointTakesClientCredentialsOnly(t *testing.T) {
	w := start(t)
	ask := func(grant string) simtest.Reply {
		body, err := json.Marshal(map[string]any{"client_id": w.App["client_id"], "client_secret": w.App["client_secret"], "grant_type": grant, "code": "c0de"})
		if err != nil {
			t.Fatal(err)
		}
		return w.Ask("POST", w.Base+"/partner/oauth/token", "application/json", string(body))
	}
	if r := ask("authorization_code"); r.Body["error"] != "unsupported_grant_type" {
		t.Errorf("code at the partner endpoint = %s, want unsupported_grant_type", r.Text)
	}
	r := ask("client_credentials")
	if r.Status != 200 || r.Body["refresh_token"] != nil || r.Body["access_token"] == nil {
		t.Fatalf("client credentials = %d %s, want a token without refresh", r.Status, r.Text)
	}
	got := w.Ask("GET", w.Base+"/openapi/2025-06/plans", "", "", "Access-Token", r.Body["access_token"].(string), "App-Client-Id", w.Setting("client_id"))
	if got.Status != 200 {
		t.Errorf("call with the partner token = %d %s", got.Status, got.Text)
	}
}

func TestPrivateAppHasAFixedToken(t *testing.T) {
	w := start(t)
	app := w.Do("POST", "/shoplazza/apps", map[string]string{"profile": "private"})
	for _, item := range w.Do("GET", "/shoplazza/grants", nil)["grants"].([]any) {
		grant := item.(map[string]any)
		if grant["app"] != app["client_id"] || grant["refresh"] != "" || grant["expires_at"] != nil {
			t.Errorf("grant = %v, want one of the private app, without refresh token and end", grant)
		}
		if r := w.call("GET", "/openapi/2022-01/shop", grant["access"], ""); r.Status != 200 {
			t.Errorf("call with a private token = %d", r.Status)
		}
	}
}

// hook records the webhooks that arrive and answers with a status.
func hook(t *testing.T, status int) (address string, got chan *http.Request) {
	got = make(chan *http.Request, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		got <- r
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/hook", got
}

func (w *world) subscribe(topic, address string, token any) {
	w.Helper()
	r := w.call("POST", "/openapi/2022-01/webhooks", token, `{"topic":"`+topic+`","address":"`+address+`"}`)
	if r.Status != 200 || r.Body["id"] == "" {
		w.Fatalf("subscribe = %d %s", r.Status, r.Text)
	}
}

func TestUninstallKillsTheTokensAndTells(t *testing.T) {
	w := start(t)
	w.Do("POST", "/shoplazza/apps", map[string]any{"client_id": w.App["client_id"], "client_secret": "hush"})
	w.App["client_secret"] = "hush"
	w.Do("POST", "/shoplazza/shops", map[string]any{"id": "2286999", "name": "demo-7"})
	pair := w.pair("2286999")
	address, got := hook(t, 200)
	w.subscribe("app/uninstalled", address, pair["access_token"])
	w.Do("POST", "/shoplazza/revoke", map[string]string{"subject": "2286999"})
	select {
	case r := <-got:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		const want = "AYr93K98XT5+8yHuqjoUYXNrkHbu4dowuMyfgi939C8="
		if string(body) != `{"id":"2286999"}` || r.Header.Get("X-Shoplazza-Hmac-Sha256") != want {
			t.Errorf("webhook %s signed %s, want %s", body, r.Header.Get("X-Shoplazza-Hmac-Sha256"), want)
		}
		if r.Header.Get("X-Shoplazza-Shop-Domain") != "demo-7.myshoplaza.com" || r.Header.Get("X-Shoplazza-Topic") != "app/uninstalled" {
			t.Errorf("webhook's headers = %v", r.Header)
		}
	case <-time.After(5 * time.Minute):
		t.Fatal("no webhook came")
	}
	if r := w.call("GET", "/openapi/2022-01/shop", pair["access_token"], ""); r.Status != 401 {
		t.Errorf("call after uninstall = %d, want 401", r.Status)
	}
	if r := w.refresh(pair["refresh_token"]); r.Body["error"] != "invalid_grant" {
		t.Errorf("refresh after uninstall = %s, want invalid_grant", r.Text)
	}
	if again := w.pair("2286999"); again["access_token"] == pair["access_token"] {
		t.Error("a later install gave the dead token again")
	}
}

func TestWebhookIsRepeatedForTwoDaysThenItsSubscriptionEnds(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0))
	address, got := hook(t, 500)
	w.subscribe("orders/create", address, pair["access_token"])
	form := url.Values{"app": {w.Setting("client_id")}, "store": {w.Shop(0)}, "do": {"order"}}
	if r := w.Ask("POST", w.Base+"/", "application/x-www-form-urlencoded", form.Encode()); r.Status != 200 {
		t.Fatalf("order = %d", r.Status)
	}
	w.Advance(47 * time.Hour)
	if n := len(got); n != 19 {
		t.Errorf("attempts within 47 hours = %d, want 19", n)
	}
	list := func() int {
		return len(w.call("GET", "/openapi/2022-01/webhooks", pair["access_token"], "").Body["webhooks"].([]any))
	}
	if n := list(); n != 1 {
		t.Errorf("subscriptions before the last repeat = %d, want 1", n)
	}
	w.Advance(24 * time.Hour)
	if n := len(got); n != 20 {
		t.Errorf("attempts in all = %d, want the first and 19 repeats", n)
	}
	if n := list(); n != 0 {
		t.Errorf("subscriptions after the last repeat = %d, want none", n)
	}
	pushes := 0
	for _, c := range w.Do("GET", "/shoplazza/calls", nil)["calls"].([]any) {
		if call := c.(map[string]any); call["stage"] == "push" && call["why"] == "500" {
			pushes++
		}
	}
	if pushes != 20 {
		t.Errorf("pushes in the log = %d, want 20", pushes)
	}
}

func TestInstallOpensTheAppURLWithASignedQuery(t *testing.T) {
	w := start(t)
	w.Do("POST", "/shoplazza/apps", map[string]any{"client_id": w.App["client_id"], "app_url": "http://127.0.0.1:9/install"})
	form := url.Values{"app": {w.Setting("client_id")}, "store": {w.Shop(0)}, "do": {"install"}}
	r := w.Ask("POST", w.Base+"/", "application/x-www-form-urlencoded", form.Encode())
	at, err := url.Parse(r.Header.Get("Location"))
	if err != nil || at.Query().Get("store_id") != w.Shop(0) || len(at.Query().Get("hmac")) != 64 {
		t.Errorf("install = %d to %q", r.Status, r.Header.Get("Location"))
	}
}

func TestRenamedStoreKeepsItsID(t *testing.T) {
	w := start(t)
	pair := w.pair(w.Shop(0))
	w.Do("POST", "/shoplazza/shops", map[string]any{"id": w.Shop(0), "name": "renamed-1"})
	second := w.refresh(pair["refresh_token"])
	if second.Body["store_name"] != "renamed-1" || second.Body["store_id"] != w.Shop(0) {
		t.Errorf("refresh after the renaming = %s", second.Text)
	}
}
