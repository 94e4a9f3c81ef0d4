package notify_test

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/notify/schematest"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/vault"
)

// house is the news over a real database, with receivers on loopback and a clock that tests move.
type house struct {
	t      *testing.T
	store  *counting
	vault  *vault.Vault
	keeper *keeper.Keeper
	news   *notify.News
	app    gk.App

	mu  sync.Mutex
	now time.Time
}

// all sees everything.
var all = gk.Viewer{Key: "key_all", Scopes: gk.Scopes()}

// newHouse opens a house whose news may reach the given hosts.
func newHouse(t *testing.T, allow ...string) *house {
	t.Helper()
	return newHouseBehind(t, outbound.Options{Allow: allow})
}

// newHouseBehind opens a house whose news goes out by a gate of its own.
func newHouseBehind(t *testing.T, o outbound.Options) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	db, err := sqlite.Open(t.Context(), sqlitetest.Dir(t))
	if err != nil {
		t.Fatal(err)
	}
	h.store = &counting{Store: db}
	master := vault.NewMaster()
	wrapped, _, err := vault.Create(master)
	if err != nil {
		t.Fatal(err)
	}
	if h.vault, err = vault.Open(master, wrapped, "test"); err != nil {
		t.Fatal(err)
	}
	gate, err := outbound.New(o)
	if err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	h.keeper, err = keeper.New(keeper.Options{
		Store: db, Vault: h.vault, Gate: gate, Drivers: []platform.Driver{shoplazza.New()}, Now: h.clock, PublicURL: "https://connect.example", Log: quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.news = notify.New(notify.Options{Keeper: h.keeper, Store: h.store, Vault: h.vault, Gate: gate, ConsoleURL: "https://console.example", Log: quiet})
	h.app, err = h.keeper.Apps().Create(t.Context(), gk.Engine(), apps.Input{
		Platform: "shoplazza", Name: "ERP", Settings: map[string]string{"client_id": "made-up", "client_secret": "made-up-secret"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		schematest.Hold(t, db, h.keeper)
		gate.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// counting counts the looks at what waits.
type counting struct {
	store.Store
	looked atomic.Int64
}

func (c *counting) Backlogs(ctx context.Context, now time.Time) ([]store.Backlog, error) {
	defer c.looked.Add(1)
	return c.Store.Backlogs(ctx, now)
}

// looks is how often somebody has looked whether work is late.
func (h *house) looks() int64 { return h.store.looked.Load() }

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// run tells news until the test ends, or stop is called.
func (h *house) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.news.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Errorf("Run = %v", err)
		}
	})
	h.t.Cleanup(stop)
	return stop
}

// happen publishes events.
func (h *house) happen(events ...gk.Event) []string {
	h.t.Helper()
	var ids []string
	for i := range events {
		e := &events[i]
		e.ID, e.At, e.Actor = gk.NewID("evt", h.clock()), h.clock(), "engine"
		if e.App == "" {
			e.App = h.app.ID
		}
		ids = append(ids, e.ID)
	}
	if err := h.store.Append(h.t.Context(), events...); err != nil {
		h.t.Fatal(err)
	}
	h.publish()
	return ids
}

func (h *house) publish() {
	h.t.Helper()
	for {
		n, err := h.store.Publish(h.t.Context(), 500)
		if err != nil {
			h.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// webhook makes a webhook.
func (h *house) webhook(address string, rule store.Rule) (notify.Webhook, string) {
	h.t.Helper()
	if len(rule.Kinds) == 0 {
		rule.Kinds = []string{"*"}
	}
	w, secret, err := h.news.CreateWebhook(h.t.Context(), all, address, rule)
	if err != nil {
		h.t.Fatal(err)
	}
	return w, secret.Reveal()
}

// until waits until something is so: five minutes at most, which only a failure takes.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if so() {
			return
		}
	}
	t.Fatalf("in five minutes it did not come about that %s", what)
}

// post is one request that a receiver got.
type post struct {
	path   string
	header http.Header
	body   string
}

// receiver is an endpoint that remembers what it got and answers as it is told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []post
	answer func(w http.ResponseWriter, r *http.Request)
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body) // what is cut off fails the signature
		r.mu.Lock()
		r.got = append(r.got, post{req.URL.RequestURI(), req.Header.Clone(), string(body)})
		answer := r.answer
		r.mu.Unlock()
		if answer != nil {
			answer(w, req)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) host() string { return strings.TrimPrefix(r.URL, "http://") }

func (r *receiver) posts() []post {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]post(nil), r.got...)
}

func (r *receiver) answers(f func(w http.ResponseWriter, r *http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

// status answers with a status alone.
func status(code int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

var update = flag.Bool("update", false, "write the golden files anew")

// TestSchemaInTheDocs holds the schema in the docs to the one that is served.
func TestSchemaInTheDocs(t *testing.T) {
	want, err := notify.Schema()
	if err != nil {
		t.Fatal(err)
	}
	const path = "../docs/events.schema.json"
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != string(want) {
		t.Errorf("%s is not what is served (%v); run this test with -update", path, err)
	}
}
