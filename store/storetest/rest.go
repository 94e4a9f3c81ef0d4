package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

func keys(t *testing.T, s store.Store) {
	full := gk.Key{
		ID: "key-2", Hash: []byte("hash-2"), Name: "ERP", Scopes: []gk.Scope{gk.ScopeRead, gk.ScopeToken}, Owners: []string{"a"}, Apps: []string{"app"},
		CreatedAt: given.Epoch, ExpiresAt: given.Epoch.Add(time.Hour),
	}
	plain := gk.Key{ID: "key-1", Hash: []byte("hash-1"), CreatedAt: given.Epoch}
	for _, k := range []gk.Key{full, plain} {
		if err := s.CreateKey(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		got, err := s.KeyByHash(t.Context(), k.Hash)
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, "the key "+k.ID, got, k)
	}
	for _, k := range []gk.Key{{ID: "key-1", Hash: []byte("other")}, {ID: "key-3", Hash: []byte("hash-1")}} {
		if err := s.CreateKey(t.Context(), k); !errors.Is(err, store.ErrExists) {
			t.Errorf("CreateKey with an id or hash that is taken = %v, want ErrExists", err)
		}
	}
	for i := range 2 {
		if err := s.RevokeKey(t.Context(), "key-2", given.Epoch.Add(time.Duration(1+i)*time.Minute)); err != nil {
			t.Errorf("RevokeKey = %v", err)
		}
	}
	full.RevokedAt = given.Epoch.Add(time.Minute)
	list, err := s.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	given.Same(t, "all keys", list, []gk.Key{plain, full})

	_, unknown := s.KeyByHash(t.Context(), []byte("unknown"))
	_, none := s.KeyByHash(t.Context(), nil)
	for what, err := range map[string]error{"unknown": unknown, "none": none, "revoke": s.RevokeKey(t.Context(), "unknown", given.Epoch)} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", what, err)
		}
	}
}

func keysets(t *testing.T, s store.Store) {
	if _, err := s.Keyset(t.Context()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Keyset of an empty store = %v, want ErrNotFound", err)
	}
	for id := range int64(3) {
		want := store.Keyset{ID: id + 1, Wrapped: []byte{byte(id)}, Primary: 10 + id, CreatedAt: given.Epoch}
		if err := s.AddKeyset(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		got, err := s.Keyset(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, "the key set in force", got, want)
	}
	if err := s.AddKeyset(t.Context(), store.Keyset{ID: 2, Wrapped: []byte{9}, CreatedAt: given.Epoch}); !errors.Is(err, store.ErrExists) {
		t.Errorf("AddKeyset of an older id = %v, want ErrExists", err)
	}
	var won, taken int
	var mu sync.Mutex
	var adders sync.WaitGroup
	for i := range 10 {
		adders.Go(func() {
			err := s.AddKeyset(t.Context(), store.Keyset{ID: 4, Wrapped: []byte{byte(i)}, CreatedAt: given.Epoch})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case errors.Is(err, store.ErrExists):
				taken++
			default:
				t.Errorf("AddKeyset = %v", err)
			}
		})
	}
	adders.Wait()
	if won != 1 || taken != 9 {
		t.Errorf("%d of ten equal ids were stored and %d were taken, want 1 and 9", won, taken)
	}
}

func metaOnce(t *testing.T, s store.Store) {
	if _, err := s.Meta(t.Context(), "installation"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Meta of an empty store = %v, want ErrNotFound", err)
	}
	stands := make([]string, 10)
	var setters sync.WaitGroup
	for i := range stands {
		setters.Go(func() {
			var err error
			if stands[i], err = s.SetMetaOnce(t.Context(), "installation", given.Numbered("value", i)); err != nil {
				t.Errorf("SetMetaOnce = %v", err)
			}
		})
	}
	setters.Wait()
	want, err := s.Meta(t.Context(), "installation")
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range stands {
		if got != want {
			t.Errorf("SetMetaOnce = %q, want what stands: %q", got, want)
		}
	}
	if got, err := s.SetMetaOnce(t.Context(), "other", "x"); got != "x" || err != nil {
		t.Errorf("SetMetaOnce of another name = %q, %v", got, err)
	}
}

