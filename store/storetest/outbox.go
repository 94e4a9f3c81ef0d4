package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// eventIDs returns the ids of events in their order.
func eventIDs(events []gk.Event) []string {
	var list []string
	for _, e := range events {
		list = append(list, e.ID)
	}
	return list
}

func publishOrder(t *testing.T, s store.Store) {
	for _, id := range []string{"b", "a"} {
		if err := s.Append(t.Context(), gk.Event{ID: id, Kind: gk.EventAppChanged, At: given.Epoch}); err != nil {
			t.Fatal(err)
		}
	}
	read := func(after int64, limit int) []gk.Event {
		t.Helper()
		events, err := s.EventsAfter(t.Context(), given.Engine, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		return events
	}
	publish := func(limit, want int) {
		t.Helper()
		if n, err := s.Publish(t.Context(), limit); n != want || err != nil {
			t.Errorf("Publish = %d, %v, want %d", n, err, want)
		}
	}
	given.Same(t, "events before they are published", read(0, 10), []gk.Event(nil))
	publish(10, 2)
	publish(10, 0)
	if err := s.Append(t.Context(), gk.Event{ID: "0 is the smallest id", At: given.Epoch}, gk.Event{ID: "c", At: given.Epoch}, gk.Event{ID: "d", At: given.Epoch}); err != nil {
		t.Fatal(err)
	}
	publish(2, 2)
	publish(2, 1)
	all := read(0, 10)
	given.Same(t, "the order of publication", eventIDs(all), []string{"a", "b", "0 is the smallest id", "c", "d"})
	for i, e := range all {
		if e.Position != int64(i+1) {
			t.Errorf("event %s has position %d, want %d", e.ID, e.Position, i+1)
		}
	}
	given.Same(t, "events after a position", eventIDs(read(1, 2)), []string{"b", "0 is the smallest id"})
	if err := s.Append(t.Context(), gk.Event{ID: "a", At: given.Epoch}); !errors.Is(err, store.ErrExists) {
		t.Errorf("Append of an id that is taken = %v, want ErrExists", err)
	}
}

func eventsInOrder(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	var want []string
	for n := range 20 {
		// The ids are in the opposite order of what happened, and the clock of every third change is behind.
		at := given.Epoch.Add(time.Duration(n%3) * -time.Second)
		err := s.UpdateGrant(t.Context(), given.Engine, "grant", at, func(g *gk.Grant) ([]gk.Event, error) {
			var events []gk.Event
			for place := range 3 {
				e := given.EventOf(g, given.Numbered("event", 1000-10*n-place), 0)
				e.At = at
				events = append(events, e)
			}
			return events, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for place := range 3 {
			want = append(want, given.Numbered("event", 1000-10*n-place))
		}
	}
	if n, err := s.Publish(t.Context(), 1000); err != nil || n != len(want) {
		t.Fatalf("Publish = %d, %v, want %d", n, err, len(want))
	}
	events, err := s.EventsAfter(t.Context(), given.Engine, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	given.Same(t, "the order of publication", eventIDs(events), want)

	var paged []string
	for before := ""; ; {
		page, err := s.History(t.Context(), given.Engine, "grant", before, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		paged = append(paged, eventIDs(page)...)
		before = page[len(page)-1].ID
	}
	if len(paged) != len(want) {
		t.Fatalf("the pages of the history have %d events, want %d", len(paged), len(want))
	}
	inHistory := map[string]int{}
	for i, id := range paged {
		inHistory[id] = i
	}
	for n := range 20 {
		first := inHistory[want[3*n]]
		given.Same(t, "the places of a change's events in the history, newest first",
			[]int{inHistory[want[3*n+1]], inHistory[want[3*n+2]]}, []int{first - 1, first - 2})
	}
}

func followPositions(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	const writers, each = 6, 40
	var writing, publishing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				err := s.UpdateGrant(t.Context(), given.Engine, "grant", given.Epoch, func(g *gk.Grant) ([]gk.Event, error) {
					return []gk.Event{given.EventOf(g, gk.NewID("ev", given.Epoch), w*each+i)}, nil
				})
				if err != nil {
					t.Errorf("UpdateGrant = %v", err)
				}
			}
		})
	}
	over := make(chan struct{})
	for range 2 {
		publishing.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if _, err := s.Publish(t.Context(), 7); err != nil {
					t.Errorf("Publish = %v", err)
					return
				}
			}
		})
	}
	var last, version int64
	deadline := time.Now().Add(5 * time.Minute)
	for last < writers*each && time.Now().Before(deadline) && !t.Failed() {
		events, err := s.EventsAfter(t.Context(), given.Engine, last, 11)
		if err != nil {
			t.Error(err)
		}
		for _, e := range events {
			if e.Position != last+1 {
				t.Errorf("position %d follows %d", e.Position, last)
			}
			last = e.Position
			version = max(version, e.GrantVersion)
		}
	}
	writing.Wait()
	close(over)
	publishing.Wait()
	if last != writers*each || version != writers*each+1 {
		t.Errorf("the follower saw %d events up to version %d, want %d and %d", last, version, writers*each, writers*each+1)
	}
}

