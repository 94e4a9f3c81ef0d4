package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// listAmongDamaged damages one row of each table that holds documents, and calls every method that lists. The shops of
// the second grant are damaged too: they are rows of their own.
func listAmongDamaged(t *testing.T, raw Raw) {
	s := raw.Store
	given.MakeApp(t, s, "app")
	want := []string{"a-1", "b-2", "c-3"}
	for i, id := range want {
		given.MakeGrant(t, s, "app", id, func(g *gk.Grant) {
			g.Subject.Parent, g.Subject.Host, g.State = "parent", "one.example", gk.Suspended
			g.Shops = []gk.Shop{{ID: "shop", Name: "tea house"}}
		})
		a := gk.Authorization{ID: id, App: "app", Owner: "owner", LinkHash: []byte(id), Stage: gk.Begun, ExpiresAt: given.Epoch.Add(time.Hour)}
		c := gk.Click{ID: id, Authorization: id, App: "app", StateHash: []byte(id), Stage: gk.Exchanging, UpdatedAt: given.Epoch}
		o := store.Outlet{ID: id, Form: store.WebhookForm, Enabled: true, CreatedAt: given.Epoch}
		k := gk.Key{ID: id, Hash: []byte(id), Scopes: gk.Scopes(), Owners: []string{"owner"}, CreatedAt: given.Epoch}
		for what, err := range map[string]error{
			"authorization": s.CreateAuthorization(t.Context(), a), "outlet": s.CreateOutlet(t.Context(), o), "key": s.CreateKey(t.Context(), k),
			"event": s.Append(t.Context(), gk.Event{ID: id, Kind: gk.EventGrantHeld, App: "app", Grant: "a-1", At: given.Epoch.Add(time.Duration(i) * time.Second)}),
		} {
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
		}
		if err := s.CreateClick(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Publish(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	for _, damage := range []string{
		`grants SET facts = '{rotten', windows = '[rotten'`, `authorizations SET scopes = 'rotten'`, `clicks SET hint = '{rotten'`,
		`events SET data = '{rotten'`, `outlets SET rule = '[rotten'`, `keys SET owners = 'rotten'`,
	} {
		raw.Run(`UPDATE ` + damage + ` WHERE id = 'b-2'`)
	}
	raw.Run(`UPDATE shops SET facts = 'rotten' WHERE grant_id = 'b-2'`)

	for what, list := range map[string]func() ([]gk.Grant, error){
		"Grants": func() ([]gk.Grant, error) { return s.Grants(t.Context(), given.Someone, store.GrantFilter{Limit: 50}) },
		"Grants of a query": func() ([]gk.Grant, error) {
			return s.Grants(t.Context(), given.Someone, store.GrantFilter{Query: "tea", Limit: 50})
		},
		"Children":     func() ([]gk.Grant, error) { return s.Children(t.Context(), "app", "parent") },
		"GrantsAt":     func() ([]gk.Grant, error) { return s.GrantsAt(t.Context(), "app", "one.example") },
		"GrantsOfShop": func() ([]gk.Grant, error) { return s.GrantsOfShop(t.Context(), "app", "shop") },
		"Troubled":     func() ([]gk.Grant, error) { return s.Troubled(t.Context(), given.Someone, 50) },
	} {
		found, err := list()
		if err != nil || !slices.Equal(given.IDs(found), want) {
			t.Errorf("%s = %v, %v; want %v", what, given.IDs(found), err, want)
			continue
		}
		if f := found[1].Fault; f == nil || f.Code != store.CodeUnreadable || what != "Troubled" && len(found[1].Shops) != 1 || found[0].Fault != nil {
			t.Errorf("%s: the fault of the damaged grant is %+v, that of another %+v, its shops %v", what, f, found[0].Fault, found[1].Shops)
		}
	}
	if g, err := s.Grant(t.Context(), given.Someone, "b-2"); err != nil || g.Fault == nil || g.Fault.Code != store.CodeUnreadable {
		t.Errorf("Grant to a reader = %+v, %v; want it with its fault", g.Fault, err)
	}
	if _, err := s.Grant(t.Context(), given.Engine, "b-2"); err == nil {
		t.Error("the engine reads a damaged grant as if it were sound")
	}
	if err := s.UpdateGrant(t.Context(), given.Someone, "b-2", given.Epoch, func(*gk.Grant) ([]gk.Event, error) { return nil, nil }); err == nil {
		t.Error("a damaged grant is written back as if it were sound")
	}

	raw.Run(`UPDATE apps SET settings = '{rotten' WHERE id = 'app'`)
	if a, err := s.App(t.Context(), given.Someone, "app"); err != nil || a.Broken != store.CodeUnreadable || a.Platform == "" {
		t.Errorf("App to a reader = %+v, %v; want it with what keeps it from being opened", a, err)
	}
	if listed, err := s.Apps(t.Context(), given.Someone, "", 50); err != nil || len(listed) != 1 || listed[0].Broken != store.CodeUnreadable {
		t.Errorf("Apps to a reader = %+v, %v; want the damaged one among them", listed, err)
	}
	_, err := s.App(t.Context(), given.Engine, "app")
	given.Same(t, "the app as the engine reads it", damagedIDs(t, err), []string{"app"})
	_, err = s.Apps(t.Context(), given.Engine, "", 50)
	given.Same(t, "the apps as the engine reads them", damagedIDs(t, err), []string{"app"})
	err = s.UpdateApp(t.Context(), given.Someone, "app", given.Epoch, func(*gk.App) ([]gk.Event, error) { return nil, nil })
	given.Same(t, "a change of the damaged app", damagedIDs(t, err), []string{"app"})

	authorizations, err := s.Authorizations(t.Context(), given.Someone, store.AuthorizationFilter{Limit: 50})
	listed(t, "Authorizations", err, authorizations, []string{"c-3", "b-2", "a-1"}, func(a gk.Authorization) string { return a.ID })
	clicks, err := s.OpenClicks(t.Context(), given.Epoch.Add(time.Hour), 50)
	given.Same(t, "clicks that cannot be read", damagedIDs(t, err), []string{"b-2"})
	listed(t, "OpenClicks", nil, clicks, []string{"a-1", "c-3"}, func(c gk.Click) string { return c.ID })
	outlets, err := s.Outlets(t.Context(), "")
	listed(t, "Outlets", err, outlets, want, func(o store.Outlet) string { return o.ID })
	keys, err := s.Keys(t.Context())
	listed(t, "Keys", err, keys, want, func(k gk.Key) string { return k.ID })
	if t.Failed() {
		return
	}
	if outlets[1].Enabled || !outlets[0].Enabled || keys[1].Scopes != nil || keys[0].Scopes == nil {
		t.Errorf("what limits an outlet or a key cannot be read, and it is on: outlet %t, scopes %v", outlets[1].Enabled, keys[1].Scopes)
	}
	if _, err := s.KeyByHash(t.Context(), []byte("b-2")); err == nil {
		t.Error("a key whose limits cannot be read opens")
	}

	of := func(e gk.Event) string { return e.ID }
	events, err := s.EventsAfter(t.Context(), given.Someone, 0, 50)
	listed(t, "EventsAfter", err, events, want, of)
	events, err = s.EventsByID(t.Context(), want)
	listed(t, "EventsByID", err, events, want, of)
	events, err = s.History(t.Context(), given.Someone, "a-1", "", 50)
	listed(t, "History", err, events, []string{"c-3", "b-2", "a-1"}, of)
	events, err = s.RecentEvents(t.Context(), given.Someone, store.RecentFilter{Limit: 50})
	listed(t, "RecentEvents", err, events, []string{"c-3", "b-2", "a-1"}, of)
}

// workAmongDamaged damages a number in one row of each table that is worked off row by row. PostgreSQL lets nobody do that.
func workAmongDamaged(t *testing.T, raw Raw) {
	s := raw.Store
	if s.Name() != "sqlite" {
		return
	}
	ctx, want := t.Context(), []string{"a-1", "b-2", "c-3"}
	given.MakeApp(t, s, "app")
	outlet := store.Outlet{ID: "outlet", Form: store.WebhookForm, Enabled: true, CreatedAt: given.Epoch}
	errs := []error{s.CreateOutlet(ctx, outlet)}
	for i, id := range want {
		p := store.Push{App: "app", Dedup: id, Kind: "revoked", ReceivedAt: given.Epoch.Add(time.Duration(i) * time.Second), Notice: "{}"}
		d := store.Delivery{Outlet: "outlet", Event: id, Position: int64(i + 1), Kind: gk.EventGrantHeld, About: id, State: store.Pending, DueAt: given.Epoch}
		who := store.Person{ID: id, Name: id, Role: store.RoleAdministrator, CreatedAt: given.Epoch}
		errs = append(errs, s.KeepPushes(ctx, p), s.Redeliver(ctx, []store.Delivery{d}), s.CreatePerson(ctx, who),
			s.Record(ctx, store.AuditEntry{At: given.Epoch, Actor: id, Action: "key.create", Status: 201}))
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	raw.Run(`UPDATE pushes SET received_at = 'rotten' WHERE dedup = 'b-2'`)
	raw.Run(`UPDATE deliveries SET last_ms = 'rotten' WHERE event_id = 'b-2'`)
	raw.Run(`UPDATE people SET created_at = 'rotten' WHERE id = 'b-2'`)
	raw.Run(`UPDATE audit SET n = 'rotten' WHERE actor = 'b-2'`)

	later := given.Epoch.Add(time.Hour)
	pushes, err := s.ClaimPushes(ctx, "app", later, later.Add(time.Minute), 10)
	slices.SortFunc(pushes, func(a, b store.Push) int { return strings.Compare(a.Dedup, b.Dedup) })
	listed(t, "ClaimPushes", err, pushes, want, func(p store.Push) string { return p.Dedup })
	deliveries, err := s.ClaimDeliveries(ctx, "outlet", later, later.Add(time.Minute), 10)
	slices.SortFunc(deliveries, func(a, b store.Delivery) int { return strings.Compare(a.Event, b.Event) })
	listed(t, "ClaimDeliveries", err, deliveries, want, func(d store.Delivery) string { return d.Event })
	audit, err := s.AuditAfter(ctx, store.AuditFilter{Limit: 10})
	listed(t, "AuditAfter", err, audit, want, func(e store.AuditEntry) string { return e.Actor })
	people, err := s.People(ctx)
	listed(t, "People", err, people, want, func(p store.Person) string { return p.ID })
	demote := func(p *store.Person) error { p.Role = store.RoleSupport; return nil }
	if err := s.UpdatePerson(ctx, "a-1", later, demote); err != nil {
		t.Errorf("UpdatePerson beside a damaged row = %v", err)
	}
	given.Same(t, "a change of a damaged person", damagedIDs(t, s.UpdatePerson(ctx, "b-2", later, demote)), []string{"b-2"})
	if err := s.UpdatePerson(ctx, "c-3", later, demote); !errors.Is(err, store.ErrInUse) {
		t.Errorf("UpdatePerson of the last administrator who can be read = %v, want %v", err, store.ErrInUse)
	}
}

func listed[T any](t *testing.T, what string, err error, found []T, want []string, id func(T) string) {
	t.Helper()
	got := make([]string, 0, len(found))
	for _, one := range found {
		got = append(got, id(one))
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%s = %v, %v; want %v", what, got, err, want)
	}
}
