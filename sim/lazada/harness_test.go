package lazada_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim"
	lazadasim "github.com/grantkeep/grantkeep/sim/lazada"
	"github.com/grantkeep/grantkeep/sim/simtest"
)

const (
	callback = "https://hub.example/cb"
	form     = "application/x-www-form-urlencoded;charset=utf-8"
	create   = "/auth/token/create"
	refresh  = "/auth/token/refresh"
)

// world is a running simulator and a client that writes requests as the platform's page says.
type world struct{ *simtest.World }

func start(t *testing.T) *world {
	t.Helper()
	w := &world{simtest.Start(t, "lazada", lazadasim.New, sim.Options{})}
	w.Set("answer_within", "1m") // a loaded machine may take longer than the platform allows
	return w
}

// app makes an app that acts from then on.
func (w *world) app(settings map[string]any) {
	w.Helper()
	w.App = w.Do("POST", "/lazada/apps", settings)
}

// change changes settings of the app that acts.
func (w *world) change(settings map[string]any) {
	w.Helper()
	settings["app_key"] = w.Setting("app_key")
	w.app(settings)
}

func (w *world) link(change ...string) string {
	query := simtest.Change(url.Values{
		"client_id": {w.Setting("app_key")}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"9f2c"}, "force_auth": {"true"},
	}, change...)
	return w.Base + "/oauth/authorize?" + query.Encode()
}

// consent agrees for some stores of one account and returns the callback's query.
func (w *world) consent(shops ...string) url.Values {
	w.Helper()
	got := w.Do("POST", "/lazada/consent", map[string]any{"url": w.link(), "shops": shops})
	at, err := url.Parse(got["callback"].(string))
	if err != nil || at.Query().Get("code") == "" {
		w.Fatalf("consent gave %v, want a callback with a code", got)
	}
	return at.Query()
}

// sign writes the signature of a call once more, apart from the simulator.
func (w *world) sign(path string, params url.Values) string {
	var names []string
	for name := range params {
		names = append(names, name)
	}
	slices.Sort(names)
	text := path
	for _, name := range names {
		text += name + params.Get(name)
	}
	mac := hmac.New(sha256.New, []byte(w.Setting("app_secret")))
	mac.Write([]byte(text))
	return strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))
}

// signed are the parameters of a call with their signature.
func (w *world) signed(path string, change ...string) url.Values {
	params := simtest.Change(url.Values{
		"app_key": {w.Setting("app_key")}, "sign_method": {"sha256"}, "timestamp": {strconv.FormatInt(w.Now().UnixMilli(), 10)},
	}, change...)
	params.Set("sign", w.sign(path, params))
	return params
}

// post makes a call with all parameters in the form.
func (w *world) post(path string, change ...string) simtest.Reply {
	w.Helper()
	return w.Ask("POST", w.Base+"/rest"+path, form, w.signed(path, change...).Encode())
}

// get makes a call with all parameters in the query, at the host of a country.
func (w *world) get(country, path string, change ...string) simtest.Reply {
	w.Helper()
	host := ""
	if country != "" {
		host = country + ".localhost"
	}
	return w.Ask("GET", w.Base+"/rest"+path+"?"+w.signed(path, change...).Encode(), "", "", "Host", host)
}

func (w *world) seller(country string, token any) simtest.Reply {
	w.Helper()
	return w.get(country, "/seller/get", "access_token", token.(string))
}

// good is an answer that has to be a success.
func (w *world) good(r simtest.Reply) map[string]any {
	w.Helper()
	if r.Status != 200 || r.Body["code"] != "0" {
		w.Fatalf("answer = %d %s, want a success", r.Status, r.Text)
	}
	return r.Body
}

func (w *world) pair(shops ...string) map[string]any {
	w.Helper()
	return w.good(w.post(create, "code", w.consent(shops...).Get("code")))
}

func (w *world) refresh(token any) simtest.Reply {
	w.Helper()
	return w.post(refresh, "refresh_token", token.(string))
}

// refused expects a code inside HTTP 200.
func (w *world) refused(what, code string, r simtest.Reply) {
	w.Helper()
	if r.Status != 200 || r.Body["code"] != code || r.Body["type"] == nil || r.Body["request_id"] == nil {
		w.Errorf("%s = %d %s, want code %s", what, r.Status, r.Text, code)
	}
}

func (w *world) says(want, text string) {
	w.Helper()
	if !strings.Contains(text, want) {
		w.Errorf("answer = %s, want it to say %s", text, want)
	}
}

// act presses a button of the console.
func (w *world) act(button, shop string) simtest.Reply {
	w.Helper()
	values := url.Values{"app": {w.Setting("app_key")}, "shop": {shop}, "do": {button}}
	return w.Ask("POST", w.Base+"/", form, values.Encode())
}

// seconds reads a number of an answer.
func seconds(value any) time.Duration {
	n, _ := value.(json.Number).Int64()
	return time.Duration(n) * time.Second
}

// hook records the pushes that arrive and answers with a status.
func hook(t *testing.T, status int) (address string, got chan *http.Request) {
	got = make(chan *http.Request, 1000)
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

func next(t *testing.T, got chan *http.Request) string {
	t.Helper()
	select {
	case r := <-got:
		return r.Header.Get("Body")
	case <-time.After(5 * time.Minute):
		t.Fatal("no push came")
		return ""
	}
}
