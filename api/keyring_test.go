package api_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api"
	"github.com/grantkeep/grantkeep/keeper/keyset"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

func TestKeyRevokedElsewhereStopsWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.addKey("short", scopesOf("read"), nil, nil)
		if a := h.do("short", http.MethodGet, "/v1/platforms", ""); a.status != http.StatusOK {
			t.Fatalf("before = %d", a.status)
		}
		if err := h.store.RevokeKey(t.Context(), "key_short", h.now); err != nil { // as another instance would
			t.Fatal(err)
		}
		time.Sleep(time.Second + time.Millisecond)
		if a := h.do("short", http.MethodGet, "/v1/platforms", ""); a.status != http.StatusUnauthorized {
			t.Errorf("a second later = %d, want 401", a.status)
		}
	})
}

func TestKeysAreBelievedForFiveMinutesWithoutTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.addKey("unseen", scopesOf("read"), nil, nil)
		if a := h.do("all", http.MethodGet, "/v1/platforms", ""); a.status != http.StatusOK {
			t.Fatalf("before = %d", a.status)
		}
		h.close()
		for _, step := range []struct {
			after time.Duration
			key   string
			want  int
		}{
			{2 * time.Second, "all", http.StatusOK},
			{0, "unseen", http.StatusServiceUnavailable},
			{4 * time.Minute, "all", http.StatusOK},
			{time.Minute, "all", http.StatusServiceUnavailable},
		} {
			time.Sleep(step.after)
			a := h.do(step.key, http.MethodGet, "/v1/platforms", "")
			if a.status != step.want {
				t.Errorf("%s after another %v without the database = %d, want %d\n%s", step.key, step.after, a.status, step.want, a.body)
			}
			if a.status == http.StatusServiceUnavailable && (a.header.Get("Retry-After") == "" || a.member(t, "type") != "/problems/store-unavailable") {
				t.Errorf("it does not say that the store is away: %s", a.body)
			}
		}
	})
}

// stuck is a store whose keys can stop being answered for.
type stuck struct {
	store.Store

	until chan struct{} // closed when they are answered for again
	asked atomic.Int64
}

func (s *stuck) KeyByHash(ctx context.Context, hash []byte) (gk.Key, error) {
	s.asked.Add(1)
	if s.until != nil {
		<-s.until
	}
	return s.Store.KeyByHash(ctx, hash)
}

func TestKeysWhileTheDatabaseHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.addKey("unseen", scopesOf("read"), nil, nil)
		db := &stuck{Store: h.store}
		h.handler = api.New(api.Options{
			Keeper: h.keeper, Store: db, Drivers: []platform.Driver{shoplazza.New()}, APIURL: "https://api.example", Log: slog.New(slog.DiscardHandler),
		})
		if a := h.do("all", http.MethodGet, "/v1/platforms", ""); a.status != http.StatusOK {
			t.Fatalf("before = %d", a.status)
		}
		db.until = make(chan struct{})
		for _, step := range []struct {
			after, within time.Duration
			key           string
			want          int
		}{
			{2 * time.Second, 100 * time.Millisecond, "all", http.StatusOK},
			{0, 0, "all", http.StatusOK},
			{0, time.Second, "unseen", http.StatusServiceUnavailable},
			{4 * time.Minute, 100 * time.Millisecond, "all", http.StatusOK},
			{time.Minute, time.Second, "all", http.StatusServiceUnavailable},
		} {
			time.Sleep(step.after)
			begun := time.Now()
			a := h.do(step.key, http.MethodGet, "/v1/platforms", "")
			if took := time.Since(begun); a.status != step.want || took > step.within {
				t.Errorf("%s after another %v = %d within %v, want %d within %v", step.key, step.after, a.status, took, step.want, step.within)
			}
		}
		close(db.until)
	})
}

func TestKeyInUseIsReadBeforeItIsTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		db := &stuck{Store: h.store}
		h.handler = api.New(api.Options{
			Keeper: h.keeper, Store: db, Drivers: []platform.Driver{shoplazza.New()}, APIURL: "https://api.example", Log: slog.New(slog.DiscardHandler),
		})
		for range 100 {
			h.do("all", http.MethodGet, "/v1/platforms", "")
			time.Sleep(100 * time.Millisecond)
		}
		if n := db.asked.Load(); n < 10 || n > 20 {
			t.Errorf("%d reads of a key in ten seconds of use, want one each half second", n)
		}
	})
}

// TestKeysetThatCannotBeChangedSaysWhy asks a server that has no master key: it says so, and calls it no mistake of its own.
func TestKeysetThatCannotBeChangedSaysWhy(t *testing.T) {
	h := newHouse(t)
	for _, call := range []struct{ method, path string }{
		{http.MethodGet, "/v1/keyring"}, {http.MethodPost, "/v1/keyring/rotate"}, {http.MethodPost, "/v1/keyring/retire"},
	} {
		a := h.do("all", call.method, call.path, "{}")
		if a.status != http.StatusConflict || !strings.Contains(a.body, keyset.Unable(keyset.ErrNoMaster)) {
			t.Errorf("%s %s = %d %s, want 409 that says what is missing", call.method, call.path, a.status, a.body)
		}
	}
	if why := keyset.Unable(fmt.Errorf("opening: %w", vault.ErrWrongMaster)); !strings.Contains(why, "start it again with that one") {
		t.Errorf("another master key: %q", why)
	}
}
