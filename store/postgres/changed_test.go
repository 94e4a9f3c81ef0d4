package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
)

// seedGrants stores an app with grants.
func seedGrants(t *testing.T, s *postgres.Store, ids ...string) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Millisecond)
	if err := s.CreateApp(t.Context(), gk.App{ID: "app", Platform: "shopee", Environment: gk.Production, CreatedAt: now, UpdatedAt: now}); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		err := s.PutGrants(t.Context(), "app", "", "", nil, now, func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
			return []gk.Grant{{
				ID: id, App: "app", Subject: gk.Subject{Kind: gk.KindShop, ID: id}, State: gk.Active, Renewable: true,
				Pair:       gk.Pair{Access: gk.Sealed("a"), Refresh: gk.Sealed("r"), KeyID: 1},
				Generation: 1,
				Origin:     gk.Origin{PairSpent: -1},
				Pacing:     gk.Pacing{DueAt: now},
			}}, nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func touch(t *testing.T, s *postgres.Store, id string) {
	t.Helper()
	err := s.UpdateGrant(context.WithoutCancel(t.Context()), gk.Engine(), id, time.Now(), func(*gk.Grant) ([]gk.Event, error) { return nil, nil })
	if err != nil {
		t.Error(err)
	}
}

func changed(t *testing.T, s *postgres.Store, since string) store.Changes {
	t.Helper()
	c, err := s.Changed(t.Context(), since)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestChangedTellsWhatOthersWrote(t *testing.T) {
	url := pgtest.URL(t)
	ours, theirs := open(t, url), open(t, url)
	seedGrants(t, ours, "a", "b", "c")
	c := changed(t, ours, "")
	if !c.Gap || c.Sole || c.Position == "" {
		t.Fatalf("without a position = %+v, want a gap and a position", c)
	}
	if c = changed(t, ours, c.Position); c.Gap || len(c.Grants) > 0 {
		t.Errorf("after nothing = %+v, want nothing", c)
	}
	touch(t, theirs, "b")
	touch(t, ours, "c")
	touch(t, theirs, "b")
	if c = changed(t, ours, c.Position); c.Gap || !slices.Equal(c.Grants, []string{"b", "c"}) {
		t.Errorf("after three changes = %+v, want b and c", c)
	}
	if c = changed(t, ours, c.Position); len(c.Grants) > 0 {
		t.Errorf("they are told again: %+v", c)
	}
}

func TestChangeIsToldWhenItIsCommitted(t *testing.T) {
	url := pgtest.URL(t)
	s := open(t, url)
	seedGrants(t, s, "slow", "quick")
	position := changed(t, s, "").Position
	begun, finish, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() { // its number is lower than that of the change that overtakes it
		done <- s.UpdateGrant(context.WithoutCancel(t.Context()), gk.Engine(), "slow", time.Now(), func(*gk.Grant) ([]gk.Event, error) {
			close(begun)
			<-finish
			return nil, nil
		})
	}()
	<-begun
	touch(t, s, "quick")
	c := changed(t, s, position)
	if !slices.Equal(c.Grants, []string{"quick"}) {
		t.Errorf("while one is under way = %v, want quick", c.Grants)
	}
	close(finish)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if c = changed(t, s, c.Position); !slices.Equal(c.Grants, []string{"slow"}) {
		t.Errorf("after its commit = %v, want slow", c.Grants)
	}
}

func TestNoChangeIsMissed(t *testing.T) {
	url := pgtest.URL(t)
	ours, theirs := open(t, url), open(t, url)
	var ids []string
	for n := range 40 {
		ids = append(ids, fmt.Sprintf("g%02d", n))
	}
	seedGrants(t, ours, ids...)
	position := changed(t, ours, "").Position
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for n := range 40 {
				touch(t, theirs, ids[(n*7+w)%len(ids)])
			}
		})
	}
	ended := make(chan struct{})
	go func() { writers.Wait(); close(ended) }()
	versions := map[string]int64{} // as read after the change was told
	for last := false; ; {
		c := changed(t, ours, position)
		position = c.Position
		rows, err := ours.Grants(t.Context(), gk.Engine(), store.GrantFilter{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range rows {
			if slices.Contains(c.Grants, g.ID) {
				versions[g.ID] = g.Version
			}
		}
		if last {
			break
		}
		select {
		case <-ended:
			last = true
		default:
		}
	}
	rows, err := ours.Grants(t.Context(), gk.Engine(), store.GrantFilter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range rows {
		if versions[g.ID] != g.Version {
			t.Errorf("%s: version %d was told last, %d stands", g.ID, versions[g.ID], g.Version)
		}
	}
}

func TestChangesOfAnotherStartAreAGap(t *testing.T) {
	server := pgtest.Start(t)
	s := open(t, server.URL)
	seedGrants(t, s, "a")
	position := changed(t, s, "").Position
	server.Stop()
	server.Again()
	var c store.Changes
	var err error
	for range 5 { // connections of the server before fail once each
		if c, err = s.Changed(t.Context(), position); err == nil {
			break
		}
	}
	if err != nil || !c.Gap {
		t.Errorf("after a new start = %+v, %v; want a gap", c, err)
	}
	if _, err := s.Changed(t.Context(), "nonsense"); err == nil {
		t.Error("nonsense is taken for a position")
	}
}
