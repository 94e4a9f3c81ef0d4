// Package toy is a platform that exists nowhere, added by this folder and one line of this file. What it shows is that the
// engine knows a platform by its facts and its driver alone. The folder has test files only, so that no program holds it.
package toy_test

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/connect"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/pushes"
	"github.com/grantkeep/grantkeep/sim"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/transfer"
	"github.com/grantkeep/grantkeep/vault"
)

const secret = "made-up-toy-secret"

// world is the engine on a real SQLite with the toy beside the platforms of the product.
type world struct {
	t      *testing.T
	sim    *simulator
	store  store.Store
	keeper *keeper.Keeper
	flow   *consent.Flow
	app    gk.App
	pushes *pushes.Pushes
	pages  http.Handler // what merchants see
}

// open makes a world with an app of the ordinary profile. change changes what the engine is made of.
func open(t *testing.T, change ...func(*keeper.Options, *apps.Input)) *world {
	t.Helper()
	w := &world{t: t, sim: startSimulator(t, "plain")}
	st, err := sqlite.Open(t.Context(), sqlitetest.Dir(t))
	if err != nil {
		t.Fatal(err)
	}
	w.store = st
	master := vault.NewMaster()
	wrapped, _, err := vault.Create(master)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(master, wrapped, "ins_test")
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(w.sim.URL, "http://")
	gate, err := outbound.New(outbound.Options{Allow: []string{host}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		gate.Close()
		if err := st.Close(); err != nil {
			t.Errorf("store: %v", err)
		}
	})
	log := slog.New(slog.DiscardHandler)
	o := keeper.Options{
		Store: st, Vault: v, Gate: gate, PublicURL: "https://hub.example", Allowed: []string{host}, Log: log,
		Drivers: append(all.Drivers(), newDriver()), // the one line
		Now:     w.sim.Clock.Now,
	}
	in := apps.Input{
		Platform: "toy", Settings: map[string]string{"key": appKey, "secret": secret},
		Endpoints: map[string]string{"authorize": w.sim.URL, "token": w.sim.URL, "api": w.sim.URL},
	}
	for _, c := range change {
		c(&o, &in)
	}
	w.sim.set(sim.Settings{"profile": cmp.Or(in.Profile, "plain")})
	w.keeper, err = keeper.New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.flow = consent.New(w.keeper)
	w.pages = connect.New(connect.Options{Keeper: w.keeper, Consent: w.flow, PublicURL: "https://hub.example", Log: log})
	w.pushes = pushes.New(pushes.Options{Keeper: w.keeper, Store: st, PublicURL: "https://hub.example", Log: log})
	w.app, err = w.keeper.Apps().Create(t.Context(), gk.Engine(), in)
	if err != nil {
		t.Fatal(err)
	}
	if code := w.push("ticket ticket-1", secret); code != http.StatusOK {
		t.Fatalf("the ticket is answered %d, want 200", code)
	}
	return w
}

// of has the app be of another profile.
func of(profile string) func(*keeper.Options, *apps.Input) {
	return func(_ *keeper.Options, in *apps.Input) { in.Profile = profile }
}

func (w *world) now() time.Time { return w.sim.Clock.Now() }

// pass moves the clock on, which the engine and the platform share, while nothing is under way: under a claim that was made
// before, nothing would be asked, and its grant would wait for half a minute.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	resume, err := w.keeper.Pause(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	defer resume()
	if err := w.sim.Clock.Advance(w.t.Context(), d); err != nil {
		w.t.Fatal(err)
	}
}

// run has the engine do what is due until the test ends, or stop is called.
func (w *world) run() (stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- w.keeper.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				w.t.Errorf("the engine ended with %v", err)
			}
		})
	}
	w.t.Cleanup(stop)
	return stop
}

// until waits for something that the engine does. Its patience is for a machine that is busy with something else.
func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(25 * time.Millisecond) {
		if done() {
			return
		}
	}
	w.t.Fatalf("after five minutes: %s", what)
}

// whileTimePasses waits until something is so, a minute of the clock for each second of the wait: what was put off for a while
// comes meanwhile.
func (w *world) whileTimePasses(what string, done func() bool) {
	w.t.Helper()
	for range 120 {
		for range 40 {
			if done() {
				return
			}
			time.Sleep(25 * time.Millisecond)
		}
		w.pass(time.Minute)
		w.keeper.Wake()
	}
	w.t.Fatalf("after two hours: %s", what)
}

// connect goes from a link to a grant.
func (w *world) connect() gk.Grant {
	w.t.Helper()
	_, link, err := w.flow.Begin(w.t.Context(), gk.Engine(), consent.BeginInput{App: w.app.ID, Owner: "cust-1"})
	if err != nil {
		w.t.Fatal(err)
	}
	pressed, err := w.flow.Press(w.t.Context(), link[strings.LastIndexByte(link, '/')+1:], "")
	if err != nil {
		w.t.Fatal(err)
	}
	in := platform.Incoming{Method: http.MethodGet, URL: w.sim.agree(pressed.URL), Header: http.Header{}}
	o, err := w.flow.Callback(w.t.Context(), w.app.ID, in, func(name string) string {
		if name == pressed.CookieName {
			return pressed.CookieValue
		}
		return ""
	})
	if err != nil || o.Click.Stage != gk.Done || len(o.Grants) != 1 {
		w.t.Fatalf("the authorization ended %s (%s) with %d grants, %v", o.Click.Stage, o.Click.Reason, len(o.Grants), err)
	}
	return o.Grants[0]
}

