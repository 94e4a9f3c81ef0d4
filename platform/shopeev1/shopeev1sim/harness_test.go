package shopeev1sim_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/platform/shopeev1/shopeev1sim"
	"github.com/grantkeep/grantkeep/platform/simulate"
)

const callback = "https://hub.example.org/cb?tenant=3"

// world is one running simulator and a client that signs and follows no redirects.
type world struct {
	*testing.T
	base, control string
	client        *http.Client
	run           *simulate.Running
	app           map[string]any
	shops         []map[string]any
}

func start(t *testing.T) *world {
	t.Helper()
	run, err := simulate.Start(t.Context(), simulate.Options{Platforms: []simulate.Platform{{Name: "shopeev1", New: shopeev1sim.New, Rows: rows(t)}}})
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := run.Close(); err != nil {
			t.Error(err)
		}
	})
	line, err := json.Marshal(run)
	if err != nil {
		t.Fatal(err)
	}
	var ready struct {
		Control   string
		Platforms map[string]struct {
			Base        string
			Apps, Shops []map[string]any
		}
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatalf("ready line %s: %v", line, err)
	}
	here := ready.Platforms["shopeev1"]
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &world{
		T: t, base: here.Base, control: ready.Control, run: run, app: here.Apps[0], shops: here.Shops,
		client: &http.Client{Transport: transport, CheckRedirect: stay},
	}
}

// rows reads the catalogue that lies beside the driver.
func rows(t *testing.T) []simulate.Row {
	t.Helper()
	f, err := os.Open("../faults.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []simulate.Row
	for _, l := range lines[1:] {
		rows = append(rows, simulate.Row{Stage: l[1], Code: l[2], Pattern: l[3], When: l[4], Example: l[5]})
	}
	return rows
}

// reply is an answer read whole.
type reply struct {
	status int
	header http.Header
	text   string
	body   map[string]any // nil unless it is a JSON object
}

// code returns the error's code and message in one, empty for a success.
func (r reply) code() string {
	text := func(name string) string { s, _ := r.body[name].(string); return s }
	return strings.TrimSpace(text("error") + " " + text("msg"))
}

func (w *world) ask(method, address, kind, body, authorization string) reply {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, address, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	res, err := w.client.Do(req)
	if err != nil {
		w.Fatalf("%s %s: %v", method, address, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.Fatal(err)
	}
	r := reply{status: res.StatusCode, header: res.Header, text: string(text)}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&r.body); err != nil {
		r.body = nil
	}
	return r
}

// do makes a control call, which has to succeed.
func (w *world) do(method, path string, body any) map[string]any {
	w.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.Fatal(err)
	}
	r := w.ask(method, w.control+path, "application/json", string(text), "")
	if r.status != http.StatusOK {
		w.Fatalf("%s %s %s = %d %s", method, path, text, r.status, r.text)
	}
	return r.body
}

func (w *world) set(option string, value any) {
	w.Helper()
	w.do("POST", "/shopeev1/options", map[string]any{option: value})
}

func (w *world) advance(d time.Duration) {
	w.Helper()
	if err := w.run.Clock.Advance(w.Context(), d); err != nil {
		w.Fatal(err)
	}
}

func (w *world) text(setting string) string { s, _ := w.app[setting].(string); return s }

func (w *world) shop(i int) string { return w.shops[i]["id"].(string) }

// link is an authorization link (or, by its path, one to cancel) as the platform's page describes it.
func (w *world) link(path string) string {
	token := sha256.Sum256([]byte(w.text("partner_key") + callback))
	q := url.Values{"id": {w.text("partner_id")}, "token": {hex.EncodeToString(token[:])}, "redirect": {callback}}
	return w.base + "/api/v1/shop/" + path + "?" + q.Encode()
}

// visit acts as the seller of a shop and returns where the platform sent the browser.
func (w *world) visit(path, shop, decision string) string {
	w.Helper()
	got := w.do("POST", "/shopeev1/consent", map[string]any{"url": w.link(path), "shops": []string{shop}, "decision": decision})
	return got["callback"].(string)
}

func hash(key, base string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(base))
	return hex.EncodeToString(mac.Sum(nil))
}

// body returns a JSON text with the common parameters; a shop that is empty is left out.
func (w *world) body(shop, more string) string {
	text := `{"partner_id": ` + w.text("partner_id") + `, "timestamp": ` + strconv.FormatInt(w.run.Clock.Now().Unix(), 10)
	if shop != "" {
		text += `, "shopid": ` + shop
	}
	return text + more + "}\n"
}

func (w *world) send(path, body string) reply {
	w.Helper()
	address := w.base + "/api/v1/" + path
	return w.ask("POST", address, "application/json", body, hash(w.text("partner_key"), address+"|"+body))
}
