package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// makeOutlet stores an enabled outlet.
func makeOutlet(t *testing.T, s store.Store, form, id string) store.Outlet {
	t.Helper()
	o := store.Outlet{
		ID: id, Form: form, By: "key", Enabled: true, Rule: store.Rule{Kinds: []string{"grant.*"}, Group: time.Minute},
		Sealed: gk.Sealed("ciphertext"), State: map[string]int64{"a": 1}, CreatedAt: given.Epoch, UpdatedAt: given.Epoch,
	}
	if err := s.CreateOutlet(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return o
}

// deliveryOf is a pending delivery that is due at epoch.
func deliveryOf(outlet, event string, position int64) store.Delivery {
	return store.Delivery{
		Outlet: outlet, Event: event, Kind: gk.EventGrantExpiring, About: "grant of " + event, Position: position, State: store.Pending,
		DueAt: given.Epoch, CreatedAt: given.Epoch,
	}
}

func outletComesBack(t *testing.T, s store.Store) {
	want := makeOutlet(t, s, store.WebhookForm, "one")
	makeOutlet(t, s, store.AlarmForm, "two")
	got, err := s.Outlet(t.Context(), store.WebhookForm, "one")
	if err != nil {
		t.Fatal(err)
	}
	given.Same(t, "the outlet", got, want)
	if _, err := s.Outlet(t.Context(), store.AlarmForm, "one"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a webhook asked for as an alarm = %v, want ErrNotFound", err)
	}
	if found, err := s.Outlets(t.Context(), ""); err != nil || len(found) != 2 {
		t.Errorf("Outlets of both forms = %v, %v", found, err)
	}
	if found, err := s.Outlets(t.Context(), store.AlarmForm); err != nil || len(found) != 1 || found[0].ID != "two" {
		t.Errorf("Outlets of alarms = %v, %v", found, err)
	}
	if held, err := s.Sealed(t.Context()); err != nil || !held {
		t.Errorf("Sealed = %v, %v; an outlet holds a ciphertext", held, err)
	}
	if err := s.DeleteOutlet(t.Context(), store.WebhookForm, "two"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an alarm removed as a webhook = %v, want ErrNotFound", err)
	}
	if ok, err := s.HoldOutlet(t.Context(), "two", given.Epoch, given.Epoch.Add(time.Minute)); err != nil || !ok {
		t.Errorf("HoldOutlet = %v, %v", ok, err)
	}
	if ok, err := s.HoldOutlet(t.Context(), "two", given.Epoch, given.Epoch.Add(time.Minute)); err != nil || ok {
		t.Errorf("HoldOutlet of what is held = %v, %v", ok, err)
	}
}

func spreadOnce(t *testing.T, s store.Store) {
	makeOutlet(t, s, store.WebhookForm, "one")
	if err := s.Redeliver(t.Context(), []store.Delivery{deliveryOf("one", "b", 2)}); err != nil {
		t.Fatal(err)
	}
	var done atomic.Int64
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			ok, err := s.Spread(t.Context(), 0, 3, []store.Delivery{deliveryOf("one", "a", 1), deliveryOf("one", "b", 2), deliveryOf("one", "c", 3)})
			if err != nil {
				t.Errorf("Spread = %v", err)
			}
			if ok {
				done.Add(1)
			}
		})
	}
	callers.Wait()
	if n, _, err := s.SpreadUntil(t.Context()); done.Load() != 1 || n != 3 || err != nil {
		t.Errorf("%d of eight callers spread, until %d, %v; want one, 3", done.Load(), n, err)
	}
	if ok, err := s.Spread(t.Context(), 3, 4, []store.Delivery{deliveryOf("gone", "d", 4)}); ok || !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Spread to an outlet that is gone = %v, %v, want ErrNotFound", ok, err)
	}
	if n, _, err := s.SpreadUntil(t.Context()); n != 3 || err != nil {
		t.Errorf("after a Spread that failed the position is %d, %v, want 3", n, err)
	}
	found, err := s.Deliveries(t.Context(), store.DeliveryFilter{Outlet: "one", State: store.Pending, Before: 3, Limit: 10})
	if err != nil || len(found) != 2 || found[0].Event != "b" || found[1].Event != "a" {
		t.Errorf("Deliveries before 3 = %v, %v, want b and a", found, err)
	}
	found, err = s.Deliveries(t.Context(), store.DeliveryFilter{Outlet: "one", Events: []string{"a", "unknown"}, Limit: 10})
	if err != nil || len(found) != 1 || found[0].Event != "a" {
		t.Errorf("Deliveries of the events a and unknown = %v, %v, want a", found, err)
	}
}

