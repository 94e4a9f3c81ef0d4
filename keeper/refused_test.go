package keeper_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/store"
)

// refusing is a store that refuses the pairs of one grant, though it answers.
type refusing struct {
	store.Store
	mu    sync.Mutex
	grant string
	why   error
}

func (r *refusing) refuse(grant string, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.grant, r.why = grant, why
}

func (r *refusing) refuses(grant string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.grant == grant {
		return r.why
	}
	return nil
}

func (r *refusing) SaveRefresh(ctx context.Context, refresh store.Refreshed) (bool, error) {
	if err := r.refuses(refresh.Grant); err != nil {
		return false, err
	}
	return r.Store.SaveRefresh(ctx, refresh)
}

func (r *refusing) SaveRefreshes(ctx context.Context, rs []store.Refreshed) ([]bool, error) {
	for _, refresh := range rs {
		if err := r.refuses(refresh.Grant); err != nil {
			return nil, err
		}
	}
	return r.Store.SaveRefreshes(ctx, rs)
}

func TestPairThatTheDatabaseRefusesStopsNobodyElse(t *testing.T) {
	for name, why := range map[string]error{
		"its row":              errors.New("a value is refused (SQLSTATE 22003)"),
		"its page on the disk": errAway, // the same error as of a database that is away, for this row alone
	} {
		var db *refusing
		wrapped(t, func(s store.Store) store.Store { db = &refusing{Store: s}; return db }, func(h *house) {
			broken, sound := h.connect(0, ""), h.connect(1, "")
			db.refuse(broken.ID, why)
			if _, err := h.refresh(broken.ID, false); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
			health := h.keeper.Health(context.Background())
			if !health.Ready || health.Spilled != 1 || health.Aside != 1 {
				t.Errorf("%s: ready %v, %d spilled, %d aside; want ready and one aside", name, health.Ready, health.Spilled, health.Aside)
			}
			if _, err := h.refresh(sound.ID, false); err != nil || h.grant(sound.ID).Generation != 2 {
				t.Errorf("%s: the other grant is at generation %d, %v; want 2", name, h.grant(sound.ID).Generation, err)
			}
			if _, err := h.refresh(broken.ID, true); err == nil {
				t.Errorf("%s: its own spent token was offered again", name)
			}
			checks, err := h.keeper.CheckApp(context.Background(), gk.Engine(), h.app.ID)
			if err != nil || !told(checks, broken.ID) || told(checks, sound.ID) {
				t.Errorf("%s: the check says %+v, %v; want it to name the grant", name, checks, err)
			}
			if kinds := h.kinds(broken.ID); !strings.Contains(kinds, gk.EventSystemSpilled) {
				t.Errorf("%s: events %q, want it told", name, kinds)
			}
			db.refuse("", nil)
			time.Sleep(2 * time.Minute)
			if g := h.grant(broken.ID); g.Generation < 2 {
				t.Errorf("%s: mended, it is at generation %d, want the pair stored", name, g.Generation)
			}
			if got := h.truth(h.shop(0)).Access; h.token(broken.ID).Access.Reveal() != got {
				t.Errorf("%s: the token served is not the platform's newest", name)
			}
		})
	}
}

func told(checks []apps.Check, id string) bool {
	for _, c := range checks {
		if c.Name == "spill" && c.State == apps.CheckFailed && strings.Contains(c.Detail, id) {
			return true
		}
	}
	return false
}
