package move_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/move"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
)

var epoch = time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)

// furnish makes an installation with some of everything that refers to something else.
func furnish(t *testing.T, dir string, grants int) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"installation", "keyring_check"} {
		_, err = s.SetMetaOnce(t.Context(), name, "of the test: "+name)
		must(err)
	}
	must(s.AddKeyset(t.Context(), store.Keyset{ID: 3, Wrapped: []byte{0, 255, 1}, Primary: 7, CreatedAt: epoch}))
	must(s.CreateKey(t.Context(), gk.Key{ID: "key_1", Hash: []byte{1, 2, 3}, Name: "店铺 'key'", Scopes: gk.Scopes(), CreatedAt: epoch}))
	must(s.CreateApp(t.Context(), gk.App{ID: "app_1", Platform: "shoplazza", Name: "ERP", CreatedAt: epoch}))
	must(s.CreateAuthorization(t.Context(), gk.Authorization{ID: "aut_1", App: "app_1", LinkHash: []byte{9}, ExpiresAt: epoch, CreatedAt: epoch}))
	must(s.CreateClick(t.Context(), gk.Click{ID: "clk_1", Authorization: "aut_1", App: "app_1", StateHash: []byte{8}, ExpiresAt: epoch, CreatedAt: epoch}))
	addGrants(t, s, 0, grants)
	must(s.Close())
}