func (w *world) grant(id string) gk.Grant {
	w.t.Helper()
	g, err := w.store.Grant(context.Background(), gk.Engine(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

// events lists the kinds of what was told about a grant, the oldest first.
func (w *world) events(id string) (kinds []string) {
	w.t.Helper()
	found, err := w.store.FindEvents(w.t.Context(), gk.Engine(), store.EventFilter{Grant: id})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range found {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func (w *world) refresh(id string) gk.Grant {
	w.t.Helper()
	g, err := w.keeper.Refresh(w.t.Context(), gk.Engine(), id, false)
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

func (w *world) token(id string) string {
	w.t.Helper()
	served, err := w.keeper.Token(w.t.Context(), gk.Engine(), id, keeper.TokenWant{})
	if err != nil {
		w.t.Fatal(err)
	}
	return served.Access.Reveal()
}

// push sends one signed message over HTTP and returns the status of the answer.
func (w *world) push(body, key string) int {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/push/"+w.app.ID, strings.NewReader(body))
	r.SetPathValue("app", w.app.ID)
	r.Header.Set("Sign", sign(body, key))
	answer := httptest.NewRecorder()
	w.pushes.ServeHTTP(answer, r)
	return answer.Code
}

func sign(text, key string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestToyIsLinkedAndRefreshed(t *testing.T) {
	w := open(t)
	g := w.connect()
	if g.State != gk.Active || g.Subject.ID != account || len(g.Shops) != 2 || w.token(g.ID) != w.sim.living() {
		t.Fatalf("%s of %s with %d shops; want active, %s and 2", g.State, g.Subject, len(g.Shops), account)
	}
	if after := w.refresh(g.ID); after.Generation != 2 || w.token(g.ID) != w.sim.living() {
		t.Errorf("a refresh made generation %d, want 2 and the platform's token", after.Generation)
	}
}

func TestToyGivesTheSamePair(t *testing.T) {
	w := open(t)
	g := w.connect()
	w.sim.control("/toy/options", `{"same":true}`, "")
	if after := w.refresh(g.ID); after.Generation != 1 || after.State != gk.Active || after.InDoubt() {
		t.Errorf("the pair that was sent became generation %d, %s; want 1, active", after.Generation, after.State)
	}
}

// TestToyTradesATokenThatCameAlone: an access token without a refresh token becomes a pair.
func TestToyTradesATokenThatCameAlone(t *testing.T) {
	w := open(t)
	alone := w.sim.issue()
	rows := []transfer.ImportRow{{App: w.app.ID, Subject: gk.Subject{Kind: gk.KindAccount, ID: account}, Token: gk.Token{Access: gk.NewSecret(alone)}}}
	done, err := transfer.Import(t.Context(), w.keeper, gk.Engine(), rows, transfer.ImportOptions{})
	if err != nil || done[0].Err != nil {
		t.Fatal(err, done[0].Err)
	}
	after := w.refresh(done[0].Grant)
	if asked := w.sim.grants(); !slices.Equal(asked, []string{"access"}) || after.Generation != 2 || len(after.Refresh) == 0 {
		t.Errorf("asked %v, generation %d with a refresh token of %d bytes; want one trade of the access token", asked, after.Generation, len(after.Refresh))
	}
}

func TestToyAgreesAnew(t *testing.T) {
	w := open(t)
	first := w.connect()
	second := w.connect()
	if now := w.grant(first.ID); second.ID != first.ID || now.Generation != 2 || w.token(first.ID) != w.sim.living() || !now.RetryAt.IsZero() {
		t.Errorf("the second consent: grant %s, generation %d; want %s, 2, refreshed without a wait", second.ID, now.Generation, first.ID)
	}
}

func TestToyTellsByAShopWhoLeft(t *testing.T) {
	w := open(t)
	g := w.connect()
	if code := w.push("revoked shop-1", "another secret"); code != http.StatusUnauthorized {
		t.Errorf("a forged push is answered %d, want 401", code)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.pushes.Run(ctx) }()
	w.sim.leave("shop-1")
	w.sim.leave("shop-2")
	if code := w.push("revoked shop-1", secret); code != http.StatusOK {
		t.Fatalf("the push is answered %d, want 200", code)
	}
	w.until("the account's grant is revoked", func() bool { return w.grant(g.ID).State == gk.Revoked })
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestToyIsInNoProgram: a folder of test files alone can be imported by nothing.
func TestToyIsInNoProgram(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			t.Errorf("%s would be built into whatever imports it", e.Name())
		}
	}
	if slices.ContainsFunc(all.Platforms(), func(p all.Platform) bool { return p.Driver.Spec().Code == "toy" }) {
		t.Error("the list of platforms names the toy")
	}
}
