package client_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
)

func TestSendTellsThePlatformsAnswerFromTheServersOwn(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path != "/v1/grants/grt_1/call" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"type":"/problems/not-found","title":"Not found","status":404}`)
			return
		}
		w.Header().Set("Content-Security-Policy", "sandbox")
		w.Header().Set("Grantkeep-Fault", `{"code":"http:404","action":"fix_request"}`)
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write(body)
	}))
	defer server.Close()
	c, err := client.New(server.URL, gk.NewSecret("gk_key"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.Send(t.Context(), "grt_1", json.RawMessage(`{"path":"/x","n":1.50}`))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil || string(body) != `{"call":{"path":"/x","n":1.50}}` {
		t.Errorf("the server got %s, %v", body, err)
	}
	if a.Status != http.StatusNotFound || a.Fault == nil || a.Fault.Code != "http:404" {
		t.Errorf("the platform's 404 = %d, %v; want it with its fault", a.Status, a.Fault)
	}
	var p *client.Problem
	if _, err := c.Send(t.Context(), "grt_2", json.RawMessage(`{}`)); !errors.As(err, &p) || p.Name() != "not-found" {
		t.Errorf("the server's 404 = %v, want its problem", err)
	}
}
