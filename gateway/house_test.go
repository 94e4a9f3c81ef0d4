package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/gateway"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/vault"
)

// What may be seen by the platform alone.
const (
	accessToken  = "canary-access-token-0f4c2d"
	refreshToken = "canary-refresh-token-7b1e9a"
	appSecret    = "canary-app-secret-93d0c5"
)

// house is a gateway over a real keeper and database, with a platform of the test's own at the other end.
type house struct {
	t       testing.TB
	store   store.Store
	vault   *vault.Vault
	keeper  *keeper.Keeper
	gateway *gateway.Gateway
	log     *logBook
	grant   gk.Grant

	platform *httptest.Server // the other end
	front    *httptest.Server // passes /proxy/ID/… on, as the API does behind its keys

	mu   sync.Mutex
	seen []*http.Request // what reached the platform, bodies read
	errs []error         // what the gateway refused
}

// subjects is whose the grant of a platform is, and what its app needs.
var subjects = map[string]struct {
	subject  gk.Subject
	settings map[string]string
}{
	"shoplazza": {gk.Subject{Kind: gk.KindShop, ID: "1001", Host: "demo.myshoplaza.com"}, map[string]string{"client_id": "client", "client_secret": appSecret}},
	"shopee":    {gk.Subject{Kind: gk.KindShop, ID: "1001"}, map[string]string{"partner_id": "77", "partner_key": appSecret}},
	"shopeev1":  {gk.Subject{Kind: gk.KindShop, ID: "1001"}, map[string]string{"partner_id": "77", "partner_key": appSecret}},
	"eleme":     {gk.Subject{Kind: gk.KindAccount, ID: "1001"}, map[string]string{"app_key": "appkey", "app_secret": appSecret}},
	"taobao":    {gk.Subject{Kind: gk.KindAccount, ID: "1001"}, map[string]string{"app_key": "77", "app_secret": appSecret}},
}

