package api

import (
	"context"
	"io"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
)

// routeOperation adds what whoever runs the server looks at. Each of the two probes answers one word.
func (s *server) routeOperation() {
	s.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		word(w, http.StatusOK, "ok")
	})
	s.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), door.ReadyPatience)
		defer cancel()
		if h := s.Keeper.Health(ctx); !h.Ready {
			word(w, http.StatusServiceUnavailable, "unready")
			return
		}
		word(w, http.StatusOK, "ready")
	})
	measured := promhttp.HandlerFor(s.o.Metrics, promhttp.HandlerOpts{})
	s.HandleFunc("GET /metrics", measured.ServeHTTP)
	s.HandleFunc("GET /openapi.json", s.serveDocument)
	s.HandleFunc("GET /docs", s.serveDocs)
	s.HandleFunc("GET /problems", s.serveProblems)
	s.HandleFunc("GET /problems/{name}", s.serveProblem)
	s.Lost = func(w http.ResponseWriter, r *http.Request) {
		s.servePage(w, r, http.StatusNotFound, "problem", problemPage(r, problem.NotFound, false))
	}
}

func word(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // the probe may be gone
}
