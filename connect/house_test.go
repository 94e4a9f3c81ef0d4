package connect_test

import (
	"bytes"
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
	"github.com/grantkeep/grantkeep/connect"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/vault"
)

const (
	clientSecret = "AppSecret_canary_1"
	authCode     = "c0de_canary_1"
	accessToken  = "At_canary_1"
	refreshToken = "Rt_canary_1"
	shopHost     = "demo-7.myshoplaza.com"
)

// house is a server with everything that stands behind its pages: keeper, vault and SQLite are the real ones; the
// platform is a store's token endpoint that answers as its documents say.
type house struct {
	t         *testing.T
	keeper    *keeper.Keeper
	store     *sqlite.Store
	app       gk.App
	public    string
	platform  string
	exchanges atomic.Int64
	refuse    atomic.Bool // the platform refuses every exchange
	log       logBook
	links     []string     // secrets of the links made
	ahead     atomic.Int64 // how far product time is ahead, in nanoseconds
}

// logBook is a log that a test can read while others write.
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
	h := &house{t: t}
	shop := httptest.NewServer(http.HandlerFunc(h.servePlatform))
	t.Cleanup(shop.Close)
	h.platform = shop.URL
	allow := []string{strings.TrimPrefix(shop.URL, "http://")}

	front := httptest.NewUnstartedServer(nil)
	h.public = "http://" + front.Listener.Addr().String()

	var err error
	if h.store, err = sqlite.Open(t.Context(), t.TempDir()); err != nil {
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
	h.app, err = h.keeper.CreateApp(t.Context(), gk.Engine(), keeper.AppInput{
		Platform: "shoplazza", Name: "Northline ERP",
		Settings:      map[string]string{"client_id": "AppId_1", "client_secret": clientSecret, "scopes": "read_shop write_order"},
		Endpoints:     map[string]string{"authorize": shop.URL, "token": shop.URL, "api": shop.URL},
		ReturnOrigins: []string{"https://erp.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	front.Config.Handler = connect.New(connect.Options{Keeper: h.keeper, PublicURL: h.public, Log: log})
	front.Start()
	t.Cleanup(front.Close)
	t.Cleanup(h.checkLog)
	return h
}

// checkLog looks for what no log may hold.
func (h *house) checkLog() {
	for _, secret := range append(h.links, clientSecret, authCode, accessToken, refreshToken, "state=") {
		if strings.Contains(h.log.String(), secret) {
			h.t.Errorf("the log holds %q:\n%s", secret, h.log.String())
		}
	}
}

func (h *house) servePlatform(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path != "/admin/oauth/token" {
		_, _ = io.WriteString(w, `{}`)
		return
	}
	h.exchanges.Add(1)
	if h.refuse.Load() {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"invalid_grant","error_description":"The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client."}`)
		return
	}
	now := time.Now().Unix()
	err := json.NewEncoder(w).Encode(map[string]any{
		"access_token": accessToken, "token_type": "Bearer", "expires_in": 31556951, "refresh_token": refreshToken, "scope": "read_shop",
		"created_at": now, "expires_at": now + 31556952, "store_id": "2286999", "store_name": "demo-7", "locale": "zh-CN",
	})
	if err != nil {
		h.t.Errorf("platform: %v", err)
	}
}

// begin makes a link and returns its path with it.
func (h *house) begin(in keeper.BeginInput) (gk.Authorization, string) {
	h.t.Helper()
	in.App = h.app.ID
	a, link, err := h.keeper.Begin(h.t.Context(), gk.Engine(), in)
	if err != nil {
		h.t.Fatal(err)
	}
	path := strings.TrimPrefix(link, h.public)
	h.links = append(h.links, strings.TrimPrefix(path, "/connect/"))
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

// consent is where the platform sends a merchant who agreed on the page behind link.
func (h *house) consent(link string) string {
	h.t.Helper()
	u, err := url.Parse(link)
	if err != nil || u.Query().Get("state") == "" {
		h.t.Fatalf("link of the platform carries no state")
	}
	return "/callback/" + h.app.ID + "?" + signed(url.Values{"code": {authCode}, "shop": {shopHost}, "state": {u.Query().Get("state")}})
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
	for _, secret := range []string{clientSecret, authCode, accessToken, refreshToken} {
		if strings.Contains(a.html, secret) {
			b.t.Errorf("%s shows a secret:\n%s", where, a.html)
		}
	}
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
