package keeper_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/trace"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/notify/schematest"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/pushes"
	"github.com/grantkeep/grantkeep/sim"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/vault"
)

// house is a keeper on a real SQLite against the strict simulators, in virtual time: requests go over a network inside
// the process, so that the bubble's time moves on while they are waited for.
type house struct {
	traces trace.TracerProvider // of instances that are made from then on

	t       *testing.T
	store   store.Store
	vault   *vault.Vault
	master  vault.Master // of a house that several keepers share
	gate    *outbound.Gate
	sims    *sim.Running
	web     *http.Client
	keeper  *keeper.Keeper
	flow    *consent.Flow
	pushes  *pushes.Pushes
	dir     string
	log     *logBook
	stops   []func()
	app     gk.App
	ready   ready
	cookies map[string]string
}

type ready struct {
	Control   string `json:"control"`
	Platforms map[string]struct {
		Base  string           `json:"base"`
		Apps  []map[string]any `json:"apps"`
		Shops []struct {
			ID, Name, Host, Owner string
		} `json:"shops"`
	} `json:"platforms"`
}

// logBook keeps what is logged, to be searched for secrets.
type logBook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// story runs a test in a bubble with a house whose keeper runs, and with an app on one platform.
func story(t *testing.T, code string, tell func(h *house)) {
	t.Helper()
	dir := sqlitetest.Dir(t)
	synctest.Test(t, func(t *testing.T) {
		h := open(t, dir, nil)
		defer func() {
			if t.Failed() {
				t.Log(h.log.String())
			}
		}()
		defer h.close()
		h.start(h.keeper)
		h.addApp(code)
		tell(h)
		h.noSecretLogged()
		schematest.Hold(t, h.store, h.keeper)
	})
}

// open makes a house. wrap puts something between the keeper and its store, to break it on purpose.
func open(t *testing.T, dir string, wrap func(store.Store) store.Store) *house {
	t.Helper()
	h := &house{t: t, dir: dir, log: &logBook{}, cookies: map[string]string{}}
	memory := sim.NewMemory()
	platforms, _ := all.Simulators()
	// A bubble begins in the year 2000, when milliseconds had a digit less; platforms count digits.
	clock := sim.NewClock()
	err := clock.Set(context.Background(), time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if h.sims, err = sim.Start(context.Background(), sim.Options{Platforms: platforms, Memory: memory, Clock: clock}); err != nil {
		t.Fatal(err)
	}
	line, err := json.Marshal(h.sims)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &h.ready); err != nil {
		t.Fatal(err)
	}
	h.web = &http.Client{Transport: &http.Transport{DialContext: memory.DialContext, DisableKeepAlives: true}}
	st, err := sqlite.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	h.store = several{st}
	if wrap != nil {
		h.store = wrap(h.store)
	}
	master := vault.NewMaster()
	wrapped, _, err := vault.Create(master)
	if err != nil {
		t.Fatal(err)
	}
	if h.vault, err = vault.Open(master, wrapped, "ins_test"); err != nil {
		t.Fatal(err)
	}
	if h.gate, err = outbound.New(outbound.Options{Allow: h.allowed(), Dial: memory.DialContext}); err != nil {
		t.Fatal(err)
	}
	h.use(h.instance("first"))
	h.sims.Clock.Register(sim.Hook{
		Next: func(from, to time.Time) time.Time {
			next, err := h.keeper.NextDue(context.Background())
			if err != nil || next.After(to) {
				return time.Time{}
			}
			return next
		},
		Pause:  h.keeper.Pause,
		Settle: func(ctx context.Context, _ time.Time) error { return h.keeper.Settle(ctx) },
	})
	return h
}

// several is a store that several instances write, as the stories do: it cannot tell what has changed.
type several struct{ store.Store }

func (s several) Changed(context.Context, string) (store.Changes, error) {
	return store.Changes{Gap: true}, nil
}

func (h *house) allowed() []string {
	var hosts []string
	for _, p := range h.ready.Platforms {
		hosts = append(hosts, strings.TrimPrefix(p.Base, "http://"))
	}
	return hosts
}

// instance makes another keeper on the same store, as another process would.
func (h *house) instance(name string) *keeper.Keeper {
	h.t.Helper()
	k, err := keeper.New(keeper.Options{
		Store: h.store, Vault: h.vault, Gate: h.gate, Drivers: all.Drivers(), PublicURL: "https://hub.example", Instance: name,
		SpillFile: h.dir + "/spill-" + name, Now: h.sims.Clock.Now, Allowed: h.allowed(), Log: h.logger(),
		Traces: h.traces,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return k
}

func (h *house) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// use makes a keeper the one that the house works with, and puts the rooms above it on top.
func (h *house) use(k *keeper.Keeper) {
	h.keeper, h.flow = k, consent.New(k)
	h.pushes = pushes.New(pushes.Options{Keeper: k, Store: h.store, PublicURL: "https://hub.example", Log: h.logger()})
}

// start runs a keeper until the house closes, or stop is called.
func (h *house) start(k *keeper.Keeper) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- k.Run(ctx) }()
	var once sync.Once
	var result error
	stop = func() error {
		once.Do(func() { cancel(); result = <-done })
		return result
	}
	h.stops = append(h.stops, func() {
		if err := stop(); err != nil {
			h.t.Errorf("a keeper stopped with %v", err)
		}
	})
	return stop
}

