package keeper_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/sim"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/vault"
)

// openShared makes a house on PostgreSQL, in real time, for several keepers that share it.
func openShared(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, dir: sqlitetest.Dir(t), log: &logBook{}, cookies: map[string]string{}}
	memory := sim.NewMemory()
	platforms, _ := all.Simulators()
	var err error
	if h.sims, err = sim.Start(context.Background(), sim.Options{Platforms: platforms, Memory: memory}); err != nil {
		t.Fatal(err)
	}
	line, err := json.Marshal(h.sims)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &h.ready); err != nil {
		t.Fatal(err)
	}
	h.web = &http.Client{Transport: &http.Transport{DialContext: memory.DialContext, DisableKeepAlives: true}}
	if h.store, err = postgres.Open(t.Context(), pgtest.URL(t)); err != nil {
		t.Fatal(err)
	}
	if h.gate, err = outbound.New(outbound.Options{Allow: h.allowed(), Dial: memory.DialContext}); err != nil {
		t.Fatal(err)
	}
	h.master = vault.NewMaster()
	wrapped, primary, err := vault.Create(h.master)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.store.AddKeyset(t.Context(), store.Keyset{ID: 1, Wrapped: wrapped, Primary: primary, CreatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.close()
		if t.Failed() {
			t.Log(h.log.String())
		}
	})
	return h
}

