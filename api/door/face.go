package door

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/problem"
)

// Values of headers that every answer has, shared by all of them: nobody writes into a header's values.
var (
	nosniff = []string{"nosniff"}
	noStore = []string{"no-store"}
	hsts    = []string{"max-age=31536000"}
)

// Face is what stands before every route: it answers under the API's name only, takes no compressed bodies, turns a
// panic into a problem, and writes the access log, which names the route's pattern and never an address or a value.
func (s *Door) Face(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, outer *http.Request) {
		begun := time.Now()
		seen := &visit{seen: seen{ResponseWriter: w, status: http.StatusOK}, key: nobody, remote: outer.RemoteAddr}
		r := outer.WithContext(context.WithValue(outer.Context(), visitOf{}, seen))
		h := w.Header()
		h["X-Content-Type-Options"] = nosniff
		h["Cache-Control"] = noStore
		if s.url.Scheme == "https" {
			h["Strict-Transport-Security"] = hsts
		}
		defer func() {
			if v := recover(); v != nil && !seen.hungUp(v) {
				if v == http.ErrAbortHandler { //nolint:errorlint // net/http's own word for a connection to be cut
					panic(v)
				}
				p := problem.New(problem.InternalError, "")
				p.Instance = problem.NewInstance()
				s.Log.Error("panic", "instance", p.Instance, "route", r.Pattern, "stack", string(debug.Stack())) // the value may hold a secret
				if !seen.begun {
					s.WriteProblem(seen, r, p)
				}
			}
			route := r.Pattern
			if route == "" {
				route = "none"
			}
			ended := time.Now()
			took := ended.Sub(begun)
			s.metrics.count(route, seen.status, took)
			s.access(r, route, seen, ended, took)
		}()
		switch {
		case !s.named(r):
			s.WriteProblem(seen, r, problem.New(problem.Misdirected, ""))
		case encoded(r):
			s.WriteProblem(seen, r, problem.New(problem.UnsupportedMedia, "request bodies must not be compressed"))
		default:
			next.ServeHTTP(seen, r)
		}
	})
}

// Line is a line of the access log.
type Line struct {
	At        time.Time
	RequestID string
	Remote    string
	Method    string
	Route     string
	Status    int
	Took      time.Duration
	Key       string
}

// Record returns the line as any handler of slog takes it. It says where it comes from by its message, so that the source
// line, which slog would look up for every request, is left out.
func (l Line) Record(level slog.Level) slog.Record {
	r := slog.NewRecord(l.At, level, "request", 0)
	r.AddAttrs(slog.String("request_id", l.RequestID), slog.String("remote", l.Remote), slog.String("method", l.Method),
		slog.String("route", l.Route), slog.Int("status", l.Status), slog.Duration("took", l.Took), slog.String("key", l.Key))
	return r
}

// Lines is a handler of slog that can write a line of the access log by itself, which costs half. It reports whether it did.
type Lines interface{ WriteLine(l Line) bool }

// access writes a line of the access log.
func (s *Door) access(r *http.Request, route string, v *visit, at time.Time, took time.Duration) {
	ctx, h := r.Context(), s.Log.Handler()
	level := slog.LevelInfo
	if route == "GET /readyz" || route == "GET /healthz" {
		level = slog.LevelDebug // balancers ask every second
	}
	if !h.Enabled(ctx, level) {
		return
	}
	line := Line{
		At: at, RequestID: requestID(r), Remote: r.RemoteAddr, Method: r.Method, Route: route, Status: v.status, Took: took, Key: v.key.ID,
	}
	if lines, ok := h.(Lines); ok && level == slog.LevelInfo && lines.WriteLine(line) {
		return
	}
	_ = h.Handle(ctx, line.Record(level)) // a log that cannot be written has nowhere to say so
}

// requestID is the name of a request in the log: the one that a proxy in front gave it, where that can be a name.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	for _, c := range []byte(id) {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			id = ""
			break
		}
	}
	if id == "" || len(id) > 64 {
		name := append(make([]byte, 0, 20), "req_"...)
		return string(strconv.AppendUint(name, rand.Uint64(), 36)) //nolint:gosec // a name: unguessable chance would cost a call of the system
	}
	return id
}

// named reports whether a request is for the API's host.
func (s *Door) named(r *http.Request) bool {
	return r.Host == s.url.Host || Serves(s.url, r.Host) || Probe(r)
}

// Probe reports whether a request asks how the server stands, of an address instead of a name, as load balancers do. It
// learns one word.
func Probe(r *http.Request) bool {
	if r.URL.Path != "/healthz" && r.URL.Path != "/readyz" {
		return false
	}
	host, _ := splitHost(r.Host)
	return net.ParseIP(host) != nil
}

// Serves reports whether a Host header names the face at an address: name and port alike, a scheme's own port may be left
// out. On loopback every loopback name will do; no other name does, so that a foreign one that resolves to this machine
// (DNS rebinding) leads nowhere.
func Serves(face *url.URL, hostport string) bool {
	host, port := splitHost(hostport)
	if loopback(face.Hostname()) {
		return loopback(host)
	}
	return strings.EqualFold(host, face.Hostname()) && (port == face.Port() || port == "" && defaultPort(face) || face.Port() == "" && port == portOf(face.Scheme))
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

// visit is a request on its way through the routes: how it is answered, and the key that it came with.
type visit struct {
	seen
	key    *gk.Key
	remote string // address and port of the peer
}

// nobody is the key of a request without one: it sees nothing.
var nobody = new(gk.Key)

// visitOf is the key of a request's visit in its context.
type visitOf struct{}

// CallerOf returns the key that a guarded request came with.
func CallerOf(ctx context.Context) gk.Key {
	if v, ok := ctx.Value(visitOf{}).(*visit); ok {
		return *v.key
	}
	return *nobody
}

// seen remembers the status of an answer.
type seen struct {
	http.ResponseWriter
	status int
	begun  bool
	lost   error // of a write to a reader who has hung up
}

// WriteHeader notes the status. Once an answer has begun there is no other: whoever read it hung up.
func (s *seen) WriteHeader(status int) {
	if s.begun {
		return
	}
	if status >= http.StatusOK {
		s.status, s.begun = status, true
	}
	s.ResponseWriter.WriteHeader(status)
}

// Write notes that the answer has begun.
func (s *seen) Write(p []byte) (int, error) {
	s.begun = true
	n, err := s.ResponseWriter.Write(p)
	if err != nil {
		s.lost = err
	}
	return n, err
}

// hungUp reports whether a panic is huma's word for a reader who hung up.
func (s *seen) hungUp(v any) bool {
	err, ok := v.(error)
	return ok && s.lost != nil && errors.Is(err, s.lost)
}

// Unwrap lets http.ResponseController reach the connection.
func (s *seen) Unwrap() http.ResponseWriter { return s.ResponseWriter }
