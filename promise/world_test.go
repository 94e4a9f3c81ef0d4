package promise_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/sim"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

// world is an installation, its processes and the platforms around it.
type world struct {
	t         *testing.T
	dir       string
	platforms []string
	late      time.Duration
	stops     int // of the clock on its way
	postgres  string
	mutate    func(store.Store) store.Store
	master    vault.Master
	memory    *sim.Memory
	sims      *sim.Running
	web       *http.Client
	turns     *turns
	log       *logBook
	processes []*process // that live
	clone     *process   // of a copy of the installation
	drivers   []platform.Driver
	panics    *breakdowns
	all       []*process
	apps      map[string]gk.App // by platform
	ready     ready
	check     *checker
	sum       *summary
	server    *http.Server
	told      map[string]map[string]any // the app as each platform knows it
	broken    map[string]bool           // platforms that know another secret of our app than we do
	heard     []pushed
	story     story

	mu       sync.Mutex
	data     database // that answers
	former   []database
	backup   string          // a directory that holds the database as it once was
	replaced time.Time       // in real time: when another database took the place of the one before
	stopped  map[string]bool // platforms whose app a person has stopped
	database string          // the fault that is in force at the stores' boundary
	rate     float64
	sound    time.Time // in real time: from when on nothing of the last fault of the database is left
}

type ready struct {
	Control   string `json:"control"`
	Platforms map[string]struct {
		Base  string           `json:"base"`
		Apps  []map[string]any `json:"apps"`
		Shops []struct {
			ID, Kind, Name, Host, Owner string
		} `json:"shops"`
	} `json:"platforms"`
}

// logBook keeps what all processes log, to be searched for secrets.
type logBook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (w *world) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// hub is where the platforms reach us.
const hub = "http://hub.localhost:20900"

const installation = "ins_promise"

// begin makes a world in which two processes run and every platform of the plan has an app. It is called in a bubble.
func begin(t *testing.T, dir string, pl plan, mutate func(store.Store) store.Store) *world {
	t.Helper()
	w := &world{
		t: t, dir: dir, platforms: pl.Platforms, late: pl.Late, postgres: pl.postgres, mutate: mutate, memory: sim.NewMemory(), turns: newTurns(pl.Seed), log: &logBook{},
		apps: map[string]gk.App{}, told: map[string]map[string]any{}, broken: map[string]bool{}, sum: newSummary(),
		stopped: map[string]bool{}, panics: &breakdowns{request: map[subject]bool{}, answer: map[subject]bool{}},
	}
	w.drivers = fragile(w.panics)
	w.panics.met = func(of subject) { w.check.excuse(of, "driver broke down over the answer") }
	w.check = newChecker(w)
	clock := sim.NewClock()
	w.must(clock.Set(context.Background(), time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)))
	simulated, _ := all.Simulators()
	simulated = slices.DeleteFunc(simulated, func(p sim.Platform) bool { return !slices.Contains(w.platforms, p.Name) })
	var err error
	w.sims, err = sim.Start(context.Background(), sim.Options{Platforms: simulated, Memory: w.memory, Clock: clock})
	w.must(err)
	line, err := json.Marshal(w.sims)
	w.must(err)
	w.must(json.Unmarshal(line, &w.ready))
	w.web = &http.Client{Transport: &http.Transport{DialContext: w.memory.DialContext, DisableKeepAlives: true}}
	w.data = w.openStore(w.dir)
	w.master = vault.NewMaster()
	wrapped, primary, err := vault.Create(w.master)
	w.must(err)
	w.must(w.store().AddKeyset(context.Background(), store.Keyset{ID: 1, Wrapped: wrapped, Primary: primary, CreatedAt: clock.Now()}))
	go w.turns.run()
	w.run("a")
	w.run("b")
	w.sims.Clock.Register(sim.Hook{Next: w.nextDue, Pause: w.pause, Settle: w.settle})
	w.listen()
	for _, p := range w.platforms {
		w.addApp(p)
	}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// several is a store that several processes write: it cannot tell what has changed.
type several struct{ store.Store }

func (s several) Changed(context.Context, string) (store.Changes, error) {
	return store.Changes{Gap: true}, nil
}

