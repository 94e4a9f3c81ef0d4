package shopee_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/sim"
	shopeesim "github.com/grantkeep/grantkeep/sim/shopee"
	"github.com/grantkeep/grantkeep/sim/simtest"
)

const callback = "https://hub.example.org/cb?tenant=3"

// world is a running simulator and a client that writes requests as the platform's page says.
type world struct{ *simtest.World }

func start(t *testing.T) *world {
	t.Helper()
	return startWith(t, sim.Options{})
}

func startWith(t *testing.T, o sim.Options) *world {
	t.Helper()
	return &world{simtest.Start(t, "shopee", shopeesim.New, o)}
}

// reply is an answer and what the platform says in it.
type reply struct{ simtest.Reply }

// code returns the error's code and message in one, empty for a success.
func (r reply) code() string {
	return strings.TrimSpace(r.Field("error") + " " + r.Field("message") + r.Field("msg"))
}

func (w *world) ask(method, address, kind, body string) reply {
	w.Helper()
	return reply{w.Ask(method, address, kind, body)}
}

// owner returns the id of the first account of a kind.
func (w *world) owner(kind string) string {
	w.Helper()
	for _, o := range w.Owners {
		if o["kind"] == kind {
			return o["id"].(string)
		}
	}
	w.Fatalf("no %s among %v", kind, w.Owners)
	return ""
}

// hash signs as the platform's page says, once more and apart from the simulator.
func hash(key, base string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(base))
	return hex.EncodeToString(mac.Sum(nil))
}

// signed returns the address of an API with common parameters; extra are token and id as its kind signs them, then the
// names and values of further parameters.
func (w *world) signed(path, token, idName, id string, more ...string) string {
	at := strconv.FormatInt(w.Now().Unix(), 10)
	q := url.Values{"partner_id": {w.Setting("partner_id")}, "timestamp": {at}}
	q.Set("sign", hash(w.Setting("partner_key"), w.Setting("partner_id")+path+at+token+id))
	if idName != "" {
		q.Set("access_token", token)
		q.Set(idName, id)
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return w.Base + path + "?" + q.Encode()
}

func (w *world) public(path string, more ...string) reply {
	w.Helper()
	return w.ask("GET", w.signed(path, "", "", "", more...), "", "")
}

func (w *world) post(path string, body map[string]any) reply {
	w.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.Fatal(err)
	}
	return w.ask("POST", w.signed(path, "", "", ""), "application/json", string(text))
}

func (w *world) info(shop, token string) reply {
	w.Helper()
	return w.ask("GET", w.signed("/api/v2/shop/get_shop_info", token, "shop_id", shop), "", "")
}
