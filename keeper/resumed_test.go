package keeper_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/store"
)

// mend is what an operator does who has repaired an app.
func (h *house) mend() {
	h.t.Helper()
	if _, err := h.keeper.Apps().Update(context.Background(), gk.Engine(), h.app.ID, apps.Change{}); err != nil {
		h.t.Error(err)
	}
	time.Sleep(5 * time.Second) // everything that waited has been made due
}

func (h *house) refusedFault() *gk.Fault {
	return &gk.Fault{Platform: h.app.Platform, Stage: "refresh", Code: "invalid_client", Action: gk.FixConfig, At: gk.At(h.now())}
}

// stopByFault stops the app as two refusals do.
func (h *house) stopByFault() {
	h.writeApp(h.app.ID, func(a *gk.App) {
		a.Stop, a.PausedUntil, a.Fault = gk.StopFault, h.now().Add(5*time.Minute), h.refusedFault()
	})
}

// fallsDue lets the refresh of a grant be due, whatever share of the lead its id takes.
func (h *house) fallsDue(g *gk.Grant) {
	g.PairAskedAt, g.DueAt, g.Expires = h.now().Add(-23*time.Hour), h.now(), h.now().Add(10*time.Hour)
}

func (h *house) soonRefreshed(ids ...string) {
	h.t.Helper()
	time.Sleep(20 * time.Second)
	for _, id := range ids {
		if g := h.grant(id); g.Generation != 2 {
			h.t.Errorf("after the end of the stop a grant is at generation %d and due in %s, want it refreshed", g.Generation, g.DueAt.Sub(h.now()))
		}
	}
}

// TestClaimedUnderAStopIsNotLate ends a stop between the look at the app and the turn of a grant that the platform had
// refused for the app's fault: its own pause counts no more than the stop.
func TestClaimedUnderAStopIsNotLate(t *testing.T) {
	for name, stop := range map[string]func(h *house){
		"stopped": (*house).stopByFault,
		"met by one only": func(h *house) {
			h.writeApp(h.app.ID, func(a *gk.App) { a.Fault, a.FaultGrant = h.refusedFault(), "grt_other" })
		},
	} {
		t.Run(name, func(t *testing.T) {
			meddling(t, "shoplazza", func(h *house, b *between) {
				g := h.connect(0, "")
				stop(h)
				var seen sync.Once
				b.set(func() { b.claimed = func([]gk.Grant) { seen.Do(h.mend) } })
				h.under(b, g.ID, func(g *gk.Grant) {
					h.fallsDue(g)
					g.Fault, g.Failures, g.RetryAt = h.refusedFault(), 6, h.now().Add(25*time.Minute)
				})
				h.soonRefreshed(g.ID)
			})
		})
	}
}

// TestRefusalOfTheFormerSecretStopsNobody mends an app while two refusals of its former secret are on their way: they
// neither stop it again nor hold their grants up.
func TestRefusalOfTheFormerSecretStopsNobody(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		one, other := h.connect(0, ""), h.connect(1, "")
		h.fault("invalid_client", "refresh", 2)
		seen := map[string]bool{}
		both := make(chan struct{})
		b.set(func() {
			b.update = func(id string, update func() error) error {
				b.mu.Lock()
				first := !seen[id]
				seen[id] = true
				second := first && len(seen) == 2
				b.mu.Unlock()
				if second {
					h.mend()
					close(both)
				}
				if first {
					<-both
				}
				return update()
			}
		})
		for _, id := range []string{one.ID, other.ID} {
			h.under(b, id, h.fallsDue)
		}
		h.soonRefreshed(one.ID, other.ID)
		events, err := h.store.EventsAfter(context.Background(), gk.Engine(), 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(events, func(e gk.Event) bool { return e.Kind == gk.EventAppPaused }) {
			t.Error("refusals of the former secret stopped the app")
		}
	})
}

// TestStartedElsewhereAsAGrantIsPutOff starts an app again by another process, between the moment when a turn saw the stop
// and the moment when it puts its grant off; what this process knows of stops is three quarters of a second old.
func TestStartedElsewhereAsAGrantIsPutOff(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		g := h.connect(0, "")
		other := h.instance("other")
		if err := h.keeper.Apps().SetStopped(context.Background(), gk.Engine(), h.app.ID, true); err != nil {
			t.Fatal(err)
		}
		var seen sync.Once
		b.set(func() {
			b.update = func(id string, update func() error) error {
				if id == g.ID {
					seen.Do(func() {
						if err := other.Apps().SetStopped(context.Background(), gk.Engine(), h.app.ID, false); err != nil {
							t.Error(err)
						}
						time.Sleep(100 * time.Millisecond)
					})
				}
				return update()
			}
		})
		h.under(b, g.ID, h.fallsDue)
		h.soonRefreshed(g.ID)
	})
}