func (h *house) close() {
	for _, stop := range h.stops {
		stop()
	}
	h.gate.Close()
	h.web.CloseIdleConnections()
	if err := h.sims.Close(); err != nil {
		h.t.Errorf("simulators: %v", err)
	}
	if err := h.store.Close(); err != nil {
		h.t.Errorf("store: %v", err)
	}
}

// addApp makes our app of a platform's first simulated one.
func (h *house) addApp(code string) {
	h.t.Helper()
	box := h.ready.Platforms[code]
	driver := h.keeper.Apps().Driver(code)
	settings, endpoints := h.settings(code), map[string]string{}
	for _, e := range driver.Spec().Facts.Endpoints {
		for name := range e.Bases {
			endpoints[name] = box.Base
		}
	}
	app, err := h.keeper.Apps().Create(context.Background(), gk.Engine(), apps.Input{
		Platform: code, Settings: settings, Endpoints: endpoints, ReturnOrigins: []string{"https://erp.example"},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.app = app
	told := map[string]any{}
	for name, v := range box.Apps[0] {
		told[name] = v
	}
	told["redirect_uri"] = h.keeper.Apps().CallbackURL(app.ID)
	h.control("POST", "/"+code+"/apps", told, nil)
}

// settings are what an operator enters for a platform's first simulated app.
func (h *house) settings(code string) map[string]string {
	settings, told := map[string]string{}, h.ready.Platforms[code].Apps[0]
	for name := range h.keeper.Apps().Driver(code).Spec().Facts.Settings {
		if v, ok := told[name]; ok && name != "redirect_uri" && name != "push_url" {
			settings[name] = sim.Settings{name: v}.Text(name)
		}
	}
	return settings
}

// control makes one control call of the simulators.
func (h *house) control(method, path string, in, out any) {
	h.t.Helper()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			h.t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, h.ready.Control+path, body)
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := h.web.Do(req)
	if err != nil {
		h.t.Fatalf("control %s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		h.t.Fatalf("control %s %s answered %d: %s", method, path, res.StatusCode, b)
	}
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			h.t.Fatal(err)
		}
	}
}

// fault makes the next requests of a stage fail.
func (h *house) fault(name, stage string, times int) {
	h.t.Helper()
	h.control("POST", "/"+h.app.Platform+"/faults", map[string]any{"fault": name, "times": times, "match": map[string]string{"stage": stage}}, nil)
}

func (h *house) option(name string, value any) {
	h.t.Helper()
	h.control("POST", "/"+h.app.Platform+"/options", map[string]any{name: value}, nil)
}

// asked counts the requests of a stage that the platform received.
func (h *house) asked(stage string) int {
	h.t.Helper()
	var got struct {
		Calls []struct{ Stage string } `json:"calls"`
	}
	h.control("GET", "/"+h.app.Platform+"/calls", nil, &got)
	n := 0
	for _, c := range got.Calls {
		if c.Stage == stage {
			n++
		}
	}
	return n
}

// truth is what the platform itself says about the pair of a subject.
type truth struct {
	Access, Refresh string
	Generation      int
	Revoked         bool
	Subject         gk.Subject
}

func (h *house) truth(subject string) truth {
	h.t.Helper()
	var got struct {
		Grants []truth `json:"grants"`
	}
	h.control("GET", "/"+h.app.Platform+"/grants", nil, &got)
	for _, g := range got.Grants {
		if g.Subject.ID == subject {
			return g
		}
	}
	h.t.Fatalf("the platform knows no grant of %s", subject)
	return truth{}
}

func (h *house) shop(n int) string { return h.ready.Platforms[h.app.Platform].Shops[n].ID }
func (h *house) host(n int) string { return h.ready.Platforms[h.app.Platform].Shops[n].Host }

// begin makes a link and presses its button.
func (h *house) press(in consent.BeginInput) (gk.Authorization, consent.Pressed) {
	h.t.Helper()
	if in.App == "" {
		in.App = h.app.ID
	}
	a, link, err := h.flow.Begin(context.Background(), gk.Engine(), in)
	if err != nil {
		h.t.Fatal(err)
	}
	return a, h.pressAgain(link)
}

