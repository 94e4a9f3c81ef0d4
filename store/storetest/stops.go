package storetest

import (
	"errors"
	"slices"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

func stoppedApps(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "other")
	limited := gk.Viewer{Key: "k", Scopes: gk.Scopes(), Apps: []string{"other"}}
	if _, err := s.StopApp(t.Context(), limited, "app", true, given.Epoch); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("stopping what is not seen = %v, want ErrNotFound", err)
	}
	for _, c := range []struct{ stop, changed bool }{{true, true}, {true, false}, {false, true}, {false, false}, {true, true}} {
		changed, err := s.StopApp(t.Context(), given.Engine, "app", c.stop, given.Epoch)
		if err != nil || changed != c.changed {
			t.Errorf("StopApp(%t) = %t, %v, want %t", c.stop, changed, err, c.changed)
		}
		stopped, err := s.StoppedApps(t.Context())
		if err != nil || slices.Contains(stopped, "app") != c.stop || slices.Contains(stopped, "other") {
			t.Errorf("StoppedApps = %v, %v", stopped, err)
		}
	}
	if err := s.DeleteApp(t.Context(), given.Engine, "app"); err != nil {
		t.Fatal(err)
	}
	if stopped, err := s.StoppedApps(t.Context()); err != nil || len(stopped) != 0 {
		t.Errorf("StoppedApps after the app is removed = %v, %v, want none", stopped, err)
	}
}
