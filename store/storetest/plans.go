package storetest

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// manyGrants is how many grants the plans are made for: a million in make soak.
var manyGrants = func() int {
	if os.Getenv("GRANTKEEP_SOAK") != "" {
		return 1_000_000
	}
	return 20_000
}()

// wholeTable matches a step that reads all of a table that has as many rows: SQLite's SCAN without an index, PostgreSQL's
// Seq Scan. Of small tables PostgreSQL says nothing: it reads them whole, as it should.
var wholeTable = regexp.MustCompile(`(?m)^.*(?:\bSCAN (?:grants|shops|grant_terms|events|authorizations|clicks|pushes|replies|audit)\b(?:$| AS)` +
	`|Seq Scan on (?:grants|shops|grant_terms|events|authorizations|clicks|pushes|replies|audit)\b).*$`)

// plans calls every method that reads or searches, and looks at how the engine would carry out each of its statements.
func plans(t *testing.T, raw Raw) {
	s := raw.Store
	fillMany(t, s)
	fillConsents(raw)
	raw.Run("ANALYZE")
	statements := map[string][]any{}
	var mu sync.Mutex
	ctx := store.Watch(t.Context(), func(statement string, args []any) {
		mu.Lock()
		defer mu.Unlock()
		if _, seen := statements[statement]; !seen {
			statements[statement] = args
		}
	})
	callAll(ctx, t, s)
	callConsents(ctx, t, s)
	for statement, args := range statements {
		if strings.HasPrefix(statement, "INSERT") {
			continue
		}
		if strings.HasPrefix(statement, "DELETE") && strings.Contains(statement, "LIMIT") && s.Name() != "sqlite" {
			continue // the hourly sweep: PostgreSQL reads a table whole to delete a fortieth of it, as it should
		}
		plan := raw.Plan(statement, args...)
		if step := wholeTable.FindString(plan); step != "" {
			t.Errorf("%s reads a whole table (%s):\n%s\n%s", s.Name(), strings.TrimSpace(step), statement, plan)
		}
	}
	if len(statements) < 40 {
		t.Errorf("%d statements were looked at, want those of every method", len(statements))
	}
}

