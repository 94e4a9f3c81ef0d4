package taobaosim_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform/simulate"
	"github.com/grantkeep/grantkeep/platform/taobao/taobaosim"
)

const (
	callback = "https://hub.example.com/cb/taobao"
	formType = "application/x-www-form-urlencoded"
)

// world is one running simulator and a client that follows no redirects.
type world struct {
	*testing.T
	base, control string
	client        *http.Client
	app           map[string]any
	shops         []map[string]any
}

func start(t *testing.T) *world {
	t.Helper()
	s, err := simulate.Start(t.Context(), simulate.Options{Platforms: []simulate.Platform{{Name: "taobao", New: taobaosim.New, Rows: rows(t)}}})
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
	here := ready.Platforms["taobao"]
	return &world{
		T: t, base: here.Base, control: ready.Control, app: here.Apps[0], shops: here.Shops,
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

func (w *world) ask(method, address, contentType, body string) reply {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, address, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
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
	r.body = object(string(text))
	return r
}

// object reads a JSON object, nil if the text is none.
func object(text string) map[string]any {
	var o map[string]any
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		return nil
	}
	return o
}

// at follows names through nested objects.
func at(value any, path ...string) any {
	for _, name := range path {
		o, _ := value.(map[string]any)
		value = o[name]
	}
	return value
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

func (w *world) set(name string, value any) {
	w.Helper()
	w.do("POST", "/taobao/options", map[string]any{name: value})
}

func (w *world) advance(d string) {
	w.Helper()
	w.do("POST", "/clock", map[string]string{"advance": d})
}

// use lays settings over those of the app, or makes another one when they hold an app_key, and goes on with it.
func (w *world) use(settings map[string]any) {
	w.Helper()
	if settings["app_key"] == nil {
		settings["app_key"] = w.key()
	}
	w.app = w.do("POST", "/taobao/apps", settings)
}

func (w *world) key() string       { return w.app["app_key"].(string) }
func (w *world) secret() string    { return w.app["app_secret"].(string) }
func (w *world) shop(i int) string { return w.shops[i]["id"].(string) }
func (w *world) nick(i int) string { return w.shops[i]["name"].(string) }

// link is an authorization link; change holds names and values that differ, an empty value leaves out.
func (w *world) link(change ...string) string {
	query := url.Values{"response_type": {"code"}, "client_id": {w.key()}, "redirect_uri": {callback}, "state": {"a1B2c3D4"}, "view": {"web"}}
	for i := 0; i < len(change); i += 2 {
		query.Set(change[i], change[i+1])
		if change[i+1] == "" {
			query.Del(change[i])
		}
	}
	return w.base + "/authorize?" + query.Encode()
}

// consent acts as an account and returns the callback's query and, where there is no callback, the page's refusal.
func (w *world) consent(link, account, decision string) (url.Values, string) {
	w.Helper()
	got := w.do("POST", "/taobao/consent", map[string]any{"url": link, "account": account, "decision": decision})
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
	form := url.Values{"client_id": {w.key()}, "client_secret": {w.secret()}, "redirect_uri": {callback}}
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
		if change[i+1] == "" {
			form.Del(change[i])
		}
	}
	return w.ask("POST", w.base+"/token", formType+";charset=UTF-8", form.Encode())
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
	if r.status != http.StatusOK {
		w.Fatalf("exchange = %d %s", r.status, r.text)
	}
	return r.body
}

func text(value any) string {
	if n, ok := value.(json.Number); ok {
		return n.String()
	}
	s, _ := value.(string)
	return s
}