func (w *world) nextDue(_, to time.Time) time.Time {
	var first time.Time
	asked := map[bool]bool{}
	for _, p := range w.working() {
		if p.astray() || asked[p.clone] {
			continue
		}
		asked[p.clone] = true // one of an installation tells for all
		next, err := p.keeper.NextDue(context.Background())
		if err == nil && !next.IsZero() && !next.After(to) && (first.IsZero() || next.Before(first)) {
			first = next
		}
	}
	if first.IsZero() {
		return first
	}
	return first.Add(w.late)
}

func (w *world) pause(ctx context.Context) (func(), error) {
	var resumes []func()
	resume := func() {
		for _, r := range resumes {
			r()
		}
	}
	for _, p := range w.working() {
		r, err := p.keeper.Pause(ctx)
		if err != nil {
			resume()
			return nil, err
		}
		resumes = append(resumes, r)
	}
	return resume, nil
}

// settle lets every process do what is due, unless its clock keeps it from that; in a long life, where
// everything is late, one after the other, which is half the work. They do it at the same time, and the seed says who is first at what.
func (w *world) settle(ctx context.Context, _ time.Time) error {
	working := slices.DeleteFunc(w.working(), (*process).astray)
	if w.stops++; w.late > 0 && len(working) > 0 {
		working = working[w.stops%len(working):][:1]
	}
	errs := make([]error, len(working))
	var settling sync.WaitGroup
	for i, p := range working {
		settling.Go(func() { errs[i] = p.keeper.Settle(ctx) })
	}
	settling.Wait()
	return errors.Join(errs...)
}

// addApp registers the platform's first simulated app with us.
func (w *world) addApp(code string) {
	w.t.Helper()
	k := w.processes[0].keeper
	box, driver := w.ready.Platforms[code], k.Apps().Driver(code)
	settings, endpoints := map[string]string{}, map[string]string{}
	for name := range driver.Spec().Facts.Settings {
		if v, ok := box.Apps[0][name]; ok && name != "redirect_uri" && name != "push_url" {
			settings[name] = sim.Settings{name: v}.Text(name)
		}
	}
	for _, e := range driver.Spec().Facts.Endpoints {
		for name := range e.Bases {
			endpoints[name] = box.Base
		}
	}
	app, err := k.Apps().Create(context.Background(), gk.Engine(), apps.Input{Platform: code, Settings: settings, Endpoints: endpoints})
	w.must(err)
	w.apps[code] = app
	told := map[string]any{}
	for name, v := range box.Apps[0] {
		told[name] = v
	}
	told["redirect_uri"], told["push_url"], told["app_url"] = k.Apps().CallbackURL(app.ID), k.Apps().PushURL(app.ID), k.Apps().InstallURL(app.ID)
	w.told[code] = told
	if !w.control(http.MethodPost, "/"+code+"/apps", told, nil) {
		w.t.Fatalf("%s does not take its app", code)
	}
}

// control makes a control call of the simulators and reports whether it was answered as wished.
func (w *world) control(method, path string, in, out any) bool {
	w.t.Helper()
	body, err := json.Marshal(in)
	w.must(err)
	req, err := http.NewRequestWithContext(context.Background(), method, w.ready.Control+path, bytes.NewReader(body))
	w.must(err)
	req.Header.Set("Content-Type", "application/json")
	res, err := w.web.Do(req)
	w.must(err)
	answer, err := io.ReadAll(res.Body)
	w.must(err)
	w.must(res.Body.Close())
	if res.StatusCode != http.StatusOK {
		return false
	}
	if out != nil {
		w.must(json.Unmarshal(answer, out))
	}
	return true
}

func (w *world) now() time.Time { return w.sims.Clock.Now() }

func (w *world) allowed() []string {
	var hosts []string
	for _, p := range w.ready.Platforms {
		hosts = append(hosts, strings.TrimPrefix(p.Base, "http://"))
	}
	return hosts
}

// end lets everything end. Processes that were killed learn only here that they live no more.
func (w *world) end() {
	w.setDatabase("", 0)
	for _, p := range w.all {
		p.cancel()
	}
	for _, p := range w.all {
		p.bury()
	}
	for _, p := range w.all {
		<-p.done
		<-p.ended
		p.out.Close()
	}
	w.must(w.server.Close())
	time.Sleep(2 * time.Minute) // calls that hang and that nobody waits for
	w.web.CloseIdleConnections()
	w.must(w.sims.Close())
	for _, d := range append(w.former, w.data) {
		w.must(d.store.Close())
	}
	close(w.turns.quit)
}
