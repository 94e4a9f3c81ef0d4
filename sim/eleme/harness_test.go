package eleme_test

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim"
	elemesim "github.com/grantkeep/grantkeep/sim/eleme"
	"github.com/grantkeep/grantkeep/sim/simtest"
)

const callback = "https://hub.example.test/callback"

// world is a running simulator and a client that writes requests as the platform's page says.
type world struct{ *simtest.World }

func start(t *testing.T) *world {
	t.Helper()
	return &world{simtest.Start(t, "eleme", elemesim.New, sim.Options{})}
}

// reply is an answer and what the platform says in it.
type reply struct{ simtest.Reply }

// failure is what a refusal says: code, blank, text; empty where nothing is refused.
func (r reply) failure() string {
	if inner, ok := r.Body["error"].(map[string]any); ok {
		return fmt.Sprint(inner["code"], " ", inner["message"])
	}
	return strings.TrimSpace(r.Field("error") + " " + r.Field("error_description"))
}

func (w *world) ask(method, address, body string, header ...string) reply {
	w.Helper()
	return reply{w.Ask(method, address, "", body, header...)}
}

// link is the authorization link with some parameters changed; an empty value takes one away.
func (w *world) link(change ...string) string {
	query := simtest.Change(url.Values{
		"client_id": {w.Setting("app_key")}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"all"}, "state": {"9f2c"},
	}, change...)
	return w.Base + "/authorize?" + query.Encode()
}

// consent plays the merchant of a shop and returns the callback's query.
func (w *world) consent(shop int, decision string) url.Values {
	w.Helper()
	got := w.Do("POST", "/eleme/consent", map[string]any{"url": w.link(), "shops": []string{w.Shop(shop)}, "decision": decision})
	at, err := url.Parse(got["callback"].(string))
	if err != nil || at.Query().Get("state") != "9f2c" {
		w.Fatalf("consent gave %v, want a callback with the state", got)
	}
	return at.Query()
}

func (w *world) basic(secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(w.Setting("app_key")+":"+secret))
}

// form posts parameters, given as name, value, to an endpoint of tokens.
func (w *world) form(path string, params ...string) reply {
	w.Helper()
	values := url.Values{}
	for i := 0; i < len(params); i += 2 {
		values.Set(params[i], params[i+1])
	}
	return w.ask("POST", w.Base+path, values.Encode(), "Authorization", w.basic(w.Setting("app_secret")),
		"Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
}

func (w *world) exchange(code string) reply {
	w.Helper()
	return w.form("/token", "grant_type", "authorization_code", "code", code, "redirect_uri", callback, "client_id", w.Setting("app_key"))
}

func (w *world) refresh(token string) reply {
	w.Helper()
	return w.form("/token", "grant_type", "refresh_token", "refresh_token", token, "scope", "all")
}

// pair obtains a pair for the account of a shop, and lets the limit of a call a second pass.
func (w *world) pair(shop int) (access, refresh string) {
	w.Helper()
	r := w.exchange(w.consent(shop, "approve").Get("code"))
	if r.Status != http.StatusOK {
		w.Fatalf("exchange = %d %s", r.Status, r.Text)
	}
	w.Advance(2 * time.Second)
	return r.Field("access_token"), r.Field("refresh_token")
}

// call makes a signed call. The parameters are top-level members, each with its JSON.
func (w *world) call(action, token string, params map[string]string) reply {
	w.Helper()
	return w.post(w.envelope(action, token, params, w.now()))
}

func (w *world) post(body string) reply {
	w.Helper()
	return w.ask("POST", w.Base+"/api/v1/", body, "Content-Type", "application/json; charset=utf-8")
}

// envelope writes and signs a call, here by a text of its own.
func (w *world) envelope(action, token string, params map[string]string, timestamp string) string {
	signed := []string{"app_key=" + quoted(w.Setting("app_key")), "timestamp=" + timestamp}
	var sent []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		signed = append(signed, name+"="+params[name])
		sent = append(sent, quoted(name)+":"+params[name])
	}
	slices.Sort(signed)
	sum := md5.Sum([]byte(action + token + strings.Join(signed, "") + w.Setting("app_secret")))
	return fmt.Sprintf(`{"nop":"1.0.0","id":"9A1C0D5BE27A4963A0D2B7C4E61F3AF2|1720000000123","action":%s,"token":%s,`+
		`"metas":{"app_key":%s,"timestamp":%s},"params":{%s},"signature":"%X"}`,
		quoted(action), quoted(token), quoted(w.Setting("app_key")), timestamp, strings.Join(sent, ","), sum)
}

func number(text string) json.Number { return json.Number(text) }

func quoted(text string) string { return `"` + text + `"` }

func (w *world) account(i int) string { return w.Shops[i]["owner"].(string) }

// now returns the simulated time in seconds.
func (w *world) now() string { return strconv.FormatInt(w.Now().Unix(), 10) }
