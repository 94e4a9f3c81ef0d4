package e2e

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/serve"
	"github.com/grantkeep/grantkeep/pushes"
)

// hostileHost is a name that must come back nowhere.
const hostileHost = "evil.example"

// TestForeignHostIsToldNothing asks for every kind of page under a foreign name, and under our own with headers that
// claim a foreign one: 421 for the first, and the name is in no header and no body of either.
func TestForeignHostIsToldNothing(t *testing.T) {
	w := newTown(t)
	who := w.residents("shoplazza")[0]
	grant := w.connect("shoplazza", w.Apps["shoplazza"], 0, "ann")
	var made struct{ URL string }
	w.ask(w.Key, http.MethodPost, "/v1/authorizations", map[string]any{"app": w.Apps["shoplazza"], "shop": who.Host}).into(t, &made)
	link := strings.TrimPrefix(made.URL, w.Server)
	app := w.Apps["shoplazza"]
	for _, r := range []struct{ method, path string }{
		{"GET", "/"}, {"GET", "/console"}, {"GET", "/login"}, {"POST", "/login"}, {"POST", "/console/demo/advance"},
		{"GET", link}, {"POST", link}, {"GET", "/connect/style.css"}, {"GET", "/connect/result/clk_0"}, {"GET", "/callback/" + app + "?code=x&state=y"},
		{"POST", "/callback/" + app}, {"GET", "/install/" + app}, {"POST", "/push/" + app}, {"GET", "/push/" + app},
		{"GET", "/v1/apps"}, {"POST", "/v1/authorizations"}, {"GET", "/v1/grants/" + grant + "/token"}, {"GET", "/proxy/" + grant + "/openapi/2022-01/shop"},
		{"GET", "/healthz"}, {"GET", "/readyz"}, {"GET", "/metrics"}, {"GET", "/docs"}, {"GET", "/openapi.json"}, {"GET", "/problems/not-found"}, {"GET", "/nowhere"},
	} {
		foreign := []string{"Authorization", "Bearer " + w.Key.Reveal(), "Host", hostileHost}
		got := w.send(w.browser(), r.method, w.Server+r.path, nil, foreign...)
		if got.status != http.StatusMisdirectedRequest {
			t.Errorf("%s %s under a foreign name = %d, want 421", r.method, r.path, got.status)
		}
		claims := []string{
			"Authorization", "Bearer " + w.Key.Reveal(), "X-Forwarded-Host", hostileHost, "Forwarded", "host=" + hostileHost, "X-Forwarded-Proto", "https",
			"X-Forwarded-Server", hostileHost, "X-Original-Host", hostileHost, "X-Original-URL", "https://" + hostileHost + "/",
		}
		claimed := w.send(w.browser(), r.method, w.Server+r.path, nil, claims...)
		for _, a := range []reply{got, claimed} {
			var head strings.Builder
			_ = a.header.Write(&head) // a builder takes everything
			if strings.Contains(head.String()+a.body, hostileHost) {
				t.Errorf("%s %s repeats the foreign name:\n%s%s", r.method, r.path, head.String(), a.body)
			}
		}
	}
}

