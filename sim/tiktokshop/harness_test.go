package tiktokshop_test

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
	"github.com/grantkeep/grantkeep/sim/simtest"
	tiktoksim "github.com/grantkeep/grantkeep/sim/tiktokshop"
)

const (
	callback   = "https://hub.example/cb"
	shopsPath  = "/authorization/202309/shops"
	ordersPath = "/order/202309/orders"
)

// world is a running simulator and a client that writes requests as the platform's page says.
type world struct{ *simtest.World }

func start(t *testing.T) *world {
	t.Helper()
	w := &world{simtest.Start(t, "tiktokshop", tiktoksim.New, sim.Options{})}
	w.change(map[string]any{"redirect_uri": callback})
	return w
}

// change changes settings of the app that acts.
func (w *world) change(settings map[string]any) {
	w.Helper()
	settings["app_key"] = w.Setting("app_key")
	w.App = w.Do("POST", "/tiktokshop/apps", settings)
}

func (w *world) link(state string) string {
	return w.Base + "/open/authorize?" + url.Values{"service_id": {w.Setting("service_id")}, "state": {state}}.Encode()
}

func (w *world) creatorLink(state string) string {
	return w.Base + "/alliance/creator/auth?" + url.Values{"app_key": {w.Setting("app_key")}, "state": {state}}.Encode()
}

// owner is the id of an account of a kind: 0 seller, 1 creator, 3 partner.
func (w *world) owner(userType string) string {
	w.Helper()
	i := slices.IndexFunc(w.Owners, func(o map[string]any) bool {
		return o["facts"].(map[string]any)["user_type"] == json.Number(userType) || o["facts"].(map[string]any)["user_type"] == number(userType)
	})
	return w.Owners[i]["id"].(string)
}

func number(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// agree acts as a merchant and returns the callback.
func (w *world) agree(consent map[string]any) url.Values {
	w.Helper()
	got := w.Do("POST", "/tiktokshop/consent", consent)
	at, err := url.Parse(got["callback"].(string))
	if err != nil || got["callback"] == "" {
		w.Fatalf("consent gave %v, want a callback", got)
	}
	return at.Query()
}

func (w *world) consent() url.Values {
	w.Helper()
	return w.agree(map[string]any{"url": w.link("9f2c"), "shops": []string{w.Shop(0)}})
}

// token asks a token endpoint.
func (w *world) token(which string, change ...string) simtest.Reply {
	w.Helper()
	query := url.Values{"app_key": {w.Setting("app_key")}, "app_secret": {w.Setting("app_secret")}}
	return w.Ask("GET", w.Base+"/api/v2/token/"+which+"?"+simtest.Change(query, change...).Encode(), "", "")
}

func (w *world) get(code string) simtest.Reply {
	w.Helper()
	return w.token("get", "auth_code", code, "grant_type", "authorized_code")
}

func (w *world) refresh(token any) simtest.Reply {
	w.Helper()
	return w.token("refresh", "refresh_token", token.(string), "grant_type", "refresh_token")
}

// good is the data of an answer that has to be a success.
func (w *world) good(r simtest.Reply) map[string]any {
	w.Helper()
	data, _ := r.Body["data"].(map[string]any)
	if r.Status != 200 || r.Body["code"] != json.Number("0") || data == nil {
		w.Fatalf("answer = %d %s, want a success", r.Status, r.Text)
	}
	return data
}

func (w *world) pair() map[string]any {
	w.Helper()
	return w.good(w.get(w.consent().Get("code")))
}

// sign writes the signature of a call once more, apart from the simulator.
func (w *world) sign(path string, query url.Values, body string) string {
	names := []string{}
	for name := range query {
		if name != "sign" && name != "access_token" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	text := path
	for _, name := range names {
		text += name + query.Get(name)
	}
	secret := w.Setting("app_secret")
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(secret + text + body + secret))
	return hex.EncodeToString(mac.Sum(nil))
}

// call makes a signed call.
func (w *world) call(method, path string, token any, body string, change ...string) simtest.Reply {
	w.Helper()
	query := simtest.Change(url.Values{"app_key": {w.Setting("app_key")}, "timestamp": {strconv.FormatInt(w.Now().Unix(), 10)}}, change...)
	query.Set("sign", w.sign(path, query, body))
	return w.Ask(method, w.Base+path+"?"+query.Encode(), "application/json", body, "x-tts-access-token", token.(string))
}

// refused expects a code.
func (w *world) refused(what, code string, r simtest.Reply) {
	w.Helper()
	if got, _ := r.Body["code"].(json.Number); got.String() != code {
		w.Errorf("%s = %d %s, want code %s", what, r.Status, r.Text, code)
	}
}

func (w *world) shops(token any) []any {
	w.Helper()
	return w.good(w.call("GET", shopsPath, token, ""))["shops"].([]any)
}

// cipher is that of the first shop.
func (w *world) cipher(token any) string {
	w.Helper()
	return w.shops(token)[0].(map[string]any)["cipher"].(string)
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

func next(t *testing.T, got chan *http.Request) *http.Request {
	t.Helper()
	select {
	case r := <-got:
		return r
	case <-time.After(5 * time.Minute):
		t.Fatal("no push came")
		return nil
	}
}

func (w *world) says(want, text string) {
	w.Helper()
	if !strings.Contains(text, want) {
		w.Errorf("answer = %s, want it to say %s", text, want)
	}
}
