package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/demo"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/serve"
	"github.com/grantkeep/grantkeep/notify/schematest"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/pushes"
	"github.com/grantkeep/grantkeep/sim"
)

// town is the whole product inside the test: the demo's server with its apps on every platform, on real sockets.
type town struct {
	*demo.Demonstration
	t   *testing.T
	dir string
	log *logBook
	web *http.Client // a browser with cookies that follows nothing
}

// newTown starts a server with the demo's apps. Its database lies under dir.
func newTown(t *testing.T) *town {
	t.Helper()
	return newTownOn(t, "")
}

// newTownOn is newTown on a PostgreSQL.
func newTownOn(t *testing.T, database string) *town {
	t.Helper()
	masterKey := ""
	if database != "" {
		masterKey = masterKeyFile(t)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &town{t: t, dir: t.TempDir(), log: &logBook{}, Demonstration: &demo.Demonstration{Server: "http://" + listener.Addr().String()}}
	w.web = w.browser()
	ctx, stop := context.WithCancel(context.Background())
	platforms, _ := all.Simulators()
	if w.Sims, err = sim.Start(context.WithoutCancel(ctx), sim.Options{Platforms: platforms}); err != nil {
		t.Fatal(err)
	}
	if w.Installation, err = serve.Open(ctx, w.dir, database, masterKey, io.Discard); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: serve.Redact}))
	if err := errors.Join(w.Prepare(ctx, w.dir, log), w.Invite(ctx)); err != nil {
		t.Fatal(err)
	}
	pushes := pushes.New(pushes.Options{Keeper: w.Keeper, Store: w.Store, PublicURL: w.Server, Log: log})
	server := door.NewServer(w.Pages(serve.Faces{Public: w.Server, API: w.Server, Console: w.Server}.Handler(w.Keeper, w.Consent, w.Installation, pushes, w.Demonstration, log)), log)
	done := make(chan error, 1)
	go func() {
		done <- serve.Run(ctx, server, listener, w.Keeper, pushes, w.News, w.Uses, 30*time.Second, log)
	}()
	t.Cleanup(func() {
		stop()
		w.web.CloseIdleConnections()
		w.Outlets.Close()
		err := <-done
		schematest.Hold(t, w.Store, w.Keeper)
		err = errors.Join(err, w.Sims.Close(), w.Store.Close())
		w.Gate.Close()
		if err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(w.log)
		}
	})
	return w
}

func (w *town) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// reply is what a request got.
type reply struct {
	status int
	header http.Header
	body   string
}

// into decodes the body.
func (r reply) into(t *testing.T, out any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), out); err != nil {
		t.Fatalf("the answer %d is not the JSON expected: %v\n%s", r.status, err, r.body)
	}
}

// send makes a request with a browser, and a body in JSON unless in is nil.
func (w *town) send(c *http.Client, method, address string, in any, headers ...string) reply {
	w.t.Helper()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			w.t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, address, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if req.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			req.Host = headers[i+1]
		}
	}
	res, err := c.Do(req)
	if err != nil {
		w.t.Fatalf("%s: %v", method, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(b)}
}

// ask makes a request to the API with a key.
func (w *town) ask(key gk.Secret, method, path string, in any) reply {
	w.t.Helper()
	return w.send(http.DefaultClient, method, w.Server+path, in, "Authorization", "Bearer "+key.Reveal())
}

// tell makes a control call of a platform's simulator.
func (w *town) tell(method, path string, in, out any) {
	w.t.Helper()
	r := w.send(http.DefaultClient, method, w.Ready.Control+path, in)
	if r.status != http.StatusOK {
		w.t.Fatalf("control %s %s answered %d: %s", method, path, r.status, r.body)
	}
	if out != nil {
		r.into(w.t, out)
	}
}

// seenCall is one request that a simulator received.
type seenCall struct{ Method, Path, Stage, App, Subject, Decision, Why string }

func (w *town) calls(code string) []seenCall {
	w.t.Helper()
	var got struct{ Calls []seenCall }
	w.tell(http.MethodGet, "/"+code+"/calls", nil, &got)
	return got.Calls
}

// exchanges counts the code exchanges that all platforms received together.
func (w *town) exchanges() int {
	w.t.Helper()
	n := 0
	for code := range w.Apps {
		for _, c := range w.calls(code) {
			if c.Stage == "token" {
				n++
			}
		}
	}
	return n
}

// resident is somebody who can authorize on a platform.
type resident struct{ ID, Host, Owner string }

func (w *town) residents(code string) []resident {
	w.t.Helper()
	line, err := json.Marshal(w.Sims)
	if err != nil {
		w.t.Fatal(err)
	}
	var sims struct {
		Platforms map[string]struct{ Shops []resident }
	}
	if err := json.Unmarshal(line, &sims); err != nil {
		w.t.Fatal(err)
	}
	all := sims.Platforms[code].Shops
	if !slices.Equal(w.Keeper.Apps().Driver(code).Spec().Facts.Subjects, []string{gk.KindAccount}) {
		return all
	}
	var apart []resident // shops of one account agree together
	for _, r := range all {
		if r.Owner == "" || !slices.ContainsFunc(apart, func(o resident) bool { return o.Owner == r.Owner }) {
			apart = append(apart, r)
		}
	}
	return apart
}