func sealedRows(t *testing.T, s store.Store) {
	sealed := func(what string, want bool) {
		t.Helper()
		if got, err := s.Sealed(t.Context()); got != want || err != nil {
			t.Errorf("%s: Sealed = %t, %v, want %t", what, got, err, want)
		}
	}
	sealed("an empty store", false)
	given.MakeApp(t, s, "app")
	given.MakeGrant(t, s, "app", "grant", func(g *gk.Grant) { g.Access, g.Refresh = nil, nil })
	given.MakeAttempt(t, s, "app", "auth", "click")
	sealed("an answer", true)
	answer := func(to gk.Sealed) {
		err := s.UpdateClick(t.Context(), "click", given.Epoch, func(c *gk.Click, _ *gk.Authorization) ([]gk.Event, error) {
			c.Answer = to
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	answer(nil)
	sealed("nothing sealed", false)
	given.ChangeGrant(t, s, "grant", func(g *gk.Grant) { g.Refresh = gk.Sealed("x") })
	sealed("a refresh token", true)
	given.ChangeGrant(t, s, "grant", func(g *gk.Grant) { g.Refresh = nil })
	sealed("nothing sealed", false)
	if err := s.CreateApp(t.Context(), fullApp("secret")); err != nil {
		t.Fatal(err)
	}
	sealed("an app's secrets", true)
}

// day is how long rows are counted to be kept.
const day = 24 * time.Hour

func sweep(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	now := given.Epoch.Add(365 * day)
	made := func(age time.Duration) time.Time { return now.Add(-age) }

	for id, age := range map[string]time.Duration{"old": 91 * day, "kept": 89 * day} {
		if err := s.Append(t.Context(), gk.Event{ID: "event " + id, At: made(age)}); err != nil {
			t.Fatal(err)
		}
		if err := s.KeepPushes(t.Context(), store.Push{App: "app", Dedup: id, ReceivedAt: made(age)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Publish(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(t.Context(), gk.Event{ID: "event fresh", At: made(91 * day)}); err != nil {
		t.Fatal(err)
	}
	authorization := func(id string, end, touched time.Duration) {
		a := given.FullAuthorization("app", id)
		a.ExpiresAt, a.UpdatedAt = made(end), made(touched)
		given.CreateAuthorization(t, s, a)
	}
	authorization("old", 31*day, 40*day)
	authorization("kept", 29*day, 40*day)
	authorization("touched", 31*day, 29*day)
	authorization("needed", 31*day, 31*day)
	click := func(id, authorization string, stage gk.Stage, age time.Duration) {
		c := given.FullClick("app", authorization, id)
		c.Stage, c.CreatedAt, c.UpdatedAt = stage, made(age), made(age)
		given.CreateClick(t, s, c)
	}
	click("old", "kept", gk.Done, 25*time.Hour)
	click("kept", "kept", gk.Done, 23*time.Hour)
	click("begun", "kept", gk.Begun, 25*time.Hour)
	click("under way", "needed", gk.Issued, 40*day)
	given.MakeGrant(t, s, "app", "grant", nil)

	n, err := s.Sweep(t.Context(), now, 100)
	if err != nil || n != 5 {
		t.Errorf("Sweep = %d, %v, want event, push, authorization and two clicks", n, err)
	}
	for id, want := range map[string]bool{"old": false, "kept": true, "touched": true, "needed": true} {
		_, err := s.Authorization(t.Context(), given.Engine, id)
		exists(t, "authorization "+id, err, want)
	}
	for id, want := range map[string]bool{"old": false, "kept": true, "begun": false, "under way": true} {
		_, err := s.Click(t.Context(), id)
		exists(t, "click "+id, err, want)
	}
	if left, err := s.ClaimPushes(t.Context(), "app", now, now.Add(time.Minute), 10); err != nil || len(left) != 1 || left[0].Dedup != "kept" {
		t.Errorf("pushes left = %v, %v, want the one that is kept", left, err)
	}
	if _, err := s.Publish(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	events, err := s.EventsAfter(t.Context(), given.Engine, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	given.Same(t, "the events left", eventIDs(events), []string{"event kept", "event fresh"})
	if events[1].Position != 3 {
		t.Errorf("an event after a sweep has position %d, want 3: positions are never given twice", events[1].Position)
	}
	given.GrantNow(t, s, "grant")
}

func sweepLimit(t *testing.T, s store.Store) {
	for i := range 5 {
		if err := s.Append(t.Context(), gk.Event{ID: given.Numbered("event", i), At: given.Epoch}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Publish(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 2, 1, 0} {
		if n, err := s.Sweep(t.Context(), given.Epoch.Add(91*day), 2); n != want || err != nil {
			t.Errorf("Sweep = %d, %v, want %d", n, err, want)
		}
	}
}

func clockAndPing(t *testing.T, s store.Store) {
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping = %v", err)
	}
	if s.Name() == "" {
		t.Error("the engine has no name")
	}
	first, err := s.Clock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if off := time.Since(first).Abs(); off > time.Minute {
		t.Errorf("the clock is %v off", off)
	}
	if first.Location() != time.UTC || first.Nanosecond()%1e6 != 0 {
		t.Errorf("the clock says %v, want UTC to the millisecond", first)
	}
}

func closedStore(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	_, read := s.App(ctx, given.Engine, "app")
	_, list := s.Grants(ctx, given.Engine, store.GrantFilter{})
	_, claim := s.ClaimDue(ctx, "app", given.Attempt("a", 1), time.Time{}, 1)
	write := s.CreateApp(ctx, gk.App{ID: "other"})
	for what, err := range map[string]error{"App": read, "Grants": list, "ClaimDue": claim, "CreateApp": write, "Ping": s.Ping(ctx)} {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s after Close = %v, want ErrUnavailable", what, err)
		}
	}
}

func incarnation(t *testing.T, s store.Store) {
	first, err := s.Incarnation(t.Context())
	if err != nil || first == "" {
		t.Fatalf("Incarnation = %q, %v; want a name", first, err)
	}
	if again, err := s.Incarnation(t.Context()); err != nil || again != first {
		t.Errorf("Incarnation again = %q, %v; want %q", again, err, first)
	}
}
