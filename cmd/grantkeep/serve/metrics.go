package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/store"
)

// serveMetrics serves /metrics and nothing else on an address of its own, without a key, until stop is called; nothing is
// served where there is no address.
func serveMetrics(ctx context.Context, address string, registry *prometheus.Registry, log *slog.Logger) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (--metrics-listen): %w", address, shell.Bare(err))
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	server := door.NewServer(mux, log)
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(door.LimitConnections(listener)); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics are no longer served", "error", err)
		}
	})
	log.Info("metrics", "address", listener.Addr().String())
	return func() {
		_ = server.Close() // a scrape that is cut comes again
		serving.Wait()
	}, nil
}

// poolGauges tell of the connections to a database that knows. SQLite keeps its connections in use for as long as it runs.
func poolGauges(registry prometheus.Registerer, st store.Store) {
	known, ok := st.(interface{ Pool() store.Pool })
	if !ok {
		return
	}
	for state, of := range map[string]func(store.Pool) int64{
		"open": func(p store.Pool) int64 { return p.Open }, "used": func(p store.Pool) int64 { return p.Used }, "most": func(p store.Pool) int64 { return p.Most },
	} {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "grantkeep_database_connections", Help: "Connections to the database: open, used, and the most there may be.",
			ConstLabels: prometheus.Labels{"state": state},
		}, func() float64 { return float64(of(known.Pool())) }))
	}
}
