package postgres_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
)

// attempting stores a grant whose refresh is under way.
func attempting(t *testing.T, s *postgres.Store, id, by string) {
	t.Helper()
	err := s.PutGrants(t.Context(), "app", "", "", nil, begun,
		func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
			return []gk.Grant{{
				ID: id, Subject: gk.Subject{Kind: gk.KindShop, ID: id}, State: gk.Active, Renewable: true,
				Pacing:  gk.Pacing{DueAt: begun},
				Attempt: gk.Attempt{AttemptID: "att", AttemptBy: by, AttemptAt: begun, AttemptUntil: begun.Add(time.Minute)},
			}}, nil, nil
		})
	if err != nil {
		t.Fatal(err)
	}
}

// announce opens the database for a process and makes that known.
func announce(t *testing.T, url, identity string) (s *postgres.Store, by string) {
	t.Helper()
	s = open(t, url)
	by, err := s.Announce(t.Context(), identity, "v1")
	if err != nil {
		t.Fatalf("Announce(%s) = %v", identity, err)
	}
	return s, by
}

// wantDead compares who is taken for dead.
func wantDead(t *testing.T, when string, s *postgres.Store, want ...string) {
	t.Helper()
	got, err := s.Dead(t.Context())
	if err != nil {
		t.Fatalf("Dead = %v", err)
	}
	var names []string
	for _, gone := range got {
		if gone.Sure {
			t.Errorf("%s, %s is surely dead, want that it may have lost the database only", when, gone.By)
		}
		names = append(names, gone.By)
	}
	if !slices.Equal(names, want) {
		t.Errorf("%s, the dead are %v, want %v", when, names, want)
	}
}

func TestAnotherProcessIsDeadWhenItsLockIsFreeAndItWasNotSeen(t *testing.T) {
	url := pgtest.URL(t)
	admin := connect(t, url)
	unsee := func(by time.Duration) {
		t.Helper()
		_, err := admin.Exec(t.Context(), `UPDATE instances SET seen_at = seen_at - $1 WHERE id = 'other'`, by.Milliseconds())
		if err != nil {
			t.Fatal(err)
		}
	}
	s, own := announce(t, url, "own")
	makeApp(t, s, "app")
	other, by := announce(t, url, "other")
	attempting(t, s, "gr_own", own)
	attempting(t, s, "gr_other", by)
	attempting(t, s, "gr_unknown", "unknown/1")
	attempting(t, s, "gr_old", "run_of_an_older_version")

	unsee(time.Hour)
	wantDead(t, "while the other holds its lock and does not move", s)
	if err := other.Seen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	waitFree(t, admin, 1)
	wantDead(t, "right after the other's lock was freed", s)
	unsee(store.DeadAfter + time.Second)
	wantDead(t, "when the other was not seen since", s, by)

	again, next := announce(t, url, "other")
	attempting(t, s, "gr_next", next)
	wantDead(t, "when the other has begun again, which may have pairs to store", s)
	if gone, err := again.Dead(t.Context()); err != nil || !slices.Equal(gone, []store.Gone{{By: by, Sure: true}}) {
		t.Errorf("for the other, which has begun again, the dead are %v, %v, want %s for sure", gone, err, by)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

// cutLocks ends the sessions that hold a lock in the test's database.
const cutLocks = `SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
	WHERE locktype = 'advisory' AND objsubid = 2 AND datname = current_database()`

func TestAnIdentityIsOneProcessAtATime(t *testing.T) {
	url := pgtest.URL(t)
	s, _ := announce(t, url, "same")
	second := open(t, url)
	if _, err := second.Announce(t.Context(), "same", "v1"); !errors.Is(err, store.ErrInUse) {
		t.Fatalf("a second process with the identity was told %v, want that it is in use", err)
	}
	// The first one's connection is lost; it takes its lock again when it tells that it lives.
	admin := connect(t, url)
	if _, err := admin.Exec(t.Context(), cutLocks); err != nil {
		t.Fatal(err)
	}
	waitFree(t, admin, 0)
	if err := s.Seen(t.Context()); err != nil {
		t.Errorf("after its connection was lost, Seen = %v", err)
	}
	// Lost again, and another takes the identity: the first one is told.
	if _, err := admin.Exec(t.Context(), cutLocks); err != nil {
		t.Fatal(err)
	}
	waitFree(t, admin, 0)
	if by, err := second.Announce(t.Context(), "same", "v1"); err != nil || by != "same/2" {
		t.Fatalf("Announce of a free identity = %q, %v", by, err)
	}
	if err := s.Seen(t.Context()); !errors.Is(err, store.ErrInUse) {
		t.Errorf("the process whose identity was taken was told %v, want that it is in use", err)
	}
}
