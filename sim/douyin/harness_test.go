package douyin_test

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim"
	douyinsim "github.com/grantkeep/grantkeep/sim/douyin"
	"github.com/grantkeep/grantkeep/sim/simtest"
)

const (
	callback = "https://hub.example/cb"
	form     = "application/x-www-form-urlencoded"
	day      = 24 * time.Hour
)

// world is a running simulator and a client that writes requests as the platform's page says.
type world struct{ *simtest.World }

func start(t *testing.T) *world {
	t.Helper()
	w := &world{simtest.Start(t, "douyin", douyinsim.New, sim.Options{})}
	w.change(map[string]any{"redirect_uri": callback})
	return w
}

// change changes settings of the app that acts.
func (w *world) change(settings map[string]any) {
	w.Helper()
	settings["app_key"] = w.Setting("app_key")
	w.App = w.Do("POST", "/douyin/apps", settings)
}

// selfUse makes an app of a merchant's own act from then on.
func (w *world) selfUse() {
	w.Helper()
	w.App = w.Do("POST", "/douyin/apps", map[string]any{"profile": "self_use"})
}

func (w *world) link() string {
	return w.Base + "/authorize?" + url.Values{"service_id": {w.Setting("service_id")}, "state": {"9f2c"}}.Encode()
}

// agree acts as a merchant and returns the callback.
func (w *world) agree(shop string, fields ...string) url.Values {
	w.Helper()
	consent := map[string]any{"url": w.link(), "shops": []string{shop}}
	if len(fields) == 2 {
		consent["fields"] = map[string]string{fields[0]: fields[1]}
	}
	got := w.Do("POST", "/douyin/consent", consent)
	at, err := url.Parse(got["callback"].(string))
	if err != nil || at.Query().Get("code") == "" {
		w.Fatalf("consent gave %v, want a callback with a code", got)
	}
	return at.Query()
}

// sign writes the signature of a call once more, apart from the simulator.
func (w *world) sign(way, method, body, timestamp string) string {
	secret := w.Setting("app_secret")
	text := secret + "app_key" + w.Setting("app_key") + "method" + method + "param_json" + body + "timestamp" + timestamp + "v2" + secret
	if way == "hmac-sha256" {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(text))
		return hex.EncodeToString(mac.Sum(nil))
	}
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// query is that of a signed call.
func (w *world) query(method, body string, change ...string) url.Values {
	query := simtest.Change(url.Values{
		"app_key": {w.Setting("app_key")}, "method": {method}, "v": {"2"}, "sign_method": {"hmac-sha256"},
		"timestamp": {strconv.FormatInt(w.Now().Unix(), 10)},
	}, change...)
	if !query.Has("sign") {
		query.Set("sign", w.sign(query.Get("sign_method"), method, body, query.Get("timestamp")))
	}
	return query
}

func (w *world) address(method string) string {
	return w.Base + "/" + strings.ReplaceAll(method, ".", "/")
}

// call makes a signed call.
func (w *world) call(method, body string, change ...string) simtest.Reply {
	w.Helper()
	return w.Ask("POST", w.address(method)+"?"+w.query(method, body, change...).Encode(), "application/json", body)
}

func (w *world) create(code string) simtest.Reply {
	w.Helper()
	return w.call("token.create", `{"code":"`+code+`","grant_type":"authorization_code"}`)
}

func (w *world) self(more string) simtest.Reply {
	w.Helper()
	return w.call("token.create", `{"code":"","grant_type":"authorization_self"`+more+`}`)
}

func (w *world) refresh(token any) simtest.Reply {
	w.Helper()
	return w.call("token.refresh", `{"grant_type":"refresh_token","refresh_token":"`+token.(string)+`"}`)
}

func (w *world) orders(token any) simtest.Reply {
	w.Helper()
	return w.call("order.searchList", "{}", "access_token", token.(string))
}

// good is the data of an answer that has to be a success.
func (w *world) good(r simtest.Reply) map[string]any {
	w.Helper()
	data, _ := r.Body["data"].(map[string]any)
	if r.Status != 200 || r.Body["code"] != json.Number("10000") || data == nil {
		w.Fatalf("answer = %d %s, want a success", r.Status, r.Text)
	}
	return data
}

func (w *world) pair(shop string) map[string]any {
	w.Helper()
	return w.good(w.create(w.agree(shop).Get("code")))
}

// refused expects a code and sub-code inside HTTP 200.
func (w *world) refused(what, code string, r simtest.Reply) {
	w.Helper()
	number, sub, _ := strings.Cut(code, ":")
	if got, _ := r.Body["code"].(json.Number); r.Status != 200 || got.String() != number || r.Field("sub_code") != sub {
		w.Errorf("%s = %d %s, want code %s", what, r.Status, r.Text, code)
	}
}

// same expects two answers to hold one pair.
func (w *world) same(what string, a, b map[string]any) {
	w.Helper()
	if a["access_token"] != b["access_token"] || a["refresh_token"] != b["refresh_token"] {
		w.Errorf("%s = %v, want the pair of %v", what, a, b)
	}
}

func (w *world) differs(what string, a, b map[string]any) {
	w.Helper()
	if a["access_token"] == b["access_token"] || a["refresh_token"] == b["refresh_token"] {
		w.Errorf("%s = %v, want another pair than %v", what, a, b)
	}
}

func (w *world) says(want, text string) {
	w.Helper()
	if !strings.Contains(text, want) {
		w.Errorf("answer = %s, want it to say %s", text, want)
	}
}

// act presses a button of the market.
func (w *world) act(button, shop string) simtest.Reply {
	w.Helper()
	values := url.Values{"app": {w.Setting("app_key")}, "shop": {shop}, "do": {button}}
	return w.Ask("POST", w.Base+"/", form, values.Encode())
}

// hook records the pushes that arrive and answers.
func hook(t *testing.T, answer string) (address string, got chan *http.Request) {
	got = make(chan *http.Request, 1000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Header.Set("Body", string(body))
		got <- r
		_, _ = io.WriteString(w, answer)
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
