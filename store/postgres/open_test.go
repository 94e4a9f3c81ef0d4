package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
)

// connect opens a connection of the test's own.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // the database is dropped anyway
	return conn
}

// exec runs a statement.
func exec(t *testing.T, conn *pgx.Conn, statement string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func TestManyProcessesStartTogether(t *testing.T) {
	url := pgtest.URL(t)
	var processes sync.WaitGroup
	for range 5 {
		processes.Go(func() {
			s, err := postgres.Open(t.Context(), url)
			if err != nil {
				t.Errorf("Open = %v", err)
				return
			}
			defer s.Close()
			if _, err := s.SetMetaOnce(t.Context(), "installation", "one"); err != nil {
				t.Error(err)
			}
		})
	}
	processes.Wait()
}

func TestForeignSchemaIsLeftAlone(t *testing.T) {
	url := pgtest.URL(t)
	conn := connect(t, url)
	exec(t, conn, `CREATE TABLE customers (name TEXT)`)
	_, err := postgres.Open(t.Context(), url)
	if !errors.Is(err, store.ErrForeign) || !strings.Contains(err.Error(), "schema public") {
		t.Errorf("Open = %v, want ErrForeign that names the schema", err)
	}
	var tables int
	if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`).Scan(&tables); err != nil || tables != 1 {
		t.Errorf("the schema has %d tables, %v, want the one it had", tables, err)
	}

	exec(t, conn, `CREATE SCHEMA keep`)
	s := open(t, url+"&search_path=keep")
	if err := s.CreateApp(t.Context(), gk.App{ID: "app"}); err != nil {
		t.Errorf("in a schema of its own: %v", err)
	}
}

func TestNewerSchemaIsForeign(t *testing.T) {
	url := pgtest.URL(t)
	open(t, url)
	exec(t, connect(t, url), `INSERT INTO grantkeep_schema (version_id, is_applied) VALUES (9999, true)`)
	_, err := postgres.Open(t.Context(), url)
	if !errors.Is(err, store.ErrForeign) || !strings.Contains(err.Error(), "schema 9999") {
		t.Errorf("Open of a newer schema = %v, want ErrForeign that names it", err)
	}
}

func TestDatabaseWithoutUTF8IsRefused(t *testing.T) {
	at := pgtest.URL(t)
	name := "latin_" + strings.ToLower(gk.NewID("db", time.Now()))
	conn := connect(t, at)
	exec(t, conn, `CREATE DATABASE `+name+` TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`)
	defer exec(t, conn, `DROP DATABASE `+name+` WITH (FORCE)`)
	of, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	of.Path = "/" + name
	if _, err := postgres.Open(t.Context(), of.String()); err == nil || !strings.Contains(err.Error(), "LATIN1") {
		t.Errorf("Open = %v, want an error that names the encoding", err)
	}
}

// TestRoleWithoutDDL runs the program as a role that may read and write rows, and nothing else.
func TestRoleWithoutDDL(t *testing.T) {
	at := pgtest.URL(t)
	open(t, at)
	conn := connect(t, at)
	role := strings.ToLower(gk.NewID("role", time.Now()))
	exec(t, conn, `CREATE ROLE `+role+` LOGIN PASSWORD 'worker'`)
	defer exec(t, conn, `DROP OWNED BY `+role+`; DROP ROLE `+role)
	exec(t, conn, `REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO `+role)
	of, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	q := of.Query()
	q.Set("user", role)
	q.Set("password", "worker")
	of.User, of.RawQuery = nil, q.Encode()

	s, err := postgres.Open(t.Context(), of.String())
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	defer s.Close()
	if err := s.CreateApp(t.Context(), gk.App{ID: "app"}); err != nil {
		t.Errorf("CreateApp = %v", err)
	}
}

func TestOpenTellsNoPassword(t *testing.T) {
	for _, url := range []string{
		"postgres://user:hunter2@127.0.0.1:1/db?connect_timeout=1", "postgres://user:hunter2@127.0.0.1:bad/db", "postgres://user:hunter2@/db?sslmode=nonsense",
	} {
		_, err := postgres.Open(t.Context(), url)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open = %v, want an error without the password", err)
		}
		if strings.Contains(url, ":1/") && !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("Open where nobody listens = %v, want ErrUnavailable", err)
		}
	}
}
