package shopeesim_test

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

	"github.com/grantkeep/grantkeep/platform/shopee/shopeesim"
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
	shops, owners []map[string]any
}

func start(t *testing.T) *world {
	t.Helper()
	return startWith(t, simulate.Options{})
}

func startWith(t *testing.T, o simulate.Options) *world {
	t.Helper()
	o.Platforms = []simulate.Platform{{Name: "shopee", New: shopeesim.New, Rows: rows(t)}}
	run, err := simulate.Start(t.Context(), o)
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
			Base                string
			Apps, Shops, Owners []map[string]any
		}
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatalf("ready line %s: %v", line, err)
	}
	here := ready.Platforms["shopee"]
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &world{
		T: t, base: here.Base, control: ready.Control, run: run, app: here.Apps[0], shops: here.Shops, owners: here.Owners,
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
	return strings.TrimSpace(text("error") + " " + text("message") + text("msg"))
}

func (w *world) ask(method, address, kind, body string) reply {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, address, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
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
	r := w.ask(method, w.control+path, "application/json", string(text))
	if r.status != http.StatusOK {
		w.Fatalf("%s %s %s = %d %s", method, path, text, r.status, r.text)
	}
	return r.body
}

func (w *world) set(option string, value any) {
	w.Helper()
	w.do("POST", "/shopee/options", map[string]any{option: value})
}

// advance moves the clock and waits for its arrival.
func (w *world) advance(d time.Duration) {
	w.Helper()
	if err := w.run.Clock.Advance(w.Context(), d); err != nil {
		w.Fatal(err)
	}
}

func (w *world) text(setting string) string { s, _ := w.app[setting].(string); return s }

func (w *world) shop(i int) string { return w.shops[i]["id"].(string) }

// owner returns the id of the first account of a kind.
func (w *world) owner(kind string) string {
	w.Helper()
	for _, o := range w.owners {
		if o["kind"] == kind {
			return o["id"].(string)
		}
	}
	w.Fatalf("no %s among %v", kind, w.owners)
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
	at := strconv.FormatInt(w.run.Clock.Now().Unix(), 10)
	q := url.Values{"partner_id": {w.text("partner_id")}, "timestamp": {at}}
	q.Set("sign", hash(w.text("partner_key"), w.text("partner_id")+path+at+token+id))
	if idName != "" {
		q.Set("access_token", token)
		q.Set(idName, id)
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return w.base + path + "?" + q.Encode()
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
