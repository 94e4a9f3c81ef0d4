package api_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/vault"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The canaries: whatever a scenario does, none of these may be in a body, a log line or an event, except the access
// token in the answer of a token route.
const (
	accessToken  = "canary-access-token-0f4c2d"
	refreshToken = "canary-refresh-token-7b1e9a"
	appSecret    = "canary-app-secret-93d0c5"
)

// house is an API over a real keeper and a real database, with one app and the keys that the scenarios use.
type house struct {
	dir     string // of the database
	t       testing.TB
	handler http.Handler
	store   store.Store
	vault   *vault.Vault
	keeper  *keeper.Keeper
	flow    *consent.Flow
	news    *notify.News
	log     *safeBuffer
	keys    map[string]gk.Secret
	app     gk.App
	now     time.Time
	from    string // address and port that requests come from; empty: the documentation's
	close   func() // closes the database
}

// network is what a house may reach.
type network struct {
	dial  func(ctx context.Context, network, address string) (net.Conn, error)
	allow []string // HOST:PORT

	egress *outbound.Egress
}

// newHouse is a house without a network.
func newHouse(t testing.TB) *house {
	t.Helper()
	return newHouseOn(t, network{dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no network in this test")
	}})
}

// newHouseOn is a house that reaches a network and knows more platforms than Shoplazza.
func newHouseOn(t testing.TB, n network, more ...platform.Driver) *house {
	t.Helper()
	h := &house{t: t, log: &safeBuffer{}, keys: map[string]gk.Secret{}, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	ctx := t.Context()
	h.dir = sqlitetest.Dir(t)
	db, err := sqlite.Open(ctx, h.dir)
	if err != nil {
		t.Fatal(err)
	}
	h.close = sync.OnceFunc(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(h.close)
	h.store = db
	master := vault.NewMaster()
	wrapped, _, err := vault.Create(master)
	if err != nil {
		t.Fatal(err)
	}
	if h.vault, err = vault.Open(master, wrapped, "test"); err != nil {
		t.Fatal(err)
	}
	gate, err := outbound.New(outbound.Options{Dial: n.dial, Allow: n.allow, Egress: n.egress})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(gate.Close)
	log := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	drivers := append([]platform.Driver{shoplazza.New()}, more...)
	h.keeper, err = keeper.New(keeper.Options{
		Store: db, Vault: h.vault, Gate: gate, Drivers: drivers, Now: func() time.Time { return h.now },
		PublicURL: "https://connect.example", Log: log, Allowed: n.allow,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.flow = consent.New(h.keeper)
	h.news = notify.New(notify.Options{Keeper: h.keeper, Store: db, Vault: h.vault, Gate: gate, Log: log})
	stopping := make(chan struct{})
	close(stopping) // a stream tells what there is, and ends
	h.handler = api.New(api.Options{
		Keeper: h.keeper, Consent: h.flow, Store: db, Drivers: drivers, APIURL: "https://api.example", Version: "test", Log: log, Stopping: stopping, News: h.news,
	})
	h.addKey("all", gk.Scopes(), nil, nil)
	h.app = h.addApp("first")
	return h
}

// addKey stores a key under a name that scenarios use.
func (h *house) addKey(name string, scopes []gk.Scope, owners, apps []string) gk.Key {
	h.t.Helper()
	text := door.NewKey()
	k := gk.Key{ID: "key_" + name, Hash: door.HashKey(text), Name: name, Scopes: scopes, Owners: owners, Apps: apps, CreatedAt: h.now}
	if err := h.store.CreateKey(context.Background(), k); err != nil {
		h.t.Fatal(err)
	}
	h.keys[name] = text
	return k
}

func (h *house) addApp(name string) gk.App {
	h.t.Helper()
	a, err := h.keeper.Apps().Create(context.Background(), gk.Engine(), apps.Input{
		Platform: "shoplazza", Name: name, Settings: map[string]string{"client_id": "client-" + name, "client_secret": appSecret},
		ReturnOrigins: []string{"https://erp.example"},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

// addGrant stores a grant as a consent would have left it, with an access token that lasts a day; change may make it
// something else.
func (h *house) addGrant(app gk.App, shop, owner string, change func(*gk.Grant)) gk.Grant {
	h.t.Helper()
	id := gk.NewID("grt", h.now)
	seal := func(field, text string) gk.Sealed {
		sealed, err := h.vault.SealSecret(vault.Place{Table: "grants", Row: id, Field: field, Generation: 1}, gk.NewSecret(text))
		if err != nil {
			h.t.Fatal(err)
		}
		return sealed
	}
	g := gk.Grant{
		ID: id, App: app.ID, Platform: app.Platform, Owner: owner, State: gk.Active, Renewable: true,
		Subject: gk.Subject{Kind: gk.KindShop, ID: shop, Host: "shop-" + shop + ".myshoplaza.com", Name: "Shop " + shop},
		Shops:   []gk.Shop{{ID: shop, Name: "Shop " + shop}},
		Pair:    gk.Pair{Access: seal("access", accessToken), Refresh: seal("refresh", refreshToken), KeyID: h.vault.KeyID(), Expires: h.now.Add(24 * time.Hour), RefreshExpires: h.now.Add(90 * 24 * time.Hour)}, Generation: 1, Version: 1,
		Origin:       gk.Origin{PairAskedAt: h.now, PairSpent: -1},
		Pacing:       gk.Pacing{DueAt: h.now.Add(12 * time.Hour)},
		AuthorizedAt: h.now, CreatedAt: h.now, UpdatedAt: h.now, Scopes: []string{"read_order"},
	}
	if change != nil {
		change(&g)
	}
	made := gk.Event{ID: gk.NewID("evt", h.now), Kind: gk.EventGrantCreated, Actor: "merchant", App: app.ID, Grant: g.ID, Owner: g.Owner, At: h.now}
	err := h.store.PutGrants(context.Background(), app.ID, "", "", []gk.Subject{g.Subject}, h.now,
		func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
			return []gk.Grant{g}, []gk.Event{made}, nil
		})
	if err != nil {
		h.t.Fatal(err)
	}
	return g
}

// answer is what a request got.
type answer struct {
	status  int
	header  http.Header
	body    string
	trailer http.Header
}

func (a answer) member(t *testing.T, name string) any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		t.Fatalf("the body is not a JSON object: %v\n%s", err, a.body)
	}
	return m[name]
}

// do sends a request to api.example with a named key ("" for none) and headers as name, value pairs.
func (h *house) do(key, method, path, body string, headers ...string) answer {
	h.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(h.t.Context(), method, "https://api.example"+path, content)
	r.RemoteAddr = cmp.Or(h.from, r.RemoteAddr)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+h.keys[key].Reveal())
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String(), w.Result().Trailer}
}

// secretsIn names the canaries that a text holds.
func secretsIn(text string) []string {
	var found []string
	for _, canary := range []string{accessToken, refreshToken, appSecret} {
		if strings.Contains(text, canary) {
			found = append(found, canary)
		}
	}
	return found
}

// expectNoSecrets fails if a canary or an API key is in the log or in any event.
func (h *house) expectNoSecrets() {
	h.t.Helper()
	if _, err := h.store.Publish(h.t.Context(), 1000); err != nil {
		h.t.Fatal(err)
	}
	events, err := h.store.EventsAfter(h.t.Context(), gk.Engine(), 0, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	written, err := json.Marshal(events)
	if err != nil {
		h.t.Fatal(err)
	}
	for where, text := range map[string]string{"log": h.log.String(), "events": string(written)} {
		if found := secretsIn(text); len(found) > 0 {
			h.t.Errorf("the %s holds %v", where, found)
		}
		for name, k := range h.keys {
			if strings.Contains(text, k.Reveal()) {
				h.t.Errorf("the %s holds the key %q", where, name)
			}
		}
	}
}

// golden compares with testdata/NAME, which -update writes.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run with -update and read the difference", path)
	}
}

// safeBuffer is a buffer that several goroutines may write to.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func allScopes() []string {
	var names []string
	for _, s := range gk.Scopes() {
		names = append(names, string(s))
	}
	return names
}

func scopesOf(names ...string) []gk.Scope {
	var scopes []gk.Scope
	for _, n := range names {
		scopes = append(scopes, gk.Scope(n))
	}
	return scopes
}
