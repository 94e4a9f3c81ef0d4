package staff

import (
	"sync"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// HalfHours counts how refreshes went.
func HalfHours(t *testing.T, s store.Store) {
	slot := given.Epoch.Truncate(store.HalfHourLength)
	var writers sync.WaitGroup
	for range 4 { // instances count beside each other
		writers.Go(func() {
			err := s.AddHalfHours(t.Context(), []store.HalfHour{
				{Platform: "shopee", Slot: slot.Add(time.Minute), OK: 5, Failed: 1}, {Platform: "eleme", Slot: slot, OK: 1},
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	old := slot.Add(-9 * 24 * time.Hour)
	if err := s.AddHalfHours(t.Context(), []store.HalfHour{{Platform: "shopee", Slot: old, OK: 7}}); err != nil {
		t.Fatal(err)
	}
	got, err := s.HalfHoursSince(t.Context(), slot)
	if err != nil {
		t.Fatal(err)
	}
	given.Same(t, "the counts", got, []store.HalfHour{{Platform: "eleme", Slot: slot, OK: 4}, {Platform: "shopee", Slot: slot, OK: 20, Failed: 4}})
	if _, err := s.Sweep(t.Context(), given.Epoch, 100); err != nil {
		t.Fatal(err)
	}
	if got, err = s.HalfHoursSince(t.Context(), old); err != nil || len(got) != 2 {
		t.Errorf("after a sweep there are %v, %v; want those of eight days", got, err)
	}
}
