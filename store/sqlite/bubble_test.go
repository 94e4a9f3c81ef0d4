package sqlite_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store/sqlite"
)

func TestStoreLivesInVirtualTime(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := sqlite.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		time.Sleep(time.Hour) // passes only if every goroutine of the store waits on a channel
		if err := s.CreateApp(t.Context(), gk.App{ID: "app"}); err != nil {
			t.Error(err)
		}
		now, err := s.Clock(t.Context())
		if err != nil || now.Sub(start) != time.Hour {
			t.Errorf("Clock = %v, %v, want an hour after %v", now, err, start)
		}
		if err := s.Close(); err != nil { // or the bubble finds goroutines that are left
			t.Error(err)
		}
	})
}

func TestGoexitInChangeHarmsNobody(t *testing.T) {
	s := open(t, t.TempDir())
	if err := s.CreateApp(t.Context(), gk.App{ID: "app"}); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // as t.Fatal in a change of a test would
		defer close(done)
		_ = s.UpdateApp(t.Context(), gk.Engine(), "app", time.Now(), func(*gk.App) ([]gk.Event, error) {
			runtime.Goexit()
			return nil, nil
		})
	}()
	<-done
	err := s.UpdateApp(t.Context(), gk.Engine(), "app", time.Now(), func(a *gk.App) ([]gk.Event, error) { return nil, nil })
	if err != nil {
		t.Errorf("the next change = %v", err)
	}
	if a, err := s.App(t.Context(), gk.Engine(), "app"); err != nil || a.Version != 2 {
		t.Errorf("the app has version %d, %v, want 2", a.Version, err)
	}
}