// addApp makes another app of ours on a platform, which the simulator learns too.
func (w *town) addApp(code, environment string, change map[string]string) string {
	w.t.Helper()
	first, err := w.Store.App(context.Background(), gk.Engine(), w.Apps[code])
	if err != nil {
		w.t.Fatal(err)
	}
	settings := map[string]string{}
	for name, v := range w.Ready.Platforms[code].Apps[0] {
		if _, ok := w.Keeper.Apps().Driver(code).Spec().Facts.Settings[name]; ok && name != "redirect_uri" && name != "push_url" {
			settings[name] = sim.Settings{name: v}.Text(name)
		}
	}
	for name, v := range change {
		settings[name] = v
	}
	app, err := w.Keeper.Apps().Create(context.Background(), gk.Engine(), apps.Input{
		Platform: code, Environment: environment, Name: code + " " + environment, Settings: settings, Endpoints: first.Endpoints,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	told := map[string]any{}
	for name, v := range settings {
		told[name] = v
	}
	told["redirect_uri"], told["push_url"] = w.Keeper.Apps().CallbackURL(app.ID), w.Keeper.Apps().PushURL(app.ID)
	w.tell(http.MethodPost, "/"+code+"/apps", told, nil)
	return app.ID
}

// begun is a merchant's way up to the platform's page.
type begun struct{ id, connect, link, state string }

// begin makes a link with a key and presses its button.
func (w *town) begin(c *http.Client, key gk.Secret, in map[string]any) begun {
	w.t.Helper()
	var made struct{ ID, URL string }
	r := w.ask(key, http.MethodPost, "/v1/authorizations", in)
	if r.status != http.StatusCreated {
		w.t.Fatalf("an authorization was answered %d: %s", r.status, r.body)
	}
	r.into(w.t, &made)
	r = w.send(c, http.MethodPost, made.URL, nil)
	if r.status != http.StatusSeeOther {
		w.t.Fatalf("the button was answered %d: %s", r.status, r.body)
	}
	b := begun{id: made.ID, connect: made.URL, link: r.header.Get("Location")}
	b.state = stateIn(b.link)
	if b.state == "" {
		w.t.Fatalf("a platform's link holds no state")
	}
	return b
}

// stateIn finds the state of a platform's link, which may lie inside the address to come back to.
func stateIn(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	if s := u.Query().Get("state"); s != "" {
		return s
	}
	for _, values := range u.Query() {
		for _, v := range values {
			if strings.Contains(v, "state=") {
				return stateIn(v)
			}
		}
	}
	return ""
}

// agree acts as a merchant on the platform's page and returns where the browser is sent back to.
func (w *town) agree(code, link, shop string) string {
	w.t.Helper()
	var out struct{ Callback string }
	w.tell(http.MethodPost, "/"+code+"/consent", map[string]any{"url": link, "shops": []string{shop}, "decision": "approve"}, &out)
	if out.Callback == "" {
		w.t.Fatalf("%s sends the merchant nowhere", code)
	}
	return out.Callback
}

// connect lets the n-th resident of a platform authorize an app, and returns the grant.
func (w *town) connect(code, app string, n int, owner string) string {
	w.t.Helper()
	who := w.residents(code)[n]
	in := map[string]any{"app": app, "owner": owner}
	if who.Host != "" {
		in["shop"] = who.Host
	}
	c := w.browser()
	b := w.begin(c, w.Key, in)
	if r := w.send(c, http.MethodGet, w.agree(code, b.link, who.ID), nil); r.status != http.StatusSeeOther {
		w.t.Fatalf("%s: the callback was answered %d: %s", code, r.status, r.body)
	}
	var a struct {
		State  string
		Reason string
		Grants []string
	}
	w.ask(w.Key, http.MethodGet, "/v1/authorizations/"+b.id, nil).into(w.t, &a)
	if a.State != "completed" || len(a.Grants) == 0 {
		w.t.Fatalf("%s: the authorization is %s (%s) with %d grants", code, a.State, a.Reason, len(a.Grants))
	}
	return a.Grants[0]
}

// addKey stores a key of the test's own.
func (w *town) addKey(name string, scopes []gk.Scope, owners, apps []string) gk.Secret {
	w.t.Helper()
	text := door.NewKey()
	err := w.Store.CreateKey(context.Background(), gk.Key{
		ID: "key_" + name, Hash: door.HashKey(text), Name: name, Scopes: scopes, Owners: owners, Apps: apps, CreatedAt: w.Keeper.Now(),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// codes lists the platforms in a fixed order.
func (w *town) codes() []string {
	var codes []string
	for code := range w.Apps {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	if want := len(all.Platforms()); len(codes) != want {
		w.t.Fatalf("the town has %d platforms, want %d", len(codes), want)
	}
	return codes
}

// otherIdentity is the settings of a second app on each platform.
func otherIdentity(code string) map[string]string {
	switch code {
	case "shoplazza":
		return map[string]string{"client_id": "SandboxClient_1", "client_secret": "SandboxSecret_1"}
	case "shopee", "shopeev1":
		return map[string]string{"partner_id": "2009999", "partner_key": strings.Repeat("5b", 32)}
	case "eleme":
		return map[string]string{"app_key": "SandboxKey1", "app_secret": strings.Repeat("6c", 20)}
	case "shopify":
		return map[string]string{"client_id": strings.Repeat("8e", 16), "client_secret": "SandboxSecret_2"}
	case "tiktokshop":
		return map[string]string{"app_key": "sandboxkey001", "app_secret": strings.Repeat("9f", 20), "service_id": "7000000000000000002"}
	}
	settings := map[string]string{"app_key": "21999999", "app_secret": strings.Repeat("7d", 16)}
	if code == "douyin" {
		settings["service_id"] = "29999"
	}
	return settings
}

func (b begun) String() string { return fmt.Sprintf("authorization %s", b.id) }
