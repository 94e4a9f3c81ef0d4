package api

import (
	"net/http"
	"strings"

	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
)

// thawed lets a frozen server answer reads and nothing else: what changes something, asks a platform or hands out a
// signature answers frozen, before anybody looks at it.
func (s *server) thawed(next http.Handler) http.Handler {
	if !s.Keeper.Frozen() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		if strings.HasPrefix(r.URL.Path, "/proxy/") || !reads && r.URL.Path != "/v1/explain" {
			s.WriteProblem(w, r, problem.New(problem.Frozen, ""))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Frozen answers whatever a merchant or a platform asks of a frozen server: 503, so that platforms send their messages
// again, with the problem's page for a browser.
func Frozen() http.Handler { return refuseAll(problem.Frozen, "60") }

// Awaiting answers whatever is asked of a server that waits for its database before it begins: that it lives, that it is not
// ready, and to everything else what Frozen answers, with another problem.
func Awaiting() http.Handler {
	answers := http.NewServeMux()
	answers.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { word(w, http.StatusOK, "ok") })
	answers.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { word(w, http.StatusServiceUnavailable, "unready") })
	answers.Handle("/", refuseAll(problem.StoreUnavailable, "2"))
	return answers
}

// refuseAll answers every request with one problem, and says when to ask again.
func refuseAll(why problem.Name, after string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := problem.New(why, "")
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Retry-After", after)
		h.Set("Referrer-Policy", "no-referrer")
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			h.Set("Content-Type", "text/html; charset=utf-8")
			h.Set("Content-Security-Policy", pagesPolicy)
			w.WriteHeader(p.Status)
			_ = pages.ExecuteTemplate(w, "problem", problemPage(r, why, true)) // the browser may be gone
			return
		}
		h.Set("Content-Type", p.ContentType(""))
		w.WriteHeader(p.Status)
		_ = wire.WriteJSON(w, p) // the client may be gone
	})
}
