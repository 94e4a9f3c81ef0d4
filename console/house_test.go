package console_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/console"
	"github.com/grantkeep/grantkeep/console/provider"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/people"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/vault"
)

// house is a console over a real store, with nobody behind the platforms.
type house struct {
	t      *testing.T
	store  store.Store
	keeper *keeper.Keeper
	server *httptest.Server
	url    string

	provider func(address string) *provider.Provider // nil: nobody logs in by one

	mu    sync.Mutex
	ahead time.Duration // of the clock on the wall
}

// secretPassword is long enough, and nobody's.
const secretPassword = "seven calm herons walk home"

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t}
	h.open()
	return h
}

// open opens the store and the pages.
func (h *house) open() {
	t := h.t
	t.Helper()
	var err error
	if h.store, err = sqlite.Open(t.Context(), sqlitetest.Dir(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.store.Close() })
	master := vault.NewMaster()
	wrapped, first, err := vault.Create(master)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.store.AddKeyset(t.Context(), store.Keyset{ID: 1, Wrapped: wrapped, Primary: first, CreatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(master, wrapped, "installation")
	if err != nil {
		t.Fatal(err)
	}
	gate, err := outbound.New(outbound.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(gate.Close)
	var drivers []platform.Driver
	for _, p := range all.Platforms() {
		drivers = append(drivers, p.Driver)
	}
	h.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.handler().ServeHTTP(w, r) }))
	t.Cleanup(h.server.Close)
	h.url = h.server.URL
	log := slog.New(slog.DiscardHandler)
	h.keeper, err = keeper.New(keeper.Options{
		Store: h.store, Vault: v, Master: master, Gate: gate, Drivers: drivers, PublicURL: h.url, SpillFile: t.TempDir() + "/spill", Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	o := console.Options{
		Keeper: h.keeper, Consent: consent.New(h.keeper), Store: h.store, Drivers: drivers, URL: h.url, Base: "/console", Log: log, Now: h.now,
		News:   notify.New(notify.Options{Keeper: h.keeper, Store: h.store, Vault: v, Gate: gate, Log: log}),
		NewKey: func() (gk.Secret, []byte) { return gk.NewSecret("gk_made_up_for_the_test_0123456789"), []byte("hash") },
	}
	if h.provider != nil {
		o.Provider = h.provider(h.url)
	}
	h.server.Config.Handler = console.New(o)
}

func (h *house) handler() http.Handler { return h.server.Config.Handler }

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.ahead)
}

// pass moves the clock on the wall.
func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ahead += d
}

// person stores somebody with the password of the tests.
func (h *house) person(name, role string) store.Person {
	h.t.Helper()
	hash, err := people.NewHashing().Hash(h.t.Context(), secretPassword)
	if err != nil {
		h.t.Fatal(err)
	}
	p, err := people.Add(h.t.Context(), h.store, name, role, hash, h.now())
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// app stores an app and returns its id.
func (h *house) app(code string) string {
	h.t.Helper()
	app, err := h.keeper.Apps().Create(h.t.Context(), gk.Engine(), apps.Input{
		Platform: code, Name: "Northline", Settings: map[string]string{"partner_id": "1000001", "partner_key": canary},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return app.ID
}

// canary is a secret that no page may show.
const canary = "canary0123456789canary0123456789canary0123456789canary0123456789"

// grant stores a grant.
func (h *house) grant(app, id string, set func(*gk.Grant)) {
	h.t.Helper()
	now := h.keeper.Now()
	g := gk.Grant{
		ID: id, App: app, Subject: gk.Subject{Kind: gk.KindShop, ID: "7700" + id[len(id)-4:], Name: "Shop " + id, Region: "TW"}, State: gk.Active, Renewable: true,
		Pair:       gk.Pair{Access: gk.Sealed(canary), Refresh: gk.Sealed(canary), KeyID: 1, Expires: now.Add(3 * time.Hour), RefreshExpires: now.Add(700 * time.Hour)},
		Generation: 3,
		Origin:     gk.Origin{PairSpent: 2, PairAskedAt: now.Add(-time.Hour)},
		Ceiling:    now.Add(200 * 24 * time.Hour), Pacing: gk.Pacing{DueAt: now.Add(2 * time.Hour)},
		AuthorizedAt: now.Add(-24 * time.Hour), CreatedAt: now.Add(-24 * time.Hour), Owner: "cust-1",
	}
	if set != nil {
		set(&g)
	}
	err := h.store.PutGrants(h.t.Context(), app, "", "", nil, now, func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
		return []gk.Grant{g}, nil, nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// visitor is a browser.
type visitor struct {
	h    *house
	web  *http.Client
	lang string
}

func (h *house) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &visitor{h, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, "en"}
}

// login is a browser in which somebody of a role is logged in.
func (h *house) login(role string) *visitor {
	h.t.Helper()
	h.person(role+"-1", role)
	v := h.visitor()
	if a := v.post("/login", "name", role+"-1", "password", secretPassword); a.status != http.StatusSeeOther {
		h.t.Fatalf("logging in as %s = %d\n%s", role, a.status, a.body)
	}
	return v
}

// answered is an answer of the console.
type answered struct {
	status int
	to     string
	header http.Header
	body   string
}

func (v *visitor) send(method, path string, form url.Values, headers ...string) answered {
	v.h.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(context.WithoutCancel(v.h.t.Context()), method, v.h.url+path, body)
	if err != nil {
		v.h.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept-Language", v.lang)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a, err := v.web.Do(r)
	if err != nil {
		v.h.t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		v.h.t.Fatal(err)
	}
	if strings.Contains(string(text), canary) {
		v.h.t.Errorf("%s %s shows a secret", method, path)
	}
	return answered{a.StatusCode, a.Header.Get("Location"), a.Header, string(text)}
}

func (v *visitor) get(path string) answered { v.h.t.Helper(); return v.send(http.MethodGet, path, nil) }

var formToken = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// token is what forms of this login carry; empty where nobody is logged in.
func (v *visitor) token() string {
	v.h.t.Helper()
	if m := formToken.FindStringSubmatch(v.get("/console/settings").body); m != nil {
		return m[1]
	}
	return ""
}

// post sends a form as the page has it.
func (v *visitor) post(path string, fields ...string) answered {
	v.h.t.Helper()
	form := url.Values{"csrf": {v.token()}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return v.send(http.MethodPost, path, form)
}
