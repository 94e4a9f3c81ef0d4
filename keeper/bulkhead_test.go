package keeper_test

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform/all"
)

// breaks are the ways in which an app cannot be opened. Each returns the grant of an app that it broke, which stands
// before every sound one in the order of ids.
var breaks = map[string]func(h *house) (app string, repair func()){
	"its secrets are damaged": func(h *house) (string, func()) {
		id, sound := h.app.ID, h.app.Secrets
		write := func(secrets gk.Sealed) {
			h.writeApp(id, func(a *gk.App) { a.Secrets = secrets })
		}
		damaged := append(gk.Sealed{}, sound...)
		damaged[len(damaged)-1] ^= 1
		write(damaged)
		return id, func() { write(sound) }
	},
	"this build has no driver for it": func(h *house) (string, func()) {
		app := h.app
		app.ID, app.Platform = "app_0", "elsewhere"
		if err := h.store.CreateApp(context.Background(), app); err != nil {
			h.t.Fatal(err)
		}
		return app.ID, nil
	},
}

// unreadable is a break that nothing can be written onto: columns of the app's row cannot be read.
func unreadable(h *house) (app string, repair func()) {
	id := h.app.ID
	run := func(change string) {
		db, err := sql.Open("sqlite", filepath.Join(h.dir, "grantkeep.db"))
		if err != nil {
			h.t.Fatal(err)
		}
		_, err = db.ExecContext(context.Background(), change, id)
		if err := errors.Join(err, db.Close()); err != nil {
			h.t.Fatal(err)
		}
	}
	run(`UPDATE apps SET endpoints = '[' || endpoints WHERE id = ?`)
	return id, func() { run(`UPDATE apps SET endpoints = substr(endpoints, 2) WHERE id = ?`) }
}

// twoApps tells a story of two apps on one platform, each with a grant, of which the first cannot be opened. It is the
// standing case of every loop over apps.
func twoApps(t *testing.T, code string, tell func(h *house, broken, sound gk.Grant, repair func())) {
	t.Helper()
	for name, breaking := range breaks {
		t.Run(name, func(t *testing.T) { besideBroken(t, code, breaking, tell) })
	}
}

func besideBroken(
	t *testing.T, code string, breaking func(h *house) (string, func()), tell func(h *house, broken, sound gk.Grant, repair func()),
) {
	t.Helper()
	story(t, code, func(h *house) {
		first := h.connect(0, "")
		id, repair := breaking(h)
		if id != first.App {
			first.ID, first.App = "grt_0", id
			h.putGrant(first)
		}
		broken := h.grant(first.ID)
		h.addApp(code)
		tell(h, broken, h.connect(1, ""), repair)
	})
}

