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

// fullApp has a value in every field, all different.
func fullApp(id string) gk.App {
	after := func(minutes int) time.Time { return given.Epoch.Add(time.Duration(minutes) * time.Minute) }
	return gk.App{
		ID: id, Platform: "eleme", Environment: gk.Sandbox, Profile: "enterprise", Stage: "testing", Name: "饿了么",
		Settings: map[string]string{"app_key": "k"}, Secrets: gk.Sealed("sealed"), SecretsKey: 9,
		Endpoints: map[string]string{"token": "http://127.0.0.1:1"}, ReturnOrigins: []string{"https://vendor.example"},
		Face:        gk.Face{Vendor: "北线软件", Letters: "北", Picture: []byte{1, 2}, Support: "help@vendor.example"},
		PausedUntil: after(1), Fault: &gk.Fault{Code: "c", Action: gk.FixConfig, At: gk.At(after(2))}, FaultGrant: "grant", Stop: gk.StopFault, Broken: "b",
		DueAt: after(3), LeaseUntil: after(4), Cursors: map[string]string{"lost": "7"},
		Version: 1, CreatedAt: given.Epoch, UpdatedAt: after(5),
	}
}

// appNow reads an app.
func appNow(t *testing.T, s store.Store, id string) gk.App {
	t.Helper()
	a, err := s.App(t.Context(), given.Engine, id)
	if err != nil {
		t.Fatalf("App(%s) = %v", id, err)
	}
	return a
}

func appComesBack(t *testing.T, s store.Store) {
	want := fullApp("app")
	if err := s.CreateApp(t.Context(), want, gk.Event{ID: "event", Kind: gk.EventAppChanged, App: "app", At: given.Epoch}); err != nil {
		t.Fatal(err)
	}
	given.Same(t, "a full app", appNow(t, s, "app"), want)
	if n, err := s.Publish(t.Context(), 10); n != 1 || err != nil {
		t.Errorf("Publish = %d, %v, want the app's event", n, err)
	}
	if err := s.CreateApp(t.Context(), gk.App{ID: "app"}, gk.Event{ID: "event-2", At: given.Epoch}); !errors.Is(err, store.ErrExists) {
		t.Errorf("CreateApp with an id that is taken = %v, want ErrExists", err)
	}
	if n, err := s.Publish(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("Publish after a refused app = %d, %v, want nothing", n, err)
	}
	if _, err := s.App(t.Context(), given.Engine, "unknown"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("App of an unknown id = %v, want ErrNotFound", err)
	}
}

