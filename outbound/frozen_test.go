package outbound_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/grantkeep/grantkeep/outbound"
)

// TestFrozenGateLetsNothingOut sends by every way to a host that is allowed in every way.
func TestFrozenGateLetsNothingOut(t *testing.T) {
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(s.Close)
	g := open(t, outbound.Options{Allow: []string{s.Listener.Addr().String()}, Frozen: true})
	t.Cleanup(g.Close)
	all := func(string, string) bool { return true }
	for _, p := range []outbound.Policy{{Allow: all}, {Allow: all, Once: true}, {Public: true}} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Send(t.Context(), req, p); !errors.Is(err, outbound.ErrForbidden) {
			t.Errorf("Send with %+v = %v, want ErrForbidden", p.Once, err)
		}
		if resp, err := g.Stream(t.Context(), req, p); !errors.Is(err, outbound.ErrForbidden) {
			_ = resp.Body.Close() // it should not be there
			t.Errorf("Stream = %v, want ErrForbidden", err)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the host was asked %d times", n)
	}
}
