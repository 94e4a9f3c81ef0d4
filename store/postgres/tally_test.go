package postgres

import (
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
	"github.com/grantkeep/grantkeep/store/sqlstore"
)

// TestTallyIsFolded has two programs fold the rows of the tally while grants change their states.
func TestTallyIsFolded(t *testing.T) {
	s, err := Open(t.Context(), pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	now := time.Now().UTC().Truncate(time.Millisecond)
	if err := s.CreateApp(t.Context(), gk.App{ID: "app", Platform: "shopee", Environment: gk.Production, CreatedAt: now, UpdatedAt: now}); err != nil {
		t.Fatal(err)
	}
	err = s.PutGrants(t.Context(), "app", "", "", nil, now, func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
		var grants []gk.Grant
		for _, id := range []string{"a", "b", "c"} {
			grants = append(grants, gk.Grant{ID: id, App: "app", Subject: gk.Subject{Kind: gk.KindShop, ID: id}, State: gk.Active})
		}
		return grants, nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	flip := func() {
		for range tallyRows {
			if _, err := s.engine.Exec(t.Context(), `UPDATE grants SET state = CASE state WHEN 'active' THEN 'suspended' ELSE 'active' END WHERE id = 'b'`); err != nil {
				t.Error(err)
				return
			}
		}
	}
	flip()
	var all sync.WaitGroup
	all.Go(flip)
	for range 2 {
		all.Go(func() {
			if err := s.foldTally(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := s.foldTally(t.Context()); err != nil {
		t.Fatal(err)
	}
	counts, err := s.GrantCounts(t.Context(), gk.Engine())
	if err != nil || len(counts) != 1 || counts[0].N != 3 || counts[0].State != gk.Active {
		t.Errorf("the counts are %+v, %v; want three that are active", counts, err)
	}
	var rows int64
	err = s.engine.Query(t.Context(), func(r sqlstore.Row) error { return r.Scan(&rows) }, `SELECT COUNT(*) FROM grant_tally`)
	if err != nil || rows > tallyRows+1 {
		t.Errorf("the tally has %d rows, %v; want at most %d", rows, err, tallyRows+1)
	}
}
