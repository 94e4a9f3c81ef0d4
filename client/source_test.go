package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
)

// tokens is the token route of one grant as the contract describes it; it runs inside the test's bubble.
type tokens struct {
	mu         sync.Mutex
	generation int
	ends       time.Time
	problem    int // answered with this status instead
	asked      []string
}

func (s *tokens) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, strings.TrimSpace(r.Header.Get("If-None-Match")+" "+r.URL.RawQuery))
	w := httptest.NewRecorder()
	etag := fmt.Sprintf("%q", fmt.Sprint(s.generation))
	switch {
	case s.problem != 0:
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(s.problem)
		_, _ = io.WriteString(w, `{"type":"/problems/told"}`)
	case r.URL.Query().Get("not_generation") == fmt.Sprint(s.generation):
		s.generation++
		fallthrough
	case r.Header.Get("If-None-Match") != etag:
		_, _ = fmt.Fprintf(w, `{"access_token":"token-%d","expires_at":%d,"generation":%d}`, s.generation, s.ends.Unix(), s.generation)
	default:
		w.WriteHeader(http.StatusNotModified)
	}
	return w.Result(), nil
}

func (s *tokens) now(change func()) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	if change != nil {
		change()
	}
	return asked
}

func TestSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokens{generation: 1, ends: time.Now().Add(time.Hour)}
		c, err := client.New("https://grants.example", gk.NewSecret("gk_key"))
		if err != nil {
			t.Fatal(err)
		}
		source := c.Through(server).TokenSource(t.Context(), "grt_1")
		expect := func(want string, asked ...string) {
			t.Helper()
			got, err := source.Token()
			if err != nil || got.AccessToken != want {
				t.Errorf("Token = %v, %v; want %s", got, err, want)
			}
			if got := server.now(nil); fmt.Sprint(got) != fmt.Sprint(asked) {
				t.Errorf("the server was asked %q, want %q", got, asked)
			}
		}
		expect("token-1", "")
		expect("token-1")
		time.Sleep(31 * time.Second)
		expect("token-1", `"1"`)
		expect("token-1")
		server.now(func() { server.generation = 2 })
		time.Sleep(31 * time.Second)
		expect("token-2", `"1"`)

		token, _ := source.Token()
		source.Refused(token)
		expect("token-3", "not_generation=2")
		source.Refused(token) // an older one: nothing to do
		expect("token-3")

		server.now(func() { server.problem = http.StatusServiceUnavailable })
		time.Sleep(31 * time.Second)
		expect("token-3", `"3"`)
		expect("token-3")
		time.Sleep(2 * time.Second)
		server.now(func() { server.problem = http.StatusGone })
		var p *client.Problem
		if _, err := source.Token(); !errors.As(err, &p) || p.Status != http.StatusGone {
			t.Errorf("Token of a revoked grant = %v, want the server's problem", err)
		}
		server.now(func() { server.problem = http.StatusServiceUnavailable })
		if _, err := source.Token(); err == nil {
			t.Error("the token that the server took back is given out again")
		}
		server.now(func() { server.problem = 0 })
		expect("token-3", "")
		server.now(func() { server.problem = http.StatusServiceUnavailable })
		time.Sleep(2 * time.Hour)
		if got, err := source.Token(); err == nil {
			t.Errorf("Token after the end of the last one = %v, want an error", got)
		}
	})
}