// TestFacesAnswerUnderTheirOwnHostOnly asks every route under the name of the other face.
func TestFacesAnswerUnderTheirOwnHostOnly(t *testing.T) {
	w := newTown(t)
	pushes := pushes.New(pushes.Options{Keeper: w.Keeper, Store: w.Store, PublicURL: "https://hub.example", Log: slog.New(slog.DiscardHandler)})
	both := serve.Faces{Public: "https://hub.example", API: "https://api.example:8443", Console: "https://staff.example"}.Handler(w.Keeper, w.Consent, w.Installation, pushes, nil, slog.New(slog.DiscardHandler))
	get := func(host, path string) int {
		r := httptest.NewRequest(http.MethodGet, "http://x"+path, nil)
		r.Host = host
		rec := httptest.NewRecorder()
		both.ServeHTTP(rec, r)
		return rec.Code
	}
	for path, want := range map[string][4]int{ // on the public host, on the API's, on a foreign one, on an address
		"/connect/x":       {404, 404, 421, 421},
		"/callback/x":      {404, 404, 421, 421},
		"/install/x":       {404, 404, 421, 421},
		"/push/x":          {401, 404, 421, 421},
		"/v1/grants":       {404, 401, 421, 421},
		"/metrics":         {404, 401, 421, 421},
		"/docs":            {404, 200, 421, 421},
		"/openapi.json":    {404, 200, 421, 421},
		"/problems/held":   {404, 200, 421, 421},
		"/healthz":         {404, 200, 421, 200},
		"/readyz":          {404, 0, 421, 0}, // 200 or 503
		"/proxy/x/openapi": {404, 401, 421, 421},
	} {
		for i, host := range []string{"hub.example", "api.example:8443", "hub.example.evil.example", "192.0.2.7:8443"} {
			if got := get(host, path); want[i] != 0 && got != want[i] {
				t.Errorf("%s of %s = %d, want %d", path, host, got, want[i])
			}
		}
	}
	for _, host := range []string{"HUB.example", "hub.example:443"} {
		if got := get(host, "/connect/style.css"); got != http.StatusOK {
			t.Errorf("the public face under %s = %d, want 200", host, got)
		}
	}
	for _, host := range []string{"hub.example:8443", "api.example", "hub.example.", "127.0.0.1", "localhost", ""} {
		if got := get(host, "/connect/style.css"); got != http.StatusMisdirectedRequest {
			t.Errorf("the public face under %q = %d, want 421", host, got)
		}
	}
}

// TestOperationalRoutesTellNothing reads the metrics and the headers of a server with a grant, an owner and a shop.
func TestOperationalRoutesTellNothing(t *testing.T) {
	w := newTown(t)
	grant := w.connect("shoplazza", w.Apps["shoplazza"], 0, "owner-canary")
	who := w.residents("shoplazza")[0]
	if r := w.send(http.DefaultClient, http.MethodGet, w.Server+"/metrics", nil); r.status != http.StatusUnauthorized {
		t.Errorf("/metrics without a key = %d, want 401", r.status)
	}
	r := w.ask(w.Key, http.MethodGet, "/metrics", nil)
	if r.status != http.StatusOK || !strings.Contains(r.body, "# TYPE") {
		t.Fatalf("/metrics = %d\n%s", r.status, r.body)
	}
	for _, id := range []string{grant, "owner-canary", who.ID, who.Host} {
		if strings.Contains(r.body, id) {
			t.Errorf("the metrics hold %s", id)
		}
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if r := w.send(http.DefaultClient, http.MethodGet, w.Server+path, nil); r.status != http.StatusOK || len(strings.Fields(r.body)) != 1 {
			t.Errorf("%s = %d %q, want 200 and one word", path, r.status, r.body)
		}
	}
	for _, path := range []string{"/", "/docs", "/v1/apps", "/connect/style.css", "/debug/pprof/", "/debug/vars"} {
		r := w.send(http.DefaultClient, http.MethodGet, w.Server+path, nil)
		for _, name := range []string{"Server", "X-Powered-By", "X-Version"} {
			if r.header.Get(name) != "" {
				t.Errorf("%s: %s: %s", path, name, r.header.Get(name))
			}
		}
		if strings.HasPrefix(path, "/debug") && r.status != http.StatusNotFound {
			t.Errorf("%s = %d, want 404", path, r.status)
		}
	}
}