func updateApp(t *testing.T, s store.Store) {
	before := fullApp("app")
	if err := s.CreateApp(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	later := given.Epoch.Add(time.Hour)
	err := s.UpdateApp(t.Context(), given.Engine, "app", later, func(a *gk.App) ([]gk.Event, error) {
		given.Same(t, "what the change is given", *a, before)
		*a = gk.App{ID: "other", Platform: "other", Name: "new"}
		return []gk.Event{{ID: "event", App: "app", At: later}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := gk.App{ID: "app", Platform: "eleme", Name: "new", Version: 2, CreatedAt: before.CreatedAt, UpdatedAt: later}
	given.Same(t, "the app after a change", appNow(t, s, "app"), want)

	err = s.UpdateApp(t.Context(), given.Engine, "app", later, func(a *gk.App) ([]gk.Event, error) {
		a.Name = "newer"
		return []gk.Event{{ID: "event-2", At: later}}, store.ErrUnchanged
	})
	if err != nil {
		t.Errorf("UpdateApp = %v, want nil for ErrUnchanged", err)
	}
	given.Same(t, "the app after no change", appNow(t, s, "app"), want)
	if n, err := s.Publish(t.Context(), 10); n != 1 || err != nil {
		t.Errorf("Publish = %d, %v, want the first change's event", n, err)
	}

	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			err := s.UpdateApp(t.Context(), given.Engine, "app", later, func(a *gk.App) ([]gk.Event, error) {
				a.SecretsKey++
				return nil, nil
			})
			if err != nil {
				t.Errorf("UpdateApp = %v", err)
			}
		})
	}
	callers.Wait()
	if a := appNow(t, s, "app"); a.SecretsKey != 20 || a.Version != 22 {
		t.Errorf("after twenty changes: counted %d, version %d, want 20 and 22", a.SecretsKey, a.Version)
	}
}

func appsPaged(t *testing.T, s store.Store) {
	for _, id := range []string{"c", "a", "B", "b"} { // capitals come first: ids are sorted by their bytes
		given.MakeApp(t, s, id)
	}
	for _, c := range []struct {
		after string
		limit int
		want  []string
	}{{"", 0, []string{"B", "a", "b", "c"}}, {"", 2, []string{"B", "a"}}, {"a", 2, []string{"b", "c"}}, {"c", 2, nil}} {
		apps, err := s.Apps(t.Context(), given.Engine, c.after, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range apps {
			got = append(got, a.ID)
		}
		given.Same(t, "the apps after "+c.after, got, c.want)
	}
}

func deleteAppInUse(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeAttempt(t, s, "app", "auth", "click")
	given.MakeGrant(t, s, "app", "grant", nil)
	err := s.DeleteApp(t.Context(), given.Engine, "app", gk.Event{ID: "event", At: given.Epoch})
	if !errors.Is(err, store.ErrInUse) {
		t.Errorf("DeleteApp = %v, want ErrInUse", err)
	}
	if _, err := s.Authorization(t.Context(), given.Engine, "auth"); err != nil {
		t.Errorf("the authorization of an app that was not deleted = %v", err)
	}
	if n, err := s.Publish(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("Publish = %d, %v, want no event", n, err)
	}
}

func deleteAppWithRevoked(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "other")
	revoked := func(g *gk.Grant) {
		g.State, g.Subject.Name, g.Renewable, g.DueAt = gk.Revoked, "Elm Street", false, time.Time{}
		g.Access, g.Refresh = nil, nil
	}
	given.MakeGrant(t, s, "app", "grant", revoked)
	given.MakeGrant(t, s, "other", "grant-2", revoked)
	if err := s.DeleteApp(t.Context(), given.Engine, "app"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Grant(t.Context(), given.Engine, "grant"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a revoked grant of an app that is gone = %v, want ErrNotFound", err)
	}
	found, err := s.Grants(t.Context(), given.Engine, store.GrantFilter{Query: "elm street", Limit: 10})
	if err != nil || len(found) != 1 || found[0].ID != "grant-2" {
		t.Errorf("the search for a name that a grant of another app has too = %v, %v, want that grant", found, err)
	}
	counts, err := s.GrantCounts(t.Context(), given.Engine)
	if err != nil || len(counts) != 1 || counts[0].N != 1 {
		t.Errorf("GrantCounts = %+v, %v, want one grant of the other app", counts, err)
	}
}

func deleteApp(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "other")
	given.MakeAttempt(t, s, "app", "auth", "click")
	given.MakeAttempt(t, s, "other", "auth-2", "click-2")
	if err := s.DeleteApp(t.Context(), given.Engine, "app", gk.Event{ID: "event", App: "app", At: given.Epoch}); err != nil {
		t.Fatal(err)
	}
	_, appErr := s.App(t.Context(), given.Engine, "app")
	_, authErr := s.Authorization(t.Context(), given.Engine, "auth")
	_, clickErr := s.Click(t.Context(), "click")
	for what, err := range map[string]error{"app": appErr, "authorization": authErr, "click": clickErr, "again": s.DeleteApp(t.Context(), given.Engine, "app")} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s = %v, want ErrNotFound", what, err)
		}
	}
	if _, err := s.Click(t.Context(), "click-2"); err != nil {
		t.Errorf("another app's click = %v", err)
	}
	if n, err := s.Publish(t.Context(), 10); n != 1 || err != nil {
		t.Errorf("Publish = %d, %v, want the deletion's event", n, err)
	}
}
