package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

// benchGrants is how many grants a benchmark works on.
const benchGrants = 5000

// Benchmark measures the hot verbs: the read of one token, the plain change, and the claim with its saves, in which one
// operation is one grant. open returns a fresh, empty store.
func Benchmark(b *testing.B, open func(b *testing.B) store.Store) {
	s := open(b)
	given.MakeApp(b, s, "app")
	grants := make([]gk.Grant, benchGrants)
	for i := range grants {
		id := given.Numbered("grant", i)
		grants[i] = gk.Grant{
			ID: id, Subject: given.Shop(id), State: gk.Active, Renewable: true, Generation: 1, Origin: gk.Origin{PairSpent: -1},
			Pair:   gk.Pair{Access: make(gk.Sealed, 120), Refresh: make(gk.Sealed, 120), Expires: given.Epoch.Add(time.Hour)},
			Pacing: gk.Pacing{DueAt: given.Epoch},
		}
	}
	err := s.PutGrants(b.Context(), "app", "", "", nil, given.Epoch,
		func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
			return grants, nil, nil
		})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Tokens of one id", func(b *testing.B) {
		var n atomic.Int64
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				got, err := s.Tokens(b.Context(), []string{given.Numbered("grant", int(n.Add(1))%benchGrants)})
				if err != nil || len(got) != 1 {
					b.Errorf("Tokens = %d rows, %v", len(got), err)
				}
			}
		})
	})
	b.Run("UpdateGrant", func(b *testing.B) {
		var n atomic.Int64
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				err := s.UpdateGrant(b.Context(), given.Engine, given.Numbered("grant", int(n.Add(1))%benchGrants), given.Epoch,
					func(g *gk.Grant) ([]gk.Event, error) { g.QuotaUsed++; return nil, nil })
				if err != nil {
					b.Errorf("UpdateGrant = %v", err)
				}
			}
		})
	})
	b.Run("PutGrants of a thousand", func(b *testing.B) { benchImports(b, s) })
	b.Run("ClaimDue and SaveRefresh", func(b *testing.B) { benchRefreshes(b, s) })
}

// imports counts the grants that were put in lots over all runs, which share one store.
var imports atomic.Int64

// benchImports makes grants with a shop and an event each, as an import does, in lots of a thousand; one operation is
// one grant.
func benchImports(b *testing.B, s store.Store) {
	for left := b.N; left > 0; left -= 1000 {
		var grants []gk.Grant
		var events []gk.Event
		var subjects []gk.Subject
		for range min(left, 1000) {
			at := given.Epoch.Add(time.Duration(imports.Add(1)/1000) * time.Millisecond)
			id := gk.NewID("grt", at)
			g := gk.Grant{
				ID: id, Subject: gk.Subject{Kind: gk.KindShop, ID: "of-" + id, Host: "store-" + id + ".example", Name: "Store " + id[len(id)-7:]}, State: gk.Active, Renewable: true, Generation: 1,
				Origin: gk.Origin{PairSpent: -1},
				Owner:  "owner",
				Pair:   gk.Pair{Access: make(gk.Sealed, 120), Refresh: make(gk.Sealed, 120), Expires: at.Add(time.Hour)},
				Pacing: gk.Pacing{DueAt: at.Add(time.Hour)},
				Shops:  []gk.Shop{{ID: id}},
			}
			grants, subjects = append(grants, g), append(subjects, g.Subject)
			events = append(events, gk.Event{ID: gk.NewID("evt", at), Kind: gk.EventGrantCreated, Grant: id, App: "app", At: at})
		}
		err := s.PutGrants(b.Context(), "app", "", "", subjects, given.Epoch,
			func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
				return grants, events, nil
			})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// claimed counts them over all runs, which share one store: attempts and moments must not come twice.
var claimed atomic.Int64

// benchRefreshes claims batches of what is due, as a process with 64 workers does, and saves a pair for each.
func benchRefreshes(b *testing.B, s store.Store) {
	b.SetParallelism(32)
	work := make(chan gk.Grant)
	go func() {
		defer close(work)
		for left := b.N; left > 0; {
			n := claimed.Add(1)
			now := given.Epoch.Add(time.Duration(n) * time.Hour) // all are due again
			a := store.Attempt{AttemptID: fmt.Sprint("attempt-", n), AttemptBy: "host", AttemptAt: now, AttemptUntil: now.Add(90 * time.Second)}
			got, err := s.ClaimDue(b.Context(), "app", a, time.Time{}, min(left, 64))
			if err != nil || len(got) == 0 {
				b.Errorf("ClaimDue = %d rows, %v", len(got), err)
				return
			}
			for _, g := range got {
				work <- g
			}
			left -= len(got)
		}
	}()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			g, ok := <-work
			if !ok {
				return
			}
			saved, err := s.SaveRefresh(b.Context(), store.Refreshed{
				Grant: g.ID, Attempt: g.AttemptID, Spent: g.Generation, AskedAt: g.AttemptAt, At: g.AttemptAt, RepeatFor: given.Century,
				Pair:      gk.Pair{Access: g.Access, Refresh: g.Refresh, Expires: g.AttemptAt.Add(time.Hour)},
				Renewable: true, Due: g.AttemptAt.Add(30 * time.Minute),
			})
			if err != nil || !saved {
				b.Errorf("SaveRefresh = %t, %v", saved, err)
			}
		}
	})
}
