package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/e2e"
)

// demo is a demo that runs as a process of its own.
type demo struct {
	t       testing.TB
	process *exec.Cmd
	line    string // the ready line as it was printed
	errors  book   // standard error
	answers book   // every answer of the server but tokens
	ready
}

// ready is the ready line.
type ready struct {
	Server    string              `json:"server"`
	Key       string              `json:"key"`
	Console   string              `json:"console"`
	Control   string              `json:"control"`
	Platforms map[string]simReady `json:"platforms"`
	Apps      map[string]string   `json:"apps"`
}

// simReady is one simulator in the ready line.
type simReady struct {
	Base  string           `json:"base"`
	Apps  []map[string]any `json:"apps"`
	Shops []map[string]any `json:"shops"`
}

// book is a text that is read while others write.
type book struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *book) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// startDemo starts a demo on free ports, and ends it with the test: SIGTERM must give exit status 0.
func startDemo(t testing.TB, flags ...string) *demo {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: starts processes")
	}
	d := &demo{t: t}
	d.process = exec.Command(e2e.Program, append([]string{"demo", "--json", "--listen", "127.0.0.1:0", "--control-port", "0"}, flags...)...)
	d.process.Env = append(os.Environ(), "GRANTKEEP_TEST_MAIN=1")
	d.process.Stderr = &d.errors
	out, err := d.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.end)
	if d.line, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the demo printed no line: %v\n%s", err, d.errors.String())
	}
	if err := json.Unmarshal([]byte(d.line), &d.ready); err != nil {
		t.Fatalf("the demo's line is no JSON: %v\n%s", err, d.line)
	}
	return d
}

// end stops the demo once.
func (d *demo) end() {
	if d.process.ProcessState != nil {
		return
	}
	if err := d.process.Process.Signal(syscall.SIGTERM); err != nil {
		d.t.Errorf("SIGTERM: %v", err)
	}
	if err := d.process.Wait(); err != nil {
		d.t.Errorf("the demo ended with %v after SIGTERM, want status 0\n%s", err, d.errors.String())
	}
}

// browse is a client that follows no redirect by itself; with its own jar it is a browser of its own.
func browse(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: 5 * time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// send makes one request and returns the answer with its whole body. A body is sent as JSON, a nil one not at all.
func send(t testing.TB, c *http.Client, method, url, key string, in any) (*http.Response, string) {
	t.Helper()
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	answer, err := c.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return answer, string(text)
}

// call asks the API and decodes its answer into out, unless out is nil. It returns the status.
func (d *demo) call(method, path string, in, out any) int {
	d.t.Helper()
	answer, text := send(d.t, browse(d.t), method, d.Server+path, d.Key, in)
	if !strings.HasSuffix(path, "/token") {
		_ = answer.Header.Write(&d.answers)
		_, _ = io.WriteString(&d.answers, text+"\n")
	}
	if out != nil {
		if err := json.Unmarshal([]byte(text), out); err != nil {
			d.t.Fatalf("%s %s answered %d, no JSON: %v\n%s", method, path, answer.StatusCode, err, text)
		}
	}
	return answer.StatusCode
}

// control makes a control call of the simulators, which must do as told.
func (d *demo) control(method, path string, in, out any) {
	d.t.Helper()
	answer, text := send(d.t, browse(d.t), method, d.Control+path, "", in)
	if answer.StatusCode != http.StatusOK {
		d.t.Fatalf("%s %s answered %d, want 200\n%s", method, path, answer.StatusCode, text)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		d.t.Fatalf("%s %s: %v\n%s", method, path, err, text)
	}
}

// patience is how long the clock may take for a year: two minutes, and with the race detector, which makes everything
// about ten times slower, the more.
func patience() time.Duration {
	const year = 2 * time.Minute
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return 5 * year
	}
	return year
}

// only removes our apps on the other platforms. Their own work, four times a day, is what the clock stops for most.
func (d *demo) only(platform string) {
	d.t.Helper()
	for code, app := range d.Apps {
		if code == platform {
			continue
		}
		if status := d.call("DELETE", "/v1/apps/"+app, nil, nil); status != http.StatusNoContent {
			d.t.Fatalf("removing the app on %s answered %d, want 204", code, status)
		}
	}
}

