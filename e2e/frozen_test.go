package e2e

import (
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// TestFrozenServerReadsOnly starts a server with a grant that is long due again, frozen, and asks it for everything.
func TestFrozenServerReadsOnly(t *testing.T) {
	f := newFleet(t, "", 1)
	i := f.instances[0]
	grant := f.connect(0)
	a, err := i.api.Authorization(t.Context(), f.linkOf(1))
	if err != nil {
		t.Fatal(err)
	}
	i.signal(syscall.SIGTERM)
	if got := i.status(); got != 0 {
		t.Fatalf("the server ended with %d, want 0", got)
	}
	f.edit(grant, func(g *gk.Grant, now time.Time) { g.DueAt = now.Add(-time.Hour) })
	calls := func() int {
		var got struct{ Calls []struct{} }
		f.control(http.MethodGet, "/calls", nil, &got)
		return len(got.Calls)
	}
	before := calls()
	i.process = launch(t, append(f.serveArgs(i), "--frozen")...)
	_, i.address, _ = strings.Cut(i.first(), "http://")

	ask := func(method, path, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+i.address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+adminKey)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/v1/grants", ""}, {"GET", "/v1/grants/" + grant, ""}, {"GET", "/v1/grants/" + grant + "/token", ""},
		{"GET", "/v1/grants/" + grant + "/token?min_valid=500h&wait=1s", ""}, {"GET", "/v1/apps", ""}, {"GET", "/v1/events", ""},
		{"GET", "/v1/authorizations/" + a.ID, ""}, {"GET", "/readyz", ""}, {"POST", "/v1/explain", `{"platform":"shoplazza","code":"invalid_grant"}`},
	} {
		if status, body := ask(r.method, r.path, r.body); status != http.StatusOK {
			t.Errorf("%s %s = %d, want 200\n%s", r.method, r.path, status, body)
		}
	}
	call := `{"call":{"method":"GET","path":"/openapi/2022-01/shop"}}`
	for _, r := range []struct{ method, path, body string }{
		{"POST", "/v1/grants/" + grant + "/call", call}, {"POST", "/v1/grants/" + grant + "/sign", call},
		{"GET", "/proxy/" + grant + "/openapi/2022-01/shop", ""}, {"POST", "/v1/grants/" + grant + "/refresh", "{}"},
		{"POST", "/v1/authorizations", `{"app":"` + f.app.ID + `"}`}, {"GET", "/connect/anything", ""}, {"POST", "/connect/anything", ""},
		{"GET", "/callback/" + f.app.ID + "?code=x&state=y", ""}, {"GET", "/install/" + f.app.ID, ""}, {"POST", "/push/" + f.app.ID, "{}"},
		{"PATCH", "/v1/apps/" + f.app.ID, `{"name":"x"}`}, {"DELETE", "/v1/grants/" + grant, ""}, {"POST", "/v1/apps/" + f.app.ID + "/check", "{}"},
	} {
		if status, body := ask(r.method, r.path, r.body); status != http.StatusServiceUnavailable || !strings.Contains(body, "/problems/frozen") {
			t.Errorf("%s %s = %d, want 503 frozen\n%s", r.method, r.path, status, body)
		}
	}
	time.Sleep(3 * time.Second) // three rounds of a scheduler that works
	if after := calls(); after != before {
		t.Errorf("the platform was asked %d times", after-before)
	}
	if g := f.grant(0, grant); g.Generation != 1 {
		t.Errorf("the grant is in generation %d, want 1", g.Generation)
	}
	i.signal(syscall.SIGTERM)
	if got := i.status(); got != 0 {
		t.Errorf("the frozen server ended with %d, want 0", got)
	}
}

// linkOf makes a link for a shop and returns the id of its authorization.
func (f *fleet) linkOf(shop int) string {
	f.t.Helper()
	var a struct{ ID string }
	in := map[string]string{"app": f.app.ID, "shop": f.sims.Platforms[code].Shops[shop].Host}
	if err := f.instances[0].api.Call(f.t.Context(), http.MethodPost, "/v1/authorizations", nil, in, &a); err != nil {
		f.t.Fatal(err)
	}
	return a.ID
}
