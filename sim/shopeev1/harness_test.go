package shopeev1_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/sim"
	shopeev1sim "github.com/grantkeep/grantkeep/sim/shopeev1"
	"github.com/grantkeep/grantkeep/sim/simtest"
)

const callback = "https://hub.example.org/cb?tenant=3"

// world is a running simulator and a client that writes requests as the platform's page says.
type world struct{ *simtest.World }

func start(t *testing.T) *world {
	t.Helper()
	return &world{simtest.Start(t, "shopeev1", shopeev1sim.New, sim.Options{})}
}

// reply is an answer and what the platform says in it.
type reply struct{ simtest.Reply }

// code returns the error's code and message in one, empty for a success.
func (r reply) code() string {
	return strings.TrimSpace(r.Field("error") + " " + r.Field("msg"))
}

// link is an authorization link (or, by its path, one to cancel) as the platform's page describes it.
func (w *world) link(path string) string {
	token := sha256.Sum256([]byte(w.Setting("partner_key") + callback))
	q := url.Values{"id": {w.Setting("partner_id")}, "token": {hex.EncodeToString(token[:])}, "redirect": {callback}}
	return w.Base + "/api/v1/shop/" + path + "?" + q.Encode()
}

// visit acts as the seller of a shop and returns where the platform sent the browser.
func (w *world) visit(path, shop, decision string) string {
	w.Helper()
	got := w.Do("POST", "/shopeev1/consent", map[string]any{"url": w.link(path), "shops": []string{shop}, "decision": decision})
	return got["callback"].(string)
}

func hash(key, base string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(base))
	return hex.EncodeToString(mac.Sum(nil))
}

func (w *world) ask(method, address, kind, body, authorization string) reply {
	w.Helper()
	return reply{w.Ask(method, address, kind, body, "Authorization", authorization)}
}

// body returns a JSON text with the common parameters; a shop that is empty is left out.
func (w *world) body(shop, more string) string {
	text := `{"partner_id": ` + w.Setting("partner_id") + `, "timestamp": ` + strconv.FormatInt(w.Now().Unix(), 10)
	if shop != "" {
		text += `, "shopid": ` + shop
	}
	return text + more + "}\n"
}

func (w *world) send(path, body string) reply {
	w.Helper()
	address := w.Base + "/api/v1/" + path
	return w.ask("POST", address, "application/json", body, hash(w.Setting("partner_key"), address+"|"+body))
}
