package keeper_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/store"
)

// read reads the tokens of all grants at once.
func (l *liar) read(grants []gk.Grant) {
	var readers sync.WaitGroup
	for _, g := range grants {
		readers.Go(func() {
			for {
				s, err := l.keeper.Token(l.t.Context(), gk.Engine(), g.ID, keeper.TokenWant{})
				if errors.Is(err, store.ErrUnavailable) && l.t.Context().Err() == nil {
					continue // so many first reads at once can take a busy machine longer than a caller waits for the database
				}
				if err != nil || s.Access.Empty() {
					l.t.Errorf("a token that lasts for another hour is not served: %v", err)
				}
				return
			}
		})
	}
	readers.Wait()
}

// pass moves the clock on while nothing is under way.
func (l *liar) pass(d time.Duration) {
	l.t.Helper()
	resume, err := l.keeper.Pause(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	l.passed.Add(int64(d))
	resume()
	l.keeper.Wake()
}

func TestReadersSpendNoOldDatabaseToTheEnd(t *testing.T) {
	l := newLiar(t, all.Drivers()[0])
	p := &spent{good: func(int) bool { return false }}
	l.answer = p.answer
	grants := l.found(60)
	l.read(grants)
	l.run()
	l.read(grants)
	if n := p.count(); n > 3 {
		t.Errorf("%d refresh tokens were offered by readers and the scheduler, want 3", n)
	}
	app, err := l.store.App(t.Context(), gk.Engine(), l.app.ID)
	if err != nil || app.Stop != gk.StopRestored {
		t.Errorf("the app's stop is %q, error %v, want %q", app.Stop, err, gk.StopRestored)
	}
}

func TestRefreshesOfAnAppAtOnceAreItsWorkers(t *testing.T) {
	l := newLiar(t, all.Drivers()[0])
	l.workers = 8
	l.keeper = l.instance(all.Drivers()[0], l.store)
	var mu sync.Mutex
	under, most := 0, 0
	p := &spent{good: func(int) bool { return true }}
	l.answer = func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		under++
		most = max(most, under)
		mu.Unlock()
		time.Sleep(5 * time.Millisecond)
		p.answer(w, r)
		mu.Lock()
		under--
		mu.Unlock()
	}
	grants := l.found(60)
	l.run()
	l.read(grants)
	l.until("everybody is renewed", func() bool { return p.count() >= 60 })
	mu.Lock()
	defer mu.Unlock()
	if most > 8 || p.count() != 60 {
		t.Errorf("%d renewals at once, %d in all; want at most 8, and 60", most, p.count())
	}
}

// TestLateFaultOfTheAppLeavesTheStopOfAnOldDatabase meets a fault of the app after the stop was written.
func TestLateFaultOfTheAppLeavesTheStopOfAnOldDatabase(t *testing.T) {
	l := newLiar(t, all.Drivers()[0])
	p := &spent{good: func(int) bool { return false }}
	l.answer = p.answer
	grants := l.found(10)
	l.read(grants[:6])
	l.answer = say(http.StatusUnauthorized, `{"error":"invalid_client","error_description":"Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method."}`)
	for _, g := range grants[6:] {
		l.refresh(g) // a person's
	}
	app, err := l.store.App(t.Context(), gk.Engine(), l.app.ID)
	if err != nil {
		t.Fatal(err)
	}
	if app.Stop != gk.StopRestored || app.Fault == nil || app.Fault.Code != keeper.CodeRestored {
		t.Errorf("after the app's faults the stop is %q with the fault %v, want %q as before", app.Stop, app.Fault, gk.StopRestored)
	}
}

// TestMerchantsWhoLeftStopNobody refuses the first three, while the access tokens of the others live.
func TestMerchantsWhoLeftStopNobody(t *testing.T) {
	l := newLiar(t, all.Drivers()[0])
	p := &spent{alive: true, good: func(asked int) bool { return asked > 3 }}
	l.answer = p.answer
	l.found(20)
	l.run()
	l.until("everybody is asked for", func() bool { return p.count() == 20 })
	if app, err := l.store.App(t.Context(), gk.Engine(), l.app.ID); err != nil || app.Stop != "" || app.Fault != nil {
		t.Errorf("the app is stopped by %q, fault %v, error %v; want neither", app.Stop, app.Fault, err)
	}
}

// TestStopOfAnOldDatabaseEndsByItself stops, and is tried by one grant after some minutes, which works.
func TestStopOfAnOldDatabaseEndsByItself(t *testing.T) {
	l := newLiar(t, all.Drivers()[0])
	p := &spent{good: func(asked int) bool { return asked > 4 }}
	l.answer = p.answer
	l.found(20)
	l.run()
	stopped := func() bool {
		app, err := l.store.App(t.Context(), gk.Engine(), l.app.ID)
		return err == nil && app.Stop == gk.StopRestored
	}
	l.until("the app is stopped", stopped)
	if n := p.count(); n != 3 {
		t.Errorf("%d refresh tokens were offered before the stop, want 3", n)
	}
	l.pass(time.Hour)
	l.until("one has tried in vain", func() bool { return p.count() == 4 })
	l.pass(time.Hour)
	l.until("the stop has ended", func() bool { return !stopped() })
	l.until("everybody is asked for", func() bool { return p.count() == 20 })
}

// TestDatabaseThatWasPutBackIsAskedAbout is told so directly: what does not live is not spent until a person says so.
func TestDatabaseThatWasPutBackIsAskedAbout(t *testing.T) {
	l := newLiar(t, all.Drivers()[0])
	p := &spent{good: func(int) bool { return true }}
	l.answer = p.answer
	l.restored.Store(true)
	old := l.found(5)
	l.run()
	l.until("the app is marked", func() bool {
		app, err := l.store.App(t.Context(), gk.Engine(), l.app.ID)
		return err == nil && app.Stop == gk.StopAsking
	})
	l.until("all have been asked about", func() bool {
		for _, g := range old {
			row, err := l.store.Grant(t.Context(), gk.Engine(), g.ID)
			if err != nil || row.Fault == nil || row.Fault.Code != keeper.CodeRestored || row.InDoubt() {
				return false
			}
		}
		return true
	})
	if n := p.count(); n != 0 {
		t.Errorf("%d tokens were spent of which the platform does not say that they live, want none", n)
	}
	p.mu.Lock()
	p.alive = true
	p.mu.Unlock()
	l.found(2)
	l.until("those that live are renewed", func() bool { return p.count() >= 2 })
	if app, err := l.store.App(t.Context(), gk.Engine(), l.app.ID); err != nil || app.Stop != gk.StopAsking {
		t.Errorf("a renewal that worked ended the asking: %q, %v", app.Stop, err)
	}
	if _, err := l.keeper.Apps().Update(t.Context(), gk.Engine(), l.app.ID, apps.Change{}); err != nil {
		t.Fatal(err)
	}
	l.until("after a person's word the rest goes", func() bool { return p.count() == 7 })
}
