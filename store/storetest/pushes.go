package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

func pushOnce(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "other")
	push := store.Push{App: "app", Dedup: "digest", Kind: "revoked", Notice: "{}", ReceivedAt: given.Epoch}
	if err := s.KeepPushes(t.Context(), push, store.Push{App: "other", Dedup: "digest", ReceivedAt: given.Epoch}); err != nil {
		t.Fatal(err)
	}
	again := push
	again.Notice = "another"
	if err := s.KeepPushes(t.Context(), again); err != nil {
		t.Errorf("KeepPushes of what is known = %v, want no error", err)
	}
	var claims atomic.Int64
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			got, err := s.ClaimPushes(t.Context(), "app", given.Epoch, given.Epoch.Add(time.Minute), 10)
			if err != nil {
				t.Errorf("ClaimPushes = %v", err)
			}
			for _, p := range got {
				claims.Add(1)
				want := push
				want.Tries = 1
				given.Same(t, "the push", p, want)
			}
		})
	}
	callers.Wait()
	if claims.Load() != 1 {
		t.Errorf("%d of eight callers claimed the push, want one", claims.Load())
	}
	if got, err := s.ClaimPushes(t.Context(), "app", given.Epoch.Add(time.Minute), given.Epoch.Add(time.Hour), 10); err != nil || len(got) != 1 || got[0].Tries != 2 {
		t.Errorf("ClaimPushes once the first claim is over = %v, %v, want it again, tried twice", got, err)
	}
	if err := s.FinishPush(t.Context(), "app", "digest"); err != nil {
		t.Fatal(err)
	}
	if err := s.DeferPush(t.Context(), "app", "digest", given.Epoch); err != nil {
		t.Fatal(err)
	}
	if err := s.KeepPushes(t.Context(), push); err != nil {
		t.Fatal(err)
	}
	if got, err := s.ClaimPushes(t.Context(), "app", given.Epoch.Add(day), given.Epoch.Add(2*day), 10); err != nil || len(got) != 0 {
		t.Errorf("ClaimPushes of what is worked off, deferred and seen again = %v, %v, want none", got, err)
	}
}

func pushOrder(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "idle")
	given.MakeApp(t, s, "later")
	for i := range 5 {
		p := store.Push{App: "app", Dedup: fmt.Sprint("push-", i), ReceivedAt: given.Epoch.Add(-time.Duration(i) * time.Minute)}
		if err := s.KeepPushes(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.KeepPushes(t.Context(), store.Push{App: "later", Dedup: "x", ReceivedAt: given.Epoch.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if err := s.DeferPush(t.Context(), "app", "push-4", given.Epoch.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if apps, err := s.PushApps(t.Context(), given.Epoch); err != nil || len(apps) != 1 || apps[0] != "app" {
		t.Errorf("PushApps = %v, %v, want the one with something due", apps, err)
	}
	got, err := s.ClaimPushes(t.Context(), "app", given.Epoch, given.Epoch.Add(time.Minute), 2)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, p := range got {
		names[p.Dedup] = true
	}
	given.Same(t, "the two that are due longest", names, map[string]bool{"push-3": true, "push-2": true})
	if none, err := s.ClaimPushes(t.Context(), "app", given.Epoch, given.Epoch.Add(time.Minute), 0); err != nil || none != nil {
		t.Errorf("ClaimPushes of none = %v, %v", none, err)
	}
}

func grantsOfHost(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.MakeApp(t, s, "other")
	for i, host := range []string{"a.example", "xa.example", "A.Example", "", "b.example"} {
		given.MakeGrant(t, s, "app", fmt.Sprint("grant-", i), func(g *gk.Grant) {
			g.Subject.ID, g.Subject.Host = fmt.Sprint("subject-", i), host
			g.Shops = []gk.Shop{{ID: "shop-1"}, {ID: fmt.Sprint("shop-of-", i)}}
		})
	}
	given.MakeGrant(t, s, "other", "grant-other", func(g *gk.Grant) { g.Subject.Host = "a.example" })
	ids := func(found []gk.Grant, err error) []string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, g := range found {
			if len(g.Shops) == 0 {
				t.Errorf("grant %s comes without its shops", g.ID)
			}
			ids = append(ids, g.ID)
		}
		return ids
	}
	given.Same(t, "the grants of a host", ids(s.GrantsAt(t.Context(), "app", "a.EXAMPLE")), []string{"grant-0", "grant-2"})
	given.Same(t, "the grants of no host", ids(s.GrantsAt(t.Context(), "app", "")), []string(nil))
	given.Same(t, "the grants of a shop", ids(s.GrantsOfShop(t.Context(), "app", "shop-of-4")), []string{"grant-4"})
	given.Same(t, "the grants of another's shop", ids(s.GrantsOfShop(t.Context(), "other", "shop-of-4")), []string(nil))
}

func shopsOnce(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	twice := []gk.Shop{{ID: "1", Name: "first"}, {ID: "2"}, {ID: "1", Name: "second"}}
	want := []gk.Shop{{ID: "1", Name: "first"}, {ID: "2"}}
	given.MakeGrant(t, s, "app", "grant", func(g *gk.Grant) { g.Shops = twice })
	look := func(what string) {
		t.Helper()
		g, err := s.Grant(t.Context(), given.Engine, "grant")
		if err != nil {
			t.Fatal(err)
		}
		given.Same(t, what, g.Shops, want)
	}
	look("shops that were put in twice")
	err := s.UpdateGrant(t.Context(), given.Engine, "grant", given.Epoch, func(g *gk.Grant) ([]gk.Event, error) {
		g.Shops = append(twice, gk.Shop{ID: "3"}, gk.Shop{ID: "3"})
		return nil, nil
	})
	if err != nil {
		t.Fatalf("a change that names shops twice = %v", err)
	}
	want = append(want, gk.Shop{ID: "3"})
	look("shops after a change that names some twice")
}

func authorizationsFound(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	for i, id := range []string{"aut_0123456789abcdefghjk000001", "aut_0123456789abcdefghjk000002", "aut_1123456789abcdefghjk000001"} {
		a := given.FullAuthorization("app", id)
		a.Shop, a.Owner = fmt.Sprint("Shop_", i), fmt.Sprint("owner-", i)
		given.CreateAuthorization(t, s, a)
	}
	for _, c := range []struct {
		filter store.AuthorizationFilter
		want   []string
	}{
		{store.AuthorizationFilter{IDEnd: "000001"}, []string{"aut_1123456789abcdefghjk000001", "aut_0123456789abcdefghjk000001"}},
		{store.AuthorizationFilter{IDEnd: "00001"}, nil},
		{store.AuthorizationFilter{Query: "aut_0"}, []string{"aut_0123456789abcdefghjk000002", "aut_0123456789abcdefghjk000001"}},
		{store.AuthorizationFilter{Query: "shop_1"}, []string{"aut_0123456789abcdefghjk000002"}},
		{store.AuthorizationFilter{Query: "OWNER-2"}, []string{"aut_1123456789abcdefghjk000001"}},
		{store.AuthorizationFilter{Query: "shop%"}, nil},
		{store.AuthorizationFilter{Query: "hop"}, nil},
	} {
		found, err := s.Authorizations(t.Context(), given.Engine, c.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range found {
			got = append(got, a.ID)
		}
		given.Same(t, fmt.Sprintf("Authorizations(%+v)", c.filter), got, c.want)
	}
}
