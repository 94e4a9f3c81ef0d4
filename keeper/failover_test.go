package keeper_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/store"
)

// replaced is a store whose database can be replaced by a copy of some time ago.
type replaced struct {
	store.Store
	times atomic.Int32
}

func (r *replaced) Incarnation(context.Context) (string, error) {
	return "start " + strconv.Itoa(int(r.times.Load())), nil
}

// failover puts a copy that has a grant as it was in the place of the database.
func (r *replaced) failover(t *testing.T, was gk.Grant) {
	t.Helper()
	err := r.UpdateGrant(context.Background(), gk.Engine(), was.ID, was.UpdatedAt, func(g *gk.Grant) ([]gk.Event, error) {
		*g = was
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.times.Add(1)
}

func TestKeptPairIsLookedUpBeforeAnyAsk(t *testing.T) {
	var db *replaced
	wrapped(t, func(s store.Store) store.Store { db = &replaced{Store: s}; return db }, func(h *house) {
		g := h.connect(0, "")
		h.token(g.ID)
		if _, err := h.refresh(g.ID, false); err != nil {
			t.Fatal(err)
		}
		want := h.token(g.ID).Access.Reveal()
		time.Sleep(1100 * time.Millisecond) // the scheduler has looked, what was read is no longer fresh
		db.failover(t, g)
		s, err := h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{NotGeneration: 1})
		if err != nil || s.Access.Reveal() != want {
			t.Errorf("right after the failover a reader got generation %d, %v; want the pair that was kept", s.Grant.Generation, err)
		}
		if n := h.asked("refresh"); n != 1 {
			t.Errorf("%d requests, want 1: a spent token is not sent again", n)
		}
		if now := h.grant(g.ID); now.Generation != 2 || now.InDoubt() || now.AttemptID != "" {
			t.Errorf("generation %d, in doubt %v, attempt %q; want 2 and neither", now.Generation, now.InDoubt(), now.AttemptID)
		}
	})
}

// A pair may have been bought with one that the database has lost with it. Dropped as one that comes late, it would be the
// only one that works.
func TestPairBoughtWithOneThatIsLostIsKept(t *testing.T) {
	var db *replaced
	wrapped(t, func(s store.Store) store.Store { db = &replaced{Store: s}; return db }, func(h *house) {
		g := h.connect(0, "")
		if _, err := h.refresh(g.ID, false); err != nil {
			t.Fatal(err)
		}
		h.token(g.ID)
		time.Sleep(61 * time.Second) // what a process keeps is forgotten
		h.option("slow", "2500ms")
		h.fault("slow", "refresh", 1)
		done := make(chan error, 1)
		go func() {
			_, err := h.refresh(g.ID, false)
			done <- err
		}()
		time.Sleep(time.Second)
		db.failover(t, g)
		if err := <-done; err != nil {
			t.Error(err)
		}
		time.Sleep(5 * time.Second)
		now, truth := h.grant(g.ID), h.truth(g.Subject.ID)
		if s := h.token(g.ID); s.Access.Reveal() != truth.Access || now.Generation != 3 || now.AttemptID != "" {
			t.Errorf("generation %d is served, the platform's own %v; want 3, and its own", s.Grant.Generation, s.Access.Reveal() == truth.Access)
		}
	})
}

func TestPairThatAnotherInstanceKeptIsWaitedFor(t *testing.T) {
	var db *replaced
	wrapped(t, func(s store.Store) store.Store { db = &replaced{Store: s}; return db }, func(h *house) {
		second := h.instance("second")
		h.start(second)
		g := h.connect(0, "")
		if _, err := second.Refresh(context.Background(), gk.Engine(), g.ID, false); err != nil {
			t.Fatal(err)
		}
		want := h.token(g.ID).Access.Reveal()
		time.Sleep(1100 * time.Millisecond)
		db.failover(t, g)
		_, err := h.keeper.Token(context.Background(), gk.Engine(), g.ID, keeper.TokenWant{NotGeneration: 1})
		if err != nil {
			t.Errorf("right after the failover a reader got %v, want a token", err)
		}
		time.Sleep(5 * time.Second)
		if s := h.token(g.ID); s.Access.Reveal() != want {
			t.Errorf("five seconds later generation %d is served, want the pair that the other instance kept", s.Grant.Generation)
		}
		if n := h.asked("refresh"); n != 1 {
			t.Errorf("%d requests, want 1: a spent token is not sent again", n)
		}
	})
}
