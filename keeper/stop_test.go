package keeper_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/store/storefault"
)

// TestStoppedAppStillTells stops the refreshes of an app: its grants are warned about and end all the same, and what
// waited is refreshed at once when the stop ends.
func TestStoppedAppStillTells(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		ends, warned, lasts := h.connect(0, ""), h.connect(1, ""), h.connect(2, "")
		h.fault("invalid_client", "refresh", -1)
		h.writeApp(h.app.ID, func(a *gk.App) {
			a.Stop, a.PausedUntil = gk.StopFault, h.now().Add(5*time.Minute)
			a.Fault = &gk.Fault{Platform: "shoplazza", Stage: "refresh", Code: "invalid_client", Action: gk.FixConfig, At: gk.At(h.now())}
		})
		h.write(ends.ID, func(g *gk.Grant) {
			g.PairAskedAt, g.DueAt, g.Expires = h.now().Add(-time.Hour), h.now(), h.now().Add(time.Hour)
		})
		h.write(warned.ID, func(g *gk.Grant) {
			g.AuthorizedAt, g.Ceiling, g.DueAt = h.now().Add(-300*24*time.Hour), h.now().Add(30*24*time.Hour+time.Hour), h.now()
		})
		h.write(lasts.ID, h.fallsDue)
		h.moveTo(h.now().Add(3 * time.Hour))
		if g := h.grant(ends.ID); g.State != gk.Suspended || !strings.Contains(h.kinds(ends.ID), "suspended") {
			t.Errorf("a grant whose token ended two hours ago is %s, told %q; want suspended", g.State, h.kinds(ends.ID))
		}
		if kinds := h.kinds(warned.ID); !strings.Contains(kinds, "expiring") {
			t.Errorf("a grant that ends in thirty days was told %q, want a warning", kinds)
		}
		if n := h.asked("refresh"); n == 0 || n > 3*12+1 {
			t.Errorf("%d renewals tried in three hours of a stop, want some, and one an interval at most", n)
		}
		h.control("DELETE", "/shoplazza/faults", nil, nil)
		if _, err := h.keeper.Apps().Update(context.Background(), gk.Engine(), h.app.ID, apps.Change{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if g := h.grant(lasts.ID); g.Generation != 2 {
			t.Errorf("ten seconds after the stop ended, what waited is at generation %d, want 2", g.Generation)
		}
	})
}

// TestGrantPutOffAsTheStopEndsIsNotLate ends a stop between the moment when a turn saw it and the moment when the turn
// puts its grant off: the grant is refreshed at once all the same.
func TestGrantPutOffAsTheStopEndsIsNotLate(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		g := h.connect(0, "")
		h.stopByFault()
		h.under(b, g.ID, h.fallsDue)
		var seen sync.Once
		b.set(func() {
			b.update = func(id string, update func() error) error {
				if id == g.ID {
					seen.Do(func() {
						if _, err := h.keeper.Apps().Update(context.Background(), gk.Engine(), h.app.ID, apps.Change{}); err != nil {
							t.Error(err)
						}
						time.Sleep(5 * time.Second) // everything that was put off has been hastened
					})
				}
				return update()
			}
		})
		time.Sleep(20 * time.Second)
		if g := h.grant(g.ID); g.Generation != 2 {
			t.Errorf("a grant that was put off as the stop ended is at generation %d and due in %s, want it refreshed", g.Generation, g.DueAt.Sub(h.now()))
		}
	})
}

// TestWhatIsDueIsDueAtOnce has many grants that have been due for days, on a keeper that runs for long.
func TestWhatIsDueIsDueAtOnce(t *testing.T) {
	l := newLiar(t, all.Drivers()[0])
	p := &spent{good: func(int) bool { return true }}
	l.answer = p.answer
	l.found(1)
	l.run()
	l.until("the scheduler has looked at everything", func() bool { return p.count() == 1 })
	time.Sleep(1100 * time.Millisecond)
	for _, g := range l.found(200) { // as an import brings them
		err := l.store.UpdateGrant(t.Context(), gk.Engine(), g.ID, l.now, func(row *gk.Grant) ([]gk.Event, error) {
			row.DueAt = l.now.Add(-72 * time.Hour)
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	l.until("all of them are renewed", func() bool { return p.count() == 201 })
}

// TestWhoeverStartsAnAppKnowsAtOnce starts a stopped app while the database is slow to tell which apps are stopped: the process
// that wrote it goes by what it wrote.
func TestWhoeverStartsAnAppKnowsAtOnce(t *testing.T) {
	dir := sqlitetest.Dir(t)
	synctest.Test(t, func(t *testing.T) {
		var faulty *storefault.Store
		h := open(t, dir, func(s store.Store) store.Store { faulty = storefault.Wrap(s); return faulty })
		defer h.close()
		h.addApp("shoplazza")
		known := h.keeper.Apps()
		for _, stop := range []bool{true, false} {
			if err := known.SetStopped(t.Context(), gk.Engine(), h.app.ID, stop); err != nil {
				t.Fatal(err)
			}
			if known.Stopped(h.app.ID) != stop {
				t.Errorf("stopped is %v, want %v", !stop, stop)
			}
			defer faulty.On("StoppedApps", storefault.Fault{Hang: true})()
		}
	})
}
