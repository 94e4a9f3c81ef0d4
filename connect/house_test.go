package connect_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/connect"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
	"github.com/grantkeep/grantkeep/sim"
	shoplazzasim "github.com/grantkeep/grantkeep/sim/shoplazza"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/vault"
)

const (
	clientSecret = "AppSecret_canary_1"
	authCode     = "c0de_canary_1" // of a callback that no platform made
	shopID       = "2286999"
	shopHost     = "demo-7.myshoplaza.com"
)

// house is a server with everything that stands behind its pages, all of it real: keeper, vault, SQLite, the way out.
// The platform is Shoplazza in a box.
type house struct {
	t       *testing.T
	keeper  *keeper.Keeper
	flow    *consent.Flow
	store   *sqlite.Store
	app     gk.App
	public  string
	base    string   // the platform's address
	control string   // where the platform is told what to do
	secrets []string // what neither a page nor the log may hold
	log     logBook
	shown   logBook      // every body of an answer
	ahead   atomic.Int64 // how far product time is ahead, in nanoseconds
}

// logBook is a text that a test can read while others write.
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

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, secrets: []string{clientSecret, authCode}}
	h.startPlatform()
	allow := []string{strings.TrimPrefix(h.base, "http://")}

	front := httptest.NewUnstartedServer(nil)
	h.public = "http://" + front.Listener.Addr().String()

	var err error
	if h.store, err = sqlite.Open(t.Context(), sqlitetest.Dir(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.store.Close() }) // closed already by the test of a database that is away
	master := vault.NewMaster()
	wrapped, _, err := vault.Create(master)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(master, wrapped, "inst_1")
	if err != nil {
		t.Fatal(err)
	}
	gate, err := outbound.New(outbound.Options{Allow: allow})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(gate.Close)
	log := slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.keeper, err = keeper.New(keeper.Options{
		Store: h.store, Vault: v, Gate: gate, Drivers: []platform.Driver{shoplazza.New()}, PublicURL: h.public, Allowed: allow, Log: log,
		Now: func() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	h.flow = consent.New(h.keeper)
	h.app, err = h.keeper.Apps().Create(t.Context(), gk.Engine(), apps.Input{
		Platform: "shoplazza", Name: "Northline ERP",
		Settings:      map[string]string{"client_id": "AppId_1", "client_secret": clientSecret, "scopes": "read_shop write_order"},
		Endpoints:     map[string]string{"authorize": h.base, "token": h.base, "api": h.base},
		ReturnOrigins: []string{"https://erp.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	front.Config.Handler = connect.New(connect.Options{Keeper: h.keeper, Consent: h.flow, PublicURL: h.public, Log: log})
	front.Start()
	t.Cleanup(front.Close)
	t.Cleanup(h.checkSecrets)
	return h
}

// startPlatform starts Shoplazza with an app and a shop; the merchant grants every scope but the last one asked for.
func (h *house) startPlatform() {
	h.t.Helper()
	var rows []sim.Row
	for _, r := range shoplazza.New().Spec().Catalogue.Rows() {
		rows = append(rows, sim.Row{Stage: r.Stage, Code: r.Code, Pattern: r.PatternText, When: r.When, Example: r.Example, Action: string(r.Action)})
	}
	// A test's context ends before its cleanups run, and those still ask.
	running, err := sim.Start(context.WithoutCancel(h.t.Context()), sim.Options{
		Platforms: []sim.Platform{{Name: "shoplazza", New: shoplazzasim.New, Rows: rows}},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if err := running.Close(); err != nil {
			h.t.Error(err)
		}
	})
	h.base, h.control = running.Base("shoplazza"), running.Control()+"/shoplazza"
	h.tell("/apps", map[string]string{"client_id": "AppId_1", "client_secret": clientSecret}, nil)
	h.tell("/shops", map[string]string{"id": shopID, "name": "demo-7"}, nil)
	h.tell("/options", map[string]string{"grant_scopes": "without_last"}, nil)
}

// tell asks the platform's control for something: what is to be sent makes it a POST.
func (h *house) tell(path string, send, answer any) {
	h.t.Helper()
	method, body := http.MethodGet, []byte(nil)
	if send != nil {
		method = http.MethodPost
		var err error
		if body, err = json.Marshal(send); err != nil {
			h.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(h.t.Context()), method, h.control+path, bytes.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusMultipleChoices {
		h.t.Fatalf("%s %s = %s", method, path, resp.Status)
	}
	if answer == nil {
		return
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
}

// exchanges counts how often the platform was asked for tokens.
func (h *house) exchanges() int {
	var log struct{ Calls []struct{ Stage string } }
	h.tell("/calls", nil, &log)
	n := 0
	for _, c := range log.Calls {
		if c.Stage == platform.StageToken {
			n++
		}
	}
	return n
}

// checkSecrets looks through the log and everything shown for what they may not hold.
func (h *house) checkSecrets() {
	var held struct {
		Grants []struct{ Access, Refresh string }
	}
	h.tell("/grants", nil, &held)
	for _, g := range held.Grants {
		h.secrets = append(h.secrets, g.Access, g.Refresh)
	}
	for _, secret := range append(h.secrets, "state=") {
		if strings.Contains(h.log.String(), secret) {
			h.t.Errorf("the log holds %q:\n%s", secret, h.log.String())
		}
		if strings.Contains(h.shown.String(), secret) {
			h.t.Errorf("a page holds %q:\n%s", secret, h.shown.String())
		}
	}
}

// begin makes a link and returns its path with it.
func (h *house) begin(in consent.BeginInput) (gk.Authorization, string) {
	h.t.Helper()
	in.App = h.app.ID
	a, link, err := h.flow.Begin(h.t.Context(), gk.Engine(), in)
	if err != nil {
		h.t.Fatal(err)
	}
	path := strings.TrimPrefix(link, h.public)
	h.secrets = append(h.secrets, strings.TrimPrefix(path, "/connect/"))
	return a, path
}

// signed is the query with which the platform sends a merchant back.
func signed(query url.Values) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(query)) {
		pairs = append(pairs, name+"="+query.Get(name))
	}
	mac := hmac.New(sha256.New, []byte(clientSecret))
	_, _ = mac.Write([]byte(strings.Join(pairs, "&"))) // never fails
	query.Set("hmac", hex.EncodeToString(mac.Sum(nil)))
	return query.Encode()
}

// consent agrees on the platform's page behind link, as the merchant, and returns where that sends the browser.
func (h *house) consent(link string) string {
	h.t.Helper()
	var sent struct{ Callback string }
	h.tell("/consent", map[string]any{"url": link, "shops": []string{shopID}, "decision": "approve"}, &sent)
	u, err := url.Parse(sent.Callback)
	if err != nil || u.Query().Get("code") == "" {
		h.t.Fatalf("the platform sends the merchant back without a code")
	}
	h.secrets = append(h.secrets, u.Query().Get("code"))
	return strings.TrimPrefix(sent.Callback, h.public)
}

// browser is a merchant's: it keeps cookies and shows every redirect instead of following it.
type browser struct {
	*house
	client *http.Client
}

func (h *house) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &browser{h, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// answer is what a browser got.
type answer struct {
	*http.Response
	html string
}

func (b *browser) do(method, path string, form url.Values, header http.Header) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.public+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Accept-Language", "en")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	maps.Copy(req.Header, header)
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	a := answer{resp, string(body)}
	b.checkAnswer(a)
	return a
}

func (b *browser) get(path string) answer { return b.do(http.MethodGet, path, nil, nil) }

func (b *browser) post(path string, form url.Values) answer {
	return b.do(http.MethodPost, path, form, nil)
}

// checkAnswer tells what no answer may lack or hold.
func (b *browser) checkAnswer(a answer) {
	b.t.Helper()
	where := a.Request.Method + " " + a.Request.URL.Path
	for name, want := range map[string]string{
		"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex", "Cache-Control": "no-store",
	} {
		if got := a.Header.Get(name); got != want && !strings.HasSuffix(a.Request.URL.Path, ".css") {
			b.t.Errorf("%s: %s = %q, want %q", where, name, got, want)
		}
	}
	csp := a.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "default-src 'none'; style-src 'self'; ") || strings.Contains(csp, "unsafe") {
		b.t.Errorf("%s: Content-Security-Policy = %q", where, csp)
	}
	_, _ = b.shown.Write([]byte(a.html)) // a buffer takes everything
}

// wants checks status and words of an answer.
func (a answer) wants(t *testing.T, status int, words ...string) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("%s %s = %d, want %d\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.html)
	}
	for _, w := range words {
		if !strings.Contains(a.html, w) {
			t.Errorf("%s %s lacks %q:\n%s", a.Request.Method, a.Request.URL.Path, w, a.html)
		}
	}
}
