package keeper_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
)

// between is a store at whose calls something else happens, as another process or the machine would do it.
type between struct {
	store.Store
	mu      sync.Mutex
	changes int // calls of UpdateGrant

	claimed    func(grants []gk.Grant)                    // after a claim, before the claimer hears of it
	put        func(click string, put func() error) error // around PutGrants
	putIn      func(app string, put func() error) error   // as put, by app
	openClicks func([]gk.Click)                           // what a reader of open clicks is told
	update     func(id string, update func() error) error // around UpdateGrant
	hasten     func(app string) error                     // before Hasten, which is not done where it fails
	tokens     func() error                               // before Tokens, which is not asked where it fails
	stopped    func()                                     // after a look at which apps are stopped, before whoever looked hears of it
}

// hook reads one of a store's functions; set changes some. Keepers run meanwhile.
func hook[F any](b *between, f *F) F {
	b.mu.Lock()
	defer b.mu.Unlock()
	return *f
}

func (b *between) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

func (b *between) ClaimDue(ctx context.Context, app string, a store.Attempt, floor time.Time, limit int) ([]gk.Grant, error) {
	grants, err := b.Store.ClaimDue(ctx, app, a, floor, limit)
	if claimed := hook(b, &b.claimed); err == nil && len(grants) > 0 && claimed != nil {
		claimed(grants)
	}
	return grants, err
}

func (b *between) UpdateGrant(ctx context.Context, v gk.Viewer, id string, at time.Time, change func(*gk.Grant) ([]gk.Event, error)) error {
	b.mu.Lock()
	b.changes++
	b.mu.Unlock()
	update := func() error { return b.Store.UpdateGrant(ctx, v, id, at, change) }
	if around := hook(b, &b.update); around != nil {
		return around(id, update)
	}
	return update()
}

func (b *between) Hasten(ctx context.Context, app string, now, until time.Time, limit int) (int, error) {
	if before := hook(b, &b.hasten); before != nil {
		if err := before(app); err != nil {
			return 0, err
		}
	}
	return b.Store.Hasten(ctx, app, now, until, limit)
}

func (b *between) Tokens(ctx context.Context, ids []string) ([]gk.Grant, error) {
	if before := hook(b, &b.tokens); before != nil {
		if err := before(); err != nil {
			return nil, err
		}
	}
	return b.Store.Tokens(ctx, ids)
}

func (b *between) StoppedApps(ctx context.Context) ([]string, error) {
	ids, err := b.Store.StoppedApps(ctx)
	if told := hook(b, &b.stopped); told != nil {
		told()
	}
	return ids, err
}

func (b *between) changed() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changes
}

func (b *between) PutGrants(ctx context.Context, app, authorization, click string, subjects []gk.Subject, at time.Time,
	change func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error),
) error {
	put := func() error { return b.Store.PutGrants(ctx, app, authorization, click, subjects, at, change) }
	if around := hook(b, &b.putIn); around != nil {
		return around(app, put)
	}
	if around := hook(b, &b.put); around != nil {
		return around(click, put)
	}
	return put()
}

func (b *between) OpenClicks(ctx context.Context, before time.Time, limit int) ([]gk.Click, error) {
	clicks, err := b.Store.OpenClicks(ctx, before, limit)
	if told := hook(b, &b.openClicks); told != nil {
		told(clicks)
	}
	return clicks, err
}

// meddling tells a story whose store lets others in between.
func meddling(t *testing.T, code string, tell func(h *house, b *between)) {
	t.Helper()
	dir := sqlitetest.Dir(t)
	synctest.Test(t, func(t *testing.T) {
		b := &between{}
		h := open(t, dir, func(s store.Store) store.Store { b.Store = s; return b })
		defer func() {
			if t.Failed() {
				t.Log(h.log.String())
			}
		}()
		defer h.close()
		h.start(h.keeper)
		h.addApp(code)
		tell(h, b)
		h.noSecretLogged()
	})
}

// write changes a grant's row behind the keeper's back.
func (h *house) write(id string, change func(g *gk.Grant)) {
	h.t.Helper()
	err := h.store.UpdateGrant(context.Background(), gk.Engine(), id, h.now(), func(g *gk.Grant) ([]gk.Event, error) {
		change(g)
		return nil, nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// begin makes a link without pressing its button.
func (h *house) begin(in consent.BeginInput) (gk.Authorization, string) {
	h.t.Helper()
	in.App = h.app.ID
	a, link, err := h.flow.Begin(context.Background(), gk.Engine(), in)
	if err != nil {
		h.t.Fatal(err)
	}
	return a, link
}

func (h *house) authorization(id string) gk.Authorization {
	h.t.Helper()
	a, err := h.store.Authorization(context.Background(), gk.Engine(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}