func (h *house) writeApp(id string, change func(a *gk.App)) {
	h.t.Helper()
	err := h.store.UpdateApp(context.Background(), gk.Engine(), id, h.now(), func(a *gk.App) ([]gk.Event, error) {
		change(a)
		return nil, nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) putGrant(g gk.Grant) {
	h.t.Helper()
	err := h.store.PutGrants(context.Background(), g.App, "", "", []gk.Subject{g.Subject}, h.now(),
		func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
			return []gk.Grant{g}, nil, nil
		})
	if err != nil {
		h.t.Fatal(err)
	}
}

// appKinds counts the events of an app by kind.
func (h *house) appKinds(app string) map[string]int {
	h.t.Helper()
	if _, err := h.store.Publish(context.Background(), 1000); err != nil {
		h.t.Fatal(err)
	}
	events, err := h.store.EventsAfter(context.Background(), gk.Engine(), 0, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, e := range events {
		if e.App == app && e.Grant == "" && strings.HasPrefix(e.Kind, "app.") {
			kinds[e.Kind]++
		}
	}
	return kinds
}

func TestAppThatCannotBeOpenedHoldsUpNobody(t *testing.T) {
	twoApps(t, "shoplazza", func(h *house, broken, sound gk.Grant, repair func()) {
		for _, g := range []gk.Grant{broken, sound} {
			h.write(g.ID, func(g *gk.Grant) {
				g.PairAskedAt, g.DueAt, g.Expires = h.now().Add(-23*time.Hour), h.now(), h.now().Add(time.Hour)
			})
		}
		time.Sleep(20 * time.Second) // the claim pass, the app round
		if g := h.grant(sound.ID); g.Generation != 2 {
			t.Errorf("the sound app's grant is at generation %d, want 2", g.Generation)
		}
		app, err := h.store.App(context.Background(), gk.Engine(), broken.App)
		if err != nil {
			t.Fatal(err)
		}
		if app.Broken == "" || h.keeper.Apps().FaultOf(app) == nil {
			t.Errorf("the app is not said to be broken: %q, %v", app.Broken, h.keeper.Apps().FaultOf(app))
		}
		time.Sleep(time.Minute)
		if kinds := h.appKinds(broken.App); kinds[gk.EventAppBroken] != 1 {
			t.Errorf("the broken app's events are %v, want one %s", kinds, gk.EventAppBroken)
		}
		checks, err := h.keeper.CheckApp(context.Background(), gk.Engine(), broken.App)
		if err != nil || checks[len(checks)-1].State != apps.CheckFailed {
			t.Errorf("CheckApp = %v, %v, want a failed check", checks, err)
		}
		if s, err := h.keeper.Token(context.Background(), gk.Engine(), broken.ID, keeper.TokenWant{}); broken.App != "app_0" && (err != nil || s.Access.Empty()) {
			t.Errorf("the broken app's token is not served: %v", err)
		}
		if repair == nil {
			return
		}
		repair()
		time.Sleep(20 * time.Second)
		if g := h.grant(broken.ID); g.Generation != 2 {
			t.Errorf("after the repair the grant is at generation %d, want 2 at once", g.Generation)
		}
		if kinds := h.appKinds(broken.App); kinds[gk.EventAppResumed] != 1 {
			t.Errorf("after the repair the events are %v, want one %s", kinds, gk.EventAppResumed)
		}
	})
}

// TestEveryLoopGoesOnBesideABrokenApp breaks one app in each way there is, and looks at what every loop over apps does for
// the other one. The walk that seals again and the resumer of clicks have the same case in tests of their own.
func TestEveryLoopGoesOnBesideABrokenApp(t *testing.T) {
	kinds := maps.Clone(breaks)
	kinds["its row cannot be read"] = unreadable
	for name, breaking := range kinds {
		t.Run(name, func(t *testing.T) {
			besideBroken(t, "shoplazza", breaking, func(h *house, broken, due gk.Grant, repair func()) {
				ctx := context.Background()
				var turns atomic.Int64
				h.keeper.AttendApps(func(_ context.Context, app gk.App) error {
					if app.ID == due.App {
						turns.Add(1)
					}
					return nil
				})
				ending := h.connect(2, "")
				h.write(due.ID, func(g *gk.Grant) {
					g.PairAskedAt, g.DueAt, g.Expires = h.now().Add(-23*time.Hour), h.now(), h.now().Add(time.Hour)
				})
				h.write(ending.ID, func(g *gk.Grant) {
					g.Refresh, g.Renewable, g.DueAt, g.Expires = nil, false, h.now(), h.now().Add(time.Hour)
				})
				time.Sleep(2 * time.Minute)
				h.moveTo(h.now().Add(2 * time.Hour))
				time.Sleep(2 * time.Minute)

				for _, loop := range []struct {
					what   string
					goesOn func() bool
				}{
					{"what is due is refreshed", func() bool { return h.grant(due.ID).Generation == 2 }},
					{"an end is told", func() bool {
						return h.grant(ending.ID).State == gk.Expired && strings.Contains(h.kinds(ending.ID), "expired")
					}},
					{"the app has its turns", func() bool { return turns.Load() > 0 }},
					{"the clock knows what is next", func() bool {
						next, err := h.keeper.NextDue(ctx)
						return err == nil && !next.IsZero()
					}},
					{"a reader gets a token", func() bool {
						s, err := h.keeper.Token(ctx, gk.Engine(), due.ID, keeper.TokenWant{})
						return err == nil && !s.Access.Empty()
					}},
					{"a person refreshes", func() bool {
						g, err := h.keeper.Refresh(ctx, gk.Engine(), due.ID, true)
						return err == nil && g.Generation == 3
					}},
					{"a merchant connects", func() bool { return h.connect(2, "").State == gk.Active }},
					{"the app is checked", func() bool {
						checks, err := h.keeper.CheckApp(ctx, gk.Engine(), due.App)
						return err == nil && len(checks) > 0
					}},
					{"the app is not stopped", func() bool {
						a, err := h.store.App(ctx, gk.Engine(), due.App)
						return err == nil && !a.Stopped()
					}},
				} {
					if !loop.goesOn() {
						t.Errorf("%s: not so beside a broken app", loop.what)
					}
				}
				if repair == nil {
					return
				}
				h.write(broken.ID, func(g *gk.Grant) {
					g.PairAskedAt, g.DueAt, g.Expires = h.now().Add(-23*time.Hour), h.now(), h.now().Add(time.Hour)
				})
				repair()
				if g := h.refreshed(broken.ID, 2, 40*time.Minute); g.Generation < 2 {
					t.Errorf("after the repair the broken app's grant is at generation %d, want it refreshed", g.Generation)
				}
			})
		})
	}
}

func TestGrantOfAnAppThatCannotBeOpenedEnds(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		breaks["its secrets are damaged"](h)
		h.write(g.ID, func(g *gk.Grant) {
			g.PairAskedAt, g.DueAt, g.Expires = h.now().Add(-2*time.Hour), h.now(), h.now().Add(time.Hour)
		})
		h.moveTo(h.now().Add(3 * time.Hour))
		if g := h.grant(g.ID); g.State != gk.Suspended {
			t.Errorf("two hours after its token ended the grant is %s, want suspended", g.State)
		}
	})
}