func addGrants(t *testing.T, s store.Store, from, to int) {
	t.Helper()
	for from < to {
		until := min(to, from+500)
		var subjects []gk.Subject
		var rows []gk.Grant
		for n := range until - from {
			id := fmt.Sprintf("grt_%07d", from+n)
			subject := gk.Subject{Kind: gk.KindShop, ID: "shop of " + id, Host: id + ".example", Name: "Ärger & 店铺 " + id}
			subjects = append(subjects, subject)
			rows = append(rows, gk.Grant{
				ID: id, App: "app_1", Subject: subject, State: gk.Active, Renewable: true, Owner: "customer",
				Pair:       gk.Pair{Access: gk.Sealed("access of " + id), Refresh: gk.Sealed{0, byte(n), 255}, KeyID: 7, Expires: epoch.Add(time.Hour)},
				Generation: int64(n), Origin: gk.Origin{PairSpent: -1}, Pacing: gk.Pacing{DueAt: epoch}, AuthorizedAt: epoch,
				Shops: []gk.Shop{{ID: subject.ID, Name: subject.Name, Host: subject.Host}},
			})
		}
		err := s.PutGrants(t.Context(), "app_1", "", "", subjects, epoch, func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
			return rows, []gk.Event{{Kind: "grant.created", App: "app_1", Grant: rows[0].ID, At: epoch}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		from = until
	}
}

// image opens what is in the directory at this moment.
func image(t *testing.T, dir string) *sqlite.Image {
	t.Helper()
	i, err := sqlite.OpenImage(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close() })
	return i
}

func target(t *testing.T, url string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// planned is how many rows the database expects in a table.
func planned(t *testing.T, url, table string) (n float32) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(t.Context()) }()
	if err := c.QueryRow(t.Context(), `SELECT reltuples FROM pg_class WHERE relname = $1 AND relkind = 'r'`, table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestMoveGoesOnWhereItStopped ends a copy in its middle, changes the source, and lets the next one finish. With
// GRANTKEEP_SOAK=1 a hundred thousand grants are moved, while somebody reads them.
func TestMoveGoesOnWhereItStopped(t *testing.T) {
	grants := 1200
	if os.Getenv("GRANTKEEP_SOAK") == "1" {
		grants = 100_000
	}
	dir := sqlitetest.Dir(t)
	furnish(t, dir, grants)
	url := pgtest.URL(t)
	pg := target(t, url)

	ctx, stop := context.WithCancel(t.Context())
	first := &move.Move{Image: image(t, dir), Target: pg, Tell: func(done move.Table) {
		if done.Name == "grants" {
			stop()
		}
	}}
	if err := first.Begin(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Copy(ctx); err == nil {
		t.Fatal("the copy was not ended")
	}
	if n, err := first.Compare(t.Context()); err != nil || n == 0 {
		t.Fatalf("half a copy differs in %d rows, %v; want some", n, err)
	}

	s, err := sqlite.Open(t.Context(), dir) // a server at work: an image is of one moment
	if err != nil {
		t.Fatal(err)
	}
	addGrants(t, s, grants, grants+10)
	if err := s.RevokeKey(t.Context(), "key_1", epoch.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	second := &move.Move{Image: image(t, dir), Target: pg}
	addGrants(t, s, grants+10, grants+20)
	begun := time.Now()
	tables, err := second.Copy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n, err := second.Compare(t.Context()); err != nil || n != 0 {
		t.Errorf("a whole copy differs in %d rows, %v", n, err)
	}
	t.Logf("%d grants were brought and compared in %s", grants, time.Since(begun))
	if n := planned(t, url, "grants"); n < float32(grants) {
		t.Errorf("the PostgreSQL plans for %.0f grants, want %d: it was not told of them", n, grants)
	}
	for _, table := range tables {
		switch {
		case table.Name == "grants" && (table.Rows != int64(grants+10) || table.Written != 10):
			t.Errorf("grants: %+v; want the ten written that came between", table)
		case table.Name == "keys" && table.Written != 1:
			t.Errorf("keys: %+v; want the one written that was changed", table)
		}
	}

	// What only the target has goes, and whatever it has otherwise is found.
	if err := pg.CreateKey(t.Context(), gk.Key{ID: "key_2", Hash: []byte{4}, Scopes: gk.Scopes(), CreatedAt: epoch}); err != nil {
		t.Fatal(err)
	}
	err = pg.UpdateGrant(t.Context(), gk.Engine(), "grt_0000003", epoch, func(g *gk.Grant) ([]gk.Event, error) { g.Access = gk.Sealed("other"); return nil, nil })
	if err != nil {
		t.Fatal(err)
	}
	if n, err := second.Compare(t.Context()); err != nil || n != 2 {
		t.Errorf("Compare = %d, %v; want 2", n, err)
	}
	third := &move.Move{Image: image(t, dir), Target: pg}
	if _, err := third.Copy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := third.Compare(t.Context()); err != nil || n != 0 {
		t.Errorf("the last copy differs in %d rows, %v", n, err)
	}
	got, err := pg.Grant(t.Context(), gk.Engine(), "grt_0000003")
	if err != nil || string(got.Access) != "access of grt_0000003" || len(got.Shops) != 1 || got.Subject.Name != "Ärger & 店铺 grt_0000003" {
		t.Errorf("the moved grant is %+v, %v", got, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestMoveIntoWhatIsNotEmptyIsRefused(t *testing.T) {
	dir := sqlitetest.Dir(t)
	furnish(t, dir, 1)
	url := pgtest.URL(t)
	pg := target(t, url)
	m := &move.Move{Image: image(t, dir), Target: pg}
	if err := m.May(t.Context()); err != nil {
		t.Errorf("an empty database = %v", err)
	}
	if err := pg.SetMeta(t.Context(), store.MetaMoving, "ins_of_somebody_else"); err != nil {
		t.Fatal(err)
	}
	if err := m.Begin(t.Context()); !errors.Is(err, move.ErrTarget) {
		t.Errorf("a database into which another installation moves = %v, want ErrTarget", err)
	}
	if err := pg.SetMeta(t.Context(), store.MetaMoving, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := pg.SetMetaOnce(t.Context(), "installation", "ins_of_somebody_else"); err != nil {
		t.Fatal(err)
	}
	if err := m.Begin(t.Context()); !errors.Is(err, move.ErrTarget) {
		t.Errorf("a database that holds another installation = %v, want ErrTarget", err)
	}
}

// TestLookChangesNothing looks at a database without tables, with all, and with those of a newer program.
func TestLookChangesNothing(t *testing.T) {
	url := pgtest.URL(t)
	for range 2 {
		st, err := postgres.Look(t.Context(), url)
		if err != nil || st.Made || len(st.Pending) == 0 {
			t.Fatalf("Look at a database without tables = %+v, %v", st, err)
		}
	}
	target(t, url)
	if st, err := postgres.Look(t.Context(), url); err != nil || !st.Made || len(st.Pending) > 0 {
		t.Errorf("Look at a database with all tables = %+v, %v", st, err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `INSERT INTO grantkeep_schema (version_id, is_applied) VALUES (99999, true)`); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Look(t.Context(), url); !errors.Is(err, store.ErrForeign) || !strings.Contains(err.Error(), "newer grantkeep has served it") {
		t.Errorf("Look at a newer program's database = %v, want a refusal in words", err)
	}
	if _, err := postgres.Open(t.Context(), url); !errors.Is(err, store.ErrForeign) {
		t.Errorf("Open of a newer program's database = %v, want ErrForeign", err)
	}
}
