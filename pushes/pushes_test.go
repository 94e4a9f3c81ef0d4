package pushes_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/pushes"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/transfer"
	"github.com/grantkeep/grantkeep/vault"
)

// post is a receiver of pushes on a real SQLite. Its platform knows every access token no more, unless it is told to
// take its time.
type post struct {
	t        *testing.T
	store    store.Store
	keeper   *keeper.Keeper
	pushes   *pushes.Pushes
	platform *httptest.Server

	mu   sync.Mutex
	hang map[string]chan struct{} // by access token
}

const secret = "made-up-client-secret"

func open(t *testing.T, wrap func(store.Store) store.Store) *post {
	t.Helper()
	p := &post{t: t, hang: map[string]chan struct{}{}}
	p.platform = httptest.NewServer(http.HandlerFunc(p.answer))
	t.Cleanup(p.platform.Close)
	st, err := sqlite.Open(t.Context(), sqlitetest.Dir(t))
	if err != nil {
		t.Fatal(err)
	}
	p.store = st
	if wrap != nil {
		p.store = wrap(st)
	}
	master := vault.NewMaster()
	wrapped, _, err := vault.Create(master)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(master, wrapped, "ins_test")
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(p.platform.URL, "http://")
	gate, err := outbound.New(outbound.Options{Allow: []string{host}})
	if err != nil {
		t.Fatal(err)
	}
	p.keeper, err = keeper.New(keeper.Options{
		Store: p.store, Vault: v, Gate: gate, Drivers: all.Drivers(), PublicURL: "https://hub.example", Allowed: []string{host},
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	p.pushes = p.receiver()
	t.Cleanup(func() {
		gate.Close()
		if err := st.Close(); err != nil {
			t.Errorf("store: %v", err)
		}
	})
	return p
}

// receiver makes another receiver on the same store, as a new start does.
func (p *post) receiver() *pushes.Pushes {
	return pushes.New(pushes.Options{Keeper: p.keeper, Store: p.store, PublicURL: "https://hub.example", Log: slog.New(slog.DiscardHandler)})
}

// run works pushes off until the test ends, or stop is called.
func (p *post) run(r *pushes.Pushes) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				p.t.Errorf("Run = %v", err)
			}
		})
	}
	p.t.Cleanup(stop)
	return stop
}

// answer refuses every token, after it was let go where it is to hang.
func (p *post) answer(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	hang := p.hang[r.Header.Get("Access-Token")]
	p.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = w.Write([]byte(`{"errors":["Unauthorized"]}`)) // the asker may be gone
}

// slow makes the platform hang for a token until it is let go.
func (p *post) slow(token string) (letGo func()) {
	hang := make(chan struct{})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hang[token] = hang
	var once sync.Once
	letGo = func() { once.Do(func() { close(hang) }) }
	p.t.Cleanup(letGo)
	return letGo
}

