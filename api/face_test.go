package api_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/grantkeep/grantkeep/api"
	"github.com/grantkeep/grantkeep/platform"
)

func TestAccessLogNamesTheRouteAndNoValue(t *testing.T) {
	h := newHouse(t)
	g := h.addGrant(h.app, "100", "ann", nil)
	h.do("all", http.MethodGet, "/v1/grants/"+g.ID+"/token?not_generation=7&wait=0", "")
	h.do("all", http.MethodGet, "/v1/grants?q=needle", "")
	h.do("all", http.MethodGet, "/somewhere/needle", "")
	log := h.log.String()
	for _, want := range []string{`"route":"GET /v1/grants/{id}/token"`, `"status":200`, `"key":"key_all"`, `"route":"/"`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s\n%s", want, log)
		}
	}
	for _, not := range []string{"needle", "not_generation"} {
		if strings.Contains(log, not) {
			t.Errorf("the log holds %s\n%s", not, log)
		}
	}
}

// gone is a reader who has hung up.
type gone struct {
	*httptest.ResponseRecorder
	headers int
}

func (g *gone) WriteHeader(status int) {
	g.headers++
	g.ResponseRecorder.WriteHeader(status)
}

func (g *gone) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// TestWhoHangsUpFillsNoLog has readers hang up before what they want is done, and while they are answered.
func TestWhoHangsUpFillsNoLog(t *testing.T) {
	h := newHouse(t)
	h.addGrant(h.app, "100", "ann", nil)
	ask := func(ctx context.Context, path string) *gone {
		w := &gone{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "https://api.example"+path, nil)
		r.Header.Set("Authorization", "Bearer "+h.keys["all"].Reveal())
		h.handler.ServeHTTP(w, r)
		return w
	}
	for _, path := range []string{"/v1/grants", "/v1/apps", "/v1/events", "/v1/grants/unknown"} {
		if w := ask(t.Context(), path); w.headers != 1 {
			t.Errorf("%s: %d headers were written, want 1", path, w.headers)
		}
	}
	left, leave := context.WithCancel(t.Context())
	ask(t.Context(), "/v1/grants") // the key is known
	leave()
	ask(left, "/v1/grants/export?app="+h.app.ID)
	if log := h.log.String(); strings.Contains(log, `"level":"ERROR"`) {
		t.Errorf("the log holds an error:\n%s", log)
	}
}

func TestLoopbackNames(t *testing.T) {
	h := newHouse(t)
	handler := api.New(api.Options{Keeper: h.keeper, Consent: h.flow, Store: h.store, APIURL: "http://127.0.0.1:8080", Log: slog.New(slog.DiscardHandler)})
	for host, want := range map[string]int{
		"127.0.0.1:8080": http.StatusOK, "localhost:9999": http.StatusOK, "[::1]:8080": http.StatusOK, "LOCALHOST": http.StatusOK,
		"evil.example": http.StatusMisdirectedRequest, "127.0.0.1.evil.example": http.StatusMisdirectedRequest,
		"localhost.evil.example:8080": http.StatusMisdirectedRequest, "": http.StatusMisdirectedRequest,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8080/docs", nil)
		r.Host = host
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("Host %q = %d, want %d", host, w.Code, want)
		}
	}
}

func BenchmarkToken(b *testing.B) {
	h := newHouse(b)
	path := "https://api.example/v1/grants/" + h.addGrant(h.app, "100", "ann", nil).ID + "/token"
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+h.keys["all"].Reveal())
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}

func TestPanicIsAProblemAndItsValueIsNotLogged(t *testing.T) {
	h := newHouse(t)
	handler := api.New(api.Options{
		Keeper: h.keeper, Store: h.store, APIURL: "https://api.example", Drivers: []platform.Driver{panics{}},
		Log: slog.New(slog.NewJSONHandler(h.log, nil)),
	})
	h.handler = handler
	a := h.do("all", http.MethodGet, "/v1/platforms", "")
	if a.status != http.StatusInternalServerError || a.member(t, "type") != "/problems/internal" {
		t.Fatalf("a panic = %d\n%s", a.status, a.body)
	}
	instance, _ := a.member(t, "instance").(string)
	if log := h.log.String(); instance == "" || !strings.Contains(log, instance) || strings.Contains(log, appSecret) || strings.Contains(a.body, appSecret) {
		t.Errorf("the answer's instance %q must be in the log, the panic's value nowhere\n%s", instance, log)
	}
}

// panics is a driver with a mistake in it.
type panics struct{ platform.Driver }

func (panics) Spec() *platform.Spec { panic(appSecret) }

// TestEveryAnswerOverHTTPSKeepsBrowsersThere asks for pages, problems and data.
func TestEveryAnswerOverHTTPSKeepsBrowsersThere(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/docs", "/healthz", "/v1/apps", "/nowhere", "/problems/held"} {
		if got := h.do("all", http.MethodGet, path, "").header.Get("Strict-Transport-Security"); got == "" {
			t.Errorf("GET %s says nothing of https", path)
		}
	}
}

// TestAnAppsFaceIsSetAndRead gives an app a vendor's name, letters and a support contact, and takes them away again.
func TestAnAppsFaceIsSetAndRead(t *testing.T) {
	h := newHouse(t)
	path := "/v1/apps/" + h.app.ID
	a := h.do("all", http.MethodPatch, path, `{"vendor":"Northline","sign":"NL","support":"help@northline.example"}`)
	for _, want := range []string{`"vendor":"Northline"`, `"sign":"NL"`, `"support":"help@northline.example"`} {
		if a.status != http.StatusOK || !strings.Contains(a.body, want) {
			t.Errorf("the app's face = %d %s, want %s", a.status, a.body, want)
		}
	}
	if a := h.do("all", http.MethodPatch, path, `{"sign":"data:image/svg+xml;base64,PHN2Zz4="}`); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `"sign"`) {
		t.Errorf("a sign that is no picture = %d %s, want 422 naming it", a.status, a.body)
	}
	h.do("all", http.MethodPatch, path, `{"vendor":"","sign":"","support":""}`)
	if a := h.do("all", http.MethodGet, path, ""); strings.Contains(a.body, `"vendor"`) || strings.Contains(a.body, `"support"`) {
		t.Errorf("the app's face after its removal = %s", a.body)
	}
}