func TestDamagedSecretsAreReplaced(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		breaks["its secrets are damaged"](h)
		_, err := h.keeper.Apps().Update(context.Background(), gk.Engine(), h.app.ID, apps.Change{})
		var invalid *gk.Invalid
		if !errors.As(err, &invalid) {
			t.Errorf("a change without the secrets = %v, want the field that is missing", err)
		}
		settings := map[string]string{}
		for name, s := range h.keeper.Apps().Driver("shoplazza").Spec().Facts.Settings {
			if s.Secret {
				settings[name] = "canary-given-again"
			}
		}
		app, err := h.keeper.Apps().Update(context.Background(), gk.Engine(), h.app.ID, apps.Change{Settings: settings})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.keeper.Apps().Open(app); err != nil {
			t.Errorf("with fresh secrets the app does not open: %v", err)
		}
	})
}

// TestProcessThatCannotOpenAnAppLeavesItToOthers has two processes of which one was started without the host that the app
// points at, and claims what falls due before the other looks.
func TestProcessThatCannotOpenAnAppLeavesItToOthers(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		one, two := h.connect(0, ""), h.connect(1, "")
		unable, err := keeper.New(keeper.Options{
			Store: h.store, Vault: h.vault, Gate: h.gate, Drivers: all.Drivers(), PublicURL: "https://hub.example", Instance: "unable",
			SpillFile: h.dir + "/spill-unable", Now: h.sims.Clock.Now, Log: h.logger(),
		})
		if err != nil {
			t.Fatal(err)
		}
		h.start(unable)
		time.Sleep(20 * time.Second) // it has said so, and the other has said otherwise
		h.under(b, one.ID, h.fallsDue)
		h.soonRefreshed(one.ID)
		h.stops[0]()
		h.under(b, two.ID, h.fallsDue)
		time.Sleep(30 * time.Second)
		h.start(h.instance("able"))
		h.soonRefreshed(two.ID)
		if kinds := h.appKinds(h.app.ID); kinds[gk.EventAppBroken] > 1 || kinds[gk.EventAppResumed] > 1 {
			t.Errorf("the app's events are %v, want at most one word of each process", kinds)
		}
	})
}
