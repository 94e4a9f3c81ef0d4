package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/api"
)

// TestBodiesOfCallsShareOneBudget holds one large call at the platform and sends another.
func TestBodiesOfCallsShareOneBudget(t *testing.T) {
	arrived, answer := make(chan struct{}, 10), make(chan struct{})
	h, g, _ := newHouseWithPlatform(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			arrived <- struct{}{}
			<-answer
		}
		w.WriteHeader(http.StatusOK)
	})
	h.handler = api.New(api.Options{Keeper: h.keeper, Store: h.store, APIURL: "https://api.example", Version: "test", Bodies: 4 << 20})
	call := func(method string, size int) int {
		body := fmt.Sprintf(`{"call":{"method":%q,"path":"/openapi/2022-01/x","body":%q}}`, method, strings.Repeat("a", size))
		if method == http.MethodGet {
			body = callShop
		}
		return h.do("all", http.MethodPost, "/v1/grants/"+g.ID+"/call", body).status
	}
	first := make(chan int, 1)
	go func() { first <- call(http.MethodPost, 700_000) }()
	<-arrived
	if status := call(http.MethodPost, 700_000); status != http.StatusTooManyRequests {
		t.Errorf("a large call beside another = %d, want 429", status)
	}
	if status := call(http.MethodGet, 0); status != http.StatusOK {
		t.Errorf("a small call beside it = %d, want 200", status)
	}
	app := func() int {
		return h.do("all", http.MethodPost, "/v1/apps", `{"platform":"shoplazza","name":"`+strings.Repeat("a", 300_000)+`"}`).status
	}
	if status := app(); status != http.StatusTooManyRequests {
		t.Errorf("a large body of another route beside it = %d, want 429", status)
	}
	close(answer)
	if status := <-first; status != http.StatusOK {
		t.Errorf("the first call = %d, want 200", status)
	}
	if status := call(http.MethodPost, 700_000); status != http.StatusOK {
		t.Errorf("a large call after it = %d, want 200", status)
	}
	if status := app(); status != http.StatusUnprocessableEntity {
		t.Errorf("a large body of another route after it = %d, want 422", status)
	}
	if status := call(http.MethodPost, 1<<20); status != http.StatusRequestEntityTooLarge {
		t.Errorf("more than a call may have = %d, want 413", status)
	}
}
