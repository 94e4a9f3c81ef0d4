package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
)

// installation stands for a running Grantkeep that has one grant.
func installation() (*client.Client, func()) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/grants/grt_1/token", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"made-up","expires_at":"2099-01-01T00:00:00Z","grant":"grt_1","generation":7}`)
	})
	mux.HandleFunc("/proxy/grt_1/openapi/2022-01/shop", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "sandbox")
		_, _ = io.WriteString(w, `{"shop":{"name":"Made Up"}}`)
	})
	mux.HandleFunc("POST /v1/authorizations", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id":"aut_1","url":"https://connect.example/connect/made-up","expires_at":"2099-01-01T00:00:00Z"}`)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"type":"/problems/not-found","title":"There is no such thing"}`)
	})
	server := httptest.NewServer(mux)
	c, err := client.New(server.URL, gk.NewSecret("gk_made_up"))
	if err != nil {
		log.Fatal(err)
	}
	return c, server.Close
}

// A link is sent to a merchant; what they agree to belongs to the owner.
func ExampleClient_Authorize() {
	grantkeep, stop := installation()
	defer stop()
	a, err := grantkeep.Authorize(context.Background(), client.AuthorizationRequest{App: "app_1", Owner: "customer-42"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(a.ID, a.URL)
	// Output: aut_1 https://connect.example/connect/made-up
}

// A source gives out the present token, however often it is asked. When the platform refuses one all the same, say so.
func ExampleClient_TokenSource() {
	grantkeep, stop := installation()
	defer stop()
	source := grantkeep.TokenSource(context.Background(), "grt_1")
	token, err := source.Token()
	if err != nil {
		log.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodGet, "https://shop.example/openapi/2022-01/shop", nil)
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Access-Token", token.AccessToken)
	refused := false // by the platform, with the status 401
	if refused {
		source.Refused(token)
	}
	fmt.Println(token.Expiry.Year())
	// Output: 2099
}

// With the transport the server signs and sends the calls: code that calls the platform needs no token at all.
func ExampleClient_Transport() {
	grantkeep, stop := installation()
	defer stop()
	shop := &http.Client{Transport: grantkeep.Transport("grt_1")}
	res, err := shop.Get("https://shop.example/openapi/2022-01/shop")
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.StatusCode, string(body))
	// Output: 200 {"shop":{"name":"Made Up"}}
}

// Problems have names that never change.
func ExampleProblem() {
	grantkeep, stop := installation()
	defer stop()
	_, err := grantkeep.Grant(context.Background(), "grt_2")
	var p *client.Problem
	if errors.As(err, &p) && p.Name() == "not-found" {
		fmt.Println("no such grant")
	}
	// Output: no such grant
}
