package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

func changeRaisesVersion(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	before := given.GrantNow(t, s, "grant")
	err := s.UpdateGrant(t.Context(), given.Engine, "grant", given.Epoch.Add(time.Minute+900*time.Microsecond), func(g *gk.Grant) ([]gk.Event, error) {
		given.Same(t, "what the change is given", *g, before)
		g.ID, g.App, g.Version, g.CreatedAt = "other", "other", 99, time.Time{} // not a change's to move
		g.Owner = "owner"
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := before
	want.Owner, want.Version, want.UpdatedAt = "owner", 2, given.Epoch.Add(time.Minute)
	given.Same(t, "the grant after a change", given.GrantNow(t, s, "grant"), want)

	err = s.UpdateGrant(t.Context(), given.Engine, "nobody", given.Epoch, func(*gk.Grant) ([]gk.Event, error) {
		t.Error("the change of an unknown grant was called")
		return nil, nil
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("UpdateGrant of an unknown grant = %v, want ErrNotFound", err)
	}
}

func eventWithChange(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	event := gk.Event{
		ID: "event", Kind: gk.EventGrantMoved, Actor: "key-1", App: "app", Grant: "grant", Authorization: "auth", Owner: "new",
		Data: map[string]any{"from": "old", "to": "new", "n": 1.5, "list": []any{"a"}}, At: given.Epoch,
	}
	err := s.UpdateGrant(t.Context(), given.Engine, "grant", given.Epoch, func(g *gk.Grant) ([]gk.Event, error) {
		g.Owner = "new"
		return []gk.Event{event}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	events, err := s.History(t.Context(), given.Engine, "grant", "", 10)
	if err != nil {
		t.Fatal(err)
	}
	event.GrantVersion = given.GrantNow(t, s, "grant").Version
	given.Same(t, "the history", events, []gk.Event{event})
}

func failedChange(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	before := given.GrantNow(t, s, "grant")
	mine := errors.New("mine")
	err := s.UpdateGrant(t.Context(), given.Engine, "grant", given.Epoch, func(g *gk.Grant) ([]gk.Event, error) {
		g.Owner = "new"
		return []gk.Event{given.EventOf(g, "event", 0)}, mine
	})
	if !errors.Is(err, mine) {
		t.Errorf("UpdateGrant = %v, want the change's own error", err)
	}
	given.Same(t, "the grant", given.GrantNow(t, s, "grant"), before)
	given.NoHistory(t, s, "grant")
}

func failedEvent(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	if err := s.Append(t.Context(), gk.Event{ID: "taken", At: given.Epoch}); err != nil {
		t.Fatal(err)
	}
	before := given.GrantNow(t, s, "grant")
	err := s.UpdateGrant(t.Context(), given.Engine, "grant", given.Epoch, func(g *gk.Grant) ([]gk.Event, error) {
		g.Owner = "new"
		return []gk.Event{given.EventOf(g, "free", 0), given.EventOf(g, "taken", 1)}, nil
	})
	if !errors.Is(err, store.ErrExists) {
		t.Errorf("UpdateGrant with an event whose id is taken = %v, want ErrExists", err)
	}
	given.Same(t, "the grant", given.GrantNow(t, s, "grant"), before)
	given.NoHistory(t, s, "grant")
}

func unchanged(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	before := given.GrantNow(t, s, "grant")
	err := s.UpdateGrant(t.Context(), given.Engine, "grant", given.Epoch.Add(time.Hour), func(g *gk.Grant) ([]gk.Event, error) {
		g.Owner = "new"
		return []gk.Event{given.EventOf(g, "event", 0)}, fmt.Errorf("nothing to do: %w", store.ErrUnchanged)
	})
	if err != nil {
		t.Errorf("UpdateGrant = %v, want nil", err)
	}
	given.Same(t, "the grant", given.GrantNow(t, s, "grant"), before)
	given.NoHistory(t, s, "grant")
}

func concurrentChanges(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	var callers sync.WaitGroup
	for i := range 50 {
		callers.Go(func() {
			err := s.UpdateGrant(t.Context(), given.Engine, "grant", given.Epoch, func(g *gk.Grant) ([]gk.Event, error) {
				g.QuotaUsed++
				return []gk.Event{given.EventOf(g, given.Numbered("event", i), i)}, nil
			})
			if err != nil {
				t.Errorf("UpdateGrant = %v", err)
			}
		})
	}
	callers.Wait()
	g := given.GrantNow(t, s, "grant")
	if g.QuotaUsed != 50 || g.Version != 51 {
		t.Errorf("after fifty changes: counted %d, version %d, want 50 and 51", g.QuotaUsed, g.Version)
	}
	events, err := s.History(t.Context(), given.Engine, "grant", "", 100)
	if err != nil || len(events) != 50 {
		t.Errorf("History has %d events, %v, want 50", len(events), err)
	}
}

func failingAmongOthers(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	for i := range 8 {
		given.MakeGrant(t, s, "app", given.Numbered("grant", i), nil)
	}
	if err := s.Append(t.Context(), gk.Event{ID: "taken", At: given.Epoch}); err != nil {
		t.Fatal(err)
	}
	var callers sync.WaitGroup
	for i := range 8 {
		callers.Go(func() {
			for range 20 {
				err := s.UpdateGrant(t.Context(), given.Engine, given.Numbered("grant", i), given.Epoch, func(g *gk.Grant) ([]gk.Event, error) {
					g.QuotaUsed++
					if i%2 == 1 {
						return []gk.Event{given.EventOf(g, "taken", 0)}, nil
					}
					return nil, nil
				})
				if failed := errors.Is(err, store.ErrExists); failed != (i%2 == 1) || !failed && err != nil {
					t.Errorf("UpdateGrant of grant %d = %v", i, err)
				}
			}
		})
	}
	callers.Wait()
	for i := range 8 {
		want := int64(20)
		if i%2 == 1 {
			want = 0
		}
		if got := given.GrantNow(t, s, given.Numbered("grant", i)).QuotaUsed; got != want {
			t.Errorf("grant %d counted %d, want %d", i, got, want)
		}
	}
}

func panicInChange(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	before := given.GrantNow(t, s, "grant")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not reach its caller")
			}
		}()
		_ = s.UpdateGrant(t.Context(), given.Engine, "grant", given.Epoch, func(g *gk.Grant) ([]gk.Event, error) {
			g.Owner = "new"
			panic("in a change")
		})
	}()
	given.Same(t, "the grant after a panic", given.GrantNow(t, s, "grant"), before)
	given.ChangeGrant(t, s, "grant", func(g *gk.Grant) { g.Owner = "later" })
	if got := given.GrantNow(t, s, "grant").Owner; got != "later" {
		t.Errorf("the owner after the next change = %q, want later", got)
	}
}

func writeAfterEnd(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.UpdateGrant(ctx, given.Engine, "grant", given.Epoch, func(*gk.Grant) ([]gk.Event, error) {
		t.Error("the change was called")
		return nil, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("UpdateGrant = %v, want context.Canceled", err)
	}
	_, err = s.SaveRefresh(ctx, store.Refreshed{Grant: "grant", Attempt: "a", Spent: 1, At: given.Epoch, Due: given.Epoch})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("SaveRefresh = %v, want context.Canceled", err)
	}
	if g := given.GrantNow(t, s, "grant"); g.Generation != 1 {
		t.Errorf("the generation is %d, want 1", g.Generation)
	}
}

func writeBegun(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.UpdateGrant(ctx, given.Engine, "grant", given.Epoch, func(g *gk.Grant) ([]gk.Event, error) {
		cancel()
		g.Owner = "new"
		return []gk.Event{given.EventOf(g, "event", 0)}, nil
	})
	if err != nil {
		t.Errorf("UpdateGrant whose context ended under way = %v, want nil", err)
	}
	if got := given.GrantNow(t, s, "grant").Owner; got != "new" {
		t.Errorf("the owner is %q, want new", got)
	}
}

func renewableIsDue(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	forget := func(state gk.State, renewable bool) error {
		return s.UpdateGrant(t.Context(), given.Engine, "grant", given.Epoch, func(g *gk.Grant) ([]gk.Event, error) {
			g.State, g.Renewable, g.DueAt = state, renewable, time.Time{}
			return nil, nil
		})
	}
	if err := forget(gk.Active, true); err == nil {
		t.Error("a renewable grant without a due time was stored")
	}
	if err := forget(gk.Active, false); err != nil {
		t.Errorf("a grant that cannot be renewed needs no due time: %v", err)
	}
	if err := forget(gk.Expired, true); err != nil {
		t.Errorf("an expired grant needs no due time: %v", err)
	}
}

func revokedIsEmpty(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	err := s.UpdateGrant(t.Context(), given.Engine, "grant", given.Epoch, func(g *gk.Grant) ([]gk.Event, error) {
		g.State = gk.Revoked
		return nil, nil
	})
	if err == nil {
		t.Error("a revoked grant was stored with its tokens")
	}
}
