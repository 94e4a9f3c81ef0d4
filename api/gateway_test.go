package api_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
)

// newHouseWithPlatform is a house whose app points at a platform that play answers for; requests counts what reached it.
func newHouseWithPlatform(t *testing.T, play http.HandlerFunc) (h *house, grant gk.Grant, requests *int) {
	t.Helper()
	requests = new(int)
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*requests++
		play(w, r)
	}))
	t.Cleanup(platform.Close)
	host := strings.TrimPrefix(platform.URL, "http://")
	h = newHouseOn(t, network{dial: (&net.Dialer{}).DialContext, allow: []string{host}})
	app, err := h.keeper.Apps().Create(t.Context(), gk.Engine(), apps.Input{
		Platform: "shoplazza", Name: "near", Settings: map[string]string{"client_id": "client-near", "client_secret": appSecret},
		Endpoints: map[string]string{"api": platform.URL, "token": platform.URL},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h, h.addGrant(app, "700", "ann", nil), requests
}

const callShop = `{"call":{"method":"GET","path":"/openapi/2022-01/shop","query":{"fields":["id","name"]}}}`

func TestCallAndProxyPassTheAnswerOn(t *testing.T) {
	h, g, _ := newHouseWithPlatform(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Access-Token") != accessToken || r.Header.Get("Authorization") != "" || strings.Join(r.URL.Query()["fields"], ",") != "id,name" {
			t.Errorf("the platform got %s with %d headers; want the token, no key, and both fields", r.URL, len(r.Header))
		}
		w.Header().Set("Content-Type", "application/vnd.shop+json")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"shop":{}}`)
	})
	for name, a := range map[string]answer{
		"call":  h.do("all", http.MethodPost, "/v1/grants/"+g.ID+"/call", callShop),
		"proxy": h.do("all", http.MethodGet, "/proxy/"+g.ID+"/openapi/2022-01/shop?fields=id&fields=name", ""),
	} {
		if a.status != http.StatusAccepted || a.body != `{"shop":{}}` || a.header.Get("Content-Type") != "application/vnd.shop+json" ||
			a.header.Get("Content-Security-Policy") != "sandbox" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s = %d %s %v", name, a.status, a.body, a.header)
		}
	}
	h.expectNoSecrets()
}

func TestSignNeedsTheTokenScopeToo(t *testing.T) {
	h, g, requests := newHouseWithPlatform(t, func(http.ResponseWriter, *http.Request) {})
	h.addKey("caller", scopesOf("call"), nil, nil)
	h.addKey("reader", scopesOf("token"), nil, nil)
	h.addKey("both", scopesOf("call", "token"), nil, nil)
	for key, want := range map[string]int{"caller": http.StatusForbidden, "reader": http.StatusForbidden, "both": http.StatusOK} {
		a := h.do(key, http.MethodPost, "/v1/grants/"+g.ID+"/sign", callShop)
		if a.status != want {
			t.Errorf("%s = %d %s, want %d", key, a.status, a.body, want)
		}
		if want != http.StatusOK {
			continue
		}
		headers, ok := a.member(t, "headers").(map[string]any)
		if !ok || headers["Access-Token"] != accessToken || a.member(t, "method") != "GET" {
			t.Errorf("signed: %s", a.body)
		}
	}
	if *requests != 0 {
		t.Errorf("signing asked the platform %d times", *requests)
	}
	h.expectNoSecrets()
}

func TestCallsThatLeadNowhere(t *testing.T) {
	h, g, requests := newHouseWithPlatform(t, func(http.ResponseWriter, *http.Request) {})
	h.addKey("bob", gk.Scopes(), []string{"bob"}, nil)
	call := func(text string) string { return `{"call":` + text + `}` }
	for name, c := range map[string]struct {
		key, method, path, body string
		status                  int
		problem                 string
	}{
		"foreign, call":    {"bob", "POST", "/v1/grants/" + g.ID + "/call", callShop, 404, "not-found"},
		"foreign, sign":    {"bob", "POST", "/v1/grants/" + g.ID + "/sign", callShop, 404, "not-found"},
		"foreign, proxy":   {"bob", "GET", "/proxy/" + g.ID + "/openapi/2022-01/shop", "", 404, "not-found"},
		"no body":          {"all", "POST", "/v1/grants/" + g.ID + "/call", "", 422, "invalid-input"},
		"unknown member":   {"all", "POST", "/v1/grants/" + g.ID + "/call", call(`{"method":"GET","path":"/openapi/x","as":"other"}`), 422, "invalid-input"},
		"beside the call":  {"all", "POST", "/v1/grants/" + g.ID + "/call", `{"call":{},"grant":"other"}`, 422, "invalid-input"},
		"twice":            {"all", "POST", "/v1/grants/" + g.ID + "/call", call(`{"path":"/openapi/x","path":"/admin/"}`), 422, "invalid-input"},
		"their token":      {"all", "POST", "/v1/grants/" + g.ID + "/call", call(`{"method":"GET","path":"/openapi/x","headers":{"access-token":"x"}}`), 422, "invalid-input"},
		"token endpoint":   {"all", "POST", "/proxy/" + g.ID + "/admin/oauth/token", "{}", 422, "invalid-input"},
		"two slashes":      {"all", "GET", "/proxy/" + g.ID + "//openapi/x", "", 422, "invalid-input"},
		"dots":             {"all", "GET", "/proxy/" + g.ID + "/openapi/../../v1/keys", "", 422, "invalid-input"},
		"encoded dots":     {"all", "GET", "/proxy/" + g.ID + "/openapi/%2e%2e/x", "", 422, "invalid-input"},
		"out of the proxy": {"all", "GET", "/proxy/" + g.ID + "/%2e%2e/%2e%2e/v1/keys", "", 422, "invalid-input"},
		"encoded slash":    {"all", "GET", "/proxy/" + g.ID + "/openapi%2fx", "", 422, "invalid-input"},
		"nothing behind":   {"all", "GET", "/proxy/" + g.ID, "", 404, "not-found"},
		"options":          {"all", "OPTIONS", "/proxy/" + g.ID + "/openapi/x", "", 405, "method-not-allowed"},
		"no key":           {"", "GET", "/proxy/" + g.ID + "/openapi/x", "", 401, "unauthorized"},
		"too much":         {"all", "POST", "/v1/grants/" + g.ID + "/call", call(`{"body":"` + strings.Repeat("x", 1<<20) + `"}`), 413, "too-large"},
	} {
		a := h.do(c.key, c.method, c.path, c.body)
		if a.status != c.status || !strings.Contains(a.body, `"/problems/`+c.problem+`"`) {
			t.Errorf("%s = %d %.300s, want %d %s", name, a.status, a.body, c.status, c.problem)
		}
	}
	if *requests != 0 {
		t.Errorf("%d requests reached the platform", *requests)
	}
	h.expectNoSecrets()
}

func TestPlatformAwayIsAProblem(t *testing.T) {
	h, g, _ := newHouseWithPlatform(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	a := h.do("all", http.MethodPost, "/v1/grants/"+g.ID+"/call", `{"call":{"method":"POST","path":"/openapi/2022-01/products","body":"{}"}}`)
	if a.status != http.StatusBadGateway || !strings.Contains(a.body, "/problems/platform-unreachable") || a.header.Get("Retry-After") == "" {
		t.Errorf("= %d %s, want 502 platform-unreachable", a.status, a.body)
	}
	h.expectNoSecrets()
}

func TestPlatformThatIsAskedTooMuchAnswers429WithItsPause(t *testing.T) {
	h, g, requests := newHouseWithPlatform(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "9")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	path := "/proxy/" + g.ID + "/openapi/2022-01/shop"
	first, second := h.do("all", http.MethodGet, path, ""), h.do("all", http.MethodGet, path, "")
	if first.status != 429 || first.header.Get("Retry-After") != "9" || first.header.Get("Grantkeep-Fault") == "" {
		t.Errorf("the platform's own = %d %v", first.status, first.header)
	}
	if second.status != 429 || second.header.Get("Retry-After") != "9" || !strings.Contains(second.body, "/problems/limited") || *requests != 1 {
		t.Errorf("the next = %d %s after %d requests, want our own 429 and no request", second.status, second.body, *requests)
	}
}
