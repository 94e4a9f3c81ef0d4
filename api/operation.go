package api

import (
	"context"
	"io"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// routeOperation adds what whoever runs the server looks at. Each of the two probes answers one word.
func (s *server) routeOperation() {
	g := guarded{s}
	g.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		word(w, http.StatusOK, "ok")
	})
	g.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyPatience)
		defer cancel()
		if h := s.keeper.Health(ctx); !h.Ready {
			word(w, http.StatusServiceUnavailable, "unready")
			return
		}
		word(w, http.StatusOK, "ready")
	})
	measured := promhttp.HandlerFor(s.o.Metrics, promhttp.HandlerOpts{})
	g.HandleFunc("GET /metrics", measured.ServeHTTP)
	g.HandleFunc("GET /openapi.json", s.serveDocument)
	g.HandleFunc("GET /docs", s.serveDocs)
	g.HandleFunc("GET /problems/{name}", s.serveProblem)
}

func word(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // the probe may be gone
}
