package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/sim"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
	"github.com/grantkeep/grantkeep/store/sqlite"
)

const adminKey = "gk_made_up_for_tests_0123456789abcdef"

// fleet is the simulators and any number of servers on one database, each a process of its own, on real sockets.
type fleet struct {
	t         *testing.T
	sims      readyLine
	dir       string
	database  string // empty: SQLite
	masterKey string
	instances []*instance
	app       client.App
	grants    []string

	mu      sync.Mutex
	longest time.Duration // that a reader waited
}

type readyLine struct {
	Control   string `json:"control"`
	Platforms map[string]struct {
		Base  string           `json:"base"`
		Apps  []map[string]any `json:"apps"`
		Shops []struct {
			ID, Host string
		} `json:"shops"`
	} `json:"platforms"`
}

// instance is one server: where it listens, and the process that is it at the moment.
type instance struct {
	*process
	program string // empty: the one that is tested
	address string // HOST:PORT, the same after another start
	data    string
	api     *client.Client
}

const code = "shoplazza" // its refresh tokens work once, and what becomes of a lost answer is the hardest there

// newFleet starts servers on one SQLite, or on a PostgreSQL where database is given.
func newFleet(t *testing.T, database string, servers int) *fleet {
	t.Helper()
	return newFleetOf(t, "", database, servers)
}

// newFleetOf is newFleet for servers of another program.
func newFleetOf(t *testing.T, program, database string, servers int) *fleet {
	t.Helper()
	f := &fleet{t: t, dir: t.TempDir(), database: database}
	_, ports := all.Simulators()
	args := []string{"simulate", "--control-port", "0"}
	for name := range ports {
		args = append(args, "--port", name+"=0")
	}
	if err := json.Unmarshal([]byte(launch(t, args...).first()), &f.sims); err != nil {
		t.Fatal(err)
	}
	if database != "" {
		f.masterKey = masterKeyFile(t)
	}
	for range servers {
		i := &instance{program: program, address: "127.0.0.1:0", data: filepath.Join(f.dir, fmt.Sprint("data", len(f.instances)))}
		f.instances = append(f.instances, i)
		f.start(i)
	}
	f.addApp()
	return f
}

func masterKeyFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "master.key")
	key := make([]byte, 32)
	copy(key, t.Name())
	if err := os.WriteFile(path, []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// serveArgs is the command line of an instance.
func (f *fleet) serveArgs(i *instance) []string {
	args := []string{"serve", "--listen", i.address, "--data", i.data}
	if i.program == "" {
		args = append(args, "--allow-webhook", "127.0.0.1")
	}
	if f.database != "" {
		args = append(args, "--database", f.database, "--master-key", f.masterKey)
	}
	for _, p := range f.sims.Platforms {
		args = append(args, "--allow-endpoint", strings.TrimPrefix(p.Base, "http://"))
	}
	return args
}

// start starts an instance, the first time or again.
func (f *fleet) start(i *instance) {
	f.t.Helper()
	program := i.program
	if program == "" {
		program = Program
	}
	i.process = launchProgram(f.t, program, f.serveArgs(i)...)
	line := i.first()
	_, address, ok := strings.Cut(line, "http://")
	if !ok {
		f.t.Fatalf("the first line is %q, want it to hold the address", line)
	}
	i.address = address
	var err error
	if i.api, err = client.New("http://"+address, gk.NewSecret(adminKey)); err != nil {
		f.t.Fatal(err)
	}
}

// kill ends an instance as the system would, without a word.
func (i *instance) kill() {
	i.signal(syscall.SIGKILL)
	<-i.ended
}

// addApp makes our app of the platform's first simulated one.
func (f *fleet) addApp() {
	f.t.Helper()
	box := f.sims.Platforms[code]
	app := client.App{Platform: code, Name: "ERP", Settings: map[string]string{}, Endpoints: map[string]string{}}
	for _, p := range all.Drivers() {
		if p.Spec().Code != code {
			continue
		}
		for name := range p.Spec().Facts.Settings {
			if v, ok := box.Apps[0][name]; ok && name != "redirect_uri" && name != "push_url" {
				app.Settings[name] = sim.Settings{name: v}.Text(name)
			}
		}
		for _, e := range p.Spec().Facts.Endpoints {
			for name := range e.Bases {
				app.Endpoints[name] = box.Base
			}
		}
	}
	var err error
	if f.app, err = f.instances[0].api.CreateApp(f.t.Context(), app); err != nil {
		f.t.Fatal(err)
	}
	told := map[string]any{}
	for name, v := range box.Apps[0] {
		told[name] = v
	}
	told["redirect_uri"], told["push_url"], told["app_url"] = f.app.Callback, f.app.Push, f.app.Install
	f.control(http.MethodPost, "/apps", told, nil)
}

// control makes a control call of the platform's simulator.
func (f *fleet) control(method, path string, in, out any) {
	f.t.Helper()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			f.t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.sims.Control+"/"+code+path, body)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		f.t.Fatalf("control call %s answered %d: %s", path, res.StatusCode, b)
	}
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			f.t.Fatal(err)
		}
	}
}

