package storetest

import (
	"errors"
	"slices"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// rows are the grants of the viewers' stories, each with an authorization and an event of the same app and owner.
var rows = []struct {
	id, app, owner string
	state          gk.State
}{
	{"1-a", "app-1", "a", gk.Active},
	{"1-b", "app-1", "b", gk.Active},
	{"1-nobody", "app-1", "", gk.Active},
	{"2-a-held", "app-2", "a", gk.Held},
	{"2-b", "app-2", "b", gk.Active},
}

// viewers are who may look, and what of rows and apps exists for them.
var viewers = []struct {
	name       string
	viewer     gk.Viewer
	sees, apps []string
}{
	{"no limit", gk.Viewer{Scopes: gk.Scopes()}, []string{"1-a", "1-b", "1-nobody", "2-a-held", "2-b"}, []string{"app-1", "app-2"}},
	{"owner a", gk.Viewer{Scopes: gk.Scopes(), Owners: []string{"a"}}, []string{"1-a", "2-a-held"}, []string{"app-1", "app-2"}},
	{"owners a, b, c", gk.Viewer{Scopes: gk.Scopes(), Owners: []string{"c", "b", "a"}}, []string{"1-a", "1-b", "2-a-held", "2-b"}, []string{"app-1", "app-2"}},
	{"app 1", gk.Viewer{Scopes: gk.Scopes(), Apps: []string{"app-1"}}, []string{"1-a", "1-b", "1-nobody"}, []string{"app-1"}},
	{"owner a in app 1", gk.Viewer{Scopes: gk.Scopes(), Owners: []string{"a"}, Apps: []string{"app-1"}}, []string{"1-a"}, []string{"app-1"}},
	{"an owner without a name", gk.Viewer{Scopes: gk.Scopes(), Owners: []string{""}}, nil, []string{"app-1", "app-2"}},
	{"an unknown app", gk.Viewer{Scopes: gk.Scopes(), Apps: []string{"app-3"}}, nil, nil},
	{"no scope", gk.Viewer{Key: "key"}, nil, nil},
}

// makeRows stores rows.
func makeRows(t *testing.T, s store.Store) {
	t.Helper()
	given.MakeApp(t, s, "app-1")
	given.MakeApp(t, s, "app-2")
	for i, r := range rows {
		given.MakeGrant(t, s, r.app, r.id, func(g *gk.Grant) { g.Owner, g.State, g.Subject = r.owner, r.state, given.Shop(r.id) })
		a := given.FullAuthorization(r.app, r.id)
		a.Owner = r.owner
		given.CreateAuthorization(t, s, a)
		g := given.GrantNow(t, s, r.id)
		if err := s.Append(t.Context(), given.EventOf(&g, "event of "+r.id, i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Publish(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
}

// exists fails the test unless err says that something exists, or does not.
func exists(t *testing.T, what string, err error, want bool) {
	t.Helper()
	if (err == nil) != want || err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%s = %v, want it to exist: %t", what, err, want)
	}
}

func viewersOfGrants(t *testing.T, s store.Store) {
	makeRows(t, s)
	for _, v := range viewers {
		for _, r := range rows {
			g, err := s.Grant(t.Context(), v.viewer, r.id)
			exists(t, v.name+": Grant "+r.id, err, slices.Contains(v.sees, r.id))
			if err == nil && !v.viewer.SeesGrant(&g) {
				t.Errorf("%s: the store shows %s, which SeesGrant denies", v.name, r.id)
			}
			_, err = s.GrantOf(t.Context(), v.viewer, r.app, gk.KindShop, r.id)
			exists(t, v.name+": GrantOf "+r.id, err, slices.Contains(v.sees, r.id))
		}
		list, err := s.Grants(t.Context(), v.viewer, store.GrantFilter{})
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, v.name+": Grants", given.IDs(list), v.sees)
		list, err = s.Grants(t.Context(), v.viewer, store.GrantFilter{Owner: "b", App: "app-2"})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := len(list) == 1, slices.Contains(v.sees, "2-b"); got != want {
			t.Errorf("%s: asked for another's grant by filter, sees it: %t, want %t", v.name, got, want)
		}

		apps, err := s.Apps(t.Context(), v.viewer, "", 0)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range apps {
			got = append(got, a.ID)
		}
		given.Same(t, v.name+": Apps", got, v.apps)
		for _, id := range []string{"app-1", "app-2"} {
			_, err := s.App(t.Context(), v.viewer, id)
			exists(t, v.name+": App "+id, err, slices.Contains(v.apps, id))
		}
	}
}

func viewersChange(t *testing.T, s store.Store) {
	makeRows(t, s)
	for _, v := range viewers {
		for _, r := range rows {
			seen := slices.Contains(v.sees, r.id)
			called := false
			err := s.UpdateGrant(t.Context(), v.viewer, r.id, given.Epoch, func(*gk.Grant) ([]gk.Event, error) {
				called = true
				return nil, nil
			})
			exists(t, v.name+": UpdateGrant "+r.id, err, seen)
			err = s.UpdateAuthorization(t.Context(), v.viewer, r.id, given.Epoch, func(*gk.Authorization) ([]gk.Event, error) {
				called = called || !seen
				return nil, nil
			})
			exists(t, v.name+": UpdateAuthorization "+r.id, err, seen)
			if called != seen {
				t.Errorf("%s: the change of %s was called: %t, want %t", v.name, r.id, called, seen)
			}
		}
		for _, id := range []string{"app-1", "app-2"} {
			err := s.UpdateApp(t.Context(), v.viewer, id, given.Epoch, func(*gk.App) ([]gk.Event, error) { return nil, nil })
			exists(t, v.name+": UpdateApp "+id, err, slices.Contains(v.apps, id))
			if err := s.DeleteApp(t.Context(), v.viewer, id); errors.Is(err, store.ErrInUse) != slices.Contains(v.apps, id) {
				t.Errorf("%s: DeleteApp of %s, which is in use = %v", v.name, id, err)
			}
		}
	}
}

func viewersOfRest(t *testing.T, s store.Store) {
	makeRows(t, s)
	for _, v := range viewers {
		for _, r := range rows {
			_, err := s.Authorization(t.Context(), v.viewer, r.id)
			exists(t, v.name+": Authorization "+r.id, err, slices.Contains(v.sees, r.id))
			events, err := s.History(t.Context(), v.viewer, r.id, "", 10)
			exists(t, v.name+": History "+r.id, err, slices.Contains(v.sees, r.id))
			if err == nil && len(events) != 1 {
				t.Errorf("%s: the history of %s has %d events, want one", v.name, r.id, len(events))
			}
		}
		list, err := s.Authorizations(t.Context(), v.viewer, store.AuthorizationFilter{})
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != len(v.sees) {
			t.Errorf("%s: %d authorizations, want %v", v.name, len(list), v.sees)
		}
		events, err := s.EventsAfter(t.Context(), v.viewer, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		var of []string
		for _, e := range events {
			of = append(of, e.Grant)
		}
		given.Same(t, v.name+": EventsAfter", of, v.sees)
	}

	// A grant that moves to another owner does not bring its history along.
	given.ChangeGrant(t, s, "1-a", func(g *gk.Grant) { g.Owner = "b" })
	b := gk.Viewer{Scopes: gk.Scopes(), Owners: []string{"b"}}
	if events, err := s.History(t.Context(), b, "1-a", "", 10); err != nil || len(events) != 0 {
		t.Errorf("History for the later owner = %v, %v, want nothing of the former one's", events, err)
	}
	a := gk.Viewer{Scopes: gk.Scopes(), Owners: []string{"a"}}
	if _, err := s.History(t.Context(), a, "1-a", "", 10); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("History for the former owner = %v, want ErrNotFound", err)
	}
}

func zeroViewer(t *testing.T, s store.Store) {
	makeRows(t, s)
	var nobody gk.Viewer
	grants, err := s.Grants(t.Context(), nobody, store.GrantFilter{})
	if err != nil || grants != nil {
		t.Errorf("Grants = %v, %v, want none", given.IDs(grants), err)
	}
	apps, err := s.Apps(t.Context(), nobody, "", 0)
	if err != nil || apps != nil {
		t.Errorf("Apps = %v, %v, want none", apps, err)
	}
	events, err := s.EventsAfter(t.Context(), nobody, 0, 100)
	if err != nil || events != nil {
		t.Errorf("EventsAfter = %v, %v, want none", events, err)
	}
	_, err = s.Grant(t.Context(), nobody, "1-a")
	exists(t, "Grant", err, false)
}
