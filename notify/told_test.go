package notify_test

import (
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/notify"
)

// TestStopSaysWhoStopped holds that a stop since the database was put back does not blame the platform.
func TestStopSaysWhoStopped(t *testing.T) {
	h := newHouse(t)
	stop := func(code string) gk.Event {
		return gk.Event{Kind: gk.EventAppPaused, App: h.app.ID, Data: map[string]any{"code": code, "action": string(gk.FixConfig)}}
	}
	told, err := notify.Teller{Store: h.store, Keeper: h.keeper}.Tell(t.Context(), stop("invalid_client"), stop(keeper.CodeRestored))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"The platform refuses ERP", "The database looks like an old copy; refreshes of ERP wait"} {
		if got := told[i].Text.En; !strings.HasPrefix(got, want) {
			t.Errorf("event %d says %q, want %q", i, got, want)
		}
	}
}
