package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
)

// away is a store whose database can be taken away: every call fails as one that cannot be reached.
type away struct {
	store.Store
	gone atomic.Bool
}

var errAway = fmt.Errorf("%w: taken away by the test", store.ErrUnavailable)

func (a *away) SaveRefresh(ctx context.Context, r store.Refreshed) (bool, error) {
	if a.gone.Load() {
		return false, errAway
	}
	return a.Store.SaveRefresh(ctx, r)
}

func (a *away) SaveRefreshes(ctx context.Context, rs []store.Refreshed) ([]bool, error) {
	if a.gone.Load() {
		return nil, errAway
	}
	return a.Store.SaveRefreshes(ctx, rs)
}

func (a *away) UpdateGrant(ctx context.Context, v gk.Viewer, id string, at time.Time, change func(*gk.Grant) ([]gk.Event, error)) error {
	if a.gone.Load() {
		return errAway
	}
	return a.Store.UpdateGrant(ctx, v, id, at, change)
}

func (a *away) ClaimDue(ctx context.Context, app string, at store.Attempt, floor time.Time, limit int) ([]gk.Grant, error) {
	if a.gone.Load() {
		return nil, errAway
	}
	return a.Store.ClaimDue(ctx, app, at, floor, limit)
}

func (a *away) Tokens(ctx context.Context, ids []string) ([]gk.Grant, error) {
	if a.gone.Load() {
		return nil, errAway
	}
	return a.Store.Tokens(ctx, ids)
}

func (a *away) UpdateClick(ctx context.Context, id string, at time.Time, change func(*gk.Click, *gk.Authorization) ([]gk.Event, error)) error {
	if a.gone.Load() {
		return errAway
	}
	return a.Store.UpdateClick(ctx, id, at, change)
}

func (a *away) Ping(ctx context.Context) error {
	if a.gone.Load() {
		return errAway
	}
	return a.Store.Ping(ctx)
}

// outage tells a story in which the database goes away while the platform is being asked.
func outage(t *testing.T, tell func(h *house, db *away)) {
	t.Helper()
	var db *away
	wrapped(t, func(s store.Store) store.Store { db = &away{Store: s}; return db }, func(h *house) { tell(h, db) })
}

// wrapped tells a story with something between the keeper and its store.
func wrapped(t *testing.T, wrap func(store.Store) store.Store, tell func(h *house)) {
	t.Helper()
	dir := sqlitetest.Dir(t)
	synctest.Test(t, func(t *testing.T) {
		h := open(t, dir, wrap)
		defer func() {
			if t.Failed() {
				t.Log(h.log.String())
			}
		}()
		defer h.close()
		h.start(h.keeper)
		h.addApp("shoplazza")
		tell(h)
		h.noSecretLogged()
	})
}

func TestPairWaitsWhileTheDatabaseIsAway(t *testing.T) {
	outage(t, func(h *house, db *away) {
		g := h.connect(0, "")
		h.token(g.ID)
		h.option("slow", "5s")
		h.fault("slow", "refresh", 1)
		go func() { _, _ = h.refresh(g.ID, false) }() // its result is read from the row
		time.Sleep(2 * time.Second)
		db.gone.Store(true)
		time.Sleep(10 * time.Second)
		health := h.keeper.Health(context.Background())
		if health.Ready || health.Spilled != 1 {
			t.Fatalf("while away: ready %v, %d spilled; want not ready and one pair", health.Ready, health.Spilled)
		}
		if s := h.token(g.ID); !s.Stale || s.Grant.Generation != 1 {
			t.Errorf("a reader gets generation %d, stale %v; want the old token, marked stale", s.Grant.Generation, s.Stale)
		}
		db.gone.Store(false)
		time.Sleep(3 * time.Second)
		if health := h.keeper.Health(context.Background()); !health.Ready || health.Spilled != 0 {
			t.Errorf("back again: ready %v, %d spilled; want ready and none", health.Ready, health.Spilled)
		}
		if now := h.grant(g.ID); now.Generation != 2 || now.InDoubt() {
			t.Errorf("generation %d, in doubt %v; want 2 and none", now.Generation, now.InDoubt())
		}
		if got := h.truth(h.shop(0)).Access; h.token(g.ID).Access.Reveal() != got {
			t.Error("the token served is not the platform's newest")
		}
		if n := h.asked("refresh"); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	})
}

func TestSpilledPairOutlivesTheProcess(t *testing.T) {
	outage(t, func(h *house, db *away) {
		g := h.connect(0, "")
		second := h.instance("second")
		stop := h.start(second)
		h.option("slow", "5s")
		h.fault("slow", "refresh", 1)
		go func() { _, _ = second.Refresh(context.Background(), gk.Engine(), g.ID, false) }() // its result is read from the file
		time.Sleep(2 * time.Second)
		db.gone.Store(true)
		time.Sleep(10 * time.Second)
		h.stops = h.stops[:len(h.stops)-1]
		if err := stop(); !errors.Is(err, keeper.ErrUnsaved) {
			t.Fatalf("stopping with a pair that is not stored: %v, want ErrUnsaved", err)
		}
		text, err := os.ReadFile(h.dir + "/spill-second")
		if err != nil {
			t.Fatal(err)
		}
		if tr := h.truth(h.shop(0)); strings.Contains(string(text), tr.Access) || strings.Contains(string(text), tr.Refresh) {
			t.Error("the spill file holds a token in clear")
		}
		db.gone.Store(false)
		h.start(h.instance("second")) // started again with the same data directory
		time.Sleep(3 * time.Second)
		if now := h.grant(g.ID); now.Generation != 2 {
			t.Errorf("after the new start: generation %d, want 2", now.Generation)
		}
		if got := h.truth(h.shop(0)).Access; h.token(g.ID).Access.Reveal() != got {
			t.Error("the token served is not the platform's newest")
		}
	})
}

func TestAnswerToAnExchangeWaitsToo(t *testing.T) {
	outage(t, func(h *house, db *away) {
		h.option("slow", "5s")
		h.fault("slow", "token", 1)
		_, pressed := h.press(consent.BeginInput{Shop: h.host(0)})
		address := h.consent(pressed.URL, h.shop(0))
		go func() {
			time.Sleep(2 * time.Second)
			db.gone.Store(true)
			time.Sleep(8 * time.Second)
			db.gone.Store(false)
		}()
		o, err := h.callback(address, h.cookie)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Minute) // the work goes on when the merchant's browser has given up
		a, err := h.store.Authorization(context.Background(), gk.Engine(), o.Authorization.ID)
		if err != nil || a.Stage != gk.Done || len(a.Grants) != 1 {
			t.Fatalf("the authorization is %s with %d grants, error %v; want done with one", a.Stage, len(a.Grants), err)
		}
		if n := h.asked("token"); n != 1 {
			t.Errorf("%d exchanges, want 1", n)
		}
	})
}
