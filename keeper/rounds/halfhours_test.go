package rounds

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grantkeep/grantkeep/store"
)

// written is what a store was given.
type written struct {
	counts []store.HalfHour
	fails  error
}

func (w *written) AddHalfHours(_ context.Context, counts []store.HalfHour) error {
	if w.fails == nil {
		w.counts = append(w.counts, counts...)
	}
	return w.fails
}

func (w *written) HalfHoursSince(context.Context, time.Time) ([]store.HalfHour, error) {
	return w.counts, nil
}

func TestHalfHoursAreWrittenOnceForTheHalfHourInWhichItWasCounted(t *testing.T) {
	slot := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	now, went, into := slot.Add(5*time.Minute), map[string]Went{}, &written{}
	p := &HalfHours{Store: into, Went: func() map[string]Went { return went }, Now: func() time.Time { return now }}
	look := func(want error) {
		t.Helper()
		if err := p.Look(t.Context()); !errors.Is(err, want) {
			t.Fatalf("Look = %v, want %v", err, want)
		}
	}
	look(nil) // nothing to write
	went = map[string]Went{"shopee": {OK: 3, Failed: 1}}
	look(nil) // too early
	now = slot.Add(31 * time.Minute)
	look(nil) // another half hour: what was counted belongs to the one before
	went = map[string]Went{"shopee": {OK: 5, Failed: 1}, "eleme": {OK: 1}}
	now = slot.Add(61 * time.Minute)
	into.fails = store.ErrUnavailable
	look(store.ErrUnavailable)
	into.fails = nil
	now = slot.Add(91 * time.Minute)
	look(nil) // what could not be written comes later
	now = slot.Add(121 * time.Minute)
	look(nil) // and once
	want := []store.HalfHour{
		{Platform: "shopee", Slot: slot, OK: 3, Failed: 1},
		{Platform: "eleme", Slot: slot.Add(time.Hour), OK: 1}, {Platform: "shopee", Slot: slot.Add(time.Hour), OK: 2},
	}
	if diff := cmp.Diff(want, into.counts); diff != "" {
		t.Errorf("what was written (-want +got):\n%s", diff)
	}
}
