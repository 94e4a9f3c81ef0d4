package shopify_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/grantkeep/grantkeep/sim"
	shopifysim "github.com/grantkeep/grantkeep/sim/shopify"
	"github.com/grantkeep/grantkeep/sim/simtest"
)

const (
	callback = "https://hub.example/cb"
	offline  = "urn:shopify:params:oauth:token-type:offline-access-token"
	online   = "urn:shopify:params:oauth:token-type:online-access-token"
	idToken  = "urn:ietf:params:oauth:token-type:id_token"
	exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	api      = "/admin/api/2026-10/"
	graphql  = api + "graphql.json"
)

// world is a running simulator and a client that writes requests as the platform's page says.
type world struct{ *simtest.World }

func start(t *testing.T) *world {
	t.Helper()
	return &world{simtest.Start(t, "shopify", shopifysim.New, sim.Options{})}
}

// app makes an app that acts from then on.
func (w *world) app(settings map[string]any) {
	w.Helper()
	w.App = w.Do("POST", "/shopify/apps", settings)
}

func (w *world) link(change ...string) string {
	query := simtest.Change(url.Values{
		"client_id": {w.Setting("client_id")}, "redirect_uri": {callback}, "scope": {"read_orders,write_products"}, "state": {"9f2c"},
	}, change...)
	return w.Base + "/admin/oauth/authorize?" + query.Encode()
}

// consent agrees for a store and returns the callback's query.
func (w *world) consent(shop string, change ...string) url.Values {
	w.Helper()
	got := w.Do("POST", "/shopify/consent", map[string]any{"url": w.link(change...), "shops": []string{shop}, "decision": "approve"})
	at, err := url.Parse(got["callback"].(string))
	if err != nil || at.Query().Get("code") == "" {
		w.Fatalf("consent gave %v, want a callback with a code", got)
	}
	return at.Query()
}

// token posts JSON to the token endpoint; an empty value takes a parameter away.
func (w *world) token(params map[string]string) simtest.Reply {
	w.Helper()
	all := map[string]string{"client_id": w.Setting("client_id"), "client_secret": w.Setting("client_secret")}
	for name, value := range params {
		all[name] = value
		if value == "" {
			delete(all, name)
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		w.Fatal(err)
	}
	return w.Ask("POST", w.Base+"/admin/oauth/access_token", "application/json", string(text), "Accept", "application/json")
}

// good is a reply that has to be a success.
func (w *world) good(r simtest.Reply) map[string]any {
	w.Helper()
	if r.Status != http.StatusOK || r.Body["access_token"] == nil {
		w.Fatalf("token endpoint = %d %s, want a token", r.Status, r.Text)
	}
	return r.Body
}

// pair obtains an expiring pair for a store.
func (w *world) pair(shop string) map[string]any {
	w.Helper()
	return w.good(w.token(map[string]string{"code": w.consent(shop).Get("code"), "expiring": "1"}))
}

// endless obtains a token without an end.
func (w *world) endless(shop string) string {
	w.Helper()
	return w.good(w.token(map[string]string{"code": w.consent(shop).Get("code")}))["access_token"].(string)
}

func (w *world) refresh(token any) simtest.Reply {
	w.Helper()
	return w.token(map[string]string{"grant_type": "refresh_token", "refresh_token": token.(string)})
}

func (w *world) migrate(token string, change ...string) simtest.Reply {
	w.Helper()
	params := map[string]string{
		"grant_type": exchange, "subject_token": token, "subject_token_type": offline, "requested_token_type": offline, "expiring": "1",
	}
	for i := 0; i < len(change); i += 2 {
		params[change[i]] = change[i+1]
	}
	return w.token(params)
}

func (w *world) call(method, path string, token any, body string) simtest.Reply {
	w.Helper()
	return w.Ask(method, w.Base+path, "application/json", body, "X-Shopify-Access-Token", token.(string))
}

// ask makes a GraphQL query.
func (w *world) ask(token any, query string) simtest.Reply {
	w.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		w.Fatal(err)
	}
	return w.call("POST", graphql, token, string(body))
}

// dead expects that a refresh token is refused for good.
func (w *world) dead(what string, r simtest.Reply) {
	w.Helper()
	if r.Status != 401 || r.Field("error_description") != "This request requires an active refresh_token" {
		w.Errorf("%s = %d %s, want 401 for want of an active refresh_token", what, r.Status, r.Text)
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
		r.Header.Set("Body", string(body))
		got <- r
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/hook", got
}

// act presses a button of a store's admin.
func (w *world) act(button string, change ...string) simtest.Reply {
	w.Helper()
	form := simtest.Change(url.Values{"app": {w.Setting("client_id")}, "store": {w.Shop(0)}, "do": {button}}, change...)
	return w.Ask("POST", w.Base+"/", "application/x-www-form-urlencoded", form.Encode())
}

// lastWhy is the reason in the last line of the log.
func (w *world) lastWhy() string {
	w.Helper()
	calls := w.Do("GET", "/shopify/calls", nil)["calls"].([]any)
	why, _ := calls[len(calls)-1].(map[string]any)["why"].(string)
	return why
}

// askCredentials asks for a token of an organisation's app with one store.
func (w *world) askCredentials() simtest.Reply {
	w.Helper()
	if w.App["profile"] != "organisation" {
		w.app(map[string]any{"profile": "organisation", "organisation": "org-1"})
		w.Do("POST", "/shopify/shops", map[string]any{"owner": "org-1"})
	}
	return w.token(map[string]string{"grant_type": "client_credentials"})
}

func (w *world) credentials() string {
	w.Helper()
	return w.askCredentials().Text
}
