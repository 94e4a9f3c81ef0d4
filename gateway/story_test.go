package gateway_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/gateway"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/sim"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/vault"
)

// world is a gateway in front of the strict simulator of Shoplazza, with a grant that a merchant gave there.
type world struct {
	house
	control string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx := t.Context()
	list, _ := all.Simulators()
	var only []sim.Platform
	for _, p := range list {
		if p.Name == "shoplazza" {
			only = append(only, p)
		}
	}
	sims, err := sim.Start(ctx, sim.Options{Platforms: only})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sims.Close(); err != nil {
			t.Error(err)
		}
	})
	var ready struct {
		Platforms map[string]struct {
			Base  string
			Apps  []map[string]any
			Shops []struct{ ID, Host string }
		}
	}
	line, err := json.Marshal(sims)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	box := ready.Platforms["shoplazza"]
	w := &world{house: house{t: t, log: &logBook{}}, control: sims.Control()}
	db, err := sqlite.Open(ctx, sqlitetest.Dir(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w.store = db
	master := vault.NewMaster()
	wrapped, _, err := vault.Create(master)
	if err != nil {
		t.Fatal(err)
	}
	if w.vault, err = vault.Open(master, wrapped, "test"); err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(box.Base, "http://")
	gate, err := outbound.New(outbound.Options{Allow: []string{host}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(gate.Close)
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.keeper, err = keeper.New(keeper.Options{
		Store: db, Vault: w.vault, Gate: gate, Drivers: all.Drivers(), PublicURL: "https://hub.example", Allowed: []string{host}, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.gateway = gateway.New(gateway.Options{Keeper: w.keeper, Log: log})

	settings, told := map[string]string{}, map[string]any{}
	for name, v := range box.Apps[0] {
		told[name] = v
		if _, ok := w.keeper.Apps().Driver("shoplazza").Spec().Facts.Settings[name]; ok && name != "redirect_uri" && name != "push_url" {
			settings[name] = sim.Settings{name: v}.Text(name)
		}
	}
	app, err := w.keeper.Apps().Create(ctx, gk.Engine(), apps.Input{
		Platform: "shoplazza", Settings: settings, Endpoints: map[string]string{"authorize": box.Base, "token": box.Base, "api": box.Base},
	})
	if err != nil {
		t.Fatal(err)
	}
	told["redirect_uri"] = w.keeper.Apps().CallbackURL(app.ID)
	w.tell("POST", "/shoplazza/apps", told, nil)
	w.connect(app, box.Shops[0].ID, box.Shops[0].Host)
	return w
}

// connect lets the merchant of a shop agree.
func (w *world) connect(app gk.App, shop, host string) {
	w.t.Helper()
	ctx := w.t.Context()
	flow := consent.New(w.keeper)
	_, link, err := flow.Begin(ctx, gk.Engine(), consent.BeginInput{App: app.ID, Shop: host})
	if err != nil {
		w.t.Fatal(err)
	}
	pressed, err := flow.Press(ctx, link[strings.LastIndexByte(link, '/')+1:], "")
	if err != nil {
		w.t.Fatal(err)
	}
	var back struct{ Callback string }
	w.tell("POST", "/shoplazza/consent", map[string]any{"url": pressed.URL, "shops": []string{shop}, "decision": "approve"}, &back)
	o, err := flow.Callback(ctx, app.ID, platform.Incoming{Method: http.MethodGet, URL: back.Callback, Header: http.Header{}},
		func(name string) string {
			if name == pressed.CookieName {
				return pressed.CookieValue
			}
			return ""
		})
	if err != nil || len(o.Grants) != 1 {
		w.t.Fatalf("the authorization ended with %d grants, %v", len(o.Grants), err)
	}
	w.grant = o.Grants[0]
}

// tell makes a control call of the simulators.
func (w *world) tell(method, path string, in, out any) {
	w.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.control+path, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		w.t.Fatalf("%s %s = %d %s (%v)", method, path, res.StatusCode, text, err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) break401(times int) {
	w.tell("POST", "/shoplazza/faults", map[string]any{"fault": "http:401", "times": times, "match": map[string]string{"stage": "call"}}, nil)
}

var getShop = platform.Call{Method: "GET", Path: "/openapi/2022-01/shop"}

func TestCallsAgainstTheSimulator(t *testing.T) {
	w := newWorld(t)
	answer, err := w.call(getShop)
	if err != nil || answer.Code != 200 || !strings.Contains(answer.Body.String(), w.grant.Subject.ID) {
		t.Fatalf("a call = %d %s, %v", answer.Code, answer.Body, err)
	}
	w.break401(1)
	if answer, err = w.call(getShop); err != nil || answer.Code != 200 || fault(t, answer.Header()) != nil {
		t.Errorf("after one refusal = %d, %v, %v; want the second answer", answer.Code, fault(t, answer.Header()), err)
	}
	if g := w.row(); g.Generation != w.grant.Generation+1 {
		t.Errorf("generation %d, want one renewal", g.Generation)
	}
	post := platform.Call{Method: "POST", Path: "/openapi/2022-01/orders", Body: []byte(`{"title":""}`)}
	answer, err = w.call(post)
	if f := fault(t, answer.Header()); err != nil || answer.Code < 400 || f == nil || f["stage"] != "call" {
		t.Errorf("a wrong call = %d with %v, %v; want the platform's refusal, explained", answer.Code, f, err)
	}
	w.expectNoSecretLogged()
}

func TestSignedCallIsTheRequestThatThePlatformTakes(t *testing.T) {
	w := newWorld(t)
	signed, err := w.gateway.Sign(t.Context(), gk.Engine(), w.grant.ID, getShop)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), signed.Request.Method, signed.Request.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = signed.Request.Header
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 {
		t.Errorf("sent by hand = %d, want 200", res.StatusCode)
	}
}
