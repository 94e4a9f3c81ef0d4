package postgres_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
)

// begun is when the stories begin.
var begun = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// makeApp stores an app.
func makeApp(t *testing.T, s *postgres.Store, id string) {
	t.Helper()
	if err := s.CreateApp(t.Context(), gk.App{ID: id, CreatedAt: begun}); err != nil {
		t.Fatal(err)
	}
}

// administrator connects to the server beside a test's database, and returns the database's name.
func administrator(t *testing.T, at string) (conn *pgx.Conn, database string) {
	t.Helper()
	of, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	database = of.Path[1:]
	of.Path = "/postgres"
	return connect(t, of.String()), database
}

// cut ends all connections to a database.
func cut(t *testing.T, admin *pgx.Conn, database string) {
	t.Helper()
	exec(t, admin, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, database)
}

// eventually repeats do until it returns no error.
func eventually(t *testing.T, what string, do func() error) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		err := do()
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrUnavailable) || time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestServerGoesAndComesBack(t *testing.T) {
	at := pgtest.URL(t)
	s := open(t, at)
	makeApp(t, s, "app")
	admin, database := administrator(t, at)

	exec(t, admin, `ALTER DATABASE `+database+` ALLOW_CONNECTIONS false`)
	cut(t, admin, database)
	for range 3 {
		_, read := s.App(t.Context(), gk.Engine(), "app")
		_, save := s.SaveRefresh(t.Context(), store.Refreshed{Grant: "grant", Attempt: "a", At: begun, Due: begun})
		write := s.Append(t.Context(), gk.Event{ID: "event", At: begun})
		for what, err := range map[string]error{"a read": read, "a save": save, "a write": write, "Ping": s.Ping(t.Context())} {
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("%s while the database is away = %v, want ErrUnavailable", what, err)
			}
		}
	}
	exec(t, admin, `ALTER DATABASE `+database+` ALLOW_CONNECTIONS true`)
	eventually(t, "a write after it came back", func() error { return s.Append(t.Context(), gk.Event{ID: "event", At: begun}) })
}

func TestConnectionCutInsideChange(t *testing.T) {
	at := pgtest.URL(t)
	s := open(t, at)
	makeApp(t, s, "app")
	admin, database := administrator(t, at)

	err := s.UpdateApp(t.Context(), gk.Engine(), "app", begun, func(a *gk.App) ([]gk.Event, error) {
		a.Name = "lost"
		cut(t, admin, database)
		return nil, nil
	})
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("UpdateApp = %v, want ErrUnavailable", err)
	}
	eventually(t, "the app", func() error {
		a, err := s.App(t.Context(), gk.Engine(), "app")
		if err == nil && (a.Name != "" || a.Version != 1) {
			t.Errorf("the app is %+v, want nothing of the lost change", a)
		}
		return err
	})
}

// TestDeadlockIsBegunAgain lets a change and another program wait for each other: the server ends the change, which is
// the first to find out, and it then runs again.
func TestDeadlockIsBegunAgain(t *testing.T) {
	at := pgtest.URL(t)
	s := open(t, at)
	makeApp(t, s, "app")
	err := s.CreateAuthorization(t.Context(), gk.Authorization{ID: "auth", App: "app", LinkHash: []byte("link"), Stage: gk.Begun, CreatedAt: begun})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateClick(t.Context(), gk.Click{ID: "click", Authorization: "auth", App: "app", Stage: gk.Begun, CreatedAt: begun}); err != nil {
		t.Fatal(err)
	}
	other := connect(t, at)
	exec(t, other, `BEGIN`)
	exec(t, other, `SELECT id FROM authorizations WHERE id = 'auth' FOR UPDATE`)

	result := make(chan error)
	go func() {
		result <- s.UpdateClick(t.Context(), "click", begun, func(c *gk.Click, _ *gk.Authorization) ([]gk.Event, error) {
			c.Reason = "changed"
			return nil, nil
		})
	}()
	waiting := connect(t, at)
	eventually(t, "the change waits", func() error {
		var n int
		err := waiting.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n)
		if err == nil && n == 0 {
			return store.ErrUnavailable
		}
		return err
	})
	exec(t, other, `SELECT id FROM clicks WHERE id = 'click' FOR UPDATE`) // returns when the change has been ended
	exec(t, other, `COMMIT`)
	if err := <-result; err != nil {
		t.Errorf("UpdateClick = %v, want it to be begun again", err)
	}
	if c, err := s.Click(t.Context(), "click"); err != nil || c.Reason != "changed" {
		t.Errorf("the click = %+v, %v, want it changed", c, err)
	}
}

// TestHastenWaitsForARowThatIsHeld holds one of two rows that a stop put off, as whoever changes its tags does.
func TestHastenWaitsForARowThatIsHeld(t *testing.T) {
	at := pgtest.URL(t)
	s := open(t, at)
	seedGrants(t, s, "a", "b")
	now := time.Now().Add(-10 * time.Minute) // both are due in ten minutes
	other := connect(t, at)
	exec(t, other, `BEGIN`)
	exec(t, other, `SELECT id FROM grants WHERE id = 'a' FOR UPDATE`)
	type outcome struct {
		n   int
		err error
	}
	result := make(chan outcome)
	go func() {
		n, err := s.Hasten(t.Context(), "app", now, now.Add(time.Hour), 500)
		result <- outcome{n, err}
	}()
	waiting := connect(t, at)
	eventually(t, "one row is waited for", func() error {
		var n int
		err := waiting.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n)
		if err == nil && n == 0 {
			return store.ErrUnavailable
		}
		return err
	})
	exec(t, other, `COMMIT`)
	if got := <-result; got.n != 2 || got.err != nil {
		t.Errorf("Hasten = %d, %v, want both rows", got.n, got.err)
	}
}

// waitFree waits until no more than some advisory locks are held: the server ends a session a moment after its connection.
func waitFree(t *testing.T, admin *pgx.Conn, some int64) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		var held int64
		err := admin.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
			WHERE locktype = 'advisory' AND datname = current_database() AND objsubid = 2`).Scan(&held)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("%d advisory locks are held still, %v", held, err)
		}
		if held <= some {
			return
		}
	}
}
