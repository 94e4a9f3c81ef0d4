package postgres_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
)

// TestCopyOnTheSameServerIsFoundOut copies a database that was marked, as a person does who wants a second installation: the
// copy says that it is one until somebody marks it, and the original says nothing.
func TestCopyOnTheSameServerIsFoundOut(t *testing.T) {
	address := pgtest.URL(t)
	s, err := postgres.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := s.Mark(t.Context(), 7); err != nil || m.Moved() {
		t.Fatalf("Mark = %+v, %v", m, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	original := u.Path[1:]
	twin := original + "_twin"
	admin := connect(t, pgtest.URL(t))
	exec(t, admin, `CREATE DATABASE `+twin+` TEMPLATE `+original)
	defer func() {
		if _, err := admin.Exec(context.Background(), `DROP DATABASE `+twin+` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	}()
	for _, c := range []struct {
		name   string
		copied bool
	}{{original, false}, {twin, true}} {
		u.Path = "/" + c.name
		s, err := postgres.Open(t.Context(), u.String())
		if err != nil {
			t.Fatal(err)
		}
		if m, err := s.Marked(t.Context()); err != nil || m.Moved() != c.copied || m.N != 8 {
			t.Errorf("Marked of %s = %+v, %v; want moved %v", c.name, m, err, c.copied)
		}
		if m, err := s.Mark(t.Context(), 0); err != nil || m.Moved() {
			t.Errorf("Mark of %s = %+v, %v", c.name, m, err)
		}
		if m, err := s.Marked(t.Context()); err != nil || m.Moved() {
			t.Errorf("Marked of %s after that = %+v, %v; want what it was marked as", c.name, m, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