func (p *post) app() gk.App {
	p.t.Helper()
	app, err := p.keeper.Apps().Create(p.t.Context(), gk.Engine(), apps.Input{
		Platform: "shoplazza", Settings: map[string]string{"client_id": "made-up-client", "client_secret": secret},
		Endpoints: map[string]string{"api": p.platform.URL, "token": p.platform.URL},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return app
}

// grants imports grants whose hosts and tokens carry their names.
func (p *post) grants(app string, names ...string) map[string]string {
	p.t.Helper()
	var rows []transfer.ImportRow
	for i, name := range names {
		rows = append(rows, transfer.ImportRow{
			App: app, Subject: gk.Subject{Kind: gk.KindShop, ID: fmt.Sprint(1000 + i), Host: name + ".myshoplaza.com"},
			Issued: time.Now().Add(-time.Hour),
			Token:  gk.Token{Access: gk.NewSecret("token-" + name), Refresh: gk.NewSecret("refresh-" + name), Expires: time.Now().Add(99 * time.Hour)},
		})
	}
	done, err := transfer.Import(p.t.Context(), p.keeper, gk.Engine(), rows, transfer.ImportOptions{})
	if err != nil {
		p.t.Fatal(err)
	}
	ids := map[string]string{}
	for i, d := range done {
		if d.Err != nil {
			p.t.Fatal(d.Err)
		}
		ids[names[i]] = d.Grant
	}
	return ids
}

// left delivers the push that the merchant of a store uninstalled the app; it names the store by its host.
func (p *post) left(r http.Handler, app, name string) int {
	body := []byte(`{"note":"no id"}`)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	req := httptest.NewRequest(http.MethodPost, "/push/"+app, strings.NewReader(string(body)))
	req.SetPathValue("app", app)
	req.Header.Set("X-Shoplazza-Hmac-Sha256", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	req.Header.Set("X-Shoplazza-Topic", "app/uninstalled")
	req.Header.Set("X-Shoplazza-Shop-Domain", name+".myshoplaza.com")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w.Code
}

// ends waits until a grant is revoked: five minutes at most, which only a failure takes.
func (p *post) ends(id string) bool {
	p.t.Helper()
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if g, err := p.store.Grant(p.t.Context(), gk.Engine(), id); err == nil && g.State == gk.Revoked {
			return true
		}
	}
	return false
}

func TestStoreWhoseHostEndsLikeFiftyOthersIsFound(t *testing.T) {
	p := open(t, nil)
	app := p.app()
	names := make([]string, 0, 60)
	for i := range 59 {
		names = append(names, fmt.Sprintf("a%02d-demo", i))
	}
	names = append(names, "demo")
	ids := p.grants(app.ID, names...)
	p.run(p.pushes)
	if status := p.left(p.pushes, app.ID, "demo"); status != http.StatusOK {
		t.Fatalf("the push = %d", status)
	}
	if !p.ends(ids["demo"]) {
		t.Error("the store's uninstall was lost")
	}
	for _, name := range names[:59] {
		if g, err := p.store.Grant(t.Context(), gk.Engine(), ids[name]); err != nil || g.State != gk.Active {
			t.Errorf("%s is %s, %v; want it active", name, g.State, err)
		}
	}
}

func TestPushWaitsForNoOthersPlatform(t *testing.T) {
	p := open(t, nil)
	slow, other := p.app(), p.app()
	stuck := []string{"one", "two", "three", "four", "five", "six"}
	slowIDs, otherIDs := p.grants(slow.ID, append(stuck, "quick")...), p.grants(other.ID, "elsewhere")
	var letGo []func()
	for _, name := range stuck {
		letGo = append(letGo, p.slow("token-"+name))
	}
	p.run(p.pushes)
	p.left(p.pushes, slow.ID, "one")
	p.left(p.pushes, slow.ID, "quick")
	if !p.ends(slowIDs["quick"]) {
		t.Error("a shop's push waits behind another shop's slow platform")
	}
	for _, name := range stuck[1:] {
		p.left(p.pushes, slow.ID, name)
	}
	p.left(p.pushes, other.ID, "elsewhere")
	if !p.ends(otherIDs["elsewhere"]) {
		t.Error("an app's push waits behind another app's slow platform")
	}
	for _, f := range letGo {
		f()
	}
	for _, name := range stuck {
		if !p.ends(slowIDs[name]) {
			t.Errorf("the push of %s was lost", name)
		}
	}
}

func TestStoredPushesAreWorkedOffAtTheNextStart(t *testing.T) {
	p := open(t, nil)
	app := p.app()
	ids := p.grants(app.ID, "one", "two")
	letGo := p.slow("token-two")
	for range 3 { // a platform that repeats a push that was not worked on
		if status := p.left(p.pushes, app.ID, "one"); status != http.StatusOK {
			t.Fatalf("the push = %d", status)
		}
	}
	p.left(p.pushes, app.ID, "two")
	stop := p.run(p.receiver())
	if !p.ends(ids["one"]) {
		t.Error("a push that was stored before the start was not worked off")
	}
	stop() // in the middle of the other
	letGo()
	p.run(p.receiver())
	if !p.ends(ids["two"]) {
		t.Error("a push whose work was cut off was not worked off at the next start")
	}
}

// refusing is a store that takes no pushes.
type refusing struct{ store.Store }

var errFull = errors.New("the disk is full")

func (refusing) KeepPushes(context.Context, ...store.Push) error { return errFull }

func TestPushIsStoredBeforeItIsAnswered(t *testing.T) {
	p := open(t, func(s store.Store) store.Store { return refusing{s} })
	app := p.app()
	p.grants(app.ID, "one")
	if status := p.left(p.pushes, app.ID, "one"); status != http.StatusServiceUnavailable {
		t.Errorf("a push that could not be stored = %d, want 503, so that it comes again", status)
	}
}