func deliveriesClaimed(t *testing.T, s store.Store) {
	makeOutlet(t, s, store.WebhookForm, "one")
	if ok, err := s.Spread(t.Context(), 0, 2, []store.Delivery{deliveryOf("one", "a", 1), deliveryOf("one", "b", 2)}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if due, err := s.DueOutlets(t.Context(), given.Epoch); err != nil || len(due) != 1 {
		t.Errorf("DueOutlets = %v, %v", due, err)
	}
	var mu sync.Mutex
	var claimed []store.Delivery
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			got, err := s.ClaimDeliveries(t.Context(), "one", given.Epoch, given.Epoch.Add(time.Minute), 1)
			if err != nil {
				t.Errorf("ClaimDeliveries = %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			claimed = append(claimed, got...)
		})
	}
	callers.Wait()
	if len(claimed) != 2 || claimed[0].Event == claimed[1].Event {
		t.Fatalf("eight callers claimed %v, want each delivery once", claimed)
	}
	d := claimed[0]
	d.State, d.Attempts, d.DueAt, d.LastAt, d.LastStatus, d.LastTook, d.LastError = store.Delivered, 1, time.Time{}, given.Epoch, 204, 100*time.Millisecond, ""
	if err := s.SettleDeliveries(t.Context(), []store.Delivery{d}); err != nil {
		t.Fatal(err)
	}
	found, err := s.Deliveries(t.Context(), store.DeliveryFilter{Outlet: "one", State: store.Delivered, Limit: 10})
	if err != nil || len(found) != 1 {
		t.Fatalf("Deliveries = %v, %v", found, err)
	}
	given.Same(t, "the delivery", found[0], d)
	if got, err := s.ClaimDeliveries(t.Context(), "one", given.Epoch.Add(time.Minute), given.Epoch.Add(time.Hour), 10); err != nil || len(got) != 1 {
		t.Errorf("ClaimDeliveries once the claim is over = %v, %v, want the other one again", got, err)
	}
	if told, err := s.LastTold(t.Context(), "one", []string{d.About, "other"}); err != nil || len(told) != 1 || told[d.About] != d.Kind {
		t.Errorf("LastTold = %v, %v", told, err)
	}
	err = s.UpdateOutlet(t.Context(), store.WebhookForm, "one", given.Epoch, func(o *store.Outlet) ([]gk.Event, error) {
		o.Enabled, o.Reason = false, "gone"
		return []gk.Event{{ID: "told", Kind: gk.EventWebhookDisabled, At: given.Epoch}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := s.Deliveries(t.Context(), store.DeliveryFilter{Outlet: "one", State: store.Failed, Limit: 10}); err != nil || len(found) != 1 {
		t.Errorf("failed once the outlet is disabled = %v, %v, want what was pending", found, err)
	}
	if err := s.Redeliver(t.Context(), []store.Delivery{d}); err != nil {
		t.Fatal(err)
	}
	if due, err := s.DueOutlets(t.Context(), given.Epoch); err != nil || len(due) != 0 {
		t.Errorf("DueOutlets of what is disabled = %v, %v", due, err)
	}
	if err := s.DeleteOutlet(t.Context(), store.WebhookForm, "one"); err != nil {
		t.Errorf("DeleteOutlet = %v", err)
	}
}

func eventsFound(t *testing.T, s store.Store) {
	for i, e := range []gk.Event{
		{ID: "a", Kind: gk.EventAppChanged, App: "one", At: given.Epoch},
		{ID: "b", Kind: gk.EventGrantExpiring, App: "one", Grant: "g", Owner: "o", At: given.Epoch},
		{ID: "c", Kind: gk.EventAppChanged, App: "two", At: given.Epoch},
	} {
		if err := s.Append(t.Context(), e); err != nil {
			t.Fatal(i, err)
		}
	}
	if _, err := s.Publish(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		filter store.EventFilter
		want   []string
	}{
		{store.EventFilter{}, []string{"a", "b", "c"}},
		{store.EventFilter{After: 1, Until: 2}, []string{"b"}},
		{store.EventFilter{Kind: gk.EventAppChanged}, []string{"a", "c"}},
		{store.EventFilter{App: "one"}, []string{"a", "b"}},
		{store.EventFilter{Grant: "g", Owner: "o"}, []string{"b"}},
		{store.EventFilter{Limit: 1}, []string{"a"}},
	} {
		found, err := s.FindEvents(t.Context(), given.Someone, c.filter)
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, "FindEvents", eventIDs(found), c.want)
	}
	found, err := s.EventsByID(t.Context(), []string{"c", "a", "unknown"})
	if err != nil {
		t.Fatal(err)
	}
	given.Same(t, "EventsByID", eventIDs(found), []string{"a", "c"})
	s.KeepEvents(time.Hour)
	if n, err := s.Sweep(t.Context(), given.Epoch.Add(2*time.Hour), 10); err != nil || n != 3 {
		t.Errorf("Sweep after a shorter time to keep = %d, %v, want the three", n, err)
	}
}

func toldByOne(t *testing.T, s store.Store) {
	day := 24 * time.Hour
	event := func(id string) gk.Event { return gk.Event{ID: id, Kind: gk.EventSystemBehind, At: given.Epoch} }
	var told atomic.Int64
	var all sync.WaitGroup
	for _, id := range []string{"a", "b", "c", "d"} {
		all.Go(func() {
			ok, err := s.TellOnce(t.Context(), "behind", given.Epoch, given.Epoch.Add(day), event(id))
			if err != nil {
				t.Error(err)
			}
			if ok {
				told.Add(1)
			}
		})
	}
	all.Wait()
	if told.Load() != 1 {
		t.Errorf("%d of four tell it, want one", told.Load())
	}
	for i, c := range []struct {
		tell func() (bool, error)
		want bool
	}{
		{func() (bool, error) {
			return s.TellOnce(t.Context(), "other", given.Epoch, given.Epoch.Add(day), event("o"))
		}, true},
		{func() (bool, error) {
			return s.TellOnce(t.Context(), "behind", given.Epoch.Add(day-1), given.Epoch.Add(2*day), event("e"))
		}, false},
		{func() (bool, error) {
			return s.TellOnce(t.Context(), "behind", given.Epoch.Add(day), given.Epoch.Add(2*day), event("f"))
		}, true},
		{func() (bool, error) { return s.TellOver(t.Context(), "behind", event("g")) }, true},
		{func() (bool, error) { return s.TellOver(t.Context(), "behind", event("h")) }, false},
		{func() (bool, error) {
			return s.TellOnce(t.Context(), "behind", given.Epoch.Add(day), given.Epoch.Add(2*day))
		}, true},
	} {
		if ok, err := c.tell(); err != nil || ok != c.want {
			t.Errorf("step %d = %v, %v, want %v", i, ok, err, c.want)
		}
	}
	for _, c := range []struct {
		after time.Duration
		known bool
	}{{8 * day, true}, {20 * day, false}} { // the last one ended after two days
		if _, err := s.Sweep(t.Context(), given.Epoch.Add(c.after), 100); err != nil {
			t.Fatal(err)
		}
		if ok, err := s.TellOver(t.Context(), "behind"); err != nil || ok != c.known {
			t.Errorf("after %s TellOver = %v, %v, want %v", c.after, ok, err, c.known)
		}
		if _, err := s.TellOnce(t.Context(), "behind", given.Epoch, given.Epoch.Add(2*day)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.Publish(t.Context(), 100); err != nil || n != 4 {
		t.Errorf("%d events were stored (%v), want those of the four who told", n, err)
	}
}
