package keeper_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
)

func TestBacklogOfDaysIsWorkedOffAtOnce(t *testing.T) {
	dir := sqlitetest.Dir(t)
	synctest.Test(t, func(t *testing.T) {
		h := open(t, dir, nil)
		defer h.close()
		h.addApp("shoplazza")
		var grants []gk.Grant
		for n := range 3 {
			g := h.connect(n, "")
			grants = append(grants, g)
			err := h.store.UpdateGrant(t.Context(), gk.Engine(), g.ID, h.now(), func(row *gk.Grant) ([]gk.Event, error) {
				row.PairAskedAt = h.now().Add(-300 * 24 * time.Hour)
				row.Expires, row.DueAt = h.now().Add(24*time.Hour), h.now().Add(-time.Duration(n+2)*24*time.Hour)
				return nil, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		k, err := keeper.New(keeper.Options{
			Store: h.store, Vault: h.vault, Gate: h.gate, Drivers: all.Drivers(), PublicURL: "https://hub.example", Now: h.sims.Clock.Now,
			Allowed: h.allowed(), Workers: 1, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		h.start(k)
		time.Sleep(10 * time.Second)
		for n, g := range grants {
			now, err := h.store.Grant(context.Background(), gk.Engine(), g.ID)
			if err != nil || now.Generation != 2 {
				t.Errorf("ten seconds after the start the grant overdue by %d days is at generation %d, %v; want 2", n+2, now.Generation, err)
			}
		}
	})
}

// TestSweepGoesOnUntilNothingIsLeft keeps more events past their time than one batch of a sweep deletes.
func TestSweepGoesOnUntilNothingIsLeft(t *testing.T) {
	dir := sqlitetest.Dir(t)
	synctest.Test(t, func(t *testing.T) {
		h := open(t, dir, nil)
		defer h.close()
		h.addApp("shoplazza")
		old := make([]gk.Event, 2100)
		for i := range old {
			at := h.now().Add(-91 * 24 * time.Hour)
			old[i] = gk.Event{ID: gk.NewID("evt", at), Kind: gk.EventAppChanged, Actor: "test", App: h.app.ID, At: at}
		}
		if err := h.store.Append(t.Context(), old...); err != nil {
			t.Fatal(err)
		}
		if n, err := h.store.Publish(t.Context(), 2*len(old)); n < len(old) || err != nil {
			t.Fatalf("%d events were published, %v", n, err)
		}
		h.start(h.keeper)
		time.Sleep(5 * time.Second)
		left, err := h.store.EventsAfter(t.Context(), gk.Engine(), 0, len(old))
		if err != nil || len(left) > 0 && left[0].At.Before(h.now().Add(-90*24*time.Hour)) {
			t.Errorf("%d events are left after the first sweep, the oldest from %s, %v; want none that is past its time", len(left), left[0].At, err)
		}
	})
}