func history(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	given.MakeGrant(t, s, "app", "other", nil)
	g, other := given.GrantNow(t, s, "grant"), given.GrantNow(t, s, "other")
	changed := given.EventOf(&g, "4", 4)
	changed.GrantVersion = g.Version
	noted := gk.Event{ID: "6", Grant: "grant", At: given.Epoch.Add(time.Hour)} // about the grant, and of no change of it
	err := s.Append(t.Context(), given.EventOf(&g, "1", 1), given.EventOf(&other, "2", 2), given.EventOf(&g, "3", 3), changed, gk.Event{ID: "5", At: given.Epoch}, noted)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		before string
		limit  int
		want   []string
	}{{"", 10, []string{"6", "4", "3", "1"}}, {"", 2, []string{"6", "4"}}, {"3", 2, []string{"1"}}, {"1", 2, nil}} {
		events, err := s.History(t.Context(), given.Engine, "grant", c.before, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, "the history before "+c.before, eventIDs(events), c.want)
	}
	for _, id := range []string{"unknown", ""} {
		if _, err := s.History(t.Context(), given.Engine, id, "", 10); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("History of %q = %v, want ErrNotFound", id, err)
		}
	}
}

// historyOfTwoClocks changes a grant on two instances, of which the second one's clock is behind.
func historyOfTwoClocks(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	for i, id := range []string{"1", "2"} {
		err := s.UpdateGrant(t.Context(), given.Engine, "grant", given.Epoch, func(g *gk.Grant) ([]gk.Event, error) {
			e := given.EventOf(g, id, i)
			e.At = given.Epoch.Add(time.Duration(4-3*i) * time.Second)
			return []gk.Event{e}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for before, want := range map[string][]string{"": {"2", "1"}, "2": {"1"}, "1": nil} {
		events, err := s.History(t.Context(), given.Engine, "grant", before, 10)
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, "the history before "+before, eventIDs(events), want)
	}
}

func historyOfFresh(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", nil)
	g := given.GrantNow(t, s, "grant")
	for i, id := range []string{"1", "2"} {
		if err := s.Append(t.Context(), given.EventOf(&g, id, i)); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if _, err := s.Publish(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
		}
	}
	events, err := s.History(t.Context(), given.Engine, "grant", "", 10)
	if err != nil || len(events) != 2 || events[0].Position != 0 || events[1].Position != 1 {
		t.Errorf("History = %v, %v, want the fresh event before the published one", events, err)
	}
}

// publishBeyond has an event whose position the counter has yet to reach, as a database has that was restored in part.
func publishBeyond(t *testing.T, raw Raw) {
	s := raw.Store
	for i, want := range []int64{1, 1003, 1004} {
		if i == 1 {
			raw.Run(`UPDATE events SET position = 1002 WHERE position = $1`, 1)
		}
		event := gk.Event{Kind: "app.changed", At: given.Epoch.Add(time.Duration(i) * time.Second)}
		if err := s.Append(t.Context(), event); err != nil {
			t.Fatal(err)
		}
		n, err := s.Publish(t.Context(), 10)
		if n != 1 || err != nil {
			t.Fatalf("Publish = %d, %v, want the fresh event", n, err)
		}
		events, err := s.EventsAfter(t.Context(), given.Engine, want-1, 10)
		if err != nil || len(events) != 1 || events[0].Position != want {
			t.Errorf("after the fresh event: %+v, %v, want one at %d", events, err, want)
		}
	}
}
