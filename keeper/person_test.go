package keeper_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
)

func TestOwnersKeyIsNotHeldBackByTheBackOff(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "cust-1")
		h.write(g.ID, func(g *gk.Grant) {
			g.Fault = &gk.Fault{Platform: "shoplazza", Stage: "refresh", Code: "http:5xx", Action: gk.Retry, At: gk.At(h.now())}
			g.Failures, g.RetryAt = 8, h.now().Add(4*time.Hour)
		})
		owner := gk.Viewer{Key: "k1", Scopes: gk.Scopes(), Owners: []string{"cust-1"}}
		if after, err := h.keeper.Refresh(context.Background(), owner, g.ID, false); err != nil || after.Generation != 2 {
			t.Errorf("generation %d, %v; want 2: a back-off after the platform's own 5xx does not stand in a person's way", after.Generation, err)
		}
	})
}

func TestWordOfAPersonIsNotAnsweredByAReadersRefusal(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		g := h.connect(0, "")
		h.write(g.ID, func(g *gk.Grant) {
			g.Fault = &gk.Fault{Platform: "shoplazza", Stage: "refresh", Code: "http:5xx", Action: gk.Retry, At: gk.At(h.now())}
			g.Failures, g.RetryAt = 8, h.now().Add(4*time.Hour)
		})
		b.mu.Lock()
		b.update = func(_ string, update func() error) error { time.Sleep(2 * time.Second); return update() }
		b.mu.Unlock()
		go func() { // its claim is refused by the back-off
			_, _ = h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{NotGeneration: 1})
		}()
		time.Sleep(time.Second)
		if after, err := h.refresh(g.ID, false); err != nil || after.Generation != 2 {
			t.Errorf("generation %d, %v; want 2: it was a reader whom the back-off refused", after.Generation, err)
		}
	})
}

func TestRepairedAppIsBackWithinHalfAnHour(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		h.fault("invalid_client", "refresh", -1)
		h.moveTo(g.Expires.Add(-6 * 24 * time.Hour))
		h.moveTo(h.now().Add(3 * time.Hour)) // a morning with a wrong secret
		if now := h.grant(g.ID); now.Fault == nil || now.Fault.Code != "invalid_client" {
			t.Fatalf("fault %v, want invalid_client", now.Fault)
		}
		h.control("DELETE", "/shoplazza/faults", nil, nil)
		if _, err := h.keeper.Apps().Update(context.Background(), gk.Engine(), h.app.ID, apps.Change{}); err != nil {
			t.Fatal(err)
		}
		h.moveTo(h.now().Add(31 * time.Minute))
		if now := h.grant(g.ID); now.Generation != 2 {
			t.Errorf("half an hour after the repair the generation is %d, want 2", now.Generation)
		}
	})
}

func TestTwoProcessesDoNotShareASpillFile(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		_, err := keeper.New(keeper.Options{Store: h.store, Vault: h.vault, Gate: h.gate, PublicURL: "https://hub.example", SpillFile: h.dir + "/spill-first"})
		if err == nil {
			t.Error("a second process opened the same spill file: each would write over the other's pairs")
		}
	})
}

func TestPairThatCannotBeStoredHoldsBackNoOther(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		one, two := h.connect(0, ""), h.connect(1, "")
		b.mu.Lock()
		var gone atomic.Bool
		gone.Store(true)
		b.update = func(id string, update func() error) error {
			if id == one.ID {
				return errors.New("this row is broken")
			}
			if gone.Load() {
				return errAway
			}
			return update()
		}
		b.mu.Unlock()
		h.option("slow", "2s")
		h.control("POST", "/shoplazza/faults", map[string]any{"fault": "slow", "times": 1, "match": map[string]string{"stage": "refresh", "subject": two.Subject.ID}}, nil)
		for _, g := range []gk.Grant{one, two} {
			h.under(b, g.ID, func(g *gk.Grant) {
				g.Fault = &gk.Fault{Platform: "shoplazza", Action: gk.Retry}
				g.Failures = 1
				g.DueAt = h.now()
				g.PairAskedAt = h.now().Add(-2 * time.Hour)
				g.Expires = h.now().Add(time.Hour)
			})
		}
		time.Sleep(20 * time.Second)
		gone.Store(false)
		time.Sleep(5 * time.Second)
		if now := h.grant(two.ID); now.Generation != 2 {
			t.Errorf("the second pair: generation %d, want 2", now.Generation)
		}
		if health := h.keeper.Health(context.Background()); !health.Ready || health.Aside != 1 {
			t.Errorf("ready %v, %d set aside; want ready, one: it holds back nobody", health.Ready, health.Aside)
		}
		b.mu.Lock()
		b.update = nil
		b.mu.Unlock()
		if now := h.refreshed(one.ID, 2, 10*time.Minute); now.Generation != 2 {
			t.Errorf("the first pair, once its row is whole: generation %d, want 2", now.Generation)
		}
	})
}

// under changes a row past everything that stands between.
func (h *house) under(b *between, id string, change func(g *gk.Grant)) {
	h.t.Helper()
	err := b.Store.UpdateGrant(context.Background(), gk.Engine(), id, h.now(), func(g *gk.Grant) ([]gk.Event, error) {
		change(g)
		return nil, nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func TestPauseDuringARoundEnds(t *testing.T) {
	meddling(t, "shoplazza", func(h *house, b *between) {
		g := h.connect(0, "")
		paused := make(chan error, 1)
		b.set(func() {
			b.claimed = func([]gk.Grant) {
				go func() {
					ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
					defer cancel()
					resume, err := h.keeper.Pause(ctx)
					if err == nil {
						resume()
					}
					paused <- err
				}()
				time.Sleep(time.Second)
			}
		})
		h.write(g.ID, func(g *gk.Grant) {
			g.PairAskedAt, g.Expires, g.DueAt = h.now().Add(-2*time.Hour), h.now().Add(time.Hour), h.now()
		})
		if err := <-paused; err != nil {
			t.Errorf("a pause that came between a claim and its turn: %v", err)
		}
	})
}

func TestReaderOfADoubtHearsWhenItIsSettled(t *testing.T) {
	story(t, "shoplazza", func(h *house) {
		g := h.connect(0, "")
		h.write(g.ID, func(g *gk.Grant) { g.PairAskedAt, g.Expires = h.now().Add(-time.Hour), h.now().Add(time.Second) })
		time.Sleep(2 * time.Second)
		h.fault("cut-after", "refresh", -1)
		if _, err := h.refresh(g.ID, false); err != nil {
			t.Fatal(err)
		}
		_, err := h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{})
		var later *keeper.Later
		if !errors.As(err, &later) || !errors.Is(err, keeper.ErrRefreshing) || later.After < 10*time.Second {
			t.Errorf("reading it: %v, %+v; want refreshing, to be asked again when it is due", err, later)
		}
	})
}
