package api_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
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
