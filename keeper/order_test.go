package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
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
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/vault"
)

// TestNoReaderGoesBack lets many readers ask while one grant is refreshed all the time, by the instance they ask and by
// another. Of one instance nobody gets a generation older than one that somebody had got before he asked; and nobody gets
// a token with the end of another.
func TestNoReaderGoesBack(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		db, err := sqlite.Open(t.Context(), sqlitetest.Dir(t))
		if err != nil {
			t.Fatal(err)
		}
		noReaderGoesBack(t, db)
	})
	t.Run("postgresql", func(t *testing.T) {
		url := pgtest.URL(t)
		var dbs []store.Store
		for range 2 {
			db, err := postgres.Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			dbs = append(dbs, db)
		}
		noReaderGoesBack(t, dbs...)
	})
}

const refreshesInOrder = 20

func noReaderGoesBack(t *testing.T, dbs ...store.Store) {
	// The n-th token of this platform is called n and lasts n days, so that token and end tell whether they belong together.
	var answered atomic.Int64
	answered.Store(1)
	days := func(n int64) time.Duration { return time.Duration(n) * 24 * time.Hour }
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // whatever is asked, the answer is a pair
		n := answered.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"token_type":"Bearer","access_token":"%s-%d","refresh_token":"r-%d","expires_in":%d,"scope":"read_order"}`,
			strings.Repeat("a", 30), n, n, int(days(n)/time.Second))
	}))
	t.Cleanup(platform.Close)
	host := strings.TrimPrefix(platform.URL, "http://")
	gate, err := outbound.New(outbound.Options{Allow: []string{host}})
	if err != nil {
		t.Fatal(err)
	}
	master := vault.NewMaster()
	wrapped, _, err := vault.Create(master)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(master, wrapped, "ins_test")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	var keepers []*keeper.Keeper
	for i, db := range dbs {
		k, err := keeper.New(keeper.Options{
			Store: db, Vault: v, Gate: gate, Drivers: all.Drivers(), PublicURL: "https://hub.example", Allowed: []string{host},
			Instance: strconv.Itoa(i), Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		keepers = append(keepers, k)
		running.Go(func() {
			if err := k.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	defer func() {
		cancel()
		running.Wait()
		gate.Close()
		for _, db := range dbs {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
	}()
	id := onlyGrant(t, keepers[0], dbs[0], v, platform.URL)

	over := make(chan struct{})
	var readers sync.WaitGroup
	for _, k := range keepers {
		newest := new(atomic.Int64) // that this instance has handed out
		for range 16 {
			readers.Go(func() {
				for {
					select {
					case <-over:
						return
					case <-time.After(time.Millisecond): // leaves the processors to the database
					}
					atLeast := newest.Load()
					s, err := k.Token(ctx, gk.Engine(), id, keeper.TokenWant{})
					if errors.Is(err, store.ErrUnavailable) {
						continue // a busy machine
					}
					if err != nil {
						t.Error(err)
						return
					}
					if s.Grant.Generation < atLeast {
						t.Errorf("generation %d came after %d of the same instance", s.Grant.Generation, atLeast)
					}
					_, text, _ := strings.Cut(s.Access.Reveal(), "-")
					n, err := strconv.ParseInt(text, 10, 64)
					left := time.Until(s.Grant.Expires)
					if err != nil || math.Abs((left-days(n)).Hours()) > 2 {
						t.Errorf("token %q ends in %v", text, left)
					}
					for old := newest.Load(); s.Grant.Generation > old && !newest.CompareAndSwap(old, s.Grant.Generation); old = newest.Load() {
					}
				}
			})
		}
	}
	for n := range refreshesInOrder {
		k := keepers[n%len(keepers)]
		if _, err := k.Refresh(ctx, gk.Engine(), id, false); err != nil {
			t.Errorf("refresh %d: %v", n, err)
		}
	}
	close(over)
	readers.Wait()
	// A change is seen within a second everywhere; the rest is for a busy machine.
	for i, k := range keepers {
		deadline := time.Now().Add(5 * time.Minute)
		for {
			s, err := k.Token(ctx, gk.Engine(), id, keeper.TokenWant{})
			if err == nil && s.Grant.Generation == refreshesInOrder+1 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("instance %d serves generation %d, %v; want %d", i, s.Grant.Generation, err, refreshesInOrder+1)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// onlyGrant makes an app at a platform's address with one grant, whose token is called 1 and lasts a day.
func onlyGrant(t *testing.T, k *keeper.Keeper, db store.Store, v *vault.Vault, address string) (id string) {
	t.Helper()
	app, err := k.Apps().Create(t.Context(), gk.Engine(), apps.Input{
		Platform: "shoplazza", Settings: map[string]string{"client_id": "c", "client_secret": "made-up-secret"},
		Endpoints: map[string]string{"authorize": address, "token": address, "api": address},
	})
	if err != nil {
		t.Fatal(err)
	}
	now := k.Now()
	id = gk.NewID("grt", now)
	seal := func(field, text string) gk.Sealed {
		sealed, err := v.SealSecret(vault.Place{Table: "grants", Row: id, Field: field, Generation: 1}, gk.NewSecret(text))
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	g := gk.Grant{
		ID: id, App: app.ID, Platform: app.Platform, State: gk.Active, Renewable: true, Scopes: []string{"read_order"},
		Subject: gk.Subject{Kind: gk.KindShop, ID: "1", Host: "s1.myshoplaza.com"}, Shops: []gk.Shop{{ID: "1", Host: "s1.myshoplaza.com"}},
		Pair:       gk.Pair{Access: seal("access", strings.Repeat("a", 30)+"-1"), Refresh: seal("refresh", "r-1"), KeyID: v.KeyID(), Expires: now.Add(24 * time.Hour)},
		Generation: 1,
		Origin:     gk.Origin{PairSpent: -1, PairAskedAt: now},
		Pacing:     gk.Pacing{DueAt: now.Add(20 * time.Hour)}, AuthorizedAt: now, CreatedAt: now,
		Facts: map[string]string{"seen_at": now.Add(24 * time.Hour).Format(time.RFC3339)},
	}
	err = db.PutGrants(t.Context(), app.ID, "", "", nil, now, func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
		return []gk.Grant{g}, nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}