// TestSecretsEnteredAsAGrantIsPutOff enters an app's secrets anew, which did not open, between the moment when a turn saw that
// and the moment when it puts its grant off.
func TestSecretsEnteredAsAGrantIsPutOff(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		g := h.connect(0, "")
		h.writeApp(h.app.ID, func(a *gk.App) { a.Secrets = gk.Sealed("damaged") })
		var seen sync.Once
		b.set(func() {
			b.update = func(id string, update func() error) error {
				if id == g.ID {
					seen.Do(func() {
						entered := apps.Change{Settings: h.settings("shoplazza")}
						if _, err := h.keeper.Apps().Update(context.Background(), gk.Engine(), h.app.ID, entered); err != nil {
							t.Error(err)
						}
						time.Sleep(5 * time.Second)
					})
				}
				return update()
			}
		})
		h.under(b, g.ID, h.fallsDue)
		time.Sleep(20 * time.Second) // an app that cannot be opened is left to other processes first
		h.soonRefreshed(g.ID)
	})
}

// TestLookAtStopsThatIsOvertakenDoesNotCount starts an app while somebody looks at the list of those that are stopped.
func TestLookAtStopsThatIsOvertakenDoesNotCount(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		registry := h.keeper.Apps()
		if err := registry.SetStopped(context.Background(), gk.Engine(), h.app.ID, true); err != nil {
			t.Fatal(err)
		}
		var seen sync.Once
		b.set(func() {
			b.stopped = func() {
				seen.Do(func() {
					if err := registry.SetStopped(context.Background(), gk.Engine(), h.app.ID, false); err != nil {
						t.Error(err)
					}
				})
			}
		})
		registry.LookAtStops(time.Minute)
		if registry.Stopped(h.app.ID) {
			t.Error("an app that was started is taken for stopped, by a list that was asked for before")
		}
	})
}

// TestHasteningIsGoneOnWith loses the database, or the process, while what a stop put off is made due.
func TestHasteningIsGoneOnWith(t *testing.T) {
	t.Run("the database is away", func(t *testing.T) {
		meddling(t, "shoplazza", func(h *house, b *between) {
			g := h.connect(0, "")
			h.stopByFault()
			h.under(b, g.ID, h.fallsDue)
			time.Sleep(5 * time.Second) // it is put off
			var seen sync.Once
			b.set(func() {
				b.hasten = func(string) (err error) {
					seen.Do(func() { err = store.ErrUnavailable })
					return err
				}
			})
			h.mend()
			h.soonRefreshed(g.ID)
		})
	})
	t.Run("the process ends", func(t *testing.T) {
		meddling(t, "shoplazza", func(h *house, b *between) {
			g := h.connect(0, "")
			h.stopByFault()
			h.under(b, g.ID, h.fallsDue)
			time.Sleep(5 * time.Second)
			var seen sync.Once
			b.set(func() {
				b.hasten = func(string) (err error) {
					seen.Do(func() { err = context.Canceled })
					return err
				}
			})
			h.mend()
			for _, stop := range h.stops {
				stop()
			}
			next := h.instance("next")
			h.use(next)
			h.start(next)
			h.soonRefreshed(g.ID)
		})
	})
	t.Run("it is put off a moment later", func(t *testing.T) {
		meddling(t, "shoplazza", func(h *house, b *between) {
			g := h.connect(0, "")
			h.stopByFault()
			h.under(b, g.ID, h.fallsDue)
			time.Sleep(5 * time.Second)
			var seen sync.Once
			b.set(func() {
				b.hasten = func(string) error {
					seen.Do(func() { h.write(g.ID, func(g *gk.Grant) { g.DueAt = h.now().Add(time.Hour + 5*time.Second) }) })
					return nil
				}
			})
			h.mend()
			h.soonRefreshed(g.ID)
		})
	})
}

// TestDeathAfterPuttingOffIsNotAnHourLate ends a stop between the moment when a turn saw it and the moment when the turn puts
// its grant off, and has the process die before that turn looks at the app again.
func TestDeathAfterPuttingOffIsNotAnHourLate(t *testing.T) {
	dies := func(t *testing.T, then func(h *house, id string)) {
		t.Helper()
		meddling(t, "shoplazza", func(h *house, b *between) {
			g := h.connect(0, "")
			h.stopByFault()
			dead := make(chan struct{})
			defer close(dead)
			var seen sync.Once
			b.set(func() {
				b.update = func(id string, update func() error) error {
					if id != g.ID {
						return update()
					}
					err := error(nil)
					first := false
					seen.Do(func() {
						first = true
						h.mend()
						err = update()
						<-dead // it never looks
					})
					if first {
						return err
					}
					return update()
				}
			})
			h.under(b, g.ID, h.fallsDue)
			time.Sleep(10 * time.Second)
			then(h, g.ID)
			h.soonRefreshed(g.ID)
		})
	}
	t.Run("another goes on", func(t *testing.T) {
		dies(t, func(*house, string) { time.Sleep(gk.LongestLease) })
	})
	t.Run("it is started again", func(t *testing.T) {
		dies(t, func(h *house, _ string) { h.start(h.instance("next")) })
	})
}
