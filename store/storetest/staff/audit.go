package staff

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// AuditInOrder reads the audit as it was written.
func AuditInOrder(t *testing.T, s store.Store) {
	var lines sync.WaitGroup
	for n := range 20 {
		lines.Go(func() {
			e := store.AuditEntry{At: given.Epoch, Actor: fmt.Sprint("key-", n%2), Action: "grant.revoke", Grant: fmt.Sprint("gr-", n), Address: "192.0.2.1", Count: 1}
			if err := s.Record(t.Context(), e, e); err != nil {
				t.Error(err)
			}
		})
	}
	lines.Wait()
	var after, read int64
	for {
		page, err := s.AuditAfter(t.Context(), store.AuditFilter{After: after, Limit: 7})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			read++
			if e.Position != after+1 {
				t.Errorf("position %d follows %d", e.Position, after)
			}
			after = e.Position
		}
	}
	if read != 40 {
		t.Errorf("%d lines were read, want 40", read)
	}
	want := store.AuditEntry{
		Position: 41, At: given.Epoch, Until: given.Epoch.Add(time.Minute), Actor: "other", Action: "token.read", App: "app", Grant: "gr-3", Object: "x",
		Address: "2001:db8::1", Count: 5, Status: 404,
	}
	if err := s.Record(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	newest, err := s.AuditAfter(t.Context(), store.AuditFilter{Newest: true, Limit: 2})
	if err != nil || len(newest) != 2 || newest[0].Position != 41 || newest[1].Position != 40 {
		t.Errorf("the newest two lines are %+v, %v; want 41 and 40", newest, err)
	}
	earlier, err := s.AuditAfter(t.Context(), store.AuditFilter{Newest: true, Before: 40, Limit: 1})
	if err != nil || len(earlier) != 1 || earlier[0].Position != 39 {
		t.Errorf("the line before 40 is %+v, %v; want 39", earlier, err)
	}
	for _, c := range []struct {
		filter store.AuditFilter
		want   int
	}{
		{store.AuditFilter{Actor: "key-1"}, 20}, {store.AuditFilter{Action: "token.read"}, 1}, {store.AuditFilter{Grant: "gr-3"}, 3},
		{store.AuditFilter{Actor: "other", Grant: "gr-4"}, 0}, {store.AuditFilter{After: 40}, 1},
	} {
		got, err := s.AuditAfter(t.Context(), c.filter)
		if err != nil || len(got) != c.want {
			t.Errorf("AuditAfter(%+v) = %d lines, %v, want %d", c.filter, len(got), err, c.want)
		}
		if c.want == 1 {
			given.Same(t, "a line", got, []store.AuditEntry{want})
		}
	}
}

// LastUses finds when grants were last used.
func LastUses(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	for _, id := range []string{"gr-1", "gr-2", "gr-3"} {
		given.MakeGrant(t, s, "app", id, nil)
	}
	use := func(grant, action string, until time.Time) {
		t.Helper()
		if err := s.Record(t.Context(), store.AuditEntry{At: given.Epoch, Until: until, Actor: "key", Action: action, Grant: grant, Count: 1}); err != nil {
			t.Fatal(err)
		}
	}
	use("gr-1", "token.read", given.Epoch.Add(time.Minute))
	use("gr-1", "token.call", given.Epoch.Add(time.Hour))
	use("gr-1", "grant.link", time.Time{}) // is no use
	use("gr-2", "token.read", given.Epoch.Add(time.Second))
	use("gr-3", "grant.link", time.Time{})
	got, err := s.LastUses(t.Context(), []string{"gr-1", "gr-3", "unknown"})
	if err != nil || len(got) != 1 || !got["gr-1"].Equal(given.Epoch.Add(time.Hour)) {
		t.Errorf("LastUses = %v, %v; want gr-1 an hour later, and no other", got, err)
	}
	if none, err := s.LastUses(t.Context(), nil); err != nil || len(none) != 0 {
		t.Errorf("LastUses of none = %v, %v", none, err)
	}
}

// KeyUses adds up the uses of keys.
func KeyUses(t *testing.T, s store.Store) {
	day := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	note := func(day time.Time, key string, count int64, networks ...string) store.KeyUse {
		t.Helper()
		var uses []store.Use
		for i, network := range networks {
			uses = append(uses, store.Use{AuditEntry: store.AuditEntry{At: day.Add(-time.Duration(i) * time.Second), Actor: key, Action: "token.read", Count: count}, Network: network})
		}
		var told []store.KeyUse
		err := s.NoteUses(t.Context(), uses, day, func(k []store.KeyUse) []gk.Event {
			told = k
			return []gk.Event{{ID: gk.NewID("evt", day), Kind: "key.volume", At: day, Data: map[string]any{"key": key}}}
		})
		if err != nil || len(told) != 1 {
			t.Fatalf("NoteUses told %+v, %v", told, err)
		}
		return told[0]
	}
	given.Same(t, "the first uses", note(day.AddDate(0, 0, -20), "k", 500, "a"), store.KeyUse{Key: "k", After: 500, Networks: []string{"a"}})
	given.Same(t, "those of another key", note(day.AddDate(0, 0, -2), "l", 5, "a"), store.KeyUse{Key: "l", After: 5, Networks: []string{"a"}})
	note(day.AddDate(0, 0, -3), "k", 5, "a")
	note(day.AddDate(0, 0, -1), "k", 10, "a", "a")
	given.Same(t, "after two days with 5 and 20", note(day, "k", 7, "b", "c", "b"), store.KeyUse{Key: "k", After: 21, Usual: 12, Networks: []string{"b", "c"}, Known: 1})
	given.Same(t, "the same day again", note(day, "k", 1, "b"), store.KeyUse{Key: "k", Before: 21, After: 22, Usual: 12, Known: 3})
	if _, err := s.Publish(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	if events, err := s.EventsAfter(t.Context(), given.Engine, 0, 100); err != nil || len(events) != 6 {
		t.Errorf("%d events were stored, %v, want 6", len(events), err)
	}
	for n := range 2 * store.MostNetworks {
		note(day, "m", 1, fmt.Sprint("net-", n))
	}
	if k := note(day, "m", 1, "another"); k.Known != store.MostNetworks || len(k.Networks) > 0 {
		t.Errorf("a key from very many networks = %+v, want no more than %d remembered", k, store.MostNetworks)
	}
}

// AuditKept sweeps the audit.
func AuditKept(t *testing.T, s store.Store) {
	for _, age := range []int{1, 399, 401, 800} {
		if err := s.Record(t.Context(), store.AuditEntry{At: given.Epoch.AddDate(0, 0, -age), Actor: fmt.Sprint(age), Action: "key.create", Count: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Sweep(t.Context(), given.Epoch, 100); err != nil {
		t.Fatal(err)
	}
	kept, err := s.AuditAfter(t.Context(), store.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(kept, func(e store.AuditEntry) bool { return e.Actor == "401" || e.Actor == "800" }); i >= 0 || len(kept) != 2 {
		t.Errorf("kept %+v, want the lines of the last 400 days", kept)
	}
}
