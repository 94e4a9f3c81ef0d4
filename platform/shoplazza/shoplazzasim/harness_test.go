package shoplazzasim_test

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

	"github.com/grantkeep/grantkeep/platform/shoplazza/shoplazzasim"
	"github.com/grantkeep/grantkeep/platform/simulate"
)

const callback = "https://hub.example/cb"

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
	s, err := simulate.Start(t.Context(), simulate.Options{Platforms: []simulate.Platform{{
		Name: "shoplazza", New: shoplazzasim.New, Rows: rows(t),
	}}})
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
	here := ready.Platforms["shoplazza"]
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

func (w *world) ask(method, address, contentType, body string, header ...string) reply {
	w.Helper()
	res, err := w.try(method, address, contentType, body, header...)
	if err != nil {
		w.Fatalf("%s %s: %v", method, address, err)
	}
	return res
}

func (w *world) try(method, address, contentType, body string, header ...string) (reply, error) {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, address, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	res, err := w.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return reply{}, err
	}
	r := reply{status: res.StatusCode, header: res.Header, text: string(text)}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&r.body); err != nil {
		r.body = nil
	}
	return r, nil
}

// do makes a control call of the platform, which has to succeed.
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

func (w *world) link(change ...string) string {
	query := url.Values{
		"client_id": {w.app["client_id"].(string)}, "redirect_uri": {callback}, "response_type": {"code"},
		"scope": {"read_shop read_order"}, "state": {"9f2c"},
	}
	for i := 0; i < len(change); i += 2 {
		query.Set(change[i], change[i+1])
		if change[i+1] == "" {
			query.Del(change[i])
		}
	}
	return w.base + "/admin/oauth/authorize?" + query.Encode()
}

// consent agrees for a store and returns the callback's query.
func (w *world) consent(shop string) url.Values {
	w.Helper()
	got := w.do("POST", "/shoplazza/consent", map[string]any{"url": w.link(), "shops": []string{shop}, "decision": "approve"})
	at, err := url.Parse(got["callback"].(string))
	if err != nil || at.Query().Get("code") == "" {
		w.Fatalf("consent gave %v, want a callback with a code", got)
	}
	return at.Query()
}

// token posts to the token endpoint in JSON.
func (w *world) token(params map[string]string) reply {
	w.Helper()
	all := map[string]string{"client_id": w.app["client_id"].(string), "client_secret": w.app["client_secret"].(string), "redirect_uri": callback}
	for name, value := range params {
		all[name] = value
		if value == "" {
			delete(all, name)
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		w.Fatal(err)
	}
	return w.ask("POST", w.base+"/admin/oauth/token", "application/json", string(text))
}

// pair obtains a pair for a store.
func (w *world) pair(shop string) map[string]any {
	w.Helper()
	r := w.token(map[string]string{"grant_type": "authorization_code", "code": w.consent(shop).Get("code")})
	if r.status != http.StatusOK {
		w.Fatalf("exchange = %d %s", r.status, r.text)
	}
	return r.body
}

func (w *world) refresh(token any) reply {
	w.Helper()
	return w.token(map[string]string{"grant_type": "refresh_token", "refresh_token": token.(string)})
}

func (w *world) call(method, path string, token any, body string) reply {
	w.Helper()
	return w.ask(method, w.base+path, "application/json", body, "Access-Token", token.(string))
}

func (w *world) shop(i int) string { return w.shops[i]["id"].(string) }
