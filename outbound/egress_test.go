package outbound_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/outbound"
)

func TestEchoTellsFromWhereRequestsCome(t *testing.T) {
	answer := "203.0.113.7\n"
	status := http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	defer s.Close()
	echo, err := url.Parse(s.URL + "/ip")
	if err != nil {
		t.Fatal(err)
	}
	g := open(t, outbound.Options{Allow: []string{echo.Host}, Egress: &outbound.Egress{
		Default: outbound.Way{Name: "direct"}, Owners: map[string]outbound.Way{"ann": {Name: "anns", Proxy: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}}}, Echo: echo,
	}})
	way, seen, err := g.Leaves(t.Context(), "app_1", "")
	if err != nil || way != "direct" || seen.String() != "203.0.113.7" {
		t.Errorf("Leaves = %s, %s, %v", way, seen, err)
	}
	for _, answer = range []string{"<html>203.0.113.7</html>", "not an address"} {
		if _, seen, err = g.Leaves(t.Context(), "app_1", ""); err == nil || strings.Contains(err.Error(), answer) {
			t.Errorf("an echo that answers %q = %s, %v", answer, seen, err)
		}
	}
	status = http.StatusNotFound
	if _, _, err = g.Leaves(t.Context(), "app_1", ""); err == nil {
		t.Error("an echo that is not there tells an address")
	}
	if _, _, err := open(t, outbound.Options{}).Leaves(t.Context(), "app_1", ""); !errors.Is(err, outbound.ErrNoEcho) {
		t.Errorf("without an echo = %v", err)
	}
}

// TestClosedGateClosesItsWays sees that no way outlives its gate.
func TestClosedGateClosesItsWays(t *testing.T) {
	addr := serve(t, false, func(_ int, c net.Conn) { answers(c, func(*http.Request) string { return ok("direct") }) })
	g := open(t, outbound.Options{Allow: []string{addr}, Egress: &outbound.Egress{Apps: map[string]outbound.Way{"app_1": {Name: "ones"}}}})
	send := func() error {
		_, err := g.For("app_1", "").Send(t.Context(), request(t, "GET", "http://"+addr, ""), outbound.Policy{Allow: anyHost})
		return err
	}
	if err := send(); err != nil {
		t.Fatal(err)
	}
	g.Close()
	if err := send(); !errors.Is(err, outbound.ErrNotSent) {
		t.Errorf("a way of a closed gate = %v, want ErrNotSent", err)
	}
}
