package keeper_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/postgres"
	"github.com/grantkeep/grantkeep/store/postgres/pgtest"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/vault"
)

// benchGrants is how many grants fall due at one moment.
const benchGrants = 20_000

// BenchmarkRefreshes measures how many grants that are due are refreshed a second, each claimed, asked for and durably
// stored, on either database and with a platform that answers at once or after 100 ms. The platform is a plain handler in
// this process that answers as Shoplazza documents, since a simulator, which takes one request at a time and writes
// each down, would be what is measured. It shares the processors with the keeper and, where there is one, the server.
func BenchmarkRefreshes(b *testing.B) {
	stores := []struct {
		name string
		open func(b *testing.B) (store.Store, error)
	}{
		{"sqlite", func(b *testing.B) (store.Store, error) { return sqlite.Open(b.Context(), b.TempDir()) }},
		{"postgresql", func(b *testing.B) (store.Store, error) { return postgres.Open(b.Context(), pgtest.URL(b)) }},
	}
	for _, s := range stores {
		for _, latency := range []time.Duration{0, 100 * time.Millisecond} {
			b.Run(fmt.Sprintf("%s/platform answers after %v", s.name, latency), func(b *testing.B) {
				db, err := s.open(b)
				if err != nil {
					b.Fatal(err)
				}
				h := newMill(b, db, latency)
				h.round(b) // connections are made before anything is measured
				b.ResetTimer()
				n := 0
				for n < b.N {
					n += h.round(b)
				}
				b.StopTimer()
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "refreshes/s")
				b.ReportMetric(0, "ns/op") // a round is longer than b.N
			})
		}
	}
}

// mill is a keeper with many grants, all of which fall due whenever product time moves on by a year.
type mill struct {
	ahead    atomic.Int64
	answered atomic.Int64
	db       store.Store
	keeper   *keeper.Keeper
}

const year = 31556952 * time.Second // the life of an access token

func (m *mill) now() time.Time { return time.Now().Add(time.Duration(m.ahead.Load())) }

// newMill makes a keeper, runs it, and stores its grants.
func newMill(b *testing.B, db store.Store, latency time.Duration) *mill {
	b.Helper()
	m := &mill{db: db}
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // whatever is asked, the answer is a pair
		time.Sleep(latency)
		n := strconv.FormatInt(m.answered.Add(1), 10)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"token_type":"Bearer","access_token":"`+strings.Repeat("a", 43)+n+`","refresh_token":"`+strings.Repeat("r", 43)+n+
			`","expires_in":`+strconv.Itoa(int(year/time.Second))+`,"scope":"read_order"}`)
	}))
	b.Cleanup(platform.Close)
	host := strings.TrimPrefix(platform.URL, "http://")
	gate, err := outbound.New(outbound.Options{Allow: []string{host}})
	if err != nil {
		b.Fatal(err)
	}
	master := vault.NewMaster()
	wrapped, _, err := vault.Create(master)
	if err != nil {
		b.Fatal(err)
	}
	v, err := vault.Open(master, wrapped, "ins_bench")
	if err != nil {
		b.Fatal(err)
	}
	m.keeper, err = keeper.New(keeper.Options{
		Store: db, Vault: v, Gate: gate, Drivers: all.Drivers(), Now: m.now, PublicURL: "https://hub.example", Allowed: []string{host},
		SpillFile: b.TempDir() + "/spill", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	app, err := m.keeper.Apps().Create(b.Context(), gk.Engine(), apps.Input{
		Platform: "shoplazza", Settings: map[string]string{"client_id": "c", "client_secret": "made-up-secret"},
		Endpoints: map[string]string{"authorize": platform.URL, "token": platform.URL, "api": platform.URL},
	})
	if err != nil {
		b.Fatal(err)
	}
	m.fill(b, v, app)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.keeper.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
		gate.Close()
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	return m
}

// fill stores the grants, a thousand in a transaction.
func (m *mill) fill(b *testing.B, v *vault.Vault, app gk.App) {
	b.Helper()
	now := m.keeper.Now()
	var grants []gk.Grant
	for n := range benchGrants {
		id := gk.NewID("grt", now)
		seal := func(field string) gk.Sealed {
			sealed, err := v.SealSecret(vault.Place{Table: "grants", Row: id, Field: field, Generation: 1}, gk.NewSecret(strings.Repeat("t", 43)))
			if err != nil {
				b.Fatal(err)
			}
			return sealed
		}
		shop := strconv.Itoa(100_000 + n)
		grants = append(grants, gk.Grant{
			ID: id, App: app.ID, Platform: app.Platform, State: gk.Active, Renewable: true, Scopes: []string{"read_order"},
			Subject: gk.Subject{Kind: gk.KindShop, ID: shop, Host: "s" + shop + ".myshoplaza.com", Name: "Shop"},
			Shops:   []gk.Shop{{ID: shop, Name: "Shop", Host: "s" + shop + ".myshoplaza.com"}},
			Pair:    gk.Pair{Access: seal("access"), Refresh: seal("refresh"), KeyID: v.KeyID(), Expires: now.Add(year)}, Generation: 1, Version: 1,
			Origin: gk.Origin{PairSpent: -1, PairAskedAt: now},
			Pacing: gk.Pacing{DueAt: now.Add(year / 2)}, AuthorizedAt: now, CreatedAt: now, UpdatedAt: now,
			Facts: map[string]string{"seen_at": now.Add(100 * year).Format(time.RFC3339)},
		})
	}
	for len(grants) > 0 {
		some := grants[:1000]
		grants = grants[1000:]
		err := m.db.PutGrants(b.Context(), app.ID, "", "", nil, now, func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
			return some, nil, nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// round lets a year pass and waits until every grant has been refreshed.
func (m *mill) round(b *testing.B) int {
	b.Helper()
	before := m.answered.Load()
	m.ahead.Add(int64(year - 24*time.Hour)) // the tokens have a day left: nothing lapses, all of them are due
	m.keeper.Wake()
	deadline := time.Now().Add(time.Minute)
	for {
		if time.Now().After(deadline) {
			b.Fatalf("after a minute %d of %d grants are renewed", m.answered.Load()-before, benchGrants)
		}
		next, err := m.db.NextDue(b.Context(), m.keeper.Now())
		if err != nil {
			b.Fatal(err)
		}
		if next.After(m.keeper.Now().Add(time.Hour)) {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	if got := m.answered.Load() - before; got != benchGrants {
		b.Fatalf("%d requests for %d grants", got, benchGrants)
	}
	return benchGrants
}