// newHouse makes a house with one grant on a platform that h plays. o may shorten the gateway's patience.
func newHouse(t testing.TB, d platform.Driver, play http.HandlerFunc, o gateway.Options) *house {
	t.Helper()
	h := &house{t: t, log: &logBook{}}
	h.platform = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, bench := t.(*testing.B); !bench {
			h.note(r)
		}
		play(w, r)
	}))
	t.Cleanup(h.platform.Close)
	db, err := sqlite.Open(t.Context(), sqlitetest.Dir(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	h.store = db
	master := vault.NewMaster()
	wrapped, _, err := vault.Create(master)
	if err != nil {
		t.Fatal(err)
	}
	if h.vault, err = vault.Open(master, wrapped, "test"); err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(h.platform.URL, "http://")
	gate, err := outbound.New(outbound.Options{Allow: []string{host}, UserAgent: "grantkeep"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(gate.Close)
	log := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.keeper, err = keeper.New(keeper.Options{
		Store: db, Vault: h.vault, Gate: gate, Drivers: []platform.Driver{d}, PublicURL: "https://connect.example", Log: log, Allowed: []string{host},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Keeper, o.Log = h.keeper, log
	h.gateway = gateway.New(o)
	h.addGrant(d.Spec())
	h.front = httptest.NewServer(http.HandlerFunc(h.pass))
	t.Cleanup(h.front.Close)
	return h
}

// pass is what the API does behind its keys.
func (h *house) pass(w http.ResponseWriter, r *http.Request) {
	_, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/proxy/"), "/")
	if err := h.gateway.Proxy(w, r, gk.Engine(), h.grant.ID, rest); err != nil {
		h.mu.Lock()
		h.errs = append(h.errs, err)
		h.mu.Unlock()
		w.WriteHeader(http.StatusTeapot)
	}
}

// note keeps a request, and gives the handler its body again.
func (h *house) note(r *http.Request) {
	kept := r.Clone(context.Background())
	if r.ContentLength >= 0 && r.ContentLength < 1<<20 {
		body, _ := io.ReadAll(r.Body)
		r.Body, kept.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen = append(h.seen, kept)
}

// requests returns what reached the platform so far.
func (h *house) requests() []*http.Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]*http.Request(nil), h.seen...)
}

// refusal returns the latest error of the gateway.
func (h *house) refusal() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.errs) == 0 {
		return nil
	}
	return h.errs[len(h.errs)-1]
}

func (h *house) addGrant(spec *platform.Spec) {
	h.t.Helper()
	ctx, who := context.Background(), subjects[spec.Code]
	endpoints := map[string]string{}
	for _, e := range spec.Facts.Endpoints {
		for name := range e.Bases {
			endpoints[name] = h.platform.URL
		}
	}
	app, err := h.keeper.Apps().Create(ctx, gk.Engine(), apps.Input{Platform: spec.Code, Settings: maps.Clone(who.settings), Endpoints: endpoints})
	if err != nil {
		h.t.Fatal(err)
	}
	now := h.keeper.Now()
	h.grant = gk.Grant{
		ID: gk.NewID("grt", now), App: app.ID, Platform: app.Platform, State: gk.Active, Subject: who.subject,
		Generation: 1, Version: 1,
		Origin:       gk.Origin{PairSpent: -1, PairAskedAt: now},
		AuthorizedAt: now, CreatedAt: now, UpdatedAt: now,
		Pacing: gk.Pacing{DueAt: now.Add(time.Hour)},
	}
	if spec.Facts.Tokens {
		h.grant.Renewable, h.grant.Expires = true, now.Add(24*time.Hour)
		h.grant.Access, h.grant.Refresh, h.grant.KeyID = h.seal("access", accessToken), h.seal("refresh", refreshToken), h.vault.KeyID()
		h.grant.Windows = map[string]time.Time{"w2": now.Add(time.Hour)}
	}
	err = h.store.PutGrants(ctx, app.ID, "", "", []gk.Subject{h.grant.Subject}, now,
		func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
			return []gk.Grant{h.grant}, nil, nil
		})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) seal(field, text string) gk.Sealed {
	h.t.Helper()
	sealed, err := h.vault.SealSecret(vault.Place{Table: "grants", Row: h.grant.ID, Field: field, Generation: 1}, gk.NewSecret(text))
	if err != nil {
		h.t.Fatal(err)
	}
	return sealed
}

// row reads the grant as it stands.
func (h *house) row() gk.Grant {
	h.t.Helper()
	g, err := h.store.Grant(context.Background(), gk.Engine(), h.grant.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return g
}

// do sends a request through the front; the caller closes the body.
func (h *house) do(method, path string, body io.Reader, headers ...string) *http.Response {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.front.URL+"/proxy/"+h.grant.ID+path, body)
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	return res
}

// get is do for a body that is read whole.
func (h *house) get(method, path, body string, headers ...string) (*http.Response, string) {
	h.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	res := h.do(method, path, content, headers...)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	return res, string(text)
}

// call makes a call as POST /v1/grants/ID/call does.
func (h *house) call(c platform.Call) (*httptest.ResponseRecorder, error) {
	w := httptest.NewRecorder()
	err := h.gateway.Call(context.Background(), w, gk.Engine(), h.grant.ID, c)
	return w, err
}

// fault reads the header that tells a failure; nil if there is none.
func fault(t testing.TB, header http.Header) map[string]any {
	t.Helper()
	line := header.Get("Grantkeep-Fault")
	if line == "" {
		return nil
	}
	var f map[string]any
	if err := json.Unmarshal([]byte(line), &f); err != nil {
		t.Fatalf("Grantkeep-Fault is not JSON: %v\n%s", err, line)
	}
	return f
}

// expectNoSecretLogged fails if a canary is in the log.
func (h *house) expectNoSecretLogged() {
	h.t.Helper()
	for _, canary := range []string{accessToken, refreshToken, appSecret} {
		if strings.Contains(h.log.String(), canary) {
			h.t.Errorf("the log holds %s", canary)
		}
	}
}

// badField returns the field of a refused call, empty for any other error.
func badField(err error) string {
	var bad *platform.BadCall
	if errors.As(err, &bad) {
		return bad.Field
	}
	return ""
}

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