// fillMany stores many grants of three apps, owners and states, with shops, events and authorizations.
func fillMany(t *testing.T, s store.Store) {
	t.Helper()
	for _, app := range []string{"app-0", "app-1", "app-2"} {
		given.MakeApp(t, s, app)
	}
	for from := 0; from < manyGrants; from += 1000 {
		app := fmt.Sprint("app-", from/1000%3)
		err := s.PutGrants(t.Context(), app, "", "", nil, given.Epoch,
			func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
				var grants []gk.Grant
				var events []gk.Event
				for n := from; n < from+1000; n++ {
					grants = append(grants, oneOfMany(n))
					events = append(events, gk.Event{
						ID: given.Numbered("ev", n), Kind: gk.EventGrantCreated, App: app, Grant: grants[len(grants)-1].ID,
						Owner: fmt.Sprint("owner-", n%5000), At: given.Epoch,
					})
				}
				return grants, events, nil
			})
		if err != nil {
			t.Fatal(err)
		}
	}
	for {
		n, err := s.Publish(t.Context(), 10_000)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func oneOfMany(n int) gk.Grant {
	g := gk.Grant{
		ID:      fmt.Sprintf("gr-%06d", n),
		Subject: gk.Subject{Kind: gk.KindShop, ID: fmt.Sprint(700000 + n), Host: fmt.Sprintf("s%d.example", n)},
		Owner:   fmt.Sprint("owner-", n%5000), State: gk.Active, Renewable: n%50 != 0,
		Pair:   gk.Pair{Access: gk.Sealed("a"), Refresh: gk.Sealed("r"), KeyID: 1, Expires: given.Epoch.Add(time.Duration(n) * time.Minute)},
		Pacing: gk.Pacing{DueAt: given.Epoch.Add(time.Duration(n) * time.Second)},
	}
	if n%40 == 1 {
		g.State, g.Ceiling = gk.Suspended, given.Epoch.Add(time.Duration(n)*time.Hour)
	}
	if n%20 == 2 {
		g.Subject.Parent = fmt.Sprint("parent-", n%500)
	}
	g.Shops = []gk.Shop{{ID: fmt.Sprint(n), Name: fmt.Sprint("茶店", n)}}
	return g
}

// callAll calls the methods of a store with arguments that find something among many grants. Left out is Sealed, which a
// start asks once of a database without keys.
func callAll(ctx context.Context, t *testing.T, s store.Store) {
	t.Helper()
	now := given.Epoch.Add(time.Hour)
	one := gk.Viewer{Key: "key", Scopes: gk.Scopes(), Owners: []string{"owner-7"}}
	id := "gr-000007"
	filters := []store.GrantFilter{
		{}, {App: "app-1"}, {Owner: "owner-3"}, {State: gk.Suspended}, {State: gk.Active}, {ExpiresBefore: given.Epoch.Add(48 * time.Hour)},
		{Query: "70000"}, {Query: "s77.ex"}, {Query: "茶店1"}, {Query: "7"}, {WhoseMove: "merchant"}, {WhoseMove: "vendor"}, {TagName: "tier", TagValue: "7"}, {Platform: "shopee"}, {After: "gr-010000"},
		{App: "app-1", Owner: "owner-3", State: gk.Suspended},
	}
	results := map[string]error{}
	for _, v := range []gk.Viewer{given.Someone, one} {
		for i, f := range filters {
			f.Limit = 50
			_, results[fmt.Sprint("Grants ", i)] = s.Grants(ctx, v, f)
		}
		_, results["Events"] = s.EventsAfter(ctx, v, 19_000, 50)
		_, results["Authorizations"] = s.Authorizations(ctx, v, store.AuthorizationFilter{Limit: 50})
	}
	_, results["Authorizations of an owner"] = s.Authorizations(ctx, given.Someone, store.AuthorizationFilter{Owner: "owner-7", Limit: 50})
	_, results["History"] = s.History(ctx, given.Someone, id, "ev-0009", 50)
	_, results["Grant"] = s.Grant(ctx, given.Engine, id)
	_, results["GrantOf"] = s.GrantOf(ctx, given.Engine, "app-0", gk.KindShop, "700007")
	_, results["Children"] = s.Children(ctx, "app-0", "parent-22")
	_, results["GrantsAt"] = s.GrantsAt(ctx, "app-0", "s7.example")
	_, results["SealedOtherwise"] = s.SealedOtherwise(ctx, 1, 500)
	_, results["Tokens"] = s.Tokens(ctx, []string{id, "gr-000008"})
	results["UpdateGrant"] = s.UpdateGrant(ctx, given.Engine, id, now, func(g *gk.Grant) ([]gk.Event, error) {
		g.Subject.Name = "new name"
		return nil, nil
	})
	_, results["ClaimDue"] = s.ClaimDue(ctx, "app-0", given.Attempt("attempt", 60), given.Epoch, 32)
	_, results["SaveRefresh"] = s.SaveRefresh(ctx, store.Refreshed{Grant: id, Attempt: "attempt", At: now, Due: now})
	_, results["SaveRefreshes"] = s.SaveRefreshes(ctx, []store.Refreshed{{Grant: id, Attempt: "attempt", At: now, Due: now}, {Grant: "gr-000008", Attempt: "attempt", At: now}})
	_, results["NextDue"] = s.NextDue(ctx, now)
	_, results["DueApps"] = s.DueApps(ctx, now)
	results["PutGrants"] = s.PutGrants(ctx, "app-0", "", "", []gk.Subject{{Kind: gk.KindShop, ID: "700007"}}, now,
		func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
			return nil, nil, store.ErrUnchanged
		})
	_, results["Apps"] = s.Apps(ctx, given.Someone, "", 50)
	_, results["OpenClicks"] = s.OpenClicks(ctx, now, 50)
	results["Append"] = s.Append(ctx, gk.Event{ID: "ev-last", At: now})
	_, results["Publish"] = s.Publish(ctx, 500)
	_, results["Sweep"] = s.Sweep(ctx, now, 500)
	_, results["Keys"] = s.Keys(ctx)
	_, results["EndAttempts"] = s.EndAttempts(ctx, "host", []string{"app-1"}, now)
	_, results["ReleaseAttempts"] = s.ReleaseAttempts(ctx, "host", []string{"attempt"}, now)
	_, results["Announce"] = s.Announce(ctx, "identity", "v1")
	_, results["Dead"] = s.Dead(ctx)
	for what, err := range results {
		if err != nil {
			t.Errorf("%s = %v", what, err)
		}
	}
}