// fault makes the next refreshes meet a fault.
func (f *fleet) fault(name string, times int) {
	f.t.Helper()
	f.control(http.MethodPost, "/faults", map[string]any{"fault": name, "times": times, "match": map[string]string{"stage": "refresh"}}, nil)
}

// slow makes the next refresh's answer come late.
func (f *fleet) slow(by time.Duration) {
	f.t.Helper()
	f.option("slow", by.String())
	f.fault("slow", 1)
}

func (f *fleet) option(name, value string) {
	f.t.Helper()
	f.control(http.MethodPost, "/options", map[string]any{name: value}, nil)
}

// asked counts the refreshes that the platform has received.
func (f *fleet) asked() int {
	f.t.Helper()
	var got struct {
		Calls []struct{ Stage string } `json:"calls"`
	}
	f.control(http.MethodGet, "/calls", nil, &got)
	n := 0
	for _, c := range got.Calls {
		if c.Stage == "refresh" {
			n++
		}
	}
	return n
}

// truth is the access token that the platform holds for the valid one of a shop.
func (f *fleet) truth(shop int) string {
	f.t.Helper()
	var got struct {
		Grants []struct {
			Access  string
			Subject gk.Subject
		} `json:"grants"`
	}
	f.control(http.MethodGet, "/grants", nil, &got)
	for _, g := range got.Grants {
		if g.Subject.ID == f.sims.Platforms[code].Shops[shop].ID {
			return g.Access
		}
	}
	f.t.Fatalf("the platform knows no grant of shop %d", shop)
	return ""
}

// connect lets the merchant of a shop authorize at the first instance, and returns the id of the grant.
func (f *fleet) connect(shop int) string {
	f.t.Helper()
	return f.begin(shop)()
}

