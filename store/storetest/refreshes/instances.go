package refreshes

import (
	"slices"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// attempted stores a grant with an attempt under way.
func attempted(t *testing.T, s store.Store, app, id, by string, set func(*gk.Grant)) {
	t.Helper()
	given.MakeGrant(t, s, app, id, func(g *gk.Grant) {
		g.AttemptID, g.AttemptBy, g.AttemptAt, g.AttemptUntil = "attempt", by, given.Epoch, given.Epoch.Add(330*time.Second)
		g.DueAt = g.AttemptUntil
		if set != nil {
			set(g)
		}
	})
}

func processes(t *testing.T, s store.Store) {
	if all, err := s.Processes(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("Processes before anybody is announced = %v, %v; want none", all, err)
	}
	by, err := s.Announce(t.Context(), "identity", "v7")
	if err != nil {
		t.Fatalf("Announce = %v", err)
	}
	all, err := s.Processes(t.Context())
	if err != nil {
		t.Fatalf("Processes = %v", err)
	}
	given.Same(t, "the processes", all, []store.Process{{By: by, Version: "v7"}})
}

func endAttempts(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "spared")
	attempted(t, s, "app", "first", "dead/1", nil)
	attempted(t, s, "app", "again", "dead/1", func(g *gk.Grant) { g.Doubts, g.DoubtSince = 2, given.Epoch.Add(-time.Hour) })
	attempted(t, s, "app", "another's", "dead/2", nil)
	attempted(t, s, "spared", "spared", "dead/1", nil)
	given.MakeGrant(t, s, "app", "idle", nil)
	before := map[string]gk.Grant{}
	for _, id := range []string{"first", "again", "another's", "spared", "idle"} {
		before[id] = given.GrantNow(t, s, id)
	}

	at := given.Epoch.Add(time.Second)
	ended, err := s.EndAttempts(t.Context(), "dead/1", []string{"spared"}, at)
	if err != nil {
		t.Fatalf("EndAttempts = %v", err)
	}
	given.Same(t, "whose attempts ended", slices.Sorted(slices.Values(ended)), []string{"again", "first"})
	for id, want := range before {
		if slices.Contains(ended, id) {
			want.Doubts++
			if want.DoubtSince.IsZero() {
				want.DoubtSince = want.AttemptAt
			}
			want.Attempt = gk.Attempt{}
			want.DueAt, want.UpdatedAt, want.Version = at, at, want.Version+1
		}
		given.Same(t, id, given.GrantNow(t, s, id), want)
	}
	if ended, err = s.EndAttempts(t.Context(), "dead/1", []string{"spared"}, at); err != nil || len(ended) > 0 {
		t.Errorf("EndAttempts once more = %v, %v; want none", ended, err)
	}
	if ended, err = s.EndAttempts(t.Context(), "dead/1", nil, at); err != nil || !slices.Equal(ended, []string{"spared"}) {
		t.Errorf("EndAttempts that spares no app = %v, %v; want the one that was spared", ended, err)
	}
}

func releaseAttempts(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	attempted(t, s, "app", "lost", "here", func(g *gk.Grant) { g.AttemptID = "att-1" })
	attempted(t, s, "app", "doubted", "here", func(g *gk.Grant) { g.AttemptID, g.Doubts, g.DoubtSince = "att-2", 2, given.Epoch })
	attempted(t, s, "app", "known", "here", func(g *gk.Grant) { g.AttemptID = "att-3" })
	attempted(t, s, "app", "another's", "there", func(g *gk.Grant) { g.AttemptID = "att-1" })
	before := map[string]gk.Grant{}
	for _, id := range []string{"lost", "doubted", "known", "another's"} {
		before[id] = given.GrantNow(t, s, id)
	}
	at := given.Epoch.Add(time.Second)
	for _, want := range [][]string{{"doubted", "lost"}, nil} {
		released, err := s.ReleaseAttempts(t.Context(), "here", []string{"att-1", "att-2", "att-0"}, at)
		if err != nil {
			t.Fatalf("ReleaseAttempts = %v", err)
		}
		given.Same(t, "what was released", slices.Sorted(slices.Values(released)), want)
	}
	for id, want := range before {
		if id == "lost" || id == "doubted" {
			want.Attempt = gk.Attempt{}
			want.DueAt, want.UpdatedAt, want.Version = at, at, want.Version+1
		}
		given.Same(t, id, given.GrantNow(t, s, id), want)
	}
	if released, err := s.ReleaseAttempts(t.Context(), "here", nil, at); err != nil || len(released) > 0 {
		t.Errorf("ReleaseAttempts of none = %v, %v", released, err)
	}
}

func announceAgain(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	if dead, err := s.Dead(t.Context()); err != nil || dead != nil {
		t.Errorf("before it announced itself, Dead = %v, %v; want nobody", dead, err)
	}
	by, err := s.Announce(t.Context(), "identity", "v1")
	if err != nil {
		t.Fatalf("Announce = %v", err)
	}
	given.Same(t, "the first process", by, store.ByOf("identity", 1))
	attempted(t, s, "app", "grant", by, nil)
	if err := s.Seen(t.Context()); err != nil {
		t.Errorf("Seen = %v", err)
	}
	if dead, err := s.Dead(t.Context()); err != nil || dead != nil {
		t.Errorf("Dead = %v, %v; want nobody: the process is this one", dead, err)
	}
	attempted(t, s, "app", "of the process before", store.ByOf("identity", 0), nil)
	dead, err := s.Dead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	given.Same(t, "who is dead", dead, []store.Gone{{By: store.ByOf("identity", 0), Sure: true}})
}
