package notify_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/notify/schematest"
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

// TestSchemaNamesWhatAKindTells makes an event that lacks what its kind must tell, and one with what the schema does not name.
func TestSchemaNamesWhatAKindTells(t *testing.T) {
	whole := notify.Event{
		ID: "evt_1", Position: 1, Kind: gk.EventGrantExpiring, At: gk.At(time.Now()), App: "app_1", Platform: "shoplazza", Actor: "engine", Severity: notify.Warning,
		Data: map[string]any{"end": "authorization", "at": "2026-04-01T00:00:00Z", "days": 30},
	}
	if wrong := schematest.Wrong(t, whole); len(wrong) > 0 {
		t.Errorf("a whole event is wrong: %v", wrong)
	}
	for name, spoil := range map[string]func(*notify.Event){
		"no end":              func(e *notify.Event) { delete(e.Data, "end") },
		"another end":         func(e *notify.Event) { e.Data["end"] = "key" },
		"a time that is none": func(e *notify.Event) { e.Data["at"] = "soon" },
		"days in words":       func(e *notify.Event) { e.Data["days"] = "thirty" },
		"no such kind":        func(e *notify.Event) { e.Kind = "grant.gone" },
		"no such severity":    func(e *notify.Event) { e.Severity = "loud" },
	} {
		e := whole
		e.Data = maps.Clone(whole.Data)
		spoil(&e)
		if len(schematest.Wrong(t, e)) == 0 {
			t.Errorf("%s: nothing is wrong with it", name)
		}
	}
}

func TestOneDayIsNoDays(t *testing.T) {
	h := newHouse(t)
	for days, want := range map[int]string{1: "within 1 day, on 2026-04-01", 7: "within 7 days, on 2026-04-01"} {
		told, err := notify.Teller{Store: h.store, Keeper: h.keeper}.Tell(t.Context(), gk.Event{
			ID: "evt_1", Kind: gk.EventGrantExpiring, App: h.app.ID, Actor: "engine", At: h.clock(),
			Data: map[string]any{"ends_at": "2026-04-01T00:00:00Z", "days": days, "renewable": true},
		})
		if err != nil || !strings.Contains(told[0].Text.En, want) {
			t.Errorf("%d days are told as %+v, %v; want %q", days, told, err, want)
		}
	}
}