// sharing makes a keeper as another process would be one, with a vault and a clock of its own, and starts it.
func (h *house) sharing(name string, now func() time.Time) *keeper.Keeper {
	h.t.Helper()
	set, err := h.store.Keyset(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	v, err := vault.Open(h.master, set.Wrapped, "ins_test")
	if err != nil {
		h.t.Fatal(err)
	}
	k, err := keeper.New(keeper.Options{
		Store: h.store, Vault: v, Master: h.master, Gate: h.gate, Drivers: all.Drivers(), PublicURL: "https://hub.example", Instance: name, Now: now,
		SpillFile: h.dir + "/spill-" + name, Allowed: h.allowed(), Log: slog.New(slog.NewTextHandler(h.log, nil)),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if f := consent.New(k); h.flow == nil {
		h.flow = f
	}
	h.start(k)
	return k
}

// soon waits, in real time, until something is so.
func (h *house) soon(what string, so func() bool) {
	h.t.Helper()
	deadline := time.Now().Add(5 * time.Minute) // of a loaded machine
	for !so() {
		if time.Now().After(deadline) {
			h.t.Fatalf("not after five minutes: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// logged counts a message in the log.
func (h *house) logged(message string) int { return strings.Count(h.log.String(), message) }

func TestClockOfOneInstanceIsAnHourOff(t *testing.T) {
	for _, off := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			h := openShared(t)
			h.use(h.sharing("right", time.Now))
			h.addApp("shoplazza")
			wrong := h.sharing("wrong", func() time.Time { return time.Now().Add(off) })
			right := h.keeper

			asked, longest := 0, time.Duration(0)
			for _, story := range []struct {
				name             string
				refreshes, reads *keeper.Keeper
			}{{"the right one renews", right, wrong}, {"the wrong one renews", wrong, right}} {
				g := h.connect(asked, "")
				h.option("slow", "2500ms")
				h.fault("slow", "refresh", 1)
				done := make(chan error, 1)
				go func() {
					_, err := story.refreshes.Refresh(context.Background(), gk.Engine(), g.ID, false)
					done <- err
				}()
				time.Sleep(time.Second)
				begun := time.Now()
				wait := 500 * time.Millisecond
				s, err := story.reads.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{NotGeneration: 1, Wait: &wait})
				longest = max(longest, time.Since(begun))
				if err != nil || !s.Stale {
					t.Errorf("%s: the other serves stale %v, error %v; want the old token, marked stale", story.name, s.Stale, err)
				}
				if err := <-done; err != nil {
					t.Errorf("%s: %v", story.name, err)
				}
				asked++
				if now := h.grant(g.ID); now.Generation != 2 || !now.Renewable || now.InDoubt() {
					t.Errorf("%s: generation %d, renewable %v, in doubt %v; want 2, renewable, no doubt", story.name, now.Generation, now.Renewable, now.InDoubt())
				}
				if got := h.asked("refresh"); got != asked {
					t.Errorf("%s: %d requests, want %d: no token is sent twice because two clocks differ", story.name, got, asked)
				}
			}
			t.Logf("grants lost 0, requests that reached the platform %d, longest wait of a caller %v", asked, longest.Round(time.Millisecond))
		})
	}
}

// skewed is a database whose clock is another than this machine's.
type skewed struct{ store.Store }

func (s skewed) Clock(ctx context.Context) (time.Time, error) {
	at, err := s.Store.Clock(ctx)
	return at.Add(time.Hour), err
}

func TestNothingIsClaimedWhileTheClocksDiffer(t *testing.T) {
	dir := sqlitetest.Dir(t)
	synctest.Test(t, func(t *testing.T) {
		h := open(t, dir, func(s store.Store) store.Store { return skewed{s} })
		defer h.close()
		h.addApp("shoplazza")
		g := h.connect(0, "")
		h.start(h.keeper)
		time.Sleep(2 * time.Second)
		var later *keeper.Later
		if _, err := h.keeper.Refresh(context.Background(), gk.Engine(), g.ID, false); !errors.As(err, &later) || !errors.Is(err, keeper.ErrClocks) {
			t.Errorf("a renewal at a person's word: %v, want later, since the clocks differ", err)
		}
		s, err := h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{NotGeneration: 1})
		if err != nil || !s.Stale {
			t.Errorf("a reader: stale %v, error %v; want the token there is, marked stale", s.Stale, err)
		}
		if n := h.asked("refresh"); n != 0 {
			t.Errorf("%d renewals, want none: a lease means another moment to others", n)
		}
	})
}

// set is a database that is asked by a machine whose clock was set forward.
type set struct {
	store.Store

	ahead *atomic.Int64
}

func (s set) Clock(ctx context.Context) (time.Time, error) {
	at, err := s.Store.Clock(ctx)
	return at.Add(-time.Duration(s.ahead.Load())), err
}

// ahead makes a keeper beside the house's whose clock is ahead, and starts it.
func (h *house) ahead(s store.Store, by *atomic.Int64) *keeper.Keeper {
	h.t.Helper()
	k, err := keeper.New(keeper.Options{
		Store: s, Vault: h.vault, Gate: h.gate, Drivers: all.Drivers(), PublicURL: "https://hub.example", Instance: "wrong",
		Now:     func() time.Time { return h.now().Add(time.Duration(by.Load())) },
		Allowed: h.allowed(), Log: h.logger(),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.start(k)
	return k
}

// A lease is judged by the clock of whoever looks at it. Between two questions for the database's time a clock may be set.
func TestClockThatIsSetTakesNoLease(t *testing.T) {
	dir := sqlitetest.Dir(t)
	synctest.Test(t, func(t *testing.T) {
		h := open(t, dir, nil)
		defer h.close()
		h.addApp("taobao")
		g := h.connect(0, "")
		var ahead atomic.Int64
		wrong := h.ahead(set{h.store, &ahead}, &ahead)
		time.Sleep(2 * time.Second)
		h.option("slow", "2500ms")
		h.fault("slow", "refresh", 1)
		done := make(chan error, 1)
		go func() {
			_, err := h.keeper.Refresh(context.Background(), gk.Engine(), g.ID, false)
			done <- err
		}()
		time.Sleep(time.Second)
		ahead.Store(int64(time.Hour))
		var later *keeper.Later
		if _, err := wrong.Refresh(context.Background(), gk.Engine(), g.ID, false); !errors.As(err, &later) || !errors.Is(err, keeper.ErrClocks) {
			t.Errorf("a renewal at a person's word: %v, want later, since the clocks differ", err)
		}
		time.Sleep(20 * time.Second)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if now := h.grant(g.ID); h.asked("refresh") != 1 || now.Generation != 2 || now.InDoubt() {
			t.Errorf("the refresh token was sent %d times, and the grant is at generation %d, in doubt %v; want once, 2, no doubt",
				h.asked("refresh"), now.Generation, now.InDoubt())
		}
	})
}

// held is a database that keeps the second of two reads of a row back until it is let go.
type held struct {
	set

	reads       *atomic.Int64 // of rows; the second one is kept back
	there, goOn chan struct{}
}

func (s held) Grant(ctx context.Context, v gk.Viewer, id string) (gk.Grant, error) {
	if s.reads.Add(1) == 2 {
		close(s.there)
		<-s.goOn
	}
	return s.Store.Grant(ctx, v, id)
}

// A clock may also be set behind the look at it: whoever claimed under the clock of before looks again before he spends a token.
func TestClockThatIsSetBeforeAClaimSpendsNoToken(t *testing.T) {
	dir := sqlitetest.Dir(t)
	synctest.Test(t, func(t *testing.T) {
		h := open(t, dir, nil)
		defer h.close()
		h.addApp("lazada")
		g := h.connect(0, "")
		var ahead, reads atomic.Int64
		s := held{set{h.store, &ahead}, &reads, make(chan struct{}), make(chan struct{})}
		wrong := h.ahead(s, &ahead)
		time.Sleep(2 * time.Second)
		reads.Store(0)
		late := make(chan error, 1)
		go func() {
			_, err := wrong.Refresh(context.Background(), gk.Engine(), g.ID, false)
			late <- err
		}()
		<-s.there
		h.option("slow", "2500ms")
		h.fault("slow", "refresh", 1)
		done := make(chan error, 1)
		go func() {
			_, err := h.keeper.Refresh(context.Background(), gk.Engine(), g.ID, false)
			done <- err
		}()
		time.Sleep(time.Second)
		ahead.Store(int64(time.Hour))
		close(s.goOn)
		if err := <-late; err != nil && !errors.As(err, new(*keeper.Later)) {
			t.Errorf("the one whose clock was set: %v", err)
		}
		time.Sleep(20 * time.Second)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if now := h.grant(g.ID); h.asked("refresh") != 1 || now.Generation != 2 || now.InDoubt() {
			t.Errorf("the refresh token was sent %d times, and the grant is at generation %d, in doubt %v; want once, 2, no doubt",
				h.asked("refresh"), now.Generation, now.InDoubt())
		}
	})
}