// begin lets the merchant press the button; agree lets them agree and returns the id of the grant.
func (f *fleet) begin(shop int) (agree func() string) {
	f.t.Helper()
	api, s := f.instances[0].api, f.sims.Platforms[code].Shops[shop]
	a, err := api.Authorize(f.t.Context(), client.AuthorizationRequest{App: f.app.ID, Shop: s.Host, Owner: "cust"})
	if err != nil {
		f.t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	visit := func(method, address string) *http.Response {
		req, err := http.NewRequestWithContext(f.t.Context(), method, address, http.NoBody)
		if err != nil {
			f.t.Fatal(err)
		}
		res, err := browser.Do(req)
		if err != nil {
			f.t.Fatal(err)
		}
		_ = res.Body.Close() // not read
		return res
	}
	pressed := visit(http.MethodPost, a.URL)
	return func() string {
		f.t.Helper()
		var out struct{ Callback string }
		f.control(http.MethodPost, "/consent", map[string]any{"url": pressed.Header.Get("Location"), "shops": []string{s.ID}, "decision": "approve"}, &out)
		visit(http.MethodGet, out.Callback)
		return f.completed(a.ID)
	}
}

// completed waits for the end of an authorization and returns the id of its grant.
func (f *fleet) completed(authorization string) string {
	f.t.Helper()
	var a client.Authorization
	f.eventually("the authorization is completed", func() bool {
		var err error
		a, err = f.instances[0].api.Authorization(f.t.Context(), authorization)
		return err == nil && a.State != "pending"
	})
	if a.State != "completed" || len(a.Grants) != 1 {
		f.t.Fatalf("the authorization is %s (%s) with %d grants, want completed with one", a.State, a.Reason, len(a.Grants))
	}
	f.grants = append(f.grants, a.Grants[0])
	return a.Grants[0]
}

// grant reads a grant from an instance.
func (f *fleet) grant(i int, id string) client.Grant {
	f.t.Helper()
	g, err := f.instances[i].api.Grant(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return g
}

// token is what a reader gets.
type token struct {
	Access     string `json:"access_token"`
	Generation int64  `json:"generation"`
	Stale      bool   `json:"stale"`
}

// read reads a token from an instance and notes how long that took. The query is that of the API, as in wait=1s.
func (f *fleet) read(i int, id, query string) (token, error) {
	f.t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(f.t.Context(), 5*time.Minute)
	defer cancel()
	var got token
	begun := time.Now()
	err = f.instances[i].api.Call(ctx, http.MethodGet, "/v1/grants/"+id+"/token", values, nil, &got)
	f.waited(time.Since(begun))
	return got, err
}

func (f *fleet) waited(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.longest = max(f.longest, d)
}

// refresh asks an instance for a refresh, and returns the channel on which its answer comes.
func (f *fleet) refresh(i int, id string) <-chan error {
	done := make(chan error, 1)
	api := f.instances[i].api
	go func() {
		_, err := api.Refresh(f.t.Context(), id, false)
		done <- err
	}()
	return done
}

// underWay waits until the platform has received n refreshes.
func (f *fleet) underWay(n int) {
	f.t.Helper()
	f.eventually(fmt.Sprintf("the platform has received %d renewals", n), func() bool { return f.asked() >= n })
}

// eventually waits until something is so: five minutes at most, which only a failure takes.
func (f *fleet) eventually(what string, so func() bool) {
	f.t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for !so() {
		if time.Now().After(deadline) {
			f.t.Fatalf("not after five minutes: %s", what)
		}
		time.Sleep(25 * time.Millisecond)
	}
}

// served expects every instance to serve the token that the platform holds for the valid one, of a generation.
func (f *fleet) served(id string, shop int, generation int64) {
	f.t.Helper()
	for i := range f.instances {
		var got token
		f.eventually(fmt.Sprintf("instance %d serves generation %d", i, generation), func() bool {
			var err error
			got, err = f.read(i, id, "")
			return err == nil && got.Generation == generation
		})
		if got.Access != f.truth(shop) {
			f.t.Errorf("instance %d serves another token than the platform's", i)
		}
	}
}

// edit changes a grant behind the back of the servers: on SQLite none may run. It is how a test makes time pass that a
// lease or a doubt would wait for.
func (f *fleet) edit(id string, change func(g *gk.Grant, now time.Time)) {
	f.t.Helper()
	var db store.Store
	var err error
	if f.database != "" {
		db, err = postgres.Open(f.t.Context(), f.database)
	} else {
		db, err = sqlite.Open(f.t.Context(), f.instances[0].data)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	err = db.UpdateGrant(f.t.Context(), gk.Engine(), id, now, func(g *gk.Grant) ([]gk.Event, error) { change(g, now); return nil, nil })
	if err := errors.Join(err, db.Close()); err != nil {
		f.t.Fatal(err)
	}
}

// leaseOver lets the lease of an attempt end that began some time ago.
func leaseOver(ago time.Duration) func(*gk.Grant, time.Time) {
	return func(g *gk.Grant, now time.Time) {
		g.AttemptAt, g.AttemptUntil, g.DueAt = now.Add(-ago), now.Add(-time.Second), now
	}
}

// events lists the kinds of a grant's events, oldest first.
func (f *fleet) events(i int, id string) string {
	f.t.Helper()
	events, err := f.instances[i].api.History(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	var kinds []string
	for n := len(events) - 1; n >= 0; n-- {
		kinds = append(kinds, strings.TrimPrefix(events[n].Kind, "grant."))
	}
	return strings.Join(kinds, " ")
}

// report prints the three figures of a story, after checking how many grants were lost: those that cannot be refreshed.
func (f *fleet) report(wantLost, wantAsked int) {
	f.t.Helper()
	lost := 0
	for _, id := range f.grants {
		g := f.grant(0, id)
		if g.Renewable {
			continue
		}
		lost++
		if g.Fault == nil || g.Fault.Reason != gk.ReasonLostAnswer {
			f.t.Errorf("grant %s cannot be renewed and does not say that an answer was lost: %+v", id, g.Fault)
		}
	}
	asked := f.asked()
	if lost != wantLost || asked != wantAsked {
		f.t.Errorf("%d grants lost and %d requests, want %d and %d", lost, asked, wantLost, wantAsked)
	}
	f.t.Logf("grants lost %d, requests that reached the platform %d, longest wait of a caller %v", lost, asked, f.longest.Round(time.Millisecond))
}

// problemOf returns the stable name of the problem that an error is, empty for none.
func problemOf(err error) string {
	var p *client.Problem
	if errors.As(err, &p) {
		return p.Name()
	}
	return ""
}

// sharedPostgres is an empty database on the server that all tests of the process share.
func sharedPostgres(t *testing.T) string { return pgtest.URL(t) }
