package shoplazza_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/grantkeep/grantkeep/sim"
	shoplazzasim "github.com/grantkeep/grantkeep/sim/shoplazza"
	"github.com/grantkeep/grantkeep/sim/simtest"
)

const callback = "https://hub.example/cb"

// world is a running simulator and a client that writes requests as the platform's page says.
type world struct{ *simtest.World }

func start(t *testing.T) *world {
	t.Helper()
	return &world{simtest.Start(t, "shoplazza", shoplazzasim.New, sim.Options{})}
}

func (w *world) link(change ...string) string {
	query := simtest.Change(url.Values{
		"client_id": {w.Setting("client_id")}, "redirect_uri": {callback}, "response_type": {"code"},
		"scope": {"read_shop read_order"}, "state": {"9f2c"},
	}, change...)
	return w.Base + "/admin/oauth/authorize?" + query.Encode()
}

// consent agrees for a store and returns the callback's query.
func (w *world) consent(shop string) url.Values {
	w.Helper()
	got := w.Do("POST", "/shoplazza/consent", map[string]any{"url": w.link(), "shops": []string{shop}, "decision": "approve"})
	at, err := url.Parse(got["callback"].(string))
	if err != nil || at.Query().Get("code") == "" {
		w.Fatalf("consent gave %v, want a callback with a code", got)
	}
	return at.Query()
}

// token posts to the token endpoint in JSON.
func (w *world) token(params map[string]string) simtest.Reply {
	w.Helper()
	all := map[string]string{"client_id": w.Setting("client_id"), "client_secret": w.Setting("client_secret"), "redirect_uri": callback}
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
	return w.Ask("POST", w.Base+"/admin/oauth/token", "application/json", string(text))
}

// pair obtains a pair for a store.
func (w *world) pair(shop string) map[string]any {
	w.Helper()
	r := w.token(map[string]string{"grant_type": "authorization_code", "code": w.consent(shop).Get("code")})
	if r.Status != http.StatusOK {
		w.Fatalf("exchange = %d %s", r.Status, r.Text)
	}
	return r.Body
}

func (w *world) refresh(token any) simtest.Reply {
	w.Helper()
	return w.token(map[string]string{"grant_type": "refresh_token", "refresh_token": token.(string)})
}

func (w *world) call(method, path string, token any, body string) simtest.Reply {
	w.Helper()
	return w.Ask(method, w.Base+path, "application/json", body, "Access-Token", token.(string))
}