// TestDemoIsForItsOwnPagesOnly plays a page of another site, and one whose name points at this machine.
func TestDemoIsForItsOwnPagesOnly(t *testing.T) {
	w := newTown(t)
	app := "?app=" + w.Apps["taobao"]
	for name, r := range map[string]struct {
		method, address string
		headers         []string
		want            int
	}{
		"form of another site":       {"POST", w.Server + "/console/demo/advance?by=1h", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"form of an older browser":   {"POST", w.Server + "/console/demo/advance?by=1h", []string{"Origin", "https://evil.example"}, 403},
		"page of another port":       {"POST", w.Server + "/console/links/new" + app, []string{"Sec-Fetch-Site", "same-site"}, 403},
		"rebound name":               {"POST", w.Server + "/console/demo/advance?by=1h", []string{"Host", hostileHost, "Sec-Fetch-Site", "same-origin"}, 421},
		"rebound name that reads":    {"GET", w.Server + "/", []string{"Host", hostileHost + ":8080"}, 421},
		"name that begins like ours": {"GET", w.Server + "/", []string{"Host", "127.0.0.1.evil.example"}, 421},
		"control, rebound":           {"GET", w.Ready.Control + "/shopee/grants", []string{"Host", hostileHost}, 421},
		"control, of another site":   {"GET", w.Ready.Control + "/shopee/grants", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"control, of an older one":   {"POST", w.Ready.Control + "/clock", []string{"Origin", "https://evil.example", "Content-Type", "application/json"}, 403},
		"control, by a form":         {"POST", w.Ready.Control + "/clock", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		"platform, rebound":          {"GET", w.Ready.Platforms["taobao"].Base + "/", []string{"Host", hostileHost}, 421},
		"the control page by CORS":   {"OPTIONS", w.Ready.Control + "/clock", []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST"}, 403},
	} {
		got := w.send(w.browser(), r.method, r.address, nil, r.headers...)
		if got.status != r.want {
			t.Errorf("%s = %d, want %d", name, got.status, r.want)
		}
		if cors := got.header.Get("Access-Control-Allow-Origin"); cors != "" {
			t.Errorf("%s: Access-Control-Allow-Origin: %s", name, cors)
		}
	}
}

// TestDemoAndSimulatorsListenOnLoopback starts them elsewhere, which they refuse, and reads the key of two runs.
func TestDemoAndSimulatorsListenOnLoopback(t *testing.T) {
	for _, args := range [][]string{
		{"demo", "--listen", "0.0.0.0:0", "--control-port", "0"}, {"demo", "--listen", "[::]:0", "--control-port", "0"},
		{"simulate", "--listen", "0.0.0.0", "--control-port", "0"}, {"serve", "--listen", "0.0.0.0:0", "--data", t.TempDir()},
	} {
		p := launch(t, args...)
		if got := p.status(); got == 0 || got == -1 {
			t.Errorf("%v ended with status %d, want refused", args, got)
		}
	}
	if a, b := newTown(t).Key, newTown(t).Key; a.Reveal() == b.Reveal() {
		t.Error("two demos have the same key")
	}
}

// TestServeRefusesWhatTheDemoMade starts serve on a demo's data, and gives it an app on loopback that it was not started with.
func TestServeRefusesWhatTheDemoMade(t *testing.T) {
	dir := t.TempDir()
	demo := launch(t, "demo", "--listen", "127.0.0.1:0", "--control-port", "0", "--data", dir, "--json")
	demo.first()
	demo.signal(syscall.SIGTERM)
	demo.status()
	if got := launch(t, "serve", "--listen", "127.0.0.1:0", "--data", dir).status(); got != 1 {
		t.Errorf("serve on a demo's data = %d, want 1", got)
	}
}

// TestProcessKeepsItsMemoryToItself reads what the system knows of a running server, and what SIGQUIT makes it say.
func TestProcessKeepsItsMemoryToItself(t *testing.T) {
	p := launch(t, "serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "data"))
	p.first()
	proc := filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid))
	limits, err := os.ReadFile(filepath.Join(proc, "limits"))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^Max core file size\s+0\s+0\s`).Match(limits) {
		t.Errorf("core dumps are not switched off:\n%s", limits)
	}
	if os.Geteuid() != 0 { // to root the system shows it all the same
		if _, err := os.ReadFile(filepath.Join(proc, "environ")); err == nil {
			t.Error("others of the same user can read its memory: it is dumpable")
		}
	} else if info, err := os.Stat(filepath.Join(proc, "mem")); err != nil {
		t.Error(err)
	} else if st, ok := info.Sys().(*syscall.Stat_t); !ok || st.Uid != 0 {
		t.Errorf("its files in /proc belong to %v, want root: it is dumpable", st)
	}
	p.signal(syscall.SIGQUIT)
	p.status()
	if out := p.log.String(); strings.Contains(out, adminKey) {
		t.Error("what it said at its end holds the administrator's key")
	}
}

// TestFilesAreForTheirOwnerAlone looks at every file that a server leaves, whatever its umask was.
func TestFilesAreForTheirOwnerAlone(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	dir := filepath.Join(t.TempDir(), "data")
	p := launch(t, "serve", "--listen", "127.0.0.1:0", "--data", dir)
	p.first()
	var seen []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		seen = append(seen, filepath.Base(path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"data", "master.key", "grantkeep.db", "spill"} {
		if !slices.Contains(seen, want) {
			t.Errorf("%v lacks %s", seen, want)
		}
	}
}

// TestFirstKeyIsNotAcceptedAgain makes another administrator, revokes the first, and starts again with the first in the
// environment.
func TestFirstKeyIsNotAcceptedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	ask := func(address, key, method, path, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+key)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	start := func() (*process, string) {
		p := launch(t, "serve", "--listen", "127.0.0.1:0", "--data", dir)
		_, address, _ := strings.Cut(p.first(), "http://")
		return p, "http://" + address
	}
	p, address := start()
	_, list := ask(address, adminKey, "GET", "/v1/keys", "")
	first := regexp.MustCompile(`key_[0-9a-z]+`).FindString(list)
	status, made := ask(address, adminKey, "POST", "/v1/keys", `{"name":"second","scopes":["read","token","call","app_call","link","manage","export","admin"]}`)
	second := regexp.MustCompile(`"key":"(gk_[^"]+)"`).FindStringSubmatch(made)
	if status != http.StatusCreated || second == nil {
		t.Fatalf("another administrator = %d", status)
	}
	if status, body := ask(address, second[1], "DELETE", "/v1/keys/"+first, ""); status != http.StatusNoContent {
		t.Fatalf("revoking the first key = %d %s", status, body)
	}
	p.signal(syscall.SIGTERM)
	p.status()
	_, address = start()
	if status, _ := ask(address, adminKey, "GET", "/v1/apps", ""); status != http.StatusUnauthorized {
		t.Errorf("the first key after another start = %d, want 401", status)
	}
	if status, _ := ask(address, second[1], "GET", "/v1/apps", ""); status != http.StatusOK {
		t.Errorf("the second key after another start = %d, want 200", status)
	}
}

// raw sends bytes and returns the status line's code; empty where the connection ends without an answer.
func raw(t *testing.T, server, text string) string {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(server, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, text) // the server may answer and close before it has read all
	line, _ := bufio.NewReader(conn).ReadString('\n')
	_, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(rest, " ")
	return code
}

// TestMalformedRequestsAreRefused sends what no client should, by hand.
func TestMalformedRequestsAreRefused(t *testing.T) {
	w := newTown(t)
	host := strings.TrimPrefix(w.Server, "http://")
	auth := "Authorization: Bearer " + w.Key.Reveal() + "\r\n"
	post := "POST /v1/authorizations HTTP/1.1\r\nHost: " + host + "\r\n" + auth + "Content-Type: application/json\r\n"
	deep := strings.Repeat("[", 2000) + strings.Repeat("]", 2000)
	long := `{"app":"` + strings.Repeat("a", 1<<20) + `"}`
	sized := func(body string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body) }
	for name, r := range map[string]struct {
		text string
		want []string
	}{
		"headers of 64 KiB":       {"GET / HTTP/1.1\r\nHost: " + host + "\r\nX-Long: " + strings.Repeat("a", 64<<10) + "\r\n\r\n", []string{"431", ""}},
		"five thousand headers":   {"GET / HTTP/1.1\r\nHost: " + host + "\r\n" + strings.Repeat("X-A: 123456\r\n", 5000) + "\r\n", []string{"431", ""}},
		"no host":                 {"GET / HTTP/1.1\r\n\r\n", []string{"400"}},
		"two hosts":               {"GET / HTTP/1.1\r\nHost: " + host + "\r\nHost: evil.example\r\n\r\n", []string{"400"}},
		"folded header":           {"GET /v1/apps HTTP/1.1\r\nHost: " + host + "\r\nX-A: 1\r\n evil: 2\r\n" + auth + "\r\n", []string{"400", "200"}},
		"blank before the colon":  {"GET /v1/apps HTTP/1.1\r\nHost: " + host + "\r\nX-A : 1\r\n\r\n", []string{"400"}},
		"bare line feed in value": {"GET /v1/apps HTTP/1.1\r\nHost: " + host + "\r\nX-A: 1\nX-B: 2\r\n\r\n", []string{"400", "401"}},
		"length and chunks":       {post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", []string{"400", "422"}},
		"two lengths":             {post + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", []string{"400"}},
		"negative length":         {post + "Content-Length: -1\r\n\r\n", []string{"400"}},
		"unknown encoding":        {post + "Transfer-Encoding: gzip\r\n\r\n", []string{"501", "400"}},
		"compressed body":         {post + "Content-Encoding: gzip\r\n" + sized("{}"), []string{"415"}},
		"deep body":               {post + sized(deep), []string{"400", "422"}},
		"deep member":             {post + sized(`{"app":`+deep+`}`), []string{"400", "422"}},
		"body over 1 MiB":         {post + sized(long), []string{"413"}},
		"unknown member":          {post + sized(`{"app":"x","state":"completed"}`), []string{"422"}},
		"member twice":            {post + sized(`{"app":"x","app":"y"}`), []string{"400", "422"}},
		"member in two cases":     {post + sized(`{"app":"x","APP":"y"}`), []string{"400", "422"}},
		"member in another case":  {post + sized(`{"APP":"x"}`), []string{"422"}},
		"second value behind":     {post + sized(`{"app":"x"}{"app":"y"}`), []string{"400", "422"}},
		"not UTF-8":               {post + sized("{\"app\":\"\xff\xfe\"}"), []string{"400", "422", "404"}},
		"another type":            {strings.Replace(post, "application/json", "text/plain", 1) + sized(`{"app":"x"}`), []string{"415", "400"}},
		"compressed push":         {"POST /push/" + w.Apps["shopee"] + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Encoding: gzip\r\n" + sized("{}"), []string{"415"}},
		"TRACE":                   {"TRACE /v1/apps HTTP/1.1\r\nHost: " + host + "\r\n\r\n", []string{"405", "404"}},
		"CONNECT":                 {"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", []string{"421", "400", "404", "405"}},
		"absolute form":           {"GET http://evil.example/v1/apps HTTP/1.1\r\nHost: " + host + "\r\n\r\n", []string{"421"}},
	} {
		if got := raw(t, w.Server, r.text); !slices.Contains(r.want, got) {
			t.Errorf("%s = %q, want one of %q", name, got, r.want)
		}
	}
}

// TestSlowClientsAreLeft sends headers drop by drop, and sees that others are served meanwhile.
func TestSlowClientsAreLeft(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	address := strings.TrimPrefix(w.Server, "http://")
	const slow = 200
	begun := time.Now()
	ended := make(chan time.Duration, slow)
	var wait sync.WaitGroup
	for range slow {
		wait.Go(func() {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = conn.Close() }()
			_, _ = io.WriteString(conn, "GET /v1/apps HTTP/1.1\r\nHost: "+address+"\r\n")
			go func() {
				for {
					time.Sleep(500 * time.Millisecond)
					if _, err := io.WriteString(conn, "X-Drop: 1\r\n"); err != nil {
						return
					}
				}
			}()
			_, _ = io.Copy(io.Discard, conn) // ends when the server hangs up
			ended <- time.Since(begun)
		})
	}
	for range 20 {
		at := time.Now()
		if r := w.ask(w.Key, http.MethodGet, "/v1/apps", nil); r.status != http.StatusOK {
			t.Errorf("somebody else = %d while clients are slow", r.status)
		}
		if took := time.Since(at); took > 30*time.Second {
			t.Errorf("somebody else waited %v", took)
		}
	}
	wait.Wait()
	close(ended)
	for took := range ended {
		if took > 2*time.Minute {
			t.Fatalf("a client that sends its headers for ever was kept %v, want about 5 s", took)
		}
	}
}
