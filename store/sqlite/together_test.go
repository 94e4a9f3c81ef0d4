package sqlite_test

import (
	"context"
	"errors"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// TestRefusalIsAnsweredAfterTheCommitThatItSaw holds the writer with one change, lets a second one write and a third
// one refuse because of it, all in one transaction: who hears the refusal must be able to read what caused it.
func TestRefusalIsAnsweredAfterTheCommitThatItSaw(t *testing.T) {
	s := open(t, t.TempDir())
	now := time.Now()
	for _, id := range []string{"app_hold", "app_mark"} {
		if err := s.CreateApp(t.Context(), gk.App{ID: id, Platform: "p", Environment: gk.Production, Stage: "online", CreatedAt: now, UpdatedAt: now}); err != nil {
			t.Fatal(err)
		}
	}
	update := func(id string, change func(*gk.App) ([]gk.Event, error)) error {
		return s.UpdateApp(context.Background(), gk.Engine(), id, now, change)
	}
	errSeen := errors.New("marked already")
	for range 50 {
		held, letGo, done := make(chan struct{}), make(chan struct{}), make(chan error, 2)
		go func() {
			done <- update("app_hold", func(*gk.App) ([]gk.Event, error) { close(held); <-letGo; return nil, store.ErrUnchanged })
		}()
		<-held
		go func() {
			done <- update("app_mark", func(a *gk.App) ([]gk.Event, error) { a.Name = "marked"; return nil, nil })
		}()
		refused := make(chan string, 1)
		go func() {
			for {
				err := update("app_mark", func(a *gk.App) ([]gk.Event, error) {
					if a.Name == "marked" {
						return nil, errSeen
					}
					return nil, store.ErrUnchanged
				})
				if errors.Is(err, errSeen) {
					break
				}
			}
			a, err := s.App(context.Background(), gk.Engine(), "app_mark")
			if err != nil {
				t.Error(err)
			}
			refused <- a.Name
		}()
		time.Sleep(2 * time.Millisecond) // lets both queue up behind the held one
		close(letGo)
		if got := <-refused; got != "marked" {
			t.Fatalf("a reader who was refused because of the mark reads %q, want the mark", got)
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		if err := update("app_mark", func(a *gk.App) ([]gk.Event, error) { a.Name = ""; return nil, nil }); err != nil {
			t.Fatal(err)
		}
	}
}