func TestRetriesAreForOurOwnRefusals(t *testing.T) {
	for _, c := range []struct {
		name     string
		method   string
		sandbox  bool
		status   int
		after    string
		wantHits int64
	}{
		{"our 503 to a read", http.MethodGet, false, http.StatusServiceUnavailable, "1", 4},
		{"our 503 to a POST, which has an idempotency key", http.MethodPost, false, http.StatusServiceUnavailable, "1", 4},
		{"our 503 to a PATCH", http.MethodPatch, false, http.StatusServiceUnavailable, "1", 1},
		{"our 429", http.MethodPatch, false, http.StatusTooManyRequests, "1", 4},
		{"a long pause", http.MethodGet, false, http.StatusTooManyRequests, "3600", 1},
		{"a platform's 503", http.MethodGet, true, http.StatusServiceUnavailable, "1", 1},
		{"a platform's 429", http.MethodGet, true, http.StatusTooManyRequests, "1", 1},
		{"another error", http.MethodGet, false, http.StatusBadGateway, "1", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var hits atomic.Int64
				keys := map[string]bool{}
				wire := roundTripper(func(r *http.Request) (*http.Response, error) {
					hits.Add(1)
					if r.Body != nil {
						if b, _ := io.ReadAll(r.Body); string(b) != `{"a":1}` {
							t.Errorf("the body is %q", b)
						}
					}
					keys[r.Header.Get("Idempotency-Key")] = true
					w := httptest.NewRecorder()
					w.Header().Set("Retry-After", c.after)
					if c.sandbox {
						w.Header().Set("Content-Security-Policy", "sandbox")
					}
					w.WriteHeader(c.status)
					return w.Result(), nil
				})
				cl, err := client.New("https://grants.example", gk.NewSecret("gk_key"))
				if err != nil {
					t.Fatal(err)
				}
				var in any
				if c.method != http.MethodGet {
					in = map[string]int{"a": 1}
				}
				if err := cl.Through(wire).Call(t.Context(), c.method, "/v1/x", nil, in, nil); err == nil {
					t.Error("no error after the last try")
				}
				if hits.Load() != c.wantHits || len(keys) != 1 {
					t.Errorf("%d requests with %d keys, want %d with one", hits.Load(), len(keys), c.wantHits)
				}
			})
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTransport(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/proxy/grt_gone/x" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusGone)
			_, _ = io.WriteString(w, `{"type":"/problems/revoked"}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Security-Policy", "sandbox")
		w.WriteHeader(http.StatusTeapot)
		_, _ = fmt.Fprint(w, r.Method, " ", r.RequestURI, " ", r.Header.Get("Authorization"), " ", string(body))
	}))
	defer server.Close()
	c, err := client.New(server.URL, gk.NewSecret("gk_key"))
	if err != nil {
		t.Fatal(err)
	}
	shop := &http.Client{Transport: c.Transport("grt_1")}
	res, err := shop.Post("https://any.example/openapi/a%2Fb?x=%20y&x=z", "text/plain", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if want := "POST /proxy/grt_1/openapi/a%2Fb?x=%20y&x=z Bearer gk_key body"; err != nil || string(got) != want || res.StatusCode != http.StatusTeapot {
		t.Errorf("the server got %d %s, %v; want %s", res.StatusCode, got, err, want)
	}
	var p *client.Problem
	_, err = (&http.Client{Transport: c.Transport("grt_gone")}).Get("https://any.example/x")
	if !errors.As(err, &p) || p.Name() != "revoked" {
		t.Errorf("a call of a revoked grant = %v, want the server's problem", err)
	}
}

func BenchmarkCachedToken(b *testing.B) {
	server := &tokens{generation: 1, ends: time.Now().Add(time.Hour)}
	c, err := client.New("https://grants.example", gk.NewSecret("gk_key"))
	if err != nil {
		b.Fatal(err)
	}
	source := c.Through(server).TokenSource(b.Context(), "grt_1")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := source.Token(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestACachedReadAllocatesNothing holds the promise that the benchmark measures.
func TestACachedReadAllocatesNothing(t *testing.T) {
	server := &tokens{generation: 1, ends: time.Now().Add(time.Hour)}
	c, err := client.New("https://grants.example", gk.NewSecret("gk_key"))
	if err != nil {
		t.Fatal(err)
	}
	source := c.Through(server).TokenSource(t.Context(), "grt_1")
	if n := testing.AllocsPerRun(1000, func() { _, _ = source.Token() }); n > 0 {
		t.Errorf("a cached read allocates %v times", n)
	}
}