// advance moves the clock and waits for its arrival.
func (d *demo) advance(by string) {
	d.t.Helper()
	var clock struct{ Now, Target time.Time }
	d.control("POST", "/clock", map[string]string{"advance": by}, &clock)
	for end := time.Now().Add(patience()); clock.Now.Before(clock.Target); d.control("GET", "/clock", nil, &clock) {
		if time.Now().After(end) {
			d.t.Fatalf("the clock stands at %v, want %v within %v", clock.Now, clock.Target, patience())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// visit is what a merchant met on the way through a link.
type visit struct {
	page, link, callback, result string // the start page, the platform's link, where it led, the last page
	cookie                       *http.Cookie
}

// agree walks through a link as a merchant with a browser, who agrees as the given shop.
func (d *demo) agree(link, platform, shop string) visit {
	d.t.Helper()
	c := browse(d.t)
	var v visit
	answer, page := send(d.t, c, "GET", link, "", nil)
	if v.page = page; answer.StatusCode != http.StatusOK {
		d.t.Fatalf("GET the link answered %d, want 200\n%s", answer.StatusCode, page)
	}
	if forms := regexp.MustCompile(`<form[^>]*>`).FindAllString(page, -1); len(forms) != 1 || !strings.Contains(forms[0], `method="post"`) {
		d.t.Fatalf("the connect page has the forms %q, want one with method=\"post\"", forms)
	}
	answer, _ = send(d.t, c, "POST", link, "", nil)
	v.link = answer.Header.Get("Location")
	if answer.StatusCode != http.StatusSeeOther || !strings.HasPrefix(v.link, d.Platforms[platform].Base) || len(answer.Cookies()) != 1 {
		d.t.Fatalf("pressing the button answered %d to %q with %d cookies, want 303 to the platform with one", answer.StatusCode, v.link, len(answer.Cookies()))
	}
	v.cookie = answer.Cookies()[0]
	var consent struct{ Callback string }
	d.control("POST", "/"+platform+"/consent", map[string]any{"url": v.link, "shops": []string{shop}, "decision": "approve"}, &consent)
	v.callback = consent.Callback
	answer, page = send(d.t, c, "GET", v.callback, "", nil)
	result := answer.Header.Get("Location")
	if answer.StatusCode != http.StatusSeeOther || !strings.HasPrefix(result, "/connect/result/") {
		d.t.Fatalf("the callback answered %d to %q, want 303 to the result\n%s", answer.StatusCode, result, page)
	}
	if answer, v.result = send(d.t, c, "GET", d.Server+result, "", nil); answer.StatusCode != http.StatusOK {
		d.t.Fatalf("the result answered %d, want 200\n%s", answer.StatusCode, v.result)
	}
	_, _ = io.WriteString(&d.answers, v.page+v.result)
	return v
}

func TestTheDemoKeepsAShopForAYear(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	shop := d.Platforms["shoplazza"].Shops[0]
	var begun struct{ ID, URL, ExpiresAt string }
	request := map[string]any{"app": d.Apps["shoplazza"], "shop": shop["host"], "owner": "cust-1"}
	if status := d.call("POST", "/v1/authorizations", request, &begun); status != http.StatusCreated || !strings.HasPrefix(begun.URL, d.Server+"/connect/") {
		t.Fatalf("POST /v1/authorizations answered %d with the link %q, want 201 and one below %s/connect/", status, begun.URL, d.Server)
	}
	v := d.agree(begun.URL, "shoplazza", shop["id"].(string))
	if !v.cookie.HttpOnly || v.cookie.Secure || v.cookie.SameSite != http.SameSiteLaxMode {
		t.Errorf("the cookie is %v, want HttpOnly and SameSite=Lax, without Secure on plain loopback", v.cookie)
	}
	if !strings.Contains(v.result, shop["name"].(string)) {
		t.Errorf("the result does not name %q:\n%s", shop["name"], v.result)
	}

	var done struct {
		State  string
		Grants []string
	}
	d.call("GET", "/v1/authorizations/"+begun.ID, nil, &done)
	if done.State != "completed" || len(done.Grants) != 1 {
		t.Fatalf("the authorization is %+v, want completed with one grant", done)
	}
	var first, second struct {
		AccessToken string `json:"access_token"`
		Generation  int
	}
	if status := d.call("GET", "/v1/grants/"+done.Grants[0]+"/token", nil, &first); status != http.StatusOK || first.AccessToken == "" || first.Generation != 1 {
		t.Fatalf("the token answered %d with generation %d, want 200 and 1", status, first.Generation)
	}

	d.only("shoplazza")
	d.advance("8760h")

	var grant struct {
		State      string
		Generation int
	}
	d.call("GET", "/v1/grants/"+done.Grants[0], nil, &grant)
	if grant.State != "active" || grant.Generation != 2 {
		t.Errorf("after a year the grant is %+v, want active at generation 2", grant)
	}
	if d.call("GET", "/v1/grants/"+done.Grants[0]+"/token", nil, &second); second.AccessToken == first.AccessToken || second.Generation != 2 {
		t.Errorf("after a year the token is of generation %d (other than before: %t), want another one of generation 2", second.Generation, second.AccessToken != first.AccessToken)
	}
	var log struct {
		Calls []struct{ Stage, Decision string }
	}
	d.control("GET", "/shoplazza/calls", nil, &log)
	refreshes := 0
	for _, call := range log.Calls {
		if call.Stage == "refresh" {
			refreshes++
		}
	}
	if refreshes != 1 {
		t.Errorf("the platform met %d refresh requests in a year, want exactly one", refreshes)
	}
}

func TestTheDemosReadyLine(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(d.line), &members); err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Sorted(maps.Keys(members)), []string{"apps", "console", "control", "key", "platforms", "server"}; !slices.Equal(got, want) {
		t.Errorf("the ready line has the members %q, want %q", got, want)
	}
	if !regexp.MustCompile(`^gk_[\w-]{40,}$`).MatchString(d.Key) {
		t.Errorf("the ready line's key is %q, want gk_ and 256 bits", d.Key)
	}
	addresses := []string{d.Server, d.Control}
	for code, p := range d.Platforms {
		addresses = append(addresses, p.Base)
		if d.Apps[code] == "" || len(p.Apps) == 0 || len(p.Shops) == 0 {
			t.Errorf("%s has the app %q of ours, %d apps and %d shops of its own, want one and a few", code, d.Apps[code], len(p.Apps), len(p.Shops))
		}
	}
	slices.Sort(addresses)
	if len(slices.Compact(slices.Clone(addresses))) != len(addresses) {
		t.Errorf("two faces share an address: %q", addresses)
	}
	for _, a := range addresses {
		if regexp.MustCompile(`:(0|8080|77\d\d)$`).MatchString(a) || !strings.HasPrefix(a, "http://127.0.0.1:") {
			t.Errorf("with ports 0 an address is %s, want a free port on 127.0.0.1", a)
		}
	}
}
