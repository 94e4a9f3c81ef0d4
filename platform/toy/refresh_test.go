package toy_test

import (
	"context"
	"slices"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/sim"
)

// TestToyIsRefreshedWhenItIsRead: an account that nobody reads is not refreshed when its token ends, and nobody is alarmed.
func TestToyIsRefreshedWhenItIsRead(t *testing.T) {
	w := open(t, of("lazy"))
	g := w.connect()
	if due := g.DueAt.Sub(w.now()); due < 50*24*time.Hour || due > 61*24*time.Hour {
		t.Fatalf("a turn is due in %s, want one before the last month of the refresh token", due)
	}
	stop := w.run()
	w.pass(5 * time.Hour)
	w.until("a reader gets the successor", func() bool {
		served, err := w.keeper.Token(t.Context(), gk.Engine(), g.ID, keeper.TokenWant{})
		return err == nil && !served.Stale && served.Grant.Generation == 2
	})
	w.pass(70 * 24 * time.Hour)
	w.keeper.Wake()
	w.until("it is kept alive", func() bool { return w.grant(g.ID).Generation == 3 })
	stop()
	if kinds := w.events(g.ID); !slices.Equal(kinds, []string{gk.EventGrantCreated}) {
		t.Errorf("the events are %v; want none but its beginning, since there was no trouble", kinds)
	}
}

// TestToyTradesACodeAgain: the platform gives the pair of a code again, so a lost answer costs no consent.
func TestToyTradesACodeAgain(t *testing.T) {
	w := open(t)
	w.sim.control("/toy/faults", `{"fault":"cut-after","match":{"stage":"token"}}`, "")
	g := w.connect()
	if asked := w.sim.grants(); !slices.Equal(asked, []string{"code", "code"}) || w.token(g.ID) != w.sim.living() {
		t.Errorf("asked %v; want the code twice, and the pair that lives", asked)
	}
}

// TestToyOfADatabaseThatWasPutBack: while the platform still takes the access token of a pair that was replaced, that it
// takes one says nothing about the refresh token beside it.
func TestToyOfADatabaseThatWasPutBack(t *testing.T) {
	w := open(t, of("once"), putBack)
	g := w.connect()
	w.pass(time.Minute)
	if err := w.keeper.NoteRestored(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.pass(3 * time.Hour)
	w.run()
	w.until("its refresh waits for a person", func() bool {
		f := w.grant(g.ID).Fault
		return f != nil && f.Code == keeper.CodeRestored
	})
	if asked := w.sim.grants(); slices.Contains(asked, "refresh") {
		t.Fatalf("asked %v: the refresh token was spent", asked)
	}
	w.pass(30 * time.Minute)
	w.keeper.Wake()
	w.until("a living token is proof by then", func() bool { return w.grant(g.ID).Generation == 2 })
}

func putBack(o *keeper.Options, _ *apps.Input) {
	o.Restored = func(context.Context) (bool, error) { return true, nil }
}

// TestToyFollowsASecret: tokens die with the secret that minted them, so after another one was entered each grant is
// refreshed within a day, and the app's check tells when the one of before can be revoked.
func TestToyFollowsASecret(t *testing.T) {
	w := open(t)
	g := w.connect()
	w.run()
	w.sim.set(sim.Settings{"secret": "another-made-up-secret"})
	if _, err := w.keeper.Apps().Update(t.Context(), gk.Engine(), w.app.ID, apps.Change{Settings: map[string]string{"secret": "another-made-up-secret"}}); err != nil {
		t.Fatal(err)
	}
	if state := w.checked("secret"); state != apps.CheckFailed {
		t.Errorf("with a pair of the secret of before the check is %q, want failed", state)
	}
	w.until("its turn comes within a day", func() bool { return w.grant(g.ID).DueAt.Before(w.now().Add(24 * time.Hour)) })
	w.pass(24 * time.Hour)
	w.keeper.Wake()
	w.whileTimePasses("it is refreshed", func() bool { return w.grant(g.ID).Generation == 2 })
	if state := w.checked("secret"); state != apps.CheckOK {
		t.Errorf("with a pair of the newest secret the check is %q, want ok", state)
	}
	if due := w.grant(g.ID).DueAt.Sub(w.now()); due < 2*time.Hour || due > 4*time.Hour {
		t.Errorf("the next turn is in %s, want one before the end of the token", due)
	}
}

// checked returns the state of one of the app's checks, empty where it is not made.
func (w *world) checked(name string) string {
	w.t.Helper()
	checks, err := w.keeper.Apps().Check(w.t.Context(), gk.Engine(), w.app.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range checks {
		if c.Name == name {
			return c.State
		}
	}
	return ""
}
