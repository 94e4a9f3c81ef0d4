package elemesim_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform/eleme/elemesim"
	"github.com/grantkeep/grantkeep/platform/simulate"
)

const callback = "https://hub.example.test/callback"

// world is one running simulator and a client that follows no redirects.
type world struct {
	*testing.T
	base, control string
	client        *http.Client
	apps, shops   []map[string]any
	app           map[string]any // the one that acts
}

func start(t *testing.T) *world {
	t.Helper()
	s, err := simulate.Start(t.Context(), simulate.Options{Platforms: []simulate.Platform{{Name: "eleme", New: elemesim.New, Rows: rows(t)}}})
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	line, err := json.Marshal(s)
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
	here := ready.Platforms["eleme"]
	return &world{
		T: t, base: here.Base, control: ready.Control, apps: here.Apps, app: here.Apps[0], shops: here.Shops,
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
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

func (r reply) field(name string) string {
	text, _ := r.body[name].(string)
	return text
}

// failure is what a refusal says: code, blank, text; empty where nothing is refused.
func (r reply) failure() string {
	if inner, ok := r.body["error"].(map[string]any); ok {
		return fmt.Sprint(inner["code"], " ", inner["message"])
	}
	return strings.TrimSpace(r.field("error") + " " + r.field("error_description"))
}

func (w *world) ask(method, address, body string, header ...string) reply {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, address, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
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

// do makes a control call that has to succeed.
func (w *world) do(method, path string, body any) map[string]any {
	w.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.Fatal(err)
	}
	r := w.ask(method, w.control+path, string(text), "Content-Type", "application/json")
	if r.status != http.StatusOK {
		w.Fatalf("%s %s %s = %d %s", method, path, text, r.status, r.text)
	}
	return r.body
}

func (w *world) advance(d string) {
	w.Helper()
	w.do("POST", "/clock", map[string]string{"advance": d})
}

func (w *world) option(name string, value any) {
	w.Helper()
	w.do("POST", "/eleme/options", map[string]any{name: value})
}

// link is the authorization link with some parameters changed; an empty value takes one away.
func (w *world) link(change ...string) string {
	query := url.Values{
		"client_id": {w.setting("app_key")}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"all"}, "state": {"9f2c"},
	}
	for i := 0; i < len(change); i += 2 {
		query.Set(change[i], change[i+1])
		if change[i+1] == "" {
			query.Del(change[i])
		}
	}
	return w.base + "/authorize?" + query.Encode()
}

func (w *world) setting(name string) string {
	text, _ := w.app[name].(string)
	return text
}

// consent plays the merchant of a shop and returns the callback's query.
func (w *world) consent(shop int, decision string) url.Values {
	w.Helper()
	got := w.do("POST", "/eleme/consent", map[string]any{"url": w.link(), "shops": []string{w.shop(shop)}, "decision": decision})
	at, err := url.Parse(got["callback"].(string))
	if err != nil || at.Query().Get("state") != "9f2c" {
		w.Fatalf("consent gave %v, want a callback with the state", got)
	}
	return at.Query()
}

func (w *world) basic(secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(w.setting("app_key")+":"+secret))
}

// form posts parameters, given as name, value, to an endpoint of tokens.
func (w *world) form(path string, params ...string) reply {
	w.Helper()
	values := url.Values{}
	for i := 0; i < len(params); i += 2 {
		values.Set(params[i], params[i+1])
	}
	return w.ask("POST", w.base+path, values.Encode(), "Authorization", w.basic(w.setting("app_secret")),
		"Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
}

func (w *world) exchange(code string) reply {
	w.Helper()
	return w.form("/token", "grant_type", "authorization_code", "code", code, "redirect_uri", callback, "client_id", w.setting("app_key"))
}

func (w *world) refresh(token string) reply {
	w.Helper()
	return w.form("/token", "grant_type", "refresh_token", "refresh_token", token, "scope", "all")
}

// pair obtains a pair for the account of a shop, and lets the limit of a call a second pass.
func (w *world) pair(shop int) (access, refresh string) {
	w.Helper()
	r := w.exchange(w.consent(shop, "approve").Get("code"))
	if r.status != http.StatusOK {
		w.Fatalf("exchange = %d %s", r.status, r.text)
	}
	w.advance("2s")
	return r.field("access_token"), r.field("refresh_token")
}

// call makes a signed call. The parameters are top-level members, each with its JSON.
func (w *world) call(action, token string, params map[string]string) reply {
	w.Helper()
	return w.post(w.envelope(action, token, params, w.now()))
}

func (w *world) post(body string) reply {
	w.Helper()
	return w.ask("POST", w.base+"/api/v1/", body, "Content-Type", "application/json; charset=utf-8")
}

// envelope writes and signs a call, here by a text of its own.
func (w *world) envelope(action, token string, params map[string]string, timestamp string) string {
	signed := []string{"app_key=" + quoted(w.setting("app_key")), "timestamp=" + timestamp}
	var sent []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		signed = append(signed, name+"="+params[name])
		sent = append(sent, quoted(name)+":"+params[name])
	}
	slices.Sort(signed)
	sum := md5.Sum([]byte(action + token + strings.Join(signed, "") + w.setting("app_secret")))
	return fmt.Sprintf(`{"nop":"1.0.0","id":"9A1C0D5BE27A4963A0D2B7C4E61F3AF2|1720000000123","action":%s,"token":%s,`+
		`"metas":{"app_key":%s,"timestamp":%s},"params":{%s},"signature":"%X"}`,
		quoted(action), quoted(token), quoted(w.setting("app_key")), timestamp, strings.Join(sent, ","), sum)
}

func number(text string) json.Number { return json.Number(text) }

func quoted(text string) string { return `"` + text + `"` }

func (w *world) shop(i int) string    { return w.shops[i]["id"].(string) }
func (w *world) account(i int) string { return w.shops[i]["owner"].(string) }
