package clock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grantkeep/grantkeep/keeper/clock"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/store/storefault"
)

// TestDatabaseThatHangsKeepsNobodyLonger holds that whoever finds the clock set waits no longer than he would by himself
// while another waits for a database that hangs, and that one question serves all who waited for its answer.
func TestDatabaseThatHangsKeepsNobodyLonger(t *testing.T) {
	dir := sqlitetest.Dir(t)
	synctest.Test(t, func(t *testing.T) {
		db, err := sqlite.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		s := storefault.Wrap(db)
		wall := time.Now
		g := clock.New(s, func() time.Time { return wall() })
		if err := g.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		wall = func() time.Time { return time.Now().Add(time.Hour) }
		asked := s.Calls("Clock")
		lift := s.On("Clock", storefault.Fault{Hang: true})
		const each = 3
		patient := make(chan error, each)
		for range each {
			go func() { patient <- g.AskIfSet(t.Context()) }()
		}
		synctest.Wait()
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := g.AskIfSet(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
			t.Errorf("behind a question that hangs, one was answered %v after %v, want the end of his own second", err, time.Since(begun))
		}
		lift()
		for range each {
			if err := <-patient; err != nil {
				t.Error(err)
			}
		}
		if n := s.Calls("Clock") - asked; n != 1 {
			t.Errorf("the database was asked %d times, want once for all", n)
		}
	})
}
