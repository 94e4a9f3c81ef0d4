package sqlitetest_test

import (
	"testing"
	"testing/synctest"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
)

func TestDatabasesOfTestsShareNothing(t *testing.T) {
	for range 2 {
		s := sqlitetest.Open(t)
		if err := s.CreateApp(t.Context(), gk.App{ID: "app"}); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestDatabaseLivesInVirtualTime(t *testing.T) {
	for range 2 { // the first may be the one that makes the tables
		synctest.Test(t, func(t *testing.T) {
			if err := sqlitetest.Open(t).Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
