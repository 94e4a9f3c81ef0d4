package api

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
)

// face is what stands before every route: it answers under the API's name only, takes no compressed bodies, turns a
// panic into a problem, and writes the access log, which names the route's pattern and never an address or a value.
func (s *server) face(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		seen := &seen{ResponseWriter: w, status: http.StatusOK}
		entry := &accessEntry{}
		r = r.WithContext(context.WithValue(r.Context(), accessEntry{}, entry))
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler { //nolint:errorlint // net/http's own word for a connection to be cut
					panic(v)
				}
				p := problem(internalError, "")
				p.Instance = newInstance()
				s.log.Error("panic", "instance", p.Instance, "route", r.Pattern, "stack", string(debug.Stack())) // the value may hold a secret
				if !seen.begun {
					s.writeProblem(seen, r, p)
				}
			}
			route := r.Pattern
			if route == "" {
				route = "none"
			}
			s.metrics.count(route, seen.status)
			s.log.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("method", r.Method), slog.String("route", route),
				slog.Int("status", seen.status), slog.Duration("took", time.Since(begun)), slog.String("key", entry.key))
		}()
		switch {
		case !s.named(r):
			s.writeProblem(seen, r, problem(misdirected, ""))
		case encoded(r):
			s.writeProblem(seen, r, problem(unsupportedMedia, "request bodies must not be compressed"))
		default:
			next.ServeHTTP(seen, r)
		}
	})
}

// named reports whether a request is for the API's host. On loopback every loopback name will do; probes of a load
// balancer name an address, and learn one word.
func (s *server) named(r *http.Request) bool {
	want := s.url
	host, port := splitHost(r.Host)
	if net.ParseIP(host) != nil && (r.URL.Path == "/healthz" || r.URL.Path == "/readyz") {
		return true
	}
	if loopback(want.Hostname()) {
		return loopback(host)
	}
	return strings.EqualFold(host, want.Hostname()) && (port == want.Port() || port == "" && defaultPort(want) || want.Port() == "" && port == portOf(want.Scheme))
}

// splitHost splits a Host header; the port is empty where it has none.
func splitHost(hostport string) (host, port string) {
	u := url.URL{Host: hostport}
	return u.Hostname(), u.Port()
}

func portOf(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

func defaultPort(u *url.URL) bool { return u.Port() == portOf(u.Scheme) }

func loopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}

// encoded reports whether a request's body says that it is compressed.
func encoded(r *http.Request) bool {
	for _, e := range r.Header.Values("Content-Encoding") {
		if !strings.EqualFold(strings.TrimSpace(e), "identity") && e != "" {
			return true
		}
	}
	return false
}

// accessEntry is what the inner handlers add to the access log; its type is also its key in the context.
type accessEntry struct{ key string }

// noteKey names the key of a request in the access log.
func noteKey(r *http.Request, id string) {
	if e, ok := r.Context().Value(accessEntry{}).(*accessEntry); ok {
		e.key = id
	}
}

// seen remembers the status of an answer.
type seen struct {
	http.ResponseWriter
	status int
	begun  bool
}

// WriteHeader notes the status.
func (s *seen) WriteHeader(status int) {
	if !s.begun && status >= http.StatusOK {
		s.status, s.begun = status, true
	}
	s.ResponseWriter.WriteHeader(status)
}

// Write notes that the answer has begun.
func (s *seen) Write(p []byte) (int, error) {
	s.begun = true
	return s.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (s *seen) Unwrap() http.ResponseWriter { return s.ResponseWriter }