func (h *house) pressAgain(link string) consent.Pressed {
	h.t.Helper()
	pressed, err := h.flow.Press(context.Background(), link[strings.LastIndexByte(link, '/')+1:], "")
	if err != nil {
		h.t.Fatal(err)
	}
	h.cookies[pressed.CookieName] = pressed.CookieValue
	return pressed
}

// consent acts as the merchant on the platform's page and returns the address that the browser is sent back to.
func (h *house) consent(link string, shops ...string) string {
	h.t.Helper()
	var out struct{ Callback string }
	h.control("POST", "/"+h.app.Platform+"/consent", map[string]any{"url": link, "shops": shops, "decision": "approve"}, &out)
	return out.Callback
}

func (h *house) cookie(name string) string { return h.cookies[name] }
func stranger(string) string               { return "" }

func (h *house) callback(address string, cookie func(string) string) (consent.Outcome, error) {
	o, err := h.flow.Callback(context.Background(), h.app.ID, platform.Incoming{Method: http.MethodGet, URL: address, Header: http.Header{}}, cookie)
	time.Sleep(50 * time.Millisecond) // nobody's next act comes in the same millisecond
	return o, err
}

// connect lets the merchant of the n-th shop authorize, and returns the grant.
func (h *house) connect(n int, owner string) gk.Grant {
	h.t.Helper()
	_, pressed := h.press(consent.BeginInput{Owner: owner, Shop: h.host(n)})
	o, err := h.callback(h.consent(pressed.URL, h.shop(n)), h.cookie)
	if err != nil {
		h.t.Fatal(err)
	}
	if o.Click.Stage != gk.Done || len(o.Grants) != 1 {
		h.t.Fatalf("the authorization ended %s (%s) with %d grants, fault %v", o.Click.Stage, o.Click.Reason, len(o.Grants), o.Click.Fault)
	}
	return o.Grants[0]
}

func (h *house) grant(id string) gk.Grant {
	h.t.Helper()
	g, err := h.store.Grant(context.Background(), gk.Engine(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return g
}

func (h *house) token(id string) keeper.Served {
	h.t.Helper()
	s, err := h.keeper.Token(context.Background(), gk.Engine(), id, keeper.TokenWant{})
	if err != nil {
		h.t.Fatalf("token: %v", err)
	}
	return s
}

// kinds lists the kinds of a grant's events, oldest first.
func (h *house) kinds(id string) string {
	h.t.Helper()
	events, err := h.store.History(context.Background(), gk.Engine(), id, "", 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	var kinds []string
	for i := len(events) - 1; i >= 0; i-- {
		kinds = append(kinds, strings.TrimPrefix(events[i].Kind, "grant."))
	}
	return strings.Join(kinds, " ")
}

// moveTo moves product time on, from due moment to due moment; whatever falls due on the way is done. Long ways go this
// way rather than by sleeping, since loops look once a second of real time.
func (h *house) moveTo(at time.Time) {
	h.t.Helper()
	if err := h.sims.Clock.Set(context.Background(), at); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) now() time.Time { return h.sims.Clock.Now() }

// refreshed lets time pass until a grant is at a generation, for a while at most: each second of it is a round of the keeper.
func (h *house) refreshed(id string, generation int64, within time.Duration) gk.Grant {
	h.t.Helper()
	g := h.grant(id)
	for end := time.Now().Add(within); g.Generation < generation && time.Now().Before(end); g = h.grant(id) {
		time.Sleep(time.Second)
	}
	return g
}

// revoked lets time pass until a grant is revoked, for a while at most.
func (h *house) revoked(id string, within time.Duration) gk.Grant {
	h.t.Helper()
	g := h.grant(id)
	for end := time.Now().Add(within); g.State != gk.Revoked && time.Now().Before(end); g = h.grant(id) {
		time.Sleep(time.Second)
	}
	return g
}

// noSecretLogged searches the log for every token that the platform ever issued and for the app's secrets.
func (h *house) noSecretLogged() {
	h.t.Helper()
	log := h.log.String()
	var got struct {
		Grants []truth `json:"grants"`
	}
	h.control("GET", "/"+h.app.Platform+"/grants", nil, &got)
	canaries := []string{}
	for _, g := range got.Grants {
		canaries = append(canaries, g.Access, g.Refresh)
	}
	for name, s := range h.keeper.Apps().Driver(h.app.Platform).Spec().Facts.Settings {
		if s.Secret {
			canaries = append(canaries, fmt.Sprint(h.ready.Platforms[h.app.Platform].Apps[0][name]))
		}
	}
	for _, c := range canaries {
		if len(c) >= 8 && c != "<nil>" && strings.Contains(log, c) {
			h.t.Errorf("a secret of %d characters stands in the log", len(c))
		}
	}
}
