package taobao_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/grantkeep/grantkeep/sim"
	"github.com/grantkeep/grantkeep/sim/simtest"
	taobaosim "github.com/grantkeep/grantkeep/sim/taobao"
)

const (
	callback = "https://hub.example.com/cb/taobao"
	formType = "application/x-www-form-urlencoded"
)

// world is a running simulator and a client that writes requests as the platform's page says.
type world struct{ *simtest.World }

func start(t *testing.T) *world {
	t.Helper()
	return &world{simtest.Start(t, "taobao", taobaosim.New, sim.Options{})}
}

// reply is an answer and what the platform says in it.
type reply struct{ simtest.Reply }

// at follows names through nested objects.
func at(value any, path ...string) any {
	for _, name := range path {
		o, _ := value.(map[string]any)
		value = o[name]
	}
	return value
}

func (w *world) ask(method, address, contentType, body string) reply {
	w.Helper()
	return reply{w.Ask(method, address, contentType, body)}
}

// use lays settings over those of the app, or makes another one when they hold an app_key, and goes on with it.
func (w *world) use(settings map[string]any) {
	w.Helper()
	if settings["app_key"] == nil {
		settings["app_key"] = w.key()
	}
	w.App = w.Do("POST", "/taobao/apps", settings)
}

func (w *world) key() string       { return w.Setting("app_key") }
func (w *world) secret() string    { return w.Setting("app_secret") }
func (w *world) nick(i int) string { return w.Shops[i]["name"].(string) }

// link is an authorization link; change holds names and values that differ, an empty value leaves out.
func (w *world) link(change ...string) string {
	query := simtest.Change(url.Values{
		"response_type": {"code"}, "client_id": {w.key()}, "redirect_uri": {callback}, "state": {"a1B2c3D4"}, "view": {"web"},
	}, change...)
	return w.Base + "/authorize?" + query.Encode()
}

// consent acts as an account and returns the callback's query and, where there is no callback, the page's refusal.
func (w *world) consent(link, account, decision string) (url.Values, string) {
	w.Helper()
	got := w.Do("POST", "/taobao/consent", map[string]any{"url": link, "account": account, "decision": decision})
	refusal, _ := got["refusal"].(string)
	back, err := url.Parse(got["callback"].(string))
	if err != nil {
		w.Fatal(err)
	}
	return back.Query(), refusal
}

func (w *world) code(account string) string {
	w.Helper()
	back, refusal := w.consent(w.link(), account, "approve")
	if back.Get("code") == "" {
		w.Fatalf("consent of %s gave %v %q, want a code", account, back, refusal)
	}
	return back.Get("code")
}

// token posts to the token endpoint; change as with link.
func (w *world) token(change ...string) reply {
	w.Helper()
	form := simtest.Change(url.Values{"client_id": {w.key()}, "client_secret": {w.secret()}, "redirect_uri": {callback}}, change...)
	return w.ask("POST", w.Base+"/token", formType+";charset=UTF-8", form.Encode())
}

func (w *world) exchange(code string) reply {
	w.Helper()
	return w.token("grant_type", "authorization_code", "code", code)
}

func (w *world) refresh(token any) reply {
	w.Helper()
	return w.token("grant_type", "refresh_token", "refresh_token", token.(string))
}

// pair obtains a pair for an account.
func (w *world) pair(account string) map[string]any {
	w.Helper()
	r := w.exchange(w.code(account))
	if r.Status != http.StatusOK {
		w.Fatalf("exchange = %d %s", r.Status, r.Text)
	}
	return r.Body
}

func text(value any) string {
	if n, ok := value.(json.Number); ok {
		return n.String()
	}
	s, _ := value.(string)
	return s
}
