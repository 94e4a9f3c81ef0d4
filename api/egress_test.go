package api_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/outbound"
)

// TestRequestsLeaveByTheWayOfTheirOwnerOrApp has each kind of request that is made for a grant dial, and looks whom.
func TestRequestsLeaveByTheWayOfTheirOwnerOrApp(t *testing.T) {
	var mu sync.Mutex
	var dialled []string
	way := func(name string) outbound.Way {
		return outbound.Way{Name: name, Proxy: &url.URL{Scheme: "http", Host: name + ".proxies.example:3128", User: url.UserPassword("user", "canary-of-a-proxy")}}
	}
	ways := &outbound.Egress{
		Default: way("standard"), Apps: map[string]outbound.Way{"app_that_is_not_made_yet": way("seconds")}, Owners: map[string]outbound.Way{"ann": way("anns"), "bare": {Name: "direct"}},
		Echo: &url.URL{Scheme: "https", Host: "echo.example", Path: "/"},
	}
	h := newHouseOn(t, network{egress: ways, dial: func(_ context.Context, _, address string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		dialled = append(dialled, address)
		return nil, errors.New("no network in this test")
	}})
	second := h.addApp("second")
	ways.Apps[second.ID] = way("seconds")
	expect := func(what, want string, do func()) {
		t.Helper()
		mu.Lock()
		dialled = nil
		mu.Unlock()
		do()
		mu.Lock()
		defer mu.Unlock()
		if len(dialled) == 0 || slices.ContainsFunc(dialled, func(a string) bool { return a != want }) {
			t.Errorf("%s dialled %v, want %s", what, dialled, want)
		}
	}
	for n, c := range []struct {
		app         gk.App
		owner, want string
	}{
		{h.app, "cust", "standard.proxies.example:3128"}, {second, "cust", "seconds.proxies.example:3128"},
		{h.app, "ann", "anns.proxies.example:3128"}, {second, "ann", "anns.proxies.example:3128"},
		{second, "bare", "shop-" + string(rune('5'+4)) + "00.myshoplaza.com:443"},
	} {
		shop := string(rune('5'+n)) + "00"
		g := h.addGrant(c.app, shop, c.owner, nil)
		what := c.app.Name + " of " + c.owner
		expect("a call for "+what, c.want, func() {
			h.do("all", http.MethodPost, "/v1/grants/"+g.ID+"/call", `{"call":{"method":"GET","path":"/openapi/2022-01/shop"}}`)
		})
		expect("a look at "+what, c.want, func() {
			if err := h.keeper.Look(t.Context(), g.ID); err == nil {
				t.Error("the platform was reached")
			}
		})
		expect("a refresh of "+what, c.want, func() { h.do("all", http.MethodPost, "/v1/grants/"+g.ID+"/refresh", "") })
	}
	expect("a check", "seconds.proxies.example:3128", func() { h.do("all", http.MethodPost, "/v1/apps/"+second.ID+"/check", "") })
	h.expectNoSecrets()
}
