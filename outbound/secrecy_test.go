package outbound_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/outbound"
)

// quiet takes what a test's server has to say about its clients.
var quiet = log.New(io.Discard, "", 0)

// noNetwork is a network where every connection fails before it is made.
func noNetwork(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }

// TestErrorsTellNoSecret sends tokens in every part of a request, has it fail in every way, and looks at every form of the
// errors.
func TestErrorsTellNoSecret(t *testing.T) {
	const canary = "canary"
	says := func(text string) string {
		return serve(t, false, func(_ int, c net.Conn) { answers(c, func(*http.Request) string { return text }) })
	}
	endless := serve(t, false, func(_ int, c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	hosts := map[string]string{
		"cut":       says(""),
		"garbled":   says("HTTP/1.1 canary canary\r\ncanary\r\n\r\n"),
		"header":    says("HTTP/1.1 200 OK\r\ncanary canary: canary\r\n\r\n"),
		"length":    says("HTTP/1.1 200 OK\r\nContent-Length: canary\r\n\r\n"),
		"half":      says("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\ncanary"), /* and then silence */
		"gzip":      says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\ncanarycanary"),
		"chunk":     says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ncanary\r\n"),
		"silent":    endless,
		"refused":   "127.0.0.1:1",
		"forbidden": "127.0.0.1:2",
	}
	var allow []string
	for name, host := range hosts {
		if name != "forbidden" {
			allow = append(allow, host)
		}
	}
	g := open(t, outbound.Options{Allow: allow})
	broken := errors.New("canary")

	for name, host := range hosts {
		for _, scheme := range []string{"http", "https"} {
			for _, p := range []outbound.Policy{{Allow: anyHost, Once: true}, {Allow: anyHost}, {Public: true}, {}} {
				p.Timeout = 50 * time.Millisecond
				req := request(t, "POST", scheme+"://"+host+"/canary?access_token=canary&sign=canary#canary", "refresh_token=canary")
				req.Header.Set("Access-Token", canary)
				_, err := g.Send(t.Context(), req, p)
				wantNoSecret(t, name+" "+scheme, err)
			}
		}
	}
	for name, change := range map[string]func(*http.Request){
		"user":        func(r *http.Request) { r.URL.User = url.UserPassword("canary", "canary") },
		"host":        func(r *http.Request) { r.URL.Host = "canary canary" },
		"method":      func(r *http.Request) { r.Method = "canary" },
		"opaque":      func(r *http.Request) { r.URL.Opaque = "canary" },
		"header name": func(r *http.Request) { r.Header["canary "] = []string{"x"} },
		"header":      func(r *http.Request) { r.Header["X-Token"] = []string{"canary\n"} },
		"body":        func(r *http.Request) { r.Body = io.NopCloser(failing{broken}); r.GetBody = nil },
		"length":      func(r *http.Request) { r.ContentLength = 3 },
	} {
		req := request(t, "POST", "http://"+hosts["cut"]+"/canary?canary", "refresh_token=canary")
		change(req)
		_, err := g.Send(t.Context(), req, outbound.Policy{Allow: anyHost, Timeout: 50 * time.Millisecond})
		wantNoSecret(t, name, err)
	}

	resp, err := g.Stream(t.Context(), request(t, "GET", "http://"+hosts["half"]+"/canary?canary", ""), outbound.Policy{Allow: anyHost, Timeout: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	wantNoSecret(t, "streamed body", err)
}

// failing is a body that cannot be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// wantNoSecret looks at every form and every layer of an error.
func wantNoSecret(t *testing.T, name string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", name)
		return
	}
	for layer := err; layer != nil; layer = errors.Unwrap(layer) {
		var wrapped *url.Error
		if errors.As(layer, &wrapped) {
			t.Errorf("%s: the error wraps a *url.Error", name)
		}
		encoded, errJSON := json.Marshal(layer)
		if errJSON != nil {
			t.Fatal(errJSON)
		}
		text := fmt.Sprintf("%v %+v %#v %q %x %s", layer, layer, layer, layer, layer, encoded)
		if strings.Contains(text, "canary") || strings.Contains(text, fmt.Sprintf("%x", "canary")) {
			t.Errorf("%s: the error tells a secret: %s", name, text)
		}
	}
}
